"""The admin interface over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trio

from flow2api.actors.accounts_messages import AddAccount
from flow2api.domain.charge import Spending
from flow2api.domain.logline import LogLine
from flow2api.store import debug_logs
from tests.unit.api.doubles import ADMIN_TOKEN, Desk, open_desk, serving

CHAT = "/v1/chat/completions"
MODEL = "gemini-3.1-flash-image"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with trio.fail_after(30):
        async with (
            open_desk(folder) as desk,
            serving(desk) as url,
            httpx.AsyncClient(base_url=url, headers=headers) as client,
        ):
            yield desk, client


async def test_accounts_are_listed_without_their_credentials(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get("/api/accounts")
        assert [view["account"]["label"] for view in answer.json()["accounts"]] == ["first"]
        assert "ST-of-first" not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


async def test_an_account_is_added_changed_switched_refreshed_and_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        added = await client.post(
            "/api/accounts", json={"credential": "ST-new", "label": "mine", "image_concurrency": "3"}
        )
        assert added.status_code == 201
        assert desk.accounts.asked[-1] == AddAccount(
            provider="", credential="ST-new", label="mine", image_concurrency=3
        )
        one = f"/api/accounts/{added.json()['account']['id']}"
        changed = await client.patch(one, json={"note": "hello", "videos_on": False})
        assert (changed.json()["account"]["note"], changed.json()["account"]["videos_on"]) == ("hello", False)
        assert (await client.post(f"{one}/disable")).json()["account"]["standing"]["state"] == "disabled"
        assert (await client.post(f"{one}/enable")).json()["account"]["standing"]["state"] == "active"
        assert (await client.post(f"{one}/refresh")).json()["account"]["credits"] == 77
        assert (await client.delete(one)).status_code == 200
        assert (await client.delete(one)).status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "credential"),
        ({"credential": 5}, "credential"),
        ({"credential": "bad"}, "credential"),
        ({"credential": "x", "image_concurrency": 0}, "image_concurrency"),
        ({"credential": "x", "video_concurrency": "many"}, "video_concurrency"),
    ],
)
async def test_an_account_that_cannot_be_added_names_the_field(
    tmp_path: Path, body: dict[str, object], param: str
) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.post("/api/accounts", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param


async def test_an_export_can_be_imported_and_tells_what_became_of_each(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        exported = await client.get("/api/accounts/export")
        assert exported.headers["cache-control"] == "no-store"
        assert exported.json()["accounts"][0]["credential"] == "ST-of-first"
        broken = {"provider": "flow", "credential": "bad", "label": "broken"}
        answer = await client.post("/api/accounts/import", json={"accounts": [*exported.json()["accounts"], broken]})
        good, bad = answer.json()["imported"]
        assert good["account"]["account"]["label"] == "first"
        assert bad["account"] is None
        assert "session token" in bad["error"]
        assert "ST-of-first" not in answer.text
        assert len(desk.accounts.accounts) == 2


async def test_a_key_is_shown_once_works_and_can_be_revoked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        made = (await client.post("/api/keys", json={"name": "laptop"})).json()
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        assert (await client.get("/v1/models", headers=bearer)).status_code == 200
        listed = await client.get("/api/keys")
        assert made["secret"] not in listed.text
        assert "digest" not in listed.text
        assert next(key for key in listed.json()["keys"] if key["name"] == "laptop")["last_used_at"]
        assert (await client.delete(f"/api/keys/{made['key']['id']}")).status_code == 200
        assert (await client.get("/v1/models", headers=bearer)).status_code == 401
        assert (await client.delete(f"/api/keys/{made['key']['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x", "expires_at": 5}, "expires_at"),
        ({"name": "x", "scopes": ["everything"]}, "scopes[0]"),
        ({"name": "x", "requests_per_minute": 0}, "requests_per_minute"),
        ({"name": "x", "daily_credits": -1}, "daily_credits"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(tmp_path: Path, body: dict[str, object], param: str) -> None:
    async with opened(tmp_path) as (desk, client):
        answer = await client.post("/api/keys", json=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)
        assert len(desk.services.keys.listed()) == 1


async def test_the_limits_of_a_key_are_listed_changed_and_kept_to(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        limits = {"scopes": ["models", "chat"], "models": [MODEL], "daily_credits": 7}
        made = (await client.post("/api/keys", json={"name": "guest", **limits})).json()
        key_id, bearer = made["key"]["id"], {"Authorization": f"Bearer {made['secret']}"}
        desk.jobs.spent[key_id] = Spending(2, 5)
        (listed,) = [key for key in (await client.get("/api/keys")).json()["keys"] if key["id"] == key_id]
        assert listed | limits == listed
        assert (listed["spent_today"], listed["spent_total"], listed["total_credits"]) == (2, 5, None)
        own = (await client.get("/v1/models", headers=bearer)).json()["data"]
        assert {entry["id"].startswith(MODEL) for entry in own} == {True}
        body = {"model": "veo_3_1_t2v_fast_landscape", "messages": [{"role": "user", "content": "a fox"}]}
        refused = await client.post(CHAT, json=body, headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "model_not_allowed")
        assert refused.headers["x-should-retry"] == "false"
        changes = {"scopes": ["models"], "models": None, "requests_per_minute": 1, "name": "friend"}
        changed = (await client.patch(f"/api/keys/{key_id}", json=changes)).json()
        assert (changed["name"], changed["models"], changed["daily_credits"]) == ("friend", [], 7)
        refused = await client.post(CHAT, json=body, headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "route_not_allowed")
        assert (await client.get("/v1/models", headers=bearer)).status_code == 200
        refused = await client.get("/v1/models", headers=bearer)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert refused.headers["x-should-retry"] == "true"
        assert 55 <= int(refused.headers["retry-after"]) <= 60
        assert (await client.patch("/api/keys/key_unknown", json=changes)).status_code == 404


async def test_a_name_that_a_client_cannot_change_is_mapped_onto_a_model(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        bearer = {"Authorization": f"Bearer {desk.key}"}
        body = {"model": "dall-e-3", "messages": [{"role": "user", "content": "a fox"}]}
        assert (await client.post(CHAT, json=body, headers=bearer)).status_code == 404
        put = await client.put("/api/aliases/dall-e-3", json={"target": MODEL})
        assert put.json() == {"name": "dall-e-3", "target": MODEL, "offered": True}
        assert (await client.post(CHAT, json=body, headers=bearer)).status_code == 200
        listed = (await client.get("/v1/models", headers=bearer)).json()["data"]
        assert "dall-e-3" in {entry["id"] for entry in listed}
        assert (await client.get("/v1/models/dall-e-3", headers=bearer)).json()["id"] == "dall-e-3"
        switched = (await client.put(f"/api/models/{MODEL}", json={"on": False})).json()
        assert (switched["on"], switched["offered"]) == (False, False)
        assert (await client.post(CHAT, json=body, headers=bearer)).status_code == 404
        offer = (await client.get("/api/models")).json()
        assert offer["aliases"] == [{"name": "dall-e-3", "target": MODEL, "offered": False}]
        assert {model["id"] for model in offer["models"] if not model["on"]} == {MODEL}
        assert (await client.delete("/api/aliases/dall-e-3")).status_code == 200
        assert (await client.delete("/api/aliases/dall-e-3")).status_code == 404


async def test_jobs_are_paged_newest_first_and_shown_with_links(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        bearer = {"Authorization": f"Bearer {desk.key}"}
        for text in ("one", "two", "three"):
            body = {"model": MODEL, "messages": [{"role": "user", "content": text}]}
            await client.post(CHAT, json=body, headers=bearer)
        first = (await client.get("/api/jobs?limit=2")).json()
        assert [job["generation"]["prompt"] for job in first["jobs"]] == ["three", "two"]
        assert first["has_more"] is True
        second = (await client.get(f"/api/jobs?limit=2&after={first['jobs'][-1]['id']}")).json()
        assert [job["generation"]["prompt"] for job in second["jobs"]] == ["one"]
        assert second["has_more"] is False
        assert (await client.get("/api/jobs?state=failed")).json()["jobs"] == []
        detail = (await client.get(f"/api/jobs/{first['jobs'][0]['id']}")).json()
        assert detail["files"][0].endswith(f"/media/{desk.jobs.results[0]}")
        assert (await client.get("/api/jobs/job_none")).status_code == 404


@pytest.mark.parametrize(
    ("query", "param"), [("limit=0", "limit"), ("limit=x", "limit"), ("state=odd", "state"), ("order=up", "order")]
)
async def test_a_query_that_makes_no_sense_names_the_parameter(tmp_path: Path, query: str, param: str) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get(f"/api/jobs?{query}")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


async def test_a_waiting_job_can_be_cancelled_and_looking_at_it_does_not_end_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        body = {"model": MODEL, "messages": [{"role": "user", "content": "x"}]}
        async with trio.open_nursery() as nursery:

            async def ask() -> None:
                answer = await client.post(CHAT, json=body, headers={"Authorization": f"Bearer {desk.key}"})
                assert answer.status_code == 409
                assert answer.json()["error"]["code"] == "cancelled"

            nursery.start_soon(ask)
            await desk.jobs.submitted.wait()
            job_id = desk.jobs.newest.job.id
            assert (await client.get(f"/api/jobs/{job_id}")).json()["job"]["state"] == "queued"
            assert not desk.jobs.newest.cancel_asked
            assert (await client.post(f"/api/jobs/{job_id}/cancel")).json()["state"] == "cancelled"
            desk.jobs.newest.end()


async def test_the_system_page_shows_every_part(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        answer = await client.get("/api/system")
        assert answer.json()["tree"]["name"] == "root"
        assert {"version", "uptime_seconds", "draining", "bus", "store", "http"} <= set(answer.json())
        assert ADMIN_TOKEN not in answer.text


async def test_a_password_can_be_set_and_used(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        short = await client.put("/api/password", json={"password": "short"})
        assert (short.status_code, short.json()["error"]["param"]) == (400, "password")
        assert (await client.put("/api/password", json={"password": "a long password"})).status_code == 200
        async with httpx.AsyncClient(base_url=client.base_url, auth=("admin", "a long password")) as person:
            assert (await person.get("/api/accounts")).status_code == 200


async def test_jobs_are_found_by_words_of_their_prompt(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        headers = {"Authorization": f"Bearer {desk.key}"}
        for prompt in ("A red apple", "100% blue", "100 miles"):
            body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}
            assert (await client.post(CHAT, json=body, headers=headers)).status_code == 200
        for search, found in (("APPLE", ["A red apple"]), ("100%", ["100% blue"]), ("green", [])):
            jobs = (await client.get("/api/jobs", params={"search": search})).json()["jobs"]
            assert [job["generation"]["prompt"] for job in jobs] == found
        first = (await client.get("/api/jobs?order=asc&limit=1")).json()["jobs"][0]
        for part in (first["id"][4:], first["request_id"]):
            assert (await client.get("/api/jobs", params={"search": part})).json()["jobs"] == [first]
        assert len((await client.get("/api/jobs?kind=image")).json()["jobs"]) == 3
        assert (await client.get("/api/jobs?account=acc_0")).json()["jobs"] == []


async def test_the_log_is_looked_up(tmp_path: Path) -> None:
    line = LogLine(number=0, at=1.0, level="warning", logger="flow2api.jobs", message="slow", job_id="job_1")
    async with opened(tmp_path) as (desk, client):
        await desk.services.store.write(debug_logs.append, [line, line])
        page = (await client.get("/api/logs?job=job_1&level=info&limit=1")).json()
        assert ([one["message"] for one in page["lines"]], page["has_more"]) == (["slow"], True)
        rest = (await client.get(f"/api/logs?before={page['lines'][-1]['number']}")).json()
        assert (len(rest["lines"]), rest["has_more"]) == (1, False)
        for query in ("level=loud", "limit=0", "limit=501", "before=x"):
            assert (await client.get(f"/api/logs?{query}")).status_code == 400
        assert (await client.get("/api/requests?outcome=succeeded")).json() == {"requests": [], "has_more": False}


async def test_a_sealed_export_comes_back_with_its_passphrase_alone(tmp_path: Path) -> None:
    passphrase = "correct horse battery"
    async with opened(tmp_path) as (desk, client):
        exported = await client.post("/api/accounts/export", json={"passphrase": passphrase})
        assert exported.status_code == 200
        assert "ST-of-first" not in exported.text
        file = exported.json()
        damaged = {**file, "sealed": file["sealed"][:-8] + "AAAAAAA="}
        weak = {**file, "memory_kib": 8}
        for wrong in ({"passphrase": "wrong", "file": file}, {"passphrase": passphrase, "file": damaged}):
            refused = await client.post("/api/accounts/import/sealed", json=wrong)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "passphrase")
        refused = await client.post("/api/accounts/import/sealed", json={"passphrase": passphrase, "file": weak})
        assert refused.status_code == 400
        assert (await client.post("/api/accounts/export", json={"passphrase": "short"})).status_code == 400
        taken = await client.post("/api/accounts/import/sealed", json={"passphrase": passphrase, "file": file})
        assert [one["label"] for one in taken.json()["imported"]] == ["first"]
        asked = desk.accounts.asked[-1]
        assert isinstance(asked, AddAccount)
        assert (asked.credential, asked.label) == ("ST-of-first", "first")
