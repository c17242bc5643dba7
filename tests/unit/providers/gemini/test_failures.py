"""Each answer of the Gemini API as the kind of failure that it is."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.gemini import clips, failures, pictures
from flow2api.providers.gemini.failures import PAID, Call

K, DAY, FREE = FailureKind, "GenerateRequestsPerDayPerProjectPerModel", "GenerateRequestsPerMinutePerModel-FreeTier"
SECRET = "AIza-secret"


def error(status: str = "", message: str = "", **detail: Any) -> dict[str, Any]:
    return {"error": {"status": status, "message": message, "details": [detail] if detail else []}}


def quota(name: str, value: str = "10", delay: str = "") -> dict[str, Any]:
    violations = [{"quotaId": name, "quotaValue": value}] if value else [{"quotaId": name}]
    return error("RESOURCE_EXHAUSTED", violations=violations, retryDelay=delay)


def of(status: int, body: object, call: Call) -> UpstreamFailure:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failures.of_answer(status, raw, call, lambda text: text.replace(SECRET, "***"))


@pytest.mark.parametrize(
    ("status", "body", "call", "kind"),
    [
        (400, error("INVALID_ARGUMENT", reason="API_KEY_INVALID"), Call.KEY, K.KEY_REFUSED),
        (403, error("PERMISSION_DENIED", reason="API_KEY_IP_ADDRESS_BLOCKED"), Call.CONTENT, K.KEY_REFUSED),
        (403, error("PERMISSION_DENIED"), Call.KEY, K.KEY_REFUSED),
        (
            403,
            error("PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."),
            Call.CLIP,
            K.KEY_REFUSED,
        ),
        (401, error("UNAUTHENTICATED"), Call.OPERATION, K.KEY_REFUSED),
        (403, error("PERMISSION_DENIED", reason="SERVICE_DISABLED"), Call.CONTENT, K.ACCOUNT_BLOCKED),
        (403, error("PERMISSION_DENIED", reason="CONSUMER_SUSPENDED"), Call.KEY, K.ACCOUNT_BLOCKED),
        (
            400,
            error("FAILED_PRECONDITION", "User location is not supported for the API use."),
            Call.CONTENT,
            K.ACCOUNT_BLOCKED,
        ),
        (400, error("FAILED_PRECONDITION", "Please enable billing."), Call.CLIP, K.BILLING_NEEDED),
        (429, quota(FREE, ""), Call.CONTENT, K.BILLING_NEEDED),
        (429, quota(FREE, "5"), Call.CONTENT, K.MODEL_THROTTLED),
        (429, quota(f"{DAY}-FreeTier", "100"), Call.CONTENT, K.MODEL_QUOTA_REACHED),
        (429, quota(DAY), Call.CLIP, K.MODEL_QUOTA_REACHED),
        (429, error("RESOURCE_EXHAUSTED"), Call.CLIP, K.MODEL_THROTTLED),
        (404, error("NOT_FOUND"), Call.PREDICT, K.MODEL_GONE),
        (403, error("PERMISSION_DENIED"), Call.CONTENT, K.MODEL_GONE),
        (404, error("NOT_FOUND"), Call.OPERATION, K.MEDIA_GONE),
        (403, error("PERMISSION_DENIED"), Call.FILE, K.MEDIA_GONE),
        (400, error("INVALID_ARGUMENT"), Call.CLIP, K.REQUEST_REJECTED),
        (413, b"", Call.CONTENT, K.REQUEST_REJECTED),
        (503, error("UNAVAILABLE"), Call.CLIP, K.MODEL_BUSY),
        (503, error("UNAVAILABLE"), Call.OPERATION, K.UPSTREAM_FAULT),
        (500, error("INTERNAL"), Call.CONTENT, K.UPSTREAM_FAULT),
        (504, error("DEADLINE_EXCEEDED"), Call.CONTENT, K.OUTCOME_UNKNOWN),
        (502, b"<html>", Call.CLIP, K.OUTCOME_UNKNOWN),
        (404, b"<html>", Call.CLIP, K.OUTCOME_UNKNOWN),
        (302, b"", Call.CONTENT, K.OUTCOME_UNKNOWN),
        (502, b"<html>", Call.OPERATION, K.UPSTREAM_FAULT),
    ],
)
def test_an_answer_is_told_by_its_fields(status: int, body: object, call: Call, kind: FailureKind) -> None:
    assert of(status, body, call).kind is kind


def test_the_wait_is_that_of_the_answer_but_not_for_a_limit_of_the_day() -> None:
    assert of(429, quota("PerMinute", delay="34.07s"), Call.CONTENT).retry_after_seconds == 34.07
    assert of(429, quota(DAY, delay="34.07s"), Call.CONTENT).retry_after_seconds is None


def test_the_key_is_not_quoted() -> None:
    failure = of(400, error("INVALID_ARGUMENT", f"{SECRET} is not valid"), Call.KEY)
    assert SECRET not in failure.message


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("IMAGE_SAFETY", K.CONTENT_REFUSED),
        ("RECITATION", K.CONTENT_REFUSED),
        ("NO_IMAGE", K.REQUEST_REJECTED),
        ("STOP", K.REQUEST_REJECTED),
        ("IMAGE_OTHER", K.OUTCOME_UNKNOWN),
        ("", K.OUTCOME_UNKNOWN),
    ],
)
def test_an_answer_without_a_picture_fails_by_its_finish_reason(reason: str, kind: FailureKind) -> None:
    candidate = {"finishReason": reason, "content": {"parts": [{"text": "I would rather talk."}]}}
    with pytest.raises(UpstreamFailure, match="rather talk") as caught:
        pictures.content_begun(json.dumps({"candidates": [candidate]}).encode())
    assert caught.value.kind is kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "details",
                    "message",
                    "status",
                    "violations",
                    "quotaId",
                    "candidates",
                    "content",
                    "parts",
                    "inlineData",
                    "data",
                    "predictions",
                    "bytesBase64Encoded",
                    "name",
                    "done",
                    "response",
                    "generateVideoResponse",
                    "generatedSamples",
                    "code",
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


NO_JSON = [b'{"error":{"message":"\xff"}}', b'{"name":"\xff"}', b'{"candidates":' + b"[" * 100_000]


@given(JSON.map(lambda value: json.dumps(value).encode()), st.integers(200, 599), st.sampled_from(Call))
@example(NO_JSON[0], 503, Call.CLIP)
@example(NO_JSON[1], 200, Call.CLIP)
@example(NO_JSON[2], 200, Call.CONTENT)
def test_no_answer_whatever_raises_anything_but_its_failure(body: bytes, status: int, call: Call) -> None:
    assert of(status, body, call).kind in failures.SENTENCES
    for read in (
        pictures.content_begun,
        pictures.predict_begun,
        clips.begun,
        lambda raw: clips.checked(Made(media_id="m"), raw),
    ):
        with suppress(UpstreamFailure):
            read(body)


@given(st.integers(400, 599), st.binary(max_size=40))
def test_a_paid_call_is_never_taken_for_refused_without_the_services_own_words(status: int, body: bytes) -> None:
    sure = {400, 401, 409, 413, 414, 415, 416, 422, 429}
    kinds = {of(status, body, call).kind for call in PAID}
    assert status in sure or kinds == {K.OUTCOME_UNKNOWN}
