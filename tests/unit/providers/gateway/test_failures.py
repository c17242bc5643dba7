"""What each answer of a gateway means, and how its answers are read."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.failure import FailureKind as K
from flow2api.domain.failure import UpstreamFailure
from flow2api.net.message import Headers, Response
from flow2api.providers.answers import Call
from flow2api.providers.base import Stage
from flow2api.providers.gateway import wire
from flow2api.providers.gateway.failures import VOICE, ended, failure_of
from flow2api.providers.gateway.shapes import FORMS

HTML = b"<html>cloudflare</html>"


def failed(status: int, body: Any, call: Call = Call.SUBMIT, wait: str | None = "7") -> UpstreamFailure:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    response = Response(
        status=status, headers=Headers([("retry-after", wait)] if wait else []), body=data, url="https://x/v1"
    )
    return failure_of(response, call, 0.0, lambda text: text.replace("s3cret", "***"))


def error(code: str | None, kind: str = "", message: str = "no") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, error("invalid_api_key"), K.KEY_REFUSED),
        (401, HTML, K.KEY_REFUSED),
        (402, HTML, K.BALANCE_EMPTY),
        (403, error("insufficient_user_quota", "new_api_error"), K.BALANCE_EMPTY),
        (403, error("pre_consume_token_quota_failed"), K.BALANCE_EMPTY),
        (403, error(None), K.MODEL_GONE),
        (429, error("insufficient_quota", "insufficient_quota"), K.BALANCE_EMPTY),
        (429, error(None, "insufficient_quota"), K.BALANCE_EMPTY),
        (429, error("rate_limit_exceeded"), K.THROTTLED),
        (429, HTML, K.THROTTLED),
        (400, error("content_policy_violation"), K.CONTENT_REFUSED),
        (400, error("moderation_blocked", "image_generation_user_error"), K.CONTENT_REFUSED),
        (400, error("billing_hard_limit_reached"), K.BALANCE_EMPTY),
        (400, error("invalid_value"), K.REQUEST_REJECTED),
        (404, error("model_not_found"), K.MODEL_GONE),
        (404, HTML, K.MODEL_GONE),
        (503, error("model_not_found", "new_api_error"), K.MODEL_GONE),
        (503, HTML, K.MODEL_BUSY),
        (500, error(None, "server_error"), K.UPSTREAM_FAULT),
        (408, error("request_timeout"), K.OUTCOME_UNKNOWN),
        (499, error(None), K.OUTCOME_UNKNOWN),
        (524, error("bad_response_status_code", "openai_error"), K.OUTCOME_UNKNOWN),
        (403, {"code": "insufficient_user_quota", "message": "no", "data": None}, K.BALANCE_EMPTY),
        (400, {"code": "sensitive_words_detected", "message": "no"}, K.CONTENT_REFUSED),
        (500, {"code": 500, "message": "no"}, K.UPSTREAM_FAULT),
        (500, {"error": "no"}, K.UPSTREAM_FAULT),
        (500, {"detail": "no"}, K.OUTCOME_UNKNOWN),
        (500, HTML, K.OUTCOME_UNKNOWN),
        (502, HTML, K.OUTCOME_UNKNOWN),
        (524, HTML, K.OUTCOME_UNKNOWN),
        (504, error("gateway_timeout"), K.OUTCOME_UNKNOWN),
        (502, error("bad_response", "upstream_error"), K.OUTCOME_UNKNOWN),
    ],
)
def test_an_answer_to_an_order_has_its_class(status: int, body: Any, kind: K) -> None:
    failure = failed(status, body)
    assert (failure.kind, failure.status, failure.retry_after_seconds) == (kind, status, 7)


def test_only_an_order_can_be_lost_and_only_there_a_missing_thing_is_the_model() -> None:
    assert failed(502, HTML, Call.STATUS).kind is K.UPSTREAM_FAULT
    assert failed(503, HTML, Call.STATUS).kind is K.UPSTREAM_FAULT
    assert failed(408, error(None), Call.STATUS).kind is K.UPSTREAM_FAULT
    assert failed(404, error("not_found"), Call.STATUS).kind is K.MEDIA_GONE
    assert failed(400, {"code": "task_not_exist", "message": "no"}, Call.STATUS).kind is K.MEDIA_GONE


def test_a_page_that_something_in_between_has_not_says_nothing_about_the_clip() -> None:
    assert failed(404, HTML, Call.STATUS).kind is K.UPSTREAM_FAULT


def test_a_key_that_is_asked_too_much_rests_for_a_minute_where_no_wait_is_named() -> None:
    assert failed(429, HTML, wait=None).retry_after_seconds == 60
    assert failed(400, HTML, wait=None).retry_after_seconds is None


def test_the_key_is_not_told() -> None:
    failure = failed(401, error("bad s3cret", message="no such key s3cret"))
    assert "no such key ***" in failure.message
    assert failure.reason == "bad ***"
    assert ended("bad_s3cret", "s3cret", lambda text: text.replace("s3cret", "***")).reason == "bad_***"


@pytest.mark.parametrize(
    ("shape", "answer", "stage", "percent", "link"),
    [
        ("videos", {"id": "v", "status": "queued", "progress": 0}, Stage.WAITING, 0, None),
        ("videos", {"id": "v", "status": "in_progress", "progress": 40}, Stage.RUNNING, 40, None),
        ("videos", {"id": "v", "status": "in_progress", "progress": 1e300}, Stage.RUNNING, 100, None),
        ("videos", {"id": "v", "status": "in_progress", "progress": -1}, Stage.RUNNING, 0, None),
        ("sora", {"status": "IN_PROGRESS", "progress": f"{'9' * 400}%"}, Stage.RUNNING, 100, None),
        ("videos", {"id": "v", "status": "processing"}, Stage.RUNNING, None, None),
        ("videos", {"id": "v", "status": "under_review"}, Stage.UNKNOWN, None, None),
        ("videos", {"id": "v", "status": "failed", "error": "no"}, Stage.FAILED, None, None),
        ("videos", {"id": "v", "status": "failed", "error": {"code": 400, "message": "no"}}, Stage.FAILED, None, None),
        ("sora", {"code": "success", "data": {"status": "SUCCESS", "video_url": "l"}}, Stage.DONE, None, "l"),
        ("sora", {"status": "SUCCESS", "data": {"outputs": ["l", "m"]}}, Stage.DONE, None, "l"),
        ("sora", {"status": "SUCCESS", "data": [{"url": "l"}]}, Stage.DONE, None, "l"),
        ("sora", {"status": "IN_PROGRESS", "data": ""}, Stage.RUNNING, None, None),
        ("tasks", {"status": "completed", "url": "l", "error": {"code": 5}}, Stage.DONE, None, "l"),
        ("tasks", {"status": "completed", "videos": [{"url": "l"}]}, Stage.DONE, None, "l"),
        ("sora", {"status": "NOT_START", "progress": "0%"}, Stage.WAITING, 0, None),
        ("sora", {"status": "IN_PROGRESS", "progress": "30%", "data": None}, Stage.RUNNING, 30, None),
        ("sora", {"status": "SUCCESS", "progress": "100%", "data": {"output": "l"}}, Stage.DONE, 100, "l"),
        ("sora", {"status": "", "progress": "soon"}, Stage.UNKNOWN, None, None),
        ("tasks", {"status": "processing", "progress": 12.5}, Stage.RUNNING, 12, None),
        ("tasks", {"status": "completed", "video_url": "l"}, Stage.DONE, None, "l"),
        ("tasks", {"status": "paused"}, Stage.UNKNOWN, None, None),
    ],
)
def test_a_status_is_read_in_the_words_of_its_shape(
    shape: Any, answer: dict[str, Any], stage: Stage, percent: int | None, link: str | None
) -> None:
    standing = FORMS[shape].standing(msgspec.json.encode(answer))
    assert (standing.stage, standing.percent, standing.link) == (stage, percent, link)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ({"fail_reason": "moderation_blocked: not this"}, "moderation_blocked", "not this"),
        ({"error": "It broke: twice"}, None, "It broke: twice"),
        ({"error": {"code": "moderation_blocked", "message": "not this"}}, "moderation_blocked", "not this"),
        ({}, None, ""),
    ],
)
def test_why_a_task_failed_is_found_where_it_stands(answer: dict[str, Any], code: str | None, words: str) -> None:
    wrong = FORMS["sora"].standing(msgspec.json.encode(answer | {"status": "FAILURE"})).wrong
    assert (wrong.code, wrong.message) == (code, words)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_FIELDS = ("id", "data", "error", "status", "progress", "task_id", "video_url", "fail_reason")
_SHAPED = st.fixed_dictionaries({}, optional=dict.fromkeys(_FIELDS, _JSON))


@given(
    st.binary(max_size=60) | (_JSON | _SHAPED).map(msgspec.json.encode), st.sampled_from(["videos", "sora", "tasks"])
)
def test_no_answer_leads_to_anything_but_a_class_or_a_standing(data: bytes, shape: Any) -> None:
    assert isinstance(failed(500, data), UpstreamFailure)
    assert kind_of_reading(data, shape) in (None, K.UNREADABLE)


def kind_of_reading(data: bytes, shape: Any) -> K | None:
    try:
        FORMS[shape].standing(data)
        VOICE.read(data, wire.Pictures, "the request")
    except UpstreamFailure as failure:
        return failure.kind
    return None
