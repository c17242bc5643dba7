"""The pure parts of the dialect: who speaks it, both spellings of field names, and the two forms of a stream."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.api.exchange import Body, GatewayRequest
from flow2api.api.gemini.bodies import camel, read
from flow2api.api.gemini.dialect import envelope, speaks
from flow2api.api.gemini.pieces import Array, Events
from flow2api.errors import Code, Failure
from tests.unit.api.doubles import make_request

GOOGLE = {"x-goog-api-key": "k"}


@pytest.mark.parametrize(
    ("path", "headers", "query", "spoken"),
    [
        ("/v1beta/models", {}, "", True),
        ("/v1beta/nothing/here", {}, "", True),
        ("/v1beta1/publishers/google/models/x:predict", {}, "", True),
        ("/upload/v1beta/files", {}, "", True),
        ("/v1/models/x:generateContent", {}, "", True),
        ("/v1/models/x%3AgenerateContent", {}, "", True),
        ("/v1/models", {}, "", False),
        ("/v1/models", GOOGLE, "", True),
        ("/v1/models/x", {"x-goog-api-client": "genai"}, "", True),
        ("/v1/models/x", {}, "key=abc", True),
        ("/v1/chat/completions", GOOGLE, "key=abc", False),
        ("/v1/videos", {}, "", False),
        ("/v1betamax", {}, "", False),
    ],
)
def test_trap_14_the_dialect_is_told_by_the_path_or_by_how_the_key_is_sent(
    path: str, headers: dict[str, str], query: str, spoken: bool
) -> None:
    assert speaks(make_request(headers, path=path, query=query)) is spoken


def test_trap_14_field_names_come_in_both_spellings_even_mixed() -> None:
    sent = {
        "generation_config": {"imageConfig": {"aspect_ratio": "1:1"}},
        "contents": [{"parts": [{"inline_data": 1}]}],
    }
    meant = {"generationConfig": {"imageConfig": {"aspectRatio": "1:1"}}, "contents": [{"parts": [{"inlineData": 1}]}]}
    assert camel(sent) == meant


@given(
    st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner), max_leaves=8)
)
def test_camel_case_stays_as_it_is(value: object) -> None:
    once = camel(value)
    assert camel(once) == once


def test_null_is_as_good_as_absent() -> None:
    assert camel({"contents": None, "a": [{"mime_type": None, "data": "x"}]}) == {"a": [{"data": "x"}]}


class Words(msgspec.Struct):
    some_words: list[str] = msgspec.field(name="someWords")


@pytest.mark.parametrize("count", [1, 50_000])
async def test_a_body_of_any_size_is_read_in_the_same_way(count: int) -> None:
    words, body = await read(sent({"some_words": ["a"] * count}), Words)
    assert (len(words.some_words), json.loads(body)["some_words"][0]) == (count, "a")
    with pytest.raises(Failure) as caught:
        await read(sent({"some_words": ["a"] * count + [1]}), Words)
    assert (caught.value.code, caught.value.param) == (Code.INVALID_TYPE, f"someWords[{count}]")


def sent(body: object) -> GatewayRequest:
    request = make_request({})
    request.body = Body(None, 10_000_000)
    request.body.append(json.dumps(body).encode())
    request.body.set_complete()
    return request


def test_a_body_nested_too_deeply_is_refused() -> None:
    value: object = 1
    for _ in range(100):
        value = [value]
    with pytest.raises(Failure) as caught:
        camel(value)
    assert caught.value.code is Code.INVALID_JSON


def test_an_array_is_json_however_it_ends() -> None:
    failure = Failure(Code.UPSTREAM_ERROR, "no")
    assert json.loads(Array().end) == []
    whole, broken = Array(), Array()
    assert json.loads(whole.piece({"a": 1}) + b"\n" + whole.piece({"a": 2}) + whole.end) == [{"a": 1}, {"a": 2}]
    assert json.loads(broken.piece({"a": 1}) + broken.failure(failure))[1]["error"]["code"] == 502
    assert json.loads(Array().failure(failure))[0]["error"]["status"] == "INTERNAL"


def test_trap_14_events_are_data_and_an_empty_line_and_nothing_else() -> None:
    events = Events()
    assert events.piece({"a": 1}) + events.end == b'data: {"a":1}\n\n'
    assert events.failure(Failure(Code.DRAINING, "stops")).startswith(b'data: {"error":')


def test_a_known_wait_is_told_as_google_tells_it() -> None:
    failure = Failure(Code.RATE_LIMIT_EXCEEDED, "slow", retry_after_seconds=2.5)
    details = json.loads(envelope(failure))["error"]["details"]
    assert details[-1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}
