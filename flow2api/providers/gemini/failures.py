"""Classifies what the Gemini API answers onto `FailureKind`: by status, status word, reason and quota, each a field of the answer.

No text is searched; three messages are compared as a whole because the service has no better field for them. Knows no connection
and no account.
"""

import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers import waits

_K = FailureKind


class Call(StrEnum):
    """The calls, by the words in which people read about them."""

    KEY = "the test of the key"
    CONTENT = "the image generation"
    PREDICT = "the image prediction"
    CLIP = "the video generation"
    OPERATION = "the question how a clip stands"
    FILE = "the delivery of a clip"


PAID = frozenset({Call.CONTENT, Call.PREDICT, Call.CLIP})

_KEY_REASONS = frozenset(
    {
        "API_KEY_INVALID",
        "API_KEY_SERVICE_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
    }
)
_BY_REASON = dict.fromkeys(_KEY_REASONS, _K.KEY_REFUSED) | {
    "BILLING_DISABLED": _K.BILLING_NEEDED,
    "SERVICE_DISABLED": _K.ACCOUNT_BLOCKED,
    "CONSUMER_SUSPENDED": _K.ACCOUNT_BLOCKED,
    "CONSUMER_INVALID": _K.ACCOUNT_BLOCKED,
}
_BY_MESSAGE = {
    "your api key was reported as leaked. please use another api key.": _K.KEY_REFUSED,
    "imagen api is only accessible to billed users at this time.": _K.BILLING_NEEDED,
    "user location is not supported for the api use.": _K.ACCOUNT_BLOCKED,
}
_PER_DAY = re.compile("PerDay")
_FREE = "-FreeTier"

SENTENCES: dict[FailureKind, str] = {
    _K.KEY_REFUSED: "The Gemini API does not take this key; make another one at aistudio.google.com/apikey",
    _K.ACCOUNT_BLOCKED: "The Gemini API does not serve the project of this key",
    _K.BILLING_NEEDED: "The project of this key has no billing, which this model needs",
    _K.MODEL_THROTTLED: "The Gemini API takes no more requests for this model now",
    _K.MODEL_QUOTA_REACHED: "The project of this key has used up this model for today",
    _K.MODEL_GONE: "The Gemini API does not have this model, or not for this key",
    _K.MODEL_BUSY: "The model is overloaded",
    _K.MEDIA_GONE: "The Gemini API no longer has this clip; it keeps clips for two days, for the key that made them",
    _K.REQUEST_REJECTED: "The Gemini API did not take the request",
    _K.CONTENT_REFUSED: "The Gemini API refused the prompt or a picture by its content rules",
    _K.UPSTREAM_FAULT: "The Gemini API failed",
    _K.OUTCOME_UNKNOWN: "The Gemini API gave no readable answer and may have accepted the request",
}


class _Violation(msgspec.Struct, frozen=True, rename="camel"):
    quota_id: str = ""
    quota_value: str = ""


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    reason: str = ""
    violations: tuple[_Violation, ...] = ()
    retry_delay: str = ""


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    status: str = ""
    details: tuple[_Detail, ...] = ()


class _Envelope(msgspec.Struct, frozen=True):
    error: _Error = _Error()


def of_answer(status: int, body: bytes, call: Call, masked: Callable[[str], str]) -> UpstreamFailure:
    """The failure that an answer without success is. Google may quote what it rejects, so its words go through `masked`."""
    error = _read(body)
    kind = classify(status, error, call)
    reason = _reason(error)
    named = [f"HTTP {status} to {call}", *filter(None, (reason or error.status, masked(error.message)))]
    return UpstreamFailure(
        kind,
        f"{SENTENCES[kind]} ({', '.join(named)}).",
        status=status,
        reason=masked(reason) if reason else None,
        retry_after_seconds=max(_waits(error), default=None) if kind is _K.MODEL_THROTTLED else None,
    )


def is_denied(failure: UpstreamFailure) -> bool:
    """Whether an order was denied in words that fit the model and a file alike."""
    return failure.kind is _K.MODEL_GONE and failure.status == 403


def of_source(denied: UpstreamFailure) -> UpstreamFailure:
    """What a denied continuation means: a file that has ended is denied, not missed, and the model is there all the same."""
    message = f"{SENTENCES[_K.MEDIA_GONE]} ({denied.message})."
    return UpstreamFailure(_K.REQUEST_REJECTED, message, status=denied.status, reason=denied.reason)


def classify(status: int, error: _Error, call: Call) -> FailureKind:
    """What kind of failure a refusal of `call` is."""
    for detail in error.details:
        if detail.reason in _BY_REASON:
            return _BY_REASON[detail.reason]
    if known := _BY_MESSAGE.get(error.message.strip().casefold()):
        return known
    return _of_quota(error) if status == 429 else _by_status(status, error, call)


def _of_quota(error: _Error) -> FailureKind:
    violations = [violation for detail in error.details for violation in detail.violations]
    # The free quota of a model that must be paid for is nothing, which is told by leaving the value out.
    if any(one.quota_id.endswith(_FREE) and one.quota_value in ("", "0") for one in violations):
        return _K.BILLING_NEEDED
    if any(_PER_DAY.search(one.quota_id) for one in violations):
        return _K.MODEL_QUOTA_REACHED
    return _K.MODEL_THROTTLED


def _by_status(status: int, error: _Error, call: Call) -> FailureKind:
    paid = call in PAID
    match status:
        case 401:
            return _K.KEY_REFUSED
        case 403 if call is Call.KEY:
            return _K.KEY_REFUSED
        case 403 | 404 if error.status:
            # A file that has ended is denied, not missed.
            return _K.MODEL_GONE if paid else _K.MEDIA_GONE
        case 400 if error.status == "FAILED_PRECONDITION":
            return _K.BILLING_NEEDED
        case 503 if error.status:
            return _K.MODEL_BUSY if paid else _K.UPSTREAM_FAULT
        case 500 if error.status:
            return _K.UPSTREAM_FAULT
        case 400 | 409 | 413 | 414 | 415 | 416 | 422:
            return _K.REQUEST_REJECTED
        case _:
            # Not the service's own words, or a time limit behind its door: the request may well have arrived.
            return _K.OUTCOME_UNKNOWN if paid else _K.UPSTREAM_FAULT


def _reason(error: _Error) -> str | None:
    """The machine word that tells most."""
    quotas = [violation.quota_id for detail in error.details for violation in detail.violations if violation.quota_id]
    reasons = [detail.reason for detail in error.details if detail.reason]
    return next(iter([*reasons, *sorted(quotas, key=lambda one: not _PER_DAY.search(one))]), None)


def _waits(error: _Error) -> list[float]:
    found = (waits.of_duration(detail.retry_delay) for detail in error.details)
    return [wait for wait in found if wait is not None]


def _read(body: bytes) -> _Error:
    """The error inside an answer; an empty one where it is not Google's error form."""
    try:
        return msgspec.json.decode(body, type=_Envelope).error
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _Error()


_REFUSALS = frozenset(
    {
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
    }
)
_FAULTS = frozenset({"OTHER", "IMAGE_OTHER", "MALFORMED_RESPONSE", ""})


def of_finish(reason: str, said: str) -> UpstreamFailure:
    """The failure of an answer without a picture: by its finish reason, with what the model said instead.

    As all that follow it is in the service's own words, whole: who shows it masks them first and then cuts them."""
    told = f": {said}" if said else ""
    if reason in _REFUSALS:
        return of_content(reason, told)
    if reason in _FAULTS:
        # It was taken in and worked on, which is counted by its tokens: to send it again would be a second order.
        message = f"The model ended without a picture ({reason or 'without a reason'}{told})."
        return UpstreamFailure(_K.OUTCOME_UNKNOWN, message, status=200, reason=reason or None)
    # To ask again would be paid again, and answered the same: the model chose to talk.
    message = f"The model answered without a picture{told or '.'}"
    return UpstreamFailure(_K.REQUEST_REJECTED, message, status=200, reason=reason)


def of_content(reason: str, told: str = "") -> UpstreamFailure:
    """The failure of something that the service's content rules do not allow."""
    message = f"{SENTENCES[_K.CONTENT_REFUSED]} ({reason}{told})."
    return UpstreamFailure(_K.CONTENT_REFUSED, message, status=200, reason=reason)


# The numbers of google.rpc.Code; all others are faults of the service.
_BY_NUMBER = {
    3: _K.REQUEST_REJECTED,
    5: _K.MEDIA_GONE,
    7: _K.REQUEST_REJECTED,
    8: _K.MODEL_THROTTLED,
    9: _K.REQUEST_REJECTED,
    11: _K.REQUEST_REJECTED,
}


def of_operation(number: int, message: str) -> UpstreamFailure:
    """The failure of a clip that was accepted and did not come about."""
    kind = _BY_NUMBER.get(number, _K.UPSTREAM_FAULT)
    return UpstreamFailure(kind, f"{SENTENCES[kind]} (a clip failed: {message or f'code {number}'}).")
