"""Requests that cannot be served, of every kind, to the whole gateway: each is told what is wrong and where, and nothing is sent on.

That the log holds neither a traceback nor a secret afterwards is checked wherever a gateway is opened.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from flow2api.errors import KINDS, Code
from tests.doubles.gateway import MODEL, Log, TestedGateway, body, error_of, open_tested_gateway
from tests.doubles.pictures import bomb, data_url, drawn
from tests.doubles.server import Answer, open_server, plain
from tests.doubles.server import raw as bare

MIB = 1024 * 1024
PICTURE = drawn()


class Bad(NamedTuple):
    """A body, and what is wrong with it."""

    body: object
    code: Code
    param: str | None
    says: str = ""


def user(content: object) -> dict[str, object]:
    """A request with this content in its one message."""
    return body(messages=[{"role": "user", "content": content}])


def shown(*urls: object) -> dict[str, object]:
    """A request with pictures."""
    return user([{"type": "text", "text": "x"}, *({"type": "image_url", "image_url": {"url": url}} for url in urls)])


def raw(**fields: str) -> bytes:
    """A good request with further fields, their values as they are to stand in the JSON."""
    more = "".join(f',"{name}":{value}' for name, value in fields.items())
    return msgspec.json.encode(body())[:-1] + more.encode() + b"}"


def nested(depth: int, before: str, after: str) -> str:
    return before * depth + "1" + after * depth


C, TYPE, MISSING, VALUE = Code, Code.INVALID_TYPE, Code.MISSING_REQUIRED_PARAMETER, Code.INVALID_VALUE
FIRST, URL = "messages[0].content", "messages[0].content[1].image_url"
DEPTH = 100_000

NO_OBJECT = {
    "nothing": Bad(b"", C.INVALID_JSON, None, "not valid JSON"),
    "words": Bad(b"hello", C.INVALID_JSON, None, "not valid JSON"),
    "half an object": Bad(b'{"model": "x"', C.INVALID_JSON, None, "not valid JSON"),
    "two objects": Bad(msgspec.json.encode(body()) * 2, C.INVALID_JSON, None, "not valid JSON"),
    "a list": Bad([body()], C.INVALID_JSON, None, "must be a JSON object"),
    "a string": Bad("hello", C.INVALID_JSON, None, "must be a JSON object"),
    "null": Bad(None, C.INVALID_JSON, None, "must be a JSON object"),
    "not a number": Bad(b'{"model": NaN}', C.INVALID_JSON, None),
    "bytes that are no UTF-8": Bad(b'{"model": "\xff\xfe"}', C.INVALID_JSON, None, "utf-8"),
    "half a surrogate pair": Bad(raw(x='"\\ud800"'), C.INVALID_JSON, None, "not valid JSON"),
    "brackets without end": Bad(b"[" * DEPTH, C.INVALID_JSON, None),
    "a deep list": Bad(nested(DEPTH, "[", "]").encode(), C.INVALID_JSON, None),
    "a deep list in an unknown field": Bad(raw(x=nested(DEPTH, "[", "]")), C.INVALID_JSON, None, "nested too deeply"),
    "a deep object in an unknown field": Bad(raw(x=nested(DEPTH, '{"a":', "}")), C.INVALID_JSON, None, "too deeply"),
}

WRONG_FIELDS = {
    "no model": Bad({"messages": body()["messages"]}, MISSING, "model"),
    "model null": Bad(body(model=None), MISSING, "model"),
    "model 5": Bad(body(model=5), TYPE, "model"),
    "a model unknown": Bad(body(model="dall-e-9"), C.MODEL_NOT_FOUND, "model", "GET /v1/models"),
    "a model misspelled": Bad(body(model=MODEL.upper()), C.MODEL_NOT_FOUND, "model"),
    "a model of a megabyte": Bad(body(model="x" * MIB), C.MODEL_NOT_FOUND, "model"),
    "no messages": Bad({"model": MODEL}, MISSING, "messages"),
    "messages null": Bad(body(messages=None), MISSING, "messages"),
    "messages empty": Bad(body(messages=[]), MISSING, "messages"),
    "messages a string": Bad(body(messages="x"), TYPE, "messages"),
    "messages an object": Bad(body(messages={}), TYPE, "messages"),
    "a message 5": Bad(body(messages=[5]), TYPE, "messages[0]"),
    "a message without role": Bad(body(messages=[{"content": "x"}]), MISSING, "messages[0].role"),
    "a role 5": Bad(body(messages=[{"role": 5}]), TYPE, "messages[0].role"),
    "no message of the user": Bad(body(messages=[{"role": "system", "content": "x"}]), VALUE, "messages"),
    "content 5": Bad(user(5), TYPE, FIRST),
    "content null": Bad(user(None), VALUE, FIRST, "prompt"),
    "content empty": Bad(user(""), VALUE, FIRST, "prompt"),
    "content blank": Bad(user(" \n\t "), VALUE, FIRST, "prompt"),
    "content without parts": Bad(user([]), VALUE, FIRST, "prompt"),
    "content of lists": Bad(user([[[[]]]]), TYPE, f"{FIRST}[0]"),
    "a picture without words": Bad(user([{"type": "image_url", "image_url": {"url": "x"}}]), VALUE, FIRST, "prompt"),
    "a text 5": Bad(user([{"type": "text", "text": 5}]), TYPE, f"{FIRST}[0].text"),
    "image_url 5": Bad(user(["x", {"type": "image_url", "image_url": 5}]), TYPE, URL),
    "image_url without url": Bad(user(["x", {"type": "image_url", "image_url": {}}]), MISSING, f"{URL}.url"),
    "a url 5": Bad(shown(5), TYPE, f"{URL}.url"),
    "a file 5": Bad(user(["x", {"type": "file", "file": 5}]), TYPE, f"{FIRST}[1].file"),
    "a clip": Bad(user(["x", {"type": "video_url", "video_url": {"url": "x"}}]), C.UNSUPPORTED_OPERATION, f"{FIRST}[1].video_url"),
    "images 5": Bad(body(messages=[{"role": "assistant", "images": 5}]), TYPE, "messages[0].images"),
    "stream perhaps": Bad(body(stream="perhaps"), TYPE, "stream"),
    "stream 5": Bad(body(stream=5), TYPE, "stream"),
    "stream options a list": Bad(body(stream_options=[]), TYPE, "stream_options"),
    "include usage perhaps": Bad(body(stream_options={"include_usage": "perhaps"}), TYPE, "stream_options.include_usage"),
    "n 0": Bad(body(n=0), VALUE, "n", "1 to 4"),
    "n -1": Bad(body(n=-1), VALUE, "n", "1 to 4"),
    "n 99": Bad(body(n=99), VALUE, "n", "1 to 4"),
    "n 1.5": Bad(body(n=1.5), TYPE, "n"),
    "n true": Bad(body(n=True), TYPE, "n"),
    "n two": Bad(body(n="two"), TYPE, "n"),
    "n endless": Bad(raw(n="1e999"), VALUE, "n"),
    "n of many digits": Bad(raw(n="9" * 4000), VALUE, "n", "1 to 4"),
    "a seed in words": Bad(body(seed="x"), TYPE, "seed"),
    "modalities a string": Bad(body(modalities="image"), TYPE, "modalities"),
    "a modality 5": Bad(body(modalities=[5]), TYPE, "modalities[0]"),
    "size banana": Bad(body(size="banana"), VALUE, "size", "1024x1792"),
    "size 5": Bad(body(size=5), TYPE, "size"),
    "size 0x0": Bad(body(size="0x0"), VALUE, "size"),
    "resolution 8K": Bad(body(resolution="8K"), VALUE, "resolution", "1K, 2K or 4K"),
    "quality a list": Bad(body(quality=[]), TYPE, "quality"),
    "a ratio that nobody draws": Bad(body(aspect_ratio="7:1"), VALUE, "aspect_ratio", "16:9"),
    "a ratio 5": Bad(body(aspect_ratio=5), TYPE, "aspect_ratio"),
    "extra_body 5": Bad(body(extra_body=5), TYPE, "extra_body"),
    "a ratio 5 deep inside": Bad(
        body(generationConfig={"imageConfig": {"aspectRatio": 5}}), TYPE, "generationConfig.imageConfig.aspectRatio"
    ),
}  # fmt: skip

BAD_PICTURES = {
    "no picture": Bad(shown(data_url(b"hello")), C.INVALID_IMAGE, URL, "accepted are PNG"),
    "an empty one": Bad(shown("data:image/png;base64,"), C.INVALID_IMAGE, URL, "empty"),
    "one cut in its head": Bad(shown(data_url(PICTURE[:20])), C.INVALID_IMAGE, URL, "incomplete"),
    "one cut at its end": Bad(shown(data_url(PICTURE[:-20])), C.INVALID_IMAGE, URL, "incomplete"),
    "a JPEG cut at its end": Bad(shown(data_url(drawn(form="JPEG")[:-20])), C.INVALID_IMAGE, URL, "incomplete"),
    "a bomb": Bad(shown(data_url(bomb())), C.INVALID_IMAGE, URL, "60000x60000 pixels"),
    "broken base64": Bad(shown("data:image/png;base64,a"), C.INVALID_IMAGE, URL, "base64"),
    "no base64": Bad(shown("data:image/svg+xml,<svg/>"), VALUE, URL, "base64"),
    "more than twenty megabytes": Bad(shown("data:image/png;base64," + "A" * 29 * MIB), C.REQUEST_TOO_LARGE, URL, "20 MiB"),
    "forty of them": Bad(
        shown(*[data_url(PICTURE)] * 40),
        VALUE,
        f"{FIRST}[11].image_url",
        "at most 10 input pictures; 40 were given",
    ),
    "a second one that is bad": Bad(
        shown(data_url(PICTURE), data_url(b"hello")), C.INVALID_IMAGE, f"{FIRST}[2].image_url"
    ),
}  # fmt: skip

UNUSABLE_URLS = ("ftp://127.0.0.1/x", "file:///etc/passwd", "javascript:alert(1)", "/etc/passwd", "C:\\x.png", "blob:x")
FORBIDDEN_URLS = (
    *("http://", "http://[", "http://:80/", "http://127.0.0.1:99999/", "http://user:password@127.0.0.1/"),
    *("http://127.0.0.1/x", "https://127.0.0.1/x", "http://localhost:9000/", "http://0.0.0.0/", "http://127.0.0.1:22/"),
    *("http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data/", "http://100.64.0.1/"),
    *("http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[::]/"),
    *("http://127.1/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/", "http://①②⑦.0.0.1/"),
    *("http://127.0.0.1\\@example.org/", "http://127.0.0.1\t/", "http://a\u0000b/", f"http://{'a' * 70}/"),
)


async def wrongly_answered(gateway: TestedGateway, cases: dict[str, Bad]) -> dict[str, object]:
    """What was answered otherwise than it should have been, by the words of the case."""
    wrong: dict[str, object] = {}
    for words, bad in cases.items():
        answer = await gateway.post(bad.body)
        if not 400 <= answer.status_code < 500:
            wrong[words] = (answer.status_code, answer.text[:200])
            continue
        error = error_of(answer)
        expected = (KINDS[bad.code].status, bad.code.value, bad.param)
        told = (answer.status_code, error["code"], error["param"])
        message = error["message"]
        if told != expected or bad.says not in message or len(message) > 500:
            wrong[words] = (told, message[:500])
        if answer.headers["x-should-retry"] != "false" or "x-request-id" not in answer.headers:
            wrong[words] = dict(answer.headers)
    return wrong


@pytest.mark.parametrize(
    "cases", [NO_OBJECT, WRONG_FIELDS, BAD_PICTURES], ids=["no object", "wrong fields", "bad pictures"]
)
async def test_a_bad_body_is_told_what_is_wrong_and_where(cases: dict[str, Bad]) -> None:
    async with open_tested_gateway() as gateway:
        assert await wrongly_answered(gateway, cases) == {}
        assert gateway.calls() == gateway.calls("upload") == 0
        assert await gateway.jobs() == []
        assert (await gateway.chat()).status_code == 200


async def test_what_is_no_web_address_is_no_picture() -> None:
    async with open_tested_gateway() as gateway:
        cases = {url: Bad(shown(url), VALUE, URL, "http(s) link") for url in UNUSABLE_URLS}
        assert await wrongly_answered(gateway, cases) == {}


async def test_an_address_that_is_not_public_is_not_asked_in_any_spelling() -> None:
    async with open_tested_gateway() as gateway:
        cases = {url: Bad(shown(url), VALUE, URL, "may not be asked") for url in FORBIDDEN_URLS}
        assert await wrongly_answered(gateway, cases) == {}


async def test_a_server_that_leads_elsewhere_is_followed_only_where_callers_may_send_us() -> None:
    def leading_to(url: str) -> Answer:
        return plain(status=302, headers=[("Location", url)])

    async with (
        open_server() as server,
        open_tested_gateway(settings={"media.allow_private": ["127.0.0.1"]}) as gateway,
    ):
        asked = shown(f"{server.url}/picture")
        for place in ("http://10.255.255.1/x", "http://[::1]:1/x", "file:///etc/passwd", "http://["):
            server.answers.append(leading_to(place))
            assert await wrongly_answered(gateway, {place: Bad(asked, VALUE, URL, "may not be asked")}) == {}
        server.answers += [leading_to("/again")] * 9
        assert (
            await wrongly_answered(gateway, {"a loop": Bad(asked, C.INVALID_IMAGE, URL, "redirects more than 3")}) == {}
        )
        assert server.answers
        server.answers[:] = [leading_to("/there"), plain(PICTURE)]
        assert (await gateway.post(asked)).status_code == 200


async def test_a_server_that_has_no_picture_is_told_to_the_caller() -> None:
    async with (
        open_server() as server,
        open_tested_gateway(settings={"media.allow_private": ["127.0.0.1"]}) as gateway,
    ):
        asked = shown(f"{server.url}/picture")
        answers: dict[str, tuple[Answer, Code, str]] = {
            "a 404": (plain(status=404), C.INVALID_IMAGE, "answered 404"),
            "a page": (plain(b"<html>"), C.INVALID_IMAGE, "no known format"),
            "no HTTP": (bare(b"hello\r\n\r\n"), C.INVALID_IMAGE, "not HTTP"),
            "too much": (plain(b"x" * (21 * MIB)), C.REQUEST_TOO_LARGE, "20 MiB"),
        }
        for words, (answer, code, says) in answers.items():
            server.answers[:] = [answer]
            assert await wrongly_answered(gateway, {words: Bad(asked, code, URL, says)}) == {}


async def test_a_body_beyond_the_limit_is_refused_with_and_without_a_length() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 64 * 1024

    async with open_tested_gateway(settings={"server.max_body_bytes": MIB}) as gateway:
        for content in (b" " * (2 * MIB), pieces()):
            answer = await gateway.client.post("/v1/chat/completions", content=content)
            assert (answer.status_code, error_of(answer)["code"]) == (413, "request_too_large")
            assert "1024 KiB" in error_of(answer)["message"]
        assert (await gateway.chat()).status_code == 200


async def test_a_request_without_a_good_key_learns_nothing_about_its_body() -> None:
    async with open_tested_gateway() as gateway:
        for headers in ({"authorization": "Bearer f2a_wrong"}, {"authorization": ""}, {"authorization": "Basic YTpi"}):
            answer = await gateway.post(b"{", headers)
            assert (answer.status_code, error_of(answer)["code"]) == (401, "invalid_api_key")


async def test_an_address_or_a_method_that_there_is_not_is_answered_in_the_same_form() -> None:
    asked: Sequence[tuple[str, str, int]] = (
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/chat/completion", 404),
        ("GET", "/v1/models/none", 404),
        ("GET", "/media/none.png", 404),
        ("GET", "/media/..%2f..%2fflow2api.db", 404),
        ("GET", "/media/%00", 404),
        ("BREW", "/v1/models", 405),
    )
    async with open_tested_gateway() as gateway:
        answers: list[httpx.Response] = [await gateway.client.request(method, path) for method, path, _ in asked]
        assert [answer.status_code for answer in answers] == [status for *_, status in asked]
        assert all(error_of(answer)["message"] for answer in answers)


async def test_an_overlong_idempotency_key_is_refused_by_its_name() -> None:
    async with open_tested_gateway() as gateway:
        answer = await gateway.post(body(), {"idempotency-key": "k" * 300})
        assert (answer.status_code, error_of(answer)["param"]) == (400, "Idempotency-Key")


HABITS: dict[str, Any] = msgspec.json.decode(
    """{
    "temperature": 0.7, "top_p": 1, "max_tokens": 4096, "max_completion_tokens": null, "user": "u", "stop": ["x"],
    "presence_penalty": 0, "frequency_penalty": 0, "logit_bias": {}, "logprobs": false, "seed": -1, "store": true,
    "tools": [{"type": "function"}], "tool_choice": "auto", "response_format": {"type": "json_object"},
    "reasoning_effort": "high", "metadata": {"a": 1}, "service_tier": "auto", "parallel_tool_calls": true,
    "stream": null, "stream_options": null, "n": null, "size": null, "modalities": null, "extra_body": {"x": 1},
    "quality": "hd", "something": {"nobody": ["knows", {"deep": [null, 1.5, "x"]}]}, "": 1
    }"""
)


async def test_what_clients_send_by_habit_or_by_mistake_is_ignored() -> None:
    async with open_tested_gateway() as gateway:
        assert (await gateway.post(body(**HABITS))).status_code == 200
        parts = [
            {"type": "text", "text": "x", "cache_control": {}},
            {"type": "input_audio", "input_audio": {}},
            "more",
            {},
        ]
        assert (await gateway.post(user(parts))).status_code == 200
        assert (await gateway.chat(n="2", stream="false", seed="7")).status_code == 200
        assert (await gateway.post(body(), {"content-type": "text/plain"})).status_code == 200
        odd = "nul \0, 中文, \U0001f34e, right to left \u202e, a line\u2028 separator"
        assert (await gateway.chat(odd)).status_code == 200
        assert gateway.emulator.ledger.by_prompt()[odd] == 1


def test_the_watch_on_the_log_notices_errors_tracebacks_and_secrets_and_lets_claimed_errors_pass() -> None:
    def record(level: int, text: str, error: Exception | None = None) -> logging.LogRecord:
        trace = (type(error), error, None) if error else None
        return logging.LogRecord("flow2api.test", level, "x.py", 1, text, None, trace)

    def noticed(*records: logging.LogRecord, claimed: str = "") -> bool:
        log = Log()
        log.records.extend(records)
        if claimed:
            log.claim(claimed)
        try:
            log.check(["the-secret-of-this-test"])
        except AssertionError:
            return True
        return False

    assert not noticed(record(logging.WARNING, "an account rests"))
    assert noticed(record(logging.ERROR, "it broke"))
    assert noticed(record(logging.INFO, "it broke", ValueError("x")))
    assert noticed(record(logging.DEBUG, "token=the-secret-of-this-test"))
    assert not noticed(record(logging.ERROR, "it broke"), claimed="broke")
    assert noticed(record(logging.INFO, "all is well"), claimed="broke")
