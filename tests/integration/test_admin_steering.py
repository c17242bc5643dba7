"""An operator steers what runs: acts on many accounts, rests by hand, and parts of the tree that are started anew."""

import time
from contextlib import suppress
from typing import Any

import httpx
import trio

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import ADA, BOB, TestedGateway, open_tested_gateway, people


async def test_one_act_on_many_accounts_tells_what_became_of_each() -> None:
    async with open_tested_gateway(people(ADA, BOB)) as gateway:
        views = (await gateway.admin("GET", "/api/accounts"))["accounts"]
        ids = [view["account"]["id"] for view in views]
        asked = {"ids": [*ids, "acc_none"], "action": "rest", "until": time.time() + 600}
        rested = (await gateway.admin("POST", "/api/accounts/bulk", asked))["results"]
        assert [(one["id"], one["ok"]) for one in rested] == [(ids[0], True), (ids[1], True), ("acc_none", False)]
        assert {one["account"]["account"]["standing"]["state"] for one in rested[:2]} == {"resting"}
        assert "no account acc_none" in rested[2]["error"]
        woken = await gateway.admin("POST", f"/api/accounts/{ids[0]}/wake")
        assert woken["account"]["standing"]["state"] == "active"
        await gateway.admin("POST", "/api/accounts/bulk", {"ids": [ids[1]], "action": "remove"})
        assert list(await gateway.accounts()) == [ADA]
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        refused: list[dict[str, Any]] = [
            {"ids": ids, "action": "rest", "until": 1.0},
            {"ids": ids, "action": "burn"},
            {"ids": []},
        ]
        for wrong in refused:
            assert (await gateway.client.post("/api/accounts/bulk", json=wrong, headers=headers)).status_code == 400


async def test_a_part_is_started_anew_by_its_path_and_the_gateway_goes_on() -> None:
    async with open_tested_gateway() as gateway:
        [view] = (await gateway.admin("GET", "/api/accounts"))["accounts"]
        account = ["accounts", "accounts pool", f"account {view['account']['id']}"]
        before = await _restarts(gateway, account)
        assert (await gateway.admin("POST", "/api/system/restart", {"path": account})) == {"path": account}
        while await _restarts(gateway, account) == before:
            await trio.sleep(0.01)
        assert (await gateway.admin("POST", f"/api/accounts/{view['account']['id']}/start"))["parked"] == ""
        assert (await gateway.chat()).status_code == 200
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        missing = await gateway.client.post("/api/system/restart", json={"path": ["nothing"]}, headers=headers)
        assert missing.status_code == 404
        assert (await gateway.admin("POST", "/api/system/restart", {"path": ["server"]})) == {"path": ["server"]}
        restarts = 0
        while restarts == 0:
            with suppress(httpx.TransportError):
                restarts = await _restarts(gateway, ["server"])
        assert (await gateway.chat()).status_code == 200


async def test_callers_who_wait_notice_nothing_when_every_part_but_the_server_begins_anew() -> None:
    # Each account takes one picture at a time, so that most callers are still in line.
    slow, one = Knobs(image_latency_seconds=0.5), {"accounts.default_image_concurrency": 1}
    async with open_tested_gateway(people(ADA, BOB), knobs=slow, settings=one) as gateway:
        parts = [child["name"] for child in (await gateway.admin("GET", "/api/system"))["tree"]["children"]]
        harmless = [name for name in parts if name not in ("server", "accounts", "jobs")]
        assert {"dispatcher", "media", "records", "notifications"} <= set(harmless)
        answers: list[httpx.Response] = []

        async def ask(number: int) -> None:
            answers.append(await gateway.chat(f"a red apple {number}"))

        async with trio.open_nursery() as nursery:
            for number in range(8):
                nursery.start_soon(ask, number)
            while gateway.calls() == 0:
                await trio.sleep(0.01)
            for name in harmless:
                await gateway.admin("POST", "/api/system/restart", {"path": [name]})
        assert [answer.status_code for answer in answers] == [200] * 8
        assert gateway.calls() == 8
        tree: Any = (await gateway.admin("GET", "/api/system"))["tree"]
        assert {
            child["name"]: child["restarts"] for child in tree["children"] if child["name"] in harmless
        } == dict.fromkeys(harmless, 1)


async def test_a_caller_in_line_gets_its_picture_although_accounts_and_jobs_begin_anew() -> None:
    slow, one = Knobs(image_latency_seconds=0.5), {"accounts.default_image_concurrency": 1}
    async with open_tested_gateway(knobs=slow, settings=one) as gateway:
        answers: list[httpx.Response] = []

        async def ask(number: int) -> None:
            answers.append(await gateway.chat(f"a red apple {number}"))

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(ask, number)
            while gateway.calls() == 0 or len(await gateway.jobs()) < 3:
                await trio.sleep(0.01)
            for name in ("jobs", "accounts"):
                await gateway.admin("POST", "/api/system/restart", {"path": [name]})
        # The order that was out is not sent again; all others were in line.
        assert sorted(answer.status_code for answer in answers) == [200, 200, 502]
        assert gateway.calls() == 3


async def test_a_generation_that_is_over_is_removed_with_its_files_and_that_is_written_down() -> None:
    async with open_tested_gateway() as gateway:
        assert (await gateway.chat()).status_code == 200
        [job] = await gateway.jobs()
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        [link] = (await gateway.admin("GET", f"/api/jobs/{job.id}"))["files"]
        assert (await gateway.client.get(link)).status_code == 200
        assert (await gateway.client.delete(f"/api/jobs/{job.id}")).status_code == 401
        assert (await gateway.admin("DELETE", f"/api/jobs/{job.id}")) == {"id": job.id, "deleted": True}
        assert (await gateway.client.get(link)).status_code == 404
        assert (await gateway.client.delete(f"/api/jobs/{job.id}", headers=headers)).status_code == 404
        acts = (await gateway.admin("GET", "/api/audit"))["entries"]
        removed = [one for one in acts if one["act"] == "DELETE /api/jobs/<job_id>" and one["outcome"] == "done"]
        assert [one["subject"] for one in removed] == [job.id]


async def _restarts(gateway: TestedGateway, path: list[str]) -> int:
    node: Any = (await gateway.admin("GET", "/api/system"))["tree"]
    for name in path:
        node = next(child for child in node["children"] if child["name"] == name)
    restarts: int = node["restarts"]
    return restarts
