"""Every row of how Flow fails, as data."""

import pytest

from flow2api.domain.failure import FailureKind
from flow2api.errors import (
    ConnectionBroken,
    NetworkFault,
    ProxyRefused,
    ResponseTooLarge,
    ResponseUnreadable,
    TimedOut,
    TlsRefused,
    Unreachable,
)
from flow2api.net.message import Response
from flow2api.providers.flow import failures
from flow2api.providers.flow.failures import SENTENCES, TRAITS, Call
from tests.unit.providers.flow.fake import NOW, answer, refusal

K = FailureKind
PAID = Call.GENERATE_IMAGES

REASONS = {
    "PUBLIC_ERROR_UNUSUAL_ACTIVITY": K.CAPTCHA_REFUSED,
    "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC": K.CAPTCHA_REFUSED,
    "PUBLIC_ERROR_USER_REQUESTS_THROTTLED": K.THROTTLED,
    "PUBLIC_ERROR_USER_QUOTA_REACHED": K.QUOTA_REACHED,
    "PUBLIC_ERROR_PER_MODEL_DAILY_QUOTA_REACHED": K.MODEL_QUOTA_REACHED,
    "PUBLIC_ERROR_PER_MODEL_DAILY_QUOTA_REACHED_UPGRADEABLE": K.MODEL_QUOTA_REACHED,
    "PUBLIC_ERROR_MODEL_ACCESS_DENIED": K.MODEL_DENIED,
    "PUBLIC_ERROR_MODEL_DISABLED_DUE_TO_TRAFFIC": K.MODEL_BUSY,
    "PUBLIC_ERROR_HIGH_TRAFFIC": K.MODEL_BUSY,
    "PUBLIC_ERROR_UNSAFE_GENERATION": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_UNSAFE_GENERATION_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_SEXUAL": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_SEXUAL_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_MINOR": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_MINOR_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_VIOLENCE_FILTER": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_DANGER_FILTER": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_IP_INPUT_IMAGE": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_IP_INPUT_IMAGE_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_UNSAFE_IMAGE_UPLOAD": K.CONTENT_REFUSED,
    "PUBLIC_ERROR_USER_REGION_DISALLOWED": K.ACCOUNT_BLOCKED,
    "PUBLIC_ERROR_USER_MINOR": K.ACCOUNT_BLOCKED,
    "PUBLIC_ERROR_IMAGE_TOO_LARGE": K.REQUEST_REJECTED,
    "PUBLIC_ERROR_IMAGE_TOO_SMALL": K.REQUEST_REJECTED,
    "PUBLIC_ERROR_UNKNOWN_IMAGE_FILE_FORMAT": K.REQUEST_REJECTED,
}

CAPTCHA = "reCAPTCHA evaluation failed"
VAGUE = "PUBLIC_ERROR_SOMETHING_WENT_WRONG"
NEW = "PUBLIC_ERROR_NOBODY_KNOWS_YET"

# call, answer, kind
ANSWERS: list[tuple[Call, Response, FailureKind]] = [
    (PAID, refusal(400, "INVALID_ARGUMENT", message='Unknown name "x"'), K.REQUEST_REJECTED),
    (PAID, refusal(400, "INVALID_ARGUMENT", NEW), K.REQUEST_REJECTED),
    (PAID, refusal(400, "INVALID_ARGUMENT", VAGUE), K.UPSTREAM_FAULT),
    (Call.CREDITS, refusal(400, "INVALID_ARGUMENT"), K.UPSTREAM_FAULT),
    (Call.CREATE_PROJECT, answer(400, {"error": {"json": {"message": "bad"}}}), K.UPSTREAM_FAULT),
    (PAID, refusal(401, "UNAUTHENTICATED"), K.LOGIN_EXPIRED),
    (PAID, refusal(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"), K.LOGIN_EXPIRED),
    (PAID, refusal(401, "UNAUTHENTICATED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY"), K.LOGIN_EXPIRED),
    (Call.CREDITS, answer(401, b"<html>"), K.LOGIN_EXPIRED),
    (Call.CREATE_PROJECT, answer(401), K.LOGIN_EXPIRED),
    (Call.SESSION, answer(401), K.NEEDS_LOGIN),
    (PAID, refusal(403, "PERMISSION_DENIED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY", CAPTCHA), K.CAPTCHA_REFUSED),
    (PAID, refusal(403, "PERMISSION_DENIED", VAGUE, CAPTCHA), K.CAPTCHA_REFUSED),
    (PAID, refusal(403, "PERMISSION_DENIED", None, CAPTCHA), K.CAPTCHA_REFUSED),
    (PAID, refusal(403, "PERMISSION_DENIED"), K.CAPTCHA_REFUSED),
    (Call.UPSAMPLE_IMAGE, refusal(403, "PERMISSION_DENIED", None, CAPTCHA), K.CAPTCHA_REFUSED),
    (PAID, refusal(403, "PERMISSION_DENIED", NEW), K.REQUEST_REJECTED),
    (PAID, answer(403, b"<html>blocked</html>"), K.UPSTREAM_FAULT),
    (Call.UPLOAD_IMAGE, refusal(403, "PERMISSION_DENIED"), K.REQUEST_REJECTED),
    (Call.CREDITS, refusal(403, "PERMISSION_DENIED"), K.UPSTREAM_FAULT),
    (PAID, refusal(404, "NOT_FOUND", message="Requested entity was not found."), K.MEDIA_GONE),
    (Call.UPLOAD_IMAGE, refusal(404, "NOT_FOUND"), K.MEDIA_GONE),
    (Call.UPSAMPLE_IMAGE, refusal(404, "NOT_FOUND"), K.MEDIA_GONE),
    (Call.CREDITS, refusal(404, "NOT_FOUND"), K.UPSTREAM_FAULT),
    (PAID, answer(408), K.OUTCOME_UNKNOWN),
    (Call.UPLOAD_IMAGE, answer(413), K.REQUEST_REJECTED),
    (PAID, refusal(429, "RESOURCE_EXHAUSTED"), K.THROTTLED),
    (PAID, refusal(429, "RESOURCE_EXHAUSTED", NEW), K.THROTTLED),
    (PAID, refusal(429, "RESOURCE_EXHAUSTED", VAGUE, CAPTCHA), K.CAPTCHA_REFUSED),
    (Call.CREDITS, answer(429, b"slow down"), K.THROTTLED),
    (Call.SESSION, answer(429), K.THROTTLED),
    *((PAID, refusal(status, "INTERNAL"), K.UPSTREAM_FAULT) for status in (500, 501, 502, 503)),
    *((PAID, answer(status, b"<html>"), K.OUTCOME_UNKNOWN) for status in (500, 502, 503)),
    (PAID, refusal(500, "INTERNAL", VAGUE), K.UPSTREAM_FAULT),
    (PAID, refusal(504, "DEADLINE_EXCEEDED"), K.OUTCOME_UNKNOWN),
    (PAID, refusal(504, "DEADLINE_EXCEEDED", VAGUE), K.OUTCOME_UNKNOWN),
    (PAID, answer(524, b""), K.OUTCOME_UNKNOWN),
    (PAID, answer(199, b""), K.OUTCOME_UNKNOWN),
    (PAID, refusal(503, "UNAVAILABLE", "PUBLIC_ERROR_HIGH_TRAFFIC"), K.MODEL_BUSY),
    *((call, answer(504), K.OUTCOME_UNKNOWN) for call in (Call.GENERATE_CLIPS, Call.UPSAMPLE_CLIP)),
    *((call, answer(504), K.UPSTREAM_FAULT) for call in Call if not TRAITS[call].paid),
]


@pytest.mark.parametrize(("reason", "kind"), REASONS.items())
@pytest.mark.parametrize("status", [400, 403, 429])
def test_a_known_reason_decides_whatever_the_status(reason: str, kind: FailureKind, status: int) -> None:
    failure = failures.of_response(refusal(status, "ANY", reason), PAID, NOW)
    assert (failure.kind, failure.status, failure.reason) == (kind, status, reason)


def test_the_table_of_reasons_has_no_row_with_another_meaning_than_written_here() -> None:
    assert {reason: failures.BY_REASON[reason] for reason in REASONS} == REASONS
    assert {kind for reason, kind in failures.BY_REASON.items() if reason not in REASONS} == {K.CONTENT_REFUSED}


@pytest.mark.parametrize(("call", "response", "kind"), ANSWERS)
def test_an_answer_is_classified_by_its_fields(call: Call, response: Response, kind: FailureKind) -> None:
    failure = failures.of_response(response, call, NOW)
    assert (failure.kind, failure.status) == (kind, response.status)


def test_words_inside_a_message_decide_nothing() -> None:
    message = "PUBLIC_ERROR_UNUSUAL_ACTIVITY 403 429 recaptcha quota timeout internal error"
    assert failures.of_response(refusal(400, "INVALID_ARGUMENT", message=message), PAID, NOW).kind is K.REQUEST_REJECTED


def test_a_message_that_is_nothing_but_a_reason_counts_as_one() -> None:
    failure = failures.of_response(refusal(400, "INVALID_ARGUMENT", message="PUBLIC_ERROR_SEXUAL"), PAID, NOW)
    assert (failure.kind, failure.reason) == (K.CONTENT_REFUSED, "PUBLIC_ERROR_SEXUAL")


def test_a_known_reason_is_found_behind_an_unknown_one() -> None:
    details = [{"reason": 7}, None, "x", {"reason": "SOMETHING_NEW"}, {"reason": "PUBLIC_ERROR_MINOR"}]
    failure = failures.of_response(answer(400, {"error": {"details": details}}), PAID, NOW)
    assert failure.reason == "PUBLIC_ERROR_MINOR"


def test_an_error_in_a_list_is_read_as_well() -> None:
    body = [{"error": {"status": "RESOURCE_EXHAUSTED", "details": [{"reason": "PUBLIC_ERROR_USER_QUOTA_REACHED"}]}}]
    assert failures.of_response(answer(429, body), PAID, NOW).kind is K.QUOTA_REACHED


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"null", b'"x"', b"[" * 100_000, b'{"error":"x"}', b'{"error":[]}']
)
def test_a_refusal_with_any_body_is_still_a_refusal(body: bytes) -> None:
    assert failures.of_response(answer(429, body), PAID, NOW).kind is K.THROTTLED


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sun, 15 Jun 2025 15:07:40 GMT", 60.0),
        ("Sun, 15 Jun 2025 15:07:40 -0000", 60.0),
        ("Sun, 15 Jun 2025 14:00:00 GMT", 0.0),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
        ("Sun, 99 Jun 99999 15:07:40 GMT", None),
    ],
)
def test_a_retry_after_header_is_read_as_seconds_or_date(header: str, seconds: float | None) -> None:
    failure = failures.of_response(answer(429, headers=[("Retry-After", header)]), PAID, NOW)
    assert failure.retry_after_seconds == seconds


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("7s", 7.0), ("1.5s", 1.5), ({"seconds": 3}, 3.0), ({"seconds": "4"}, 4.0), ("7", None), ("-7s", None), (7, None)],
)
def test_a_retry_info_is_read(delay: object, seconds: float | None) -> None:
    failure = failures.of_response(refusal(429, "RESOURCE_EXHAUSTED", retryDelay=delay), PAID, NOW)
    assert failure.retry_after_seconds == seconds


def test_the_longer_of_two_named_waits_is_believed() -> None:
    body = {"error": {"details": [{"retryDelay": "90s"}]}}
    failure = failures.of_response(answer(429, body, [("Retry-After", "30")]), PAID, NOW)
    assert failure.retry_after_seconds == 90.0


@pytest.mark.parametrize("fault", [Unreachable, TlsRefused, ProxyRefused])
@pytest.mark.parametrize("call", Call)
def test_what_was_never_sent_is_unreachable(fault: type[NetworkFault], call: Call) -> None:
    assert failures.of_fault(fault("no way to api.test"), call).kind is K.UNREACHABLE


@pytest.mark.parametrize("fault", [ConnectionBroken, TimedOut, ResponseTooLarge, ResponseUnreadable])
def test_a_paid_call_without_a_complete_answer_has_an_unknown_outcome(fault: type[NetworkFault]) -> None:
    assert failures.of_fault(fault("cut"), PAID).kind is K.OUTCOME_UNKNOWN


def test_a_broken_connection_that_took_nothing_is_unreachable_for_a_paid_call_too() -> None:
    fault = ConnectionBroken("cut")
    fault.maybe_sent = False
    assert failures.of_fault(fault, PAID).kind is K.UNREACHABLE


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (ConnectionBroken, K.UPSTREAM_FAULT),
        (TimedOut, K.UPSTREAM_FAULT),
        (ResponseTooLarge, K.UNREADABLE),
        (ResponseUnreadable, K.UNREADABLE),
    ],
)
def test_a_free_call_without_a_complete_answer_may_be_repeated(fault: type[NetworkFault], kind: FailureKind) -> None:
    free = [call for call in Call if not TRAITS[call].paid]
    assert {failures.of_fault(fault("cut"), call).kind for call in free} == {kind}


URL = "https://labs.test/fx/api/auth/session"


@pytest.mark.parametrize(
    ("location", "labs", "api"),
    [
        ("https://flow.google.com/", K.ACCOUNT_MOVED, K.ACCOUNT_MOVED),
        ("//flow.google.com/", K.ACCOUNT_MOVED, K.ACCOUNT_MOVED),
        ("https://elsewhere.test/fx/api/auth/session", K.ACCOUNT_MOVED, K.ACCOUNT_MOVED),
        ("https://accounts.google.com/signin?continue=x", K.NEEDS_LOGIN, K.UNREADABLE),
        ("/fx/api/auth/signin", K.NEEDS_LOGIN, K.UNREADABLE),
        ("https://labs.test/signin", K.NEEDS_LOGIN, K.UNREADABLE),
        ("http://[broken", K.NEEDS_LOGIN, K.UNREADABLE),
        ("", K.NEEDS_LOGIN, K.UNREADABLE),
    ],
)
def test_a_redirect_away_means_that_the_account_was_moved(location: str, labs: FailureKind, api: FailureKind) -> None:
    response = answer(308, headers=[("Location", location)])
    assert failures.of_redirect(response, Call.SESSION, URL).kind is labs
    assert failures.of_redirect(response, PAID, URL).kind is api


def test_a_moved_account_is_told_so_in_plain_words() -> None:
    response = answer(308, headers=[("Location", "https://flow.google.com/?token=SECRET")])
    message = failures.of_redirect(response, Call.SESSION, URL).message
    assert "moved" in message
    assert "flow.google.com" in message
    assert "SECRET" not in message


def test_every_kind_that_an_answer_can_have_has_its_sentence() -> None:
    of_keys = {K.KEY_REFUSED, K.BALANCE_EMPTY, K.MODEL_THROTTLED, K.MODEL_GONE, K.BILLING_NEEDED}
    assert set(SENTENCES) == set(FailureKind) - {K.WRONG_ACCOUNT, K.CAPTCHA_UNAVAILABLE} - of_keys


def test_what_google_quotes_of_our_secrets_is_masked() -> None:
    quoted = refusal(400, "INVALID_ARGUMENT", message='Invalid value (TYPE_STRING), "SECRET-a" and SECRET-b')
    failure = failures.of_response(quoted, PAID, NOW, ("SECRET-a", "", "SECRET-b"))
    assert "SECRET" not in failure.message
    assert "Invalid value" in failure.message
