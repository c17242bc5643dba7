"""What each answer of fal's means; the forms are those of its documentation and of reports."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.failure import FailureKind as K
from flow2api.domain.failure import UpstreamFailure
from flow2api.net.message import Headers, Response
from flow2api.providers.answers import Call
from flow2api.providers.fal import wire
from flow2api.providers.fal.failures import VOICE, ended, failure_of

HTML = b"<html>nginx</html>"


def answer(status: int, body: Any, **headers: str) -> Response:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status=status, headers=Headers(pairs), body=data, url="https://queue.fal.run/x")


def failed(status: int, body: Any, call: Call = Call.SUBMIT, **headers: str) -> UpstreamFailure:
    return failure_of(answer(status, body, **headers), call, 0.0, lambda text: text.replace("s3cret", "***"))


def model_error(kind: str) -> dict[str, Any]:
    return {"detail": [{"loc": ["body", "prompt"], "msg": "no", "type": kind, "url": "", "ctx": {}}]}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"detail": "No user found for Key ID and Secret"}, K.KEY_REFUSED),
        (403, {"detail": "User is locked. Reason: Exhausted balance. Top up your balance."}, K.BALANCE_EMPTY),
        (403, {"detail": "User is locked. Reason: TOP_UP."}, K.BALANCE_EMPTY),
        (403, {"detail": "User is locked. Reason: Admin lock. Please contact support@fal.ai."}, K.ACCOUNT_BLOCKED),
        (403, {"detail": "Access denied"}, K.MODEL_GONE),
        (404, {"detail": 'Application "x" not found'}, K.MODEL_GONE),
        (422, model_error("content_policy_violation"), K.CONTENT_REFUSED),
        (422, model_error("image_too_large"), K.REQUEST_REJECTED),
        (422, model_error("file_download_error"), K.MEDIA_GONE),
        (400, {"detail": "bad", "error_type": "bad_request"}, K.REQUEST_REJECTED),
        (429, {"detail": "slow down"}, K.THROTTLED),
        (503, {"detail": "none free", "error_type": "runner_scheduling_failure"}, K.MODEL_BUSY),
        (504, {"detail": "late", "error_type": "startup_timeout"}, K.MODEL_BUSY),
        (500, {"detail": "broken", "error_type": "internal_error"}, K.UPSTREAM_FAULT),
        (503, HTML, K.MODEL_BUSY),
        (500, HTML, K.OUTCOME_UNKNOWN),
        (502, HTML, K.OUTCOME_UNKNOWN),
        (504, b"", K.OUTCOME_UNKNOWN),
        (504, {"detail": "late"}, K.OUTCOME_UNKNOWN),
        (504, {"detail": "late", "error_type": "request_timeout"}, K.OUTCOME_UNKNOWN),
        (502, {"detail": "cut", "error_type": "runner_incomplete_response"}, K.OUTCOME_UNKNOWN),
        (502, {"detail": "bad gateway"}, K.OUTCOME_UNKNOWN),
    ],
)
def test_an_answer_to_a_submit_has_its_class(status: int, body: Any, kind: K) -> None:
    failure = failed(status, body)
    assert (failure.kind, failure.status) == (kind, status)


def test_only_a_submit_can_be_lost_and_only_there_a_missing_thing_is_the_model() -> None:
    assert failed(502, HTML, Call.STATUS).kind is K.UPSTREAM_FAULT
    assert failed(404, {"detail": "Request not found"}, Call.STATUS).kind is K.MEDIA_GONE


def test_the_type_may_stand_in_a_header_and_the_wait_is_named() -> None:
    failure = failed(503, HTML, x_fal_error_type="runner_scheduling_failure", retry_after="7")
    assert (failure.kind, failure.reason, failure.retry_after_seconds) == (K.MODEL_BUSY, "runner_scheduling_failure", 7)


def test_a_key_that_is_asked_too_much_rests_for_a_minute_where_no_wait_is_named() -> None:
    assert failed(429, {"detail": "slow down"}).retry_after_seconds == 60
    assert failed(422, model_error("value_error")).retry_after_seconds is None


def test_an_answer_that_is_fals_own_was_not_lost() -> None:
    assert failed(500, HTML, x_fal_request_id="1").kind is K.UPSTREAM_FAULT


def test_the_field_at_fault_is_named_and_the_key_is_not() -> None:
    body = {"detail": [{"loc": ["body", "image_url"], "msg": "s3cret is no link", "type": "value_error"}]}
    assert "image_url: *** is no link" in failed(422, body).message
    assert failed(422, {"detail": "no", "error_type": "s3cret"}).reason == "***"


def test_a_request_that_failed_says_so_in_its_status() -> None:
    assert ended("refused", "content_policy_violation", str).kind is K.CONTENT_REFUSED
    assert ended("who knows", None, str).kind is K.UPSTREAM_FAULT


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_SHAPED = st.fixed_dictionaries({}, optional=dict.fromkeys(("detail", "error_type", "status", "images", "logs"), _JSON))


@given(st.binary(max_size=60) | (_JSON | _SHAPED).map(msgspec.json.encode), st.sampled_from([200, 400, 403, 422, 500]))
def test_no_answer_leads_to_anything_but_a_class(data: bytes, status: int) -> None:
    assert isinstance(failed(status, data), UpstreamFailure)
    for kind in (wire.Submitted, wire.Status, wire.Result, wire.Upload, wire.Billing):
        assert kind_of_reading(data, kind) in (None, K.UNREADABLE)


def kind_of_reading(data: bytes, kind: type[object]) -> K | None:
    try:
        VOICE.read(data, kind, "a question")
    except UpstreamFailure as failure:
        return failure.kind
    return None
