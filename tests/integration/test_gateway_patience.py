"""Callers who wait long, and callers who do not: signs of life on both kinds of answer, and what becomes of a job that nobody waits for."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
import trio

from flow2api.config import Config
from flow2api.domain.job import JobState
from flow2api.emulator.faults import Delay, Stall, Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import TestedGateway, body, error_of, link_in, open_tested_gateway
from tests.doubles.pictures import size_of

pytestmark = pytest.mark.alone

LIVELY = {"server.blank_after_seconds": 0.1, "server.beat_seconds": 0.1}
# Between two looks at what only the service and the database know.
LOOK_SECONDS = 0.01


async def until(look: Callable[[], bool]) -> None:
    """Look again and again; the time limit is that of the gateway."""
    while not look():
        await trio.sleep(LOOK_SECONDS)


async def state_of(gateway: TestedGateway, prompt: str, *states: JobState) -> JobState:
    """The state of the job with this prompt, once it is one of these."""
    while True:
        for job in await gateway.jobs():
            if job.generation.prompt == prompt and job.state in states:
                return job.state
        await trio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def calling(
    gateway: TestedGateway, prompt: str, *, stream: bool, then: Sequence[bytes] = ()
) -> AsyncIterator[trio.SocketStream]:
    """A caller who has sent a request and `then` some more, and is gone when the block is left."""
    host, _, port = gateway.url.removeprefix("http://").rpartition(":")
    content = json.dumps(body(prompt, stream=stream)).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    async with await trio.open_tcp_stream(host, int(port)) as connection:
        await connection.send_all(head.encode() + content)
        for more in then:
            await connection.send_all(more)
        yield connection


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_caller_who_leaves_while_waiting_for_an_account_gives_the_job_up(stream: bool) -> None:
    settings = {"accounts.default_image_concurrency": 1}
    async with open_tested_gateway(settings=settings) as gateway:
        gateway.emulator.faults.next("image", Delay(0.8))
        async with calling(gateway, "holds the slot", stream=False):
            await until(lambda: gateway.calls() == 1)
            async with calling(gateway, "leaves", stream=stream):
                await state_of(gateway, "leaves", JobState.QUEUED)
            assert await state_of(gateway, "leaves", JobState.CANCELLED, JobState.SUCCEEDED) is JobState.CANCELLED
        assert gateway.emulator.ledger.by_prompt()["leaves"] == 0


MORE = {"a line end": [b"\r\n"], "another request": [b"GET /health HTTP/1.1\r\n", b"Host: x\r\n\r\n"]}


@pytest.mark.parametrize("more", MORE.values(), ids=MORE)
async def test_a_caller_who_leaves_is_noticed_though_more_of_its_bytes_wait(more: Sequence[bytes]) -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("project", Stall(60))
        async with calling(gateway, "leaves", stream=False, then=more):
            await until(lambda: gateway.calls("project") == 1)
        assert await state_of(gateway, "leaves", JobState.CANCELLED, JobState.SUCCEEDED) is JobState.CANCELLED


async def test_a_request_that_was_sent_before_the_answer_to_the_one_before_is_answered_after_it() -> None:
    more = [b"GET /health HTTP/1.1\r\n", b"Host: x\r\n", b"Connection: close\r\n\r\n"]
    async with open_tested_gateway() as gateway, calling(gateway, "first", stream=False, then=more) as connection:
        answers = b"".join([data async for data in connection])
        assert answers.count(b"HTTP/1.1 200") == 2
        assert answers.index(b"chat.completion") < answers.index(b"uptime_seconds")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_caller_who_leaves_before_the_paid_call_gives_the_job_up_and_frees_the_slot(stream: bool) -> None:
    settings = {"accounts.default_image_concurrency": 1}
    async with open_tested_gateway(settings=settings) as gateway:
        gateway.emulator.faults.next("project", Stall(60))
        async with calling(gateway, "leaves", stream=stream):
            await until(lambda: gateway.calls("project") == 1)
        assert await state_of(gateway, "leaves", JobState.CANCELLED, JobState.SUCCEEDED) is JobState.CANCELLED
        assert gateway.calls("image") == 0
        assert (await gateway.chat("comes next")).status_code == 200


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_picture_that_is_paid_for_is_kept_though_its_caller_left(stream: bool) -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3)) as gateway:
        async with calling(gateway, "leaves", stream=stream):
            await until(lambda: len(gateway.emulator.ledger.accepted) == 1)
        ended = await state_of(gateway, "leaves", JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
        assert ended is JobState.SUCCEEDED
        [name] = (await gateway.job()).results
        assert size_of((await gateway.fetch(f"/media/{name}")).content) == (1376, 768)
        assert gateway.calls() == 1


async def test_a_caller_who_left_finds_the_picture_by_asking_again_with_the_same_key() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3)) as gateway:
        key = {"idempotency-key": "order-1"}
        with trio.move_on_after(0.15):
            await gateway.post(body(), key)
        answer = await gateway.post(body(), key)
        assert link_in(answer.json()["choices"][0]["message"]["content"])
        assert gateway.calls() == 1


@pytest.mark.parametrize("wait_for_end", [True, False], ids=["later", "at once"])
@pytest.mark.parametrize("headers", [{"idempotency-key": "order-1"}, {"x-stainless-retry-count": "1"}], ids=str)
async def test_a_caller_who_left_before_the_paid_call_gets_a_new_job_when_it_asks_again(
    headers: dict[str, str], wait_for_end: bool
) -> None:
    async with open_tested_gateway(settings={"accounts.default_image_concurrency": 1}) as gateway:
        gateway.emulator.faults.next("image", Delay(0.5))
        content = json.dumps(body("leaves")).encode()
        async with calling(gateway, "holds the slot", stream=False), trio.open_nursery() as nursery:
            await until(lambda: gateway.calls() == 1)
            nursery.start_soon(gateway.post, content, headers)
            await state_of(gateway, "leaves", JobState.QUEUED)
            nursery.cancel_scope.cancel()
        if wait_for_end:
            await state_of(gateway, "leaves", JobState.CANCELLED)
        answer = await gateway.post(content, headers)
        assert link_in(answer.json()["choices"][0]["message"]["content"])
        assert gateway.emulator.ledger.by_prompt()["leaves"] == 1
        again = await gateway.post(content, headers)
        assert again.json()["id"] == answer.json()["id"]


async def test_a_caller_who_left_finds_the_picture_that_it_paid_for_by_its_repeat() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3)) as gateway:
        async with calling(gateway, "leaves", stream=False):
            await until(lambda: gateway.calls() == 1)
        content = json.dumps(body("leaves", stream=False)).encode()
        again = await gateway.post(content, {"x-stainless-retry-count": "1"})
        assert link_in(again.json()["choices"][0]["message"]["content"])
        anew = await gateway.post(content, {"x-stainless-retry-count": "0"})
        assert anew.status_code == 200
        assert gateway.calls() == 2


async def test_a_whole_answer_that_takes_long_is_kept_alive_by_white_space_and_is_good_json_in_the_end() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.8), settings=LIVELY) as gateway:
        answer = await gateway.chat()
        assert answer.status_code == 200
        blanks = len(answer.content) - len(answer.content.lstrip())
        assert blanks >= 3
        assert link_in(answer.json()["choices"][0]["message"]["content"])


async def test_a_quick_whole_answer_has_no_white_space_and_a_failure_keeps_its_status() -> None:
    async with open_tested_gateway() as gateway:
        assert (await gateway.chat()).content.startswith(b"{")
        assert (await gateway.chat("[unsafe] thing")).status_code == 400


async def test_a_failure_behind_white_space_is_an_error_object_all_the_same() -> None:
    knobs, settings = Knobs(image_latency_seconds=0.3), {**LIVELY, "jobs.max_submits": 1}
    async with open_tested_gateway(knobs=knobs, settings=settings) as gateway:
        gateway.emulator.faults.next("image", Status(500, carried_out=True))
        answer = await gateway.chat()
        assert (answer.status_code, error_of(answer)["code"]) == (200, "upstream_error")


async def test_a_stream_that_takes_long_brings_a_real_chunk_at_every_beat() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=1.2), settings=LIVELY) as gateway:
        times, thoughts = [trio.current_time()], []
        async with gateway.client.stream("POST", "/v1/chat/completions", json=body(stream=True)) as answer:
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    times.append(trio.current_time())
                    thoughts.append(json.loads(line[6:])["choices"][0]["delta"].get("reasoning_content", ""))
        assert sum("s so far" in thought for thought in thoughts) >= 4
        # The beat is 0.1 s; a busy machine may be late, but is never silent for as long as the picture takes.
        assert max(later - earlier for earlier, later in pairwise(times)) < 0.8


async def test_by_default_nobody_is_left_without_a_sign_for_as_long_as_usual_clients_and_proxies_allow() -> None:
    server = Config().server
    assert server.beat_seconds <= 10
    assert server.blank_after_seconds <= 55
