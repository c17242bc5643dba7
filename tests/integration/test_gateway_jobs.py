"""The job routes over the whole gateway: submit and come back, wait, listen, cancel, list, repeat."""

import base64
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import trio

from flow2api.emulator.faults import Stall, Status
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.plain import plain_jpeg
from tests.doubles.gateway import MODEL, TestedGateway, error_of, open_tested_gateway
from tests.doubles.pictures import size_of

JOBS = "/v1/jobs"
CLIP, EXTENDER = "veo_3_1_t2v_fast", "veo_3_1_extend"
WAIT = {"Prefer": "wait=20"}
ONE_AT_A_TIME = {"accounts.default_image_concurrency": 1}


def job(prompt: str = "a red apple", **fields: object) -> dict[str, object]:
    return {"model": MODEL, "prompt": prompt, **fields}


async def submit(
    gateway: TestedGateway, prompt: str = "a red apple", headers: Mapping[str, str] | None = None, **fields: object
) -> dict[str, Any]:
    """The view of a new job."""
    answer = await gateway.client.post(JOBS, json=job(prompt, **fields), headers=headers)
    assert answer.status_code in (200, 202), answer.text
    view: dict[str, Any] = answer.json()
    return view


async def look(gateway: TestedGateway, path: str, **headers: str) -> httpx.Response:
    return await gateway.client.get(f"{JOBS}{path}", headers=headers)


class Reader:
    """A reader of a job's events on a connection of its own, which it may cut at any time."""

    def __init__(self, connection: trio.SocketStream) -> None:
        self._connection = connection
        self._received = b""

    async def line(self) -> str:
        """The next line; what frames the chunks are lines too, and are like none of an event."""
        while b"\n" not in self._received:
            data = await self._connection.receive_some()
            if not data:
                raise EOFError
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        return line.decode()

    async def event(self) -> tuple[int, dict[str, Any]]:
        """The next event: its id and its data."""
        number = 0
        while True:
            line = await self.line()
            if line.startswith("id: "):
                number = int(line.removeprefix("id: "))
            elif line.startswith("data: "):
                return number, json.loads(line.removeprefix("data: "))


@asynccontextmanager
async def listening(gateway: TestedGateway, job_id: str, seen: int | None = None) -> AsyncIterator[Reader]:
    """A reader of a job's events, who has seen those up to one."""
    host, _, port = gateway.url.removeprefix("http://").rpartition(":")
    resumed = f"Last-Event-ID: {seen}\r\n" if seen else ""
    head = (
        f"GET {JOBS}/{job_id}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
        f"Connection: close\r\n{resumed}\r\n"
    )
    async with await trio.open_tcp_stream(host, int(port)) as connection:
        await connection.send_all(head.encode())
        yield Reader(connection)


async def test_a_job_is_answered_at_once_and_its_result_is_fetched_later() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3), settings=ONE_AT_A_TIME) as gateway:
        first = await gateway.client.post(JOBS, json=job("first", metadata={"order": "17"}, seed=5))
        view = first.json()
        assert (first.status_code, view["object"], view["status"]) == (202, "job", "queued")
        assert first.headers["location"] == view["urls"]["status"] == f"{gateway.url}{JOBS}/{view['id']}"
        assert (view["metadata"], view["origin"], view["results"]) == ({"order": "17"}, "jobs", [])
        second = await submit(gateway, "second")
        third = await submit(gateway, "third")
        assert third["queue_position"] > second["queue_position"] >= 1
        unfinished = await look(gateway, f"/{third['id']}/result")
        assert (unfinished.status_code, unfinished.json()["status"]) == (202, "queued")
        done = await look(gateway, f"/{third['id']}/result", **WAIT)
        assert (done.status_code, done.headers["preference-applied"]) == (200, "wait=20")
        [file] = done.json()["results"]
        picture = await gateway.fetch(file["url"])
        assert size_of(picture.content) == (file["width"], file["height"])
        assert (len(picture.content), picture.headers["content-type"]) == (file["size_bytes"], file["mime"])
        assert done.json()["expires_at"] == file["expires_at"] > done.json()["finished_at"]
        assert (await look(gateway, f"/{view['id']}", **WAIT)).json()["status"] == "succeeded"


async def test_a_caller_who_prefers_to_wait_gets_the_end_and_one_who_waits_too_shortly_the_present() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=1.3)) as gateway:
        short = await gateway.client.post(JOBS, json=job("slow"), headers={"Prefer": "respond-async, wait=1"})
        assert (short.status_code, short.json()["status"]) == (202, "running")
        assert short.headers["preference-applied"] == "wait=1"
        done = await gateway.client.post(JOBS, json=job("awaited"), headers={"Prefer": "wait=600"})
        assert (done.status_code, done.json()["status"]) == (200, "succeeded")
        assert done.headers["preference-applied"] == "wait=60"


async def test_events_tell_every_change_with_rising_ids_and_go_on_where_a_reader_was_cut_off() -> None:
    knobs, settings = Knobs(image_latency_seconds=0.6), {**ONE_AT_A_TIME, "server.beat_seconds": 0.1}
    async with open_tested_gateway(knobs=knobs, settings=settings) as gateway:
        await submit(gateway, "goes first")
        job_id = (await submit(gateway))["id"]
        seen: list[tuple[int, dict[str, Any]]] = []
        async with listening(gateway, job_id) as reader:
            while not seen or seen[-1][1]["status"] != "running":
                seen.append(await reader.event())
            while not (await reader.line()).startswith(":"):
                pass  # until a sign of life in a long silence
        async with listening(gateway, job_id, seen[-1][0]) as reader:
            while seen[-1][1]["status"] != "succeeded":
                seen.append(await reader.event())
            with pytest.raises(EOFError):
                await reader.event()
        numbers = [number for number, _ in seen]
        assert numbers == sorted(set(numbers))
        assert (seen[0][1]["status"], seen[-1][1]["status"]) == ("queued", "succeeded")
        assert [view["status"] for _, view in seen].count("succeeded") == 1
        assert (await look(gateway, f"/{job_id}/events", **{"Last-Event-ID": str(numbers[-1])})).status_code == 204
        late = await look(gateway, f"/{job_id}/events", **{"Last-Event-ID": str(numbers[0])})
        assert late.text.startswith(f"id: {numbers[-1]}\ndata: ")
        assert late.text.count("data: ") == 1


async def test_cancelling_says_what_could_be_done_at_the_provider() -> None:
    async with open_tested_gateway(settings=ONE_AT_A_TIME) as gateway:
        gateway.emulator.faults.next("image", Stall(1.5, carried_out=True))
        running = await submit(gateway, "running")
        while (await look(gateway, f"/{running['id']}")).json()["status"] != "running":
            await trio.sleep(0.01)
        waiting = await submit(gateway, "waiting")
        cancelled = (await gateway.client.post(f"{JOBS}/{waiting['id']}/cancel")).json()
        assert (cancelled["status"], cancelled["upstream"], cancelled["submitted_at"]) == (
            "cancelled",
            "nothing_sent",
            None,
        )
        assert (cancelled["error"]["code"], cancelled["error"]["retry"]) == ("cancelled", False)
        assert (await look(gateway, f"/{waiting['id']}/result")).status_code == 409
        refused = await gateway.client.post(f"{JOBS}/{running['id']}/cancel")
        assert (refused.status_code, error_of(refused)["code"]) == (409, "conflict")
        assert gateway.emulator.ledger.by_prompt()["waiting"] == 0
        clip = await submit(gateway, "a clip", model=CLIP)
        while (await look(gateway, f"/{clip['id']}")).json()["stage"] != "generating":
            await trio.sleep(0.01)
        gateway.emulator.knobs = Knobs(video_queued=10_000)
        stopped = (await gateway.client.post(f"{JOBS}/{clip['id']}/cancel")).json()
        assert stopped["status"] == "cancelled"
        assert stopped["upstream"] in ("asked_to_stop", "not_stopped")


async def test_a_job_that_may_not_begin_in_time_never_begins() -> None:
    async with open_tested_gateway(settings=ONE_AT_A_TIME) as gateway:
        gateway.emulator.faults.next("image", Stall(1.2, carried_out=True))
        await submit(gateway, "holds the slot")
        late = await submit(gateway, "late", WAIT, start_deadline=0.4)
        assert (late["status"], late["error"]["code"], late["submitted_at"]) == ("failed", "queue_timeout", None)
        assert "start deadline" in late["error"]["message"]
        assert late["finished_at"] - late["created_at"] == pytest.approx(0.4, abs=0.4)
        result = await look(gateway, f"/{late['id']}/result")
        assert (result.status_code, error_of(result)["code"]) == (504, "queue_timeout")
        assert gateway.emulator.ledger.by_prompt()["late"] == 0


async def test_pictures_and_clips_of_the_caller_and_of_earlier_jobs_go_into_a_job() -> None:
    async with open_tested_gateway(settings={"flow.poll_interval": 0.02}) as gateway:
        url = "data:image/jpeg;base64," + base64.b64encode(plain_jpeg(64, 64, 1, "given")).decode()
        first = await submit(gateway, "first", WAIT, inputs=[url], n=2, resolution="1K", size="1:1")
        assert (first["status"], len(first["results"]), first["count"]) == ("succeeded", 2, 2)
        link = first["results"][0]["url"]
        second = await submit(gateway, "second", WAIT, inputs=[url, link])
        stored = {one.id: one for one in await gateway.jobs()}
        assert len(stored[first["id"]].generation.inputs) == 1
        assert stored[second["id"]].generation.inputs[1] == link.rpartition("/")[2]
        clip = await submit(gateway, "a clip", WAIT, model=CLIP)
        assert (clip["kind"], clip["results"][0]["mime"]) == ("video", "video/mp4")
        longer = [
            await submit(gateway, f"goes on {number}", WAIT, model=EXTENDER, source=source)
            for number, source in enumerate((clip["id"], clip["results"][0]["url"]))
        ]
        assert [view["status"] for view in longer] == ["succeeded", "succeeded"]


async def test_a_failed_job_says_why_and_whether_repeating_helps() -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("image", Status(400, reason="PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED"))
        view = await submit(gateway, "somebody known", WAIT)
        assert view["error"]["code"] == "content_policy_violation"
        assert (view["error"]["type"], view["error"]["retry"]) == ("invalid_request_error", False)
        refused = await look(gateway, f"/{view['id']}/result")
        assert (refused.status_code, refused.headers["x-should-retry"]) == (400, "false")


async def test_a_key_makes_one_job_also_when_its_requests_come_at_once() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.2)) as gateway:
        named = {"Idempotency-Key": "order-17"}
        ids: list[str] = []

        async def once() -> None:
            ids.append((await submit(gateway, "once", named))["id"])

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(once)
        ids.append((await submit(gateway, "once", {**named, **WAIT}))["id"])
        assert len(set(ids)) == 1
        changed = await gateway.client.post(JOBS, json=job("twice"), headers=named)
        assert (changed.status_code, error_of(changed)["param"]) == (409, "Idempotency-Key")
        assert gateway.emulator.ledger.by_prompt()["once"] == 1
        assert len(await gateway.jobs()) == 1


FOREIGN = (("GET", ""), ("GET", "/result"), ("GET", "/events"), ("GET", "/deliveries"), ("POST", "/cancel"))


async def test_own_jobs_of_every_route_are_listed_in_pages_and_foreign_ones_are_not_there() -> None:
    async with open_tested_gateway() as gateway:
        assert (await gateway.chat("by chat")).status_code == 200
        for number in range(4):
            await submit(gateway, f"picture {number}", WAIT)
        every = (await look(gateway, "")).json()
        ids = [view["id"] for view in every["data"]]
        assert (len(ids), every["has_more"], every["data"][-1]["origin"]) == (5, False, "chat")
        assert [view["created_at"] for view in every["data"]] == sorted(
            (view["created_at"] for view in every["data"]), reverse=True
        )
        first = (await look(gateway, "?limit=2")).json()
        second = (await look(gateway, f"?limit=2&after={first['last_id']}")).json()
        last = (await look(gateway, f"?limit=2&after={second['last_id']}")).json()
        pages = [[view["id"] for view in page["data"]] for page in (first, second, last)]
        assert [one for page in pages for one in page] == ids
        assert [page["has_more"] for page in (first, second, last)] == [True, True, False]
        back = (await look(gateway, f"?limit=2&before={last['first_id']}")).json()
        assert ([view["id"] for view in back["data"]], back["has_more"]) == (pages[1], True)
        upwards = (await look(gateway, "?order=asc&status=succeeded&kind=image&limit=5")).json()
        assert [view["id"] for view in upwards["data"]] == ids[::-1]
        assert (await look(gateway, "?status=running")).json()["data"] == []
        assert (await look(gateway, "?kind=video")).json()["data"] == []
        made = await gateway.admin("POST", "/api/keys", {"name": "somebody else"})
        foreign = {"authorization": f"Bearer {made['secret']}"}
        assert (await look(gateway, "", **foreign)).json()["data"] == []
        for method, path in FOREIGN:
            answer = await gateway.client.request(method, f"{JOBS}/{ids[0]}{path}", headers=foreign)
            assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found"), path
        assert (await look(gateway, f"?after={ids[0]}", **foreign)).status_code == 400


REFUSED: Sequence[tuple[dict[str, object], str]] = (
    ({"model": MODEL}, "prompt"),
    (job(start_dedline=5), "start_dedline"),
    (job(start_deadline=0), "start_deadline"),
    (job(deadline=-1), "deadline"),
    (job(metadata={"a": 5}), "metadata[...]"),
    (job(metadata={str(n): "" for n in range(17)}), "metadata"),
    (job(inputs=["ftp://somewhere/x.png"]), "inputs[0]"),
    (job(model=EXTENDER, source="job_nobody_knows"), "source"),
    (job(webhook="http://127.0.0.1:9/hook"), "webhook"),
    (job(n=99), "n"),
)


async def test_a_job_of_another_key_is_not_there_in_any_dialect() -> None:
    async with open_tested_gateway() as gateway:
        own = {"authorization": f"Bearer {gateway.key}"}
        asked = {"model": MODEL, "input": "a red apple", "tools": [{"type": "image_generation"}]}
        response = (await gateway.client.post("/v1/responses", json=asked, headers=own)).json()["id"]
        operation = f"models/{MODEL}/operations/{(await gateway.job()).id}"
        fetch = f"/v1beta/models/{MODEL}:fetchPredictOperation"
        looks = (
            ("GET", f"/v1/responses/{response}", None, 404),
            ("POST", "/v1/responses", {**asked, "previous_response_id": response}, 400),
            ("GET", f"/v1beta/{operation}", None, 404),
            ("POST", fetch, {"operationName": operation}, 404),
        )
        secret = (await gateway.admin("POST", "/api/keys", {"name": "somebody else"}))["secret"]
        for headers, seen in ((own, True), ({"authorization": f"Bearer {secret}"}, False)):
            for method, path, content, refused in looks:
                answer = await gateway.client.request(method, path, json=content, headers=headers)
                assert answer.status_code == (200 if seen else refused), (path, seen)


async def test_what_cannot_be_honoured_is_refused_before_any_work() -> None:
    async with open_tested_gateway() as gateway:
        unsigned = await gateway.client.post(JOBS, json=job(webhook="https://example.com/hook"))
        assert (unsigned.status_code, error_of(unsigned)["code"]) == (400, "unsupported_operation")
        await gateway.admin("POST", "/api/webhooks/secrets/default")
        for body, param in REFUSED:
            answer = await gateway.client.post(JOBS, json=body)
            assert (answer.status_code, error_of(answer)["param"]) == (400, param), answer.text
        assert await gateway.jobs() == []
