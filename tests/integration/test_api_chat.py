"""Chat completions over a real socket, with actors that do what a test tells them."""

import base64
import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from struct import pack
from typing import Any

import httpx
import pytest
import trio
import trio.testing

from flow2api.actors.media import KeepInput
from flow2api.api.services import Pace
from flow2api.config import ServerConfig
from flow2api.domain.job import JobError, JobState
from flow2api.errors import Code, Failure, TimedOut
from flow2api.net.message import Headers, Response
from tests.unit.api.doubles import Desk, open_desk, serving

CHAT = "/v1/chat/completions"
MODEL = "gemini-3.1-flash-image"
QUICK = Pace(blank_after_seconds=0.05, beat_seconds=0.05)


def png(width: int = 2, height: int = 2) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))

    rows = zlib.compress((b"\0" + b"\0\0\0" * width) * height)
    header = pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


PNG = png()
DATA_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def user(content: object) -> dict[str, object]:
    return {"role": "user", "content": content}


def chat(content: object = "a fox", **more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [user(content)], **more}


def with_picture(url: str, text: str = "make it blue") -> list[dict[str, object]]:
    return [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}]


@asynccontextmanager
async def opened(
    folder: Path, *, pace: Pace | None = None, server: ServerConfig | None = None
) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    with trio.fail_after(30):
        async with open_desk(folder, pace=pace, server=server) as desk, serving(desk) as url:
            headers = {"Authorization": f"Bearer {desk.key}"}
            async with httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
                yield desk, client


def events(text: str) -> list[Any]:
    """The events of a stream; the end mark as the string."""
    found = []
    for block in text.split("\n\n"):
        if block:
            assert block.startswith("data: ")
            found.append(block[6:] if block == "data: [DONE]" else json.loads(block[6:]))
    return found


def deltas(found: list[Any]) -> list[dict[str, Any]]:
    return [event["choices"][0]["delta"] for event in found if isinstance(event, dict) and event.get("choices")]


# -- whole answers ---------------------------------------------------------------------------------------------------


async def test_a_whole_answer_links_the_picture_as_markdown(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        answer = (await client.post(CHAT, json=chat())).json()
        link = f"http://{client.base_url.host}:{client.base_url.port}/media/{desk.jobs.results[0]}"
        assert answer["choices"][0]["message"]["content"] == f"![image]({link})"
        assert answer["model"] == MODEL
        assert all(
            isinstance(answer["usage"][name], int) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        )


async def test_a_job_for_each_picture_is_submitted_with_caller_origin_and_request_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        answer = await client.post(CHAT, json=chat(n="2", seed=5, size="1792x1024"))
        assert {submit.request_id for submit in desk.jobs.submits} == {answer.headers["x-request-id"]}
        assert {submit.caller for submit in desk.jobs.submits} == {desk.services.keys.listed()[0].id}
        assert {submit.origin for submit in desk.jobs.submits} == {"chat"}
        made = [submit.generation for submit in desk.jobs.submits]
        assert [(one.prompt, one.count, one.seed, one.aspect_ratio) for one in made] == [
            ("a fox", 1, 5, "16:9"),
            ("a fox", 1, 6, "16:9"),
        ]


async def test_links_follow_the_public_address(tmp_path: Path) -> None:
    server = ServerConfig(port=0, public_url="https://img.example")
    async with opened(tmp_path, server=server) as (desk, client):
        answer = (await client.post(CHAT, json=chat())).json()
        assert f"https://img.example/media/{desk.jobs.results[0]}" in answer["choices"][0]["message"]["content"]


async def test_images_come_as_data_urls_when_they_are_asked_for(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.results = ((await desk.media.keep(PNG)).name,)
        answer = (await client.post(CHAT, json=chat(modalities=["image", "text"]))).json()
        message = answer["choices"][0]["message"]
        assert [entry["image_url"]["url"] for entry in message["images"]] == [DATA_URL]
        assert "](" not in message["content"]
        stream = await client.post(CHAT, json=chat(modalities=["image"], stream=True))
        pictures = [delta for delta in deltas(events(stream.text)) if "images" in delta]
        assert [list(delta) for delta in pictures] == [["images"]]


async def test_a_slow_whole_answer_is_kept_alive_with_white_space(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=QUICK) as (desk, client):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat()) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            pieces = answer.aiter_bytes()
            blank = [await anext(pieces) for _ in range(3)]
            assert b"".join(blank).isspace()
            await desk.jobs.finish()
            rest = b"".join([piece async for piece in pieces])
        assert json.loads(b"".join(blank) + rest)["choices"][0]["finish_reason"] == "stop"


async def test_a_late_failure_of_a_whole_answer_is_the_error_object(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=QUICK) as (desk, client):
        desk.jobs.hold = True
        desk.jobs.error = JobError(code=Code.UPSTREAM_ERROR, message="It broke.")
        async with client.stream("POST", CHAT, json=chat()) as answer:
            pieces = answer.aiter_bytes()
            first = await anext(pieces)
            await desk.jobs.finish()
            rest = b"".join([piece async for piece in pieces])
        assert json.loads(first + rest)["error"]["code"] == "upstream_error"


async def test_a_late_refusal_of_a_whole_answer_is_an_answer_that_was_filtered(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=Pace(blank_after_seconds=0.05)) as (desk, client):
        desk.jobs.hold = True
        desk.jobs.error = JobError(code=Code.CONTENT_POLICY_VIOLATION, message="It was refused.")
        async with client.stream("POST", CHAT, json=chat()) as answer:
            pieces = answer.aiter_bytes()
            first = await anext(pieces)
            await desk.jobs.finish()
            [choice] = json.loads(first + b"".join([piece async for piece in pieces]))["choices"]
        assert (choice["finish_reason"], choice["message"]["refusal"]) == ("content_filter", "It was refused.")


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (JobError(code=Code.CONTENT_POLICY_VIOLATION, message="Refused.", reason="UNSAFE"), 400, "false"),
        (JobError(code=Code.UPSTREAM_ERROR, message="Broke."), 502, "false"),
        (JobError(code=Code.QUEUE_TIMEOUT, message="Waited.", retry_after_seconds=12.5), 504, "true"),
    ],
)
async def test_a_failed_job_is_a_status_with_advice_on_repeating(
    tmp_path: Path, error: JobError, status: int, retry: str
) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.error = error
        answer = await client.post(CHAT, json=chat())
        assert answer.status_code == status
        assert answer.json()["error"]["code"] == error.code.value
        assert answer.headers["x-should-retry"] == retry
        assert answer.headers.get("retry-after-ms") == (None if error.retry_after_seconds is None else "12500")
        assert answer.headers.get("retry-after") == (None if error.retry_after_seconds is None else "13")


async def test_a_failed_enlargement_says_where_the_original_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.error = JobError(code=Code.UPSCALE_FAILED, message="No 2K.", originals=desk.jobs.results)
        answer = await client.post(CHAT, json=chat())
        assert f"/media/{desk.jobs.results[0]}" in answer.json()["error"]["message"]


# -- streams ---------------------------------------------------------------------------------------------------------


async def test_a_stream_begins_at_once_tells_progress_and_ends_properly(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-cache"
            assert answer.headers["x-accel-buffering"] == "no"
            pieces = answer.aiter_text()
            text = await anext(pieces)
            assert json.loads(text.split("\n\n")[0][6:])["choices"][0]["delta"] == {"role": "assistant", "content": ""}
            desk.jobs.show(position=2)
            text += await anext(pieces)
            desk.jobs.advance(JobState.STARTING, stage="signing_in")
            text += await anext(pieces)
            desk.jobs.advance(JobState.SUBMITTING)
            text += await anext(pieces)
            await desk.jobs.finish()
            text += "".join([piece async for piece in pieces])
    found = events(text)
    assert found[-1] == "[DONE]"
    thoughts = [delta["reasoning_content"] for delta in deltas(found) if "reasoning_content" in delta]
    assert thoughts[:4] == [
        "Waiting in line\n",
        "Waiting in line, place 2\n",
        "Signing in\n",
        f"Generating with {desk.jobs.submits[0].generation.model}\n",
    ]
    reasons = [event["choices"][0]["finish_reason"] for event in found[:-1]]
    assert reasons == [None] * (len(reasons) - 1) + ["stop"]
    assert [delta for delta in deltas(found) if delta.get("content")] == [deltas(found)[-2]]
    assert all(not {"content", "reasoning_content"} <= set(delta) for delta in deltas(found))


async def test_stages_that_pass_in_a_moment_are_not_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            pieces = answer.aiter_text()
            text = await anext(pieces)
            desk.jobs.show(position=2)
            desk.jobs.advance(JobState.STARTING, JobState.SUBMITTING)
            text += await anext(pieces)
            await desk.jobs.finish()
            text += "".join([piece async for piece in pieces])
    thoughts = [delta["reasoning_content"] for delta in deltas(events(text)) if "reasoning_content" in delta]
    assert thoughts == ["Waiting in line\n", f"Generating with {desk.jobs.submits[0].generation.model}\n"]


@pytest.mark.parametrize("wanted", [False, True])
async def test_usage_comes_in_a_stream_only_on_request(tmp_path: Path, wanted: bool) -> None:
    async with opened(tmp_path) as (_, client):
        options = {"stream_options": {"include_usage": True}} if wanted else {}
        found = events((await client.post(CHAT, json=chat(stream=True, **options))).text)
        assert ("usage" in found[-2]) is wanted
        assert [event for event in found[:-1] if not event["choices"]] == ([found[-2]] if wanted else [])


async def test_a_silent_stream_shows_signs_of_life(tmp_path: Path) -> None:
    async with opened(tmp_path, pace=QUICK) as (desk, client):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            pieces = answer.aiter_text()
            text = "".join([await anext(pieces) for _ in range(3)])
            await desk.jobs.finish()
            text += "".join([piece async for piece in pieces])
        beats = [delta for delta in deltas(events(text)) if "so far" in delta.get("reasoning_content", "")]
        assert len(beats) >= 2


async def test_a_failure_in_a_stream_is_a_readable_line_and_one_error_event(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.error = JobError(code=Code.CONTENT_POLICY_VIOLATION, message="The provider refused the prompt.")
        answer = await client.post(CHAT, json=chat(stream=True))
        assert answer.status_code == 200
        found = events(answer.text)
        assert found[-1] == "[DONE]"
        assert found[-2]["error"]["code"] == "content_policy_violation"
        assert deltas(found)[0]["role"] == "assistant"
        assert "refused" in deltas(found)[-2]["content"]
        assert sum("error" in event for event in found[:-1]) == 1
        reasons = [event["choices"][0]["finish_reason"] for event in found[:-2]]
        assert [reason for reason in reasons if reason] == ["content_filter"]


async def test_a_stream_that_is_interrupted_by_the_shutdown_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            pieces = answer.aiter_text()
            text = await anext(pieces)
            desk.jobs.newest.end(Failure(Code.DRAINING, "The gateway is being stopped."))
            text += "".join([piece async for piece in pieces])
        assert events(text)[-2]["error"]["code"] == "draining"


async def test_what_can_be_checked_beforehand_is_a_status_in_streams_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        for body, status, param in [
            (chat(stream=True) | {"model": "gpt-99"}, 404, "model"),
            (chat(stream=True, n=0), 400, "n"),
            (chat(stream=True, size="banana"), 400, "size"),
            (chat(stream=True) | {"messages": []}, 400, "messages"),
            (chat("  ", stream=True), 400, "messages[0].content"),
        ]:
            answer = await client.post(CHAT, json=body)
            assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
        desk.jobs.refusal = Failure(Code.QUEUE_FULL, "Full.", retry_after_seconds=10)
        answer = await client.post(CHAT, json=chat(stream=True))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


async def test_leaving_a_stream_gives_the_job_up(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        body = json.dumps(chat(stream=True)).encode()
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {desk.key}\r\ncontent-length: {len(body)}\r\n\r\n"
        async with await trio.open_tcp_stream(client.base_url.host, client.base_url.port or 0) as stream:
            await stream.send_all(head.encode() + body)
            assert b" 200 " in await stream.receive_some()
            live = desk.jobs.newest
            assert live.watchers == 1
        while live.watchers:
            await trio.lowlevel.checkpoint()
        assert live.cancel_asked


# -- pictures --------------------------------------------------------------------------------------------------------


async def test_a_data_url_is_checked_kept_and_handed_to_the_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        assert (await client.post(CHAT, json=chat(with_picture(DATA_URL)))).status_code == 200
        assert desk.media.kept == [KeepInput(PNG, "image/png", 2, 2)]
        assert len(desk.jobs.submits[0].generation.inputs) == 1


async def test_base64_without_padding_and_with_line_breaks_is_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        loose = DATA_URL.rstrip("=")
        loose = f"{loose[:60]}\n{loose[60:]}"
        assert (await client.post(CHAT, json=chat(with_picture(loose)))).status_code == 200
        assert desk.media.kept[0].data == PNG


async def test_our_own_link_is_resolved_without_asking_anybody(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        file = await desk.media.keep(PNG)
        for base in ("http://other-name.example", str(client.base_url).rstrip("/"), ""):
            link = f"{base}/media/{file.name}"
            assert (await client.post(CHAT, json=chat(with_picture(link)))).status_code == 200
            assert desk.jobs.submits[-1].generation.inputs == (file.name,)
        assert desk.http.asked == []
        assert desk.media.kept == []


async def test_a_link_is_fetched_through_the_guard(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        url = "http://127.0.0.1:9999/x.png"
        desk.http.answers[url] = Response(status=200, headers=Headers([]), body=PNG, url=url)
        assert (await client.post(CHAT, json=chat(with_picture(url)))).status_code == 200
        assert desk.media.kept[0].data == PNG


async def test_a_link_to_a_private_address_is_refused_and_never_asked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        for url in ("http://10.0.0.1/x.png", "http://169.254.169.254/latest", "http://[::1]:8000/x.png"):
            answer = await client.post(CHAT, json=chat(with_picture(url)))
            assert answer.status_code == 400
            assert answer.json()["error"]["param"] == "messages[0].content[1].image_url"
        assert desk.http.asked == []


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("data:image/png;base64,AAAA", 400, "invalid_image"),
        ("data:image/png;base64,", 400, "invalid_image"),
        ("data:image/png,raw", 400, "invalid_value"),
        ("data:text/html;base64," + base64.b64encode(b"<html>").decode(), 400, "invalid_image"),
        ("file:///etc/passwd", 400, "invalid_value"),
        ("not a url", 400, "invalid_value"),
        ("data:image/png;base64," + "A" * 30_000_000, 413, "request_too_large"),
    ],
)
async def test_a_picture_that_cannot_be_used_is_refused_with_its_place(
    tmp_path: Path, url: str, status: int, code: str
) -> None:
    async with opened(tmp_path) as (desk, client):
        answer = await client.post(CHAT, json=chat(with_picture(url)))
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code)
        assert error["param"] == "messages[0].content[1].image_url"
        assert desk.jobs.submits == []


async def test_a_picture_that_cannot_be_fetched_says_why(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        url = "http://127.0.0.1:9999/x.png"
        for trouble, word in [
            (Response(status=404, headers=Headers([]), body=b"", url=url), "404"),
            (TimedOut("too slow"), "too slow"),
        ]:
            desk.http.answers[url] = trouble
            error = (await client.post(CHAT, json=chat(with_picture(url)))).json()["error"]
            assert error["code"] == "invalid_image"
            assert word in error["message"]


async def test_forty_pictures_are_refused_before_any_is_decoded(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        content = [{"type": "text", "text": "x"}] + [{"type": "image_url", "image_url": DATA_URL}] * 40
        answer = await client.post(CHAT, json=chat(content))
        assert answer.status_code == 400
        assert "40" in answer.json()["error"]["message"]
        assert desk.media.kept == []


async def test_the_picture_of_an_earlier_answer_comes_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        earlier = await desk.media.keep(PNG)
        messages = [
            user("a fox"),
            {"role": "assistant", "content": f"![image]({str(client.base_url).rstrip('/')}/media/{earlier.name})"},
            user(with_picture(DATA_URL)),
        ]
        assert (await client.post(CHAT, json={"model": MODEL, "messages": messages})).status_code == 200
        inputs = desk.jobs.submits[0].generation.inputs
        assert inputs[0] == earlier.name
        assert len(inputs) == 2


async def test_the_same_picture_from_both_places_is_taken_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        file = await desk.media.keep(PNG)
        link = f"{str(client.base_url).rstrip('/')}/media/{file.name}"
        messages = [user("a"), {"role": "assistant", "content": f"![image]({link})"}, user(with_picture(link))]
        assert (await client.post(CHAT, json={"model": MODEL, "messages": messages})).status_code == 200
        assert desk.jobs.submits[0].generation.inputs == (file.name,)


async def test_an_earlier_picture_that_is_gone_is_left_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        messages = [
            user("a"),
            {"role": "assistant", "content": f"![image](http://x/media/{desk.jobs.results[0]})"},
            user("b"),
        ]
        assert (await client.post(CHAT, json={"model": MODEL, "messages": messages})).status_code == 200
        assert desk.jobs.submits[0].generation.inputs == ()


# -- repeats and side requests ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
async def test_an_idempotency_key_gets_the_first_result_again_in_the_same_form(tmp_path: Path, stream: bool) -> None:
    async with opened(tmp_path) as (desk, client):
        headers = {"Idempotency-Key": "order-1"}
        first, second = [await client.post(CHAT, json=chat(stream=stream), headers=headers) for _ in range(2)]
        assert second.text == first.text
        assert len(desk.jobs.submits) == 1


async def test_an_idempotency_key_with_another_body_is_a_conflict(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        headers = {"Idempotency-Key": "order-1"}
        assert (await client.post(CHAT, json=chat("a"), headers=headers)).status_code == 200
        answer = await client.post(CHAT, json=chat("b"), headers=headers)
        assert answer.status_code == 409
        assert answer.headers["x-should-retry"] == "false"


async def test_an_idempotency_key_joins_a_job_that_still_runs(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        headers = {"Idempotency-Key": "order-1"}
        answers: list[dict[str, Any]] = []

        async def ask() -> None:
            answers.append((await client.post(CHAT, json=chat(), headers=headers)).json())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await desk.jobs.submitted.wait()
            nursery.start_soon(ask)
            while desk.jobs.newest.watchers < 2:
                await trio.lowlevel.checkpoint()
            await desk.jobs.finish()
        assert answers[0] == answers[1]
        assert len(desk.jobs.submits) == 1


async def test_the_repeat_of_an_sdk_joins_the_first_try(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, client):
        first = await client.post(CHAT, json=chat(), headers={"x-stainless-retry-count": "0"})
        repeat = await client.post(CHAT, json=chat(), headers={"x-stainless-retry-count": "1"})
        assert repeat.json()["id"] == first.json()["id"]
        fresh = await client.post(CHAT, json=chat(), headers={"x-stainless-retry-count": "0"})
        other = await client.post(CHAT, json=chat("else"), headers={"x-stainless-retry-count": "1"})
        assert len({answer.json()["id"] for answer in (first, fresh, other)}) == 3


async def test_the_repeat_of_a_try_that_may_be_repeated_is_a_new_one(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.error = JobError(code=Code.QUEUE_TIMEOUT, message="Waited.")
        await client.post(CHAT, json=chat())
        desk.jobs.error = None
        answer = await client.post(CHAT, json=chat(), headers={"x-stainless-retry-count": "1"})
        assert answer.status_code == 200
        assert len(desk.jobs.submits) == 2


async def test_the_repeat_of_a_refused_try_is_refused_again_without_a_job(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.error = JobError(code=Code.CONTENT_POLICY_VIOLATION, message="Refused.")
        await client.post(CHAT, json=chat())
        answer = await client.post(CHAT, json=chat(), headers={"x-stainless-retry-count": "1"})
        assert answer.status_code == 400
        assert len(desk.jobs.submits) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_a_side_request_is_answered_without_a_job(tmp_path: Path, stream: bool) -> None:
    async with opened(tmp_path) as (desk, client):
        task = (
            '### Task:\nMake a title.\nJSON format: { "title": "" }\n<chat_history>\nUSER: a red fox\n</chat_history>'
        )
        answer = await client.post(CHAT, json=chat(task, stream=stream))
        if stream:
            said = "".join(delta.get("content", "") for delta in deltas(events(answer.text)))
        else:
            said = answer.json()["choices"][0]["message"]["content"]
        assert json.loads(said) == {"title": "a red fox"}
        assert desk.jobs.submits == []
