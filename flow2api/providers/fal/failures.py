"""Classifies what fal.ai answers onto `FailureKind`: by status and by the type of the error, which stands in the answer or in a header.

Only where an account is locked is a sentence looked into, since the answer has no field for the reason. Pure functions.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Response
from flow2api.providers.answers import Call, Voice

_K = FailureKind
_LOCKED = "user is locked"
# Also in the words of the service itself: it had passed the request on and does not know what became of it.
_LOST_BEHIND = (408, 502, 504)
_NO_MONEY = ("exhausted balance", "top_up")


BY_TYPE: Mapping[str, FailureKind] = {
    "content_policy_violation": _K.CONTENT_REFUSED,
    "file_download_error": _K.MEDIA_GONE,
    "internal_server_error": _K.UPSTREAM_FAULT,
    "internal_error": _K.UPSTREAM_FAULT,
    "generation_timeout": _K.UPSTREAM_FAULT,
    "request_timeout": _K.UPSTREAM_FAULT,
    "downstream_service_error": _K.UPSTREAM_FAULT,
    "client_cancelled": _K.UPSTREAM_FAULT,
    "downstream_service_unavailable": _K.MODEL_BUSY,
    "startup_timeout": _K.MODEL_BUSY,
    "runner_scheduling_failure": _K.MODEL_BUSY,
    "runner_connection_timeout": _K.UPSTREAM_FAULT,
    "runner_disconnected": _K.UPSTREAM_FAULT,
    "runner_connection_refused": _K.UPSTREAM_FAULT,
    "runner_connection_error": _K.UPSTREAM_FAULT,
    "runner_incomplete_response": _K.UPSTREAM_FAULT,
    "runner_server_error": _K.UPSTREAM_FAULT,
    "bad_request": _K.REQUEST_REJECTED,
}

VOICE = Voice(
    "fal",
    {
        _K.KEY_REFUSED: "fal does not take this key; make another one at fal.ai/dashboard/keys",
        _K.BALANCE_EMPTY: "The fal account has no balance left; top it up at fal.ai/dashboard/billing",
        _K.ACCOUNT_BLOCKED: "fal has locked this account",
        _K.MODEL_GONE: "fal does not have this model, or not for this key",
        _K.MEDIA_GONE: "fal no longer has what was asked for",
        _K.CONTENT_REFUSED: "fal refused the prompt or a picture",
        _K.REQUEST_REJECTED: "fal did not take the request",
        _K.THROTTLED: "fal is asked too much with this key",
        _K.MODEL_BUSY: "fal has no machine free for this model",
        _K.UPSTREAM_FAULT: "fal failed",
        _K.OUTCOME_UNKNOWN: "fal's answer does not say what became of the request, which may have been accepted",
    },
)


class Told(NamedTuple):
    """What an answer says of itself: the type of the error and its words, both empty where it says nothing."""

    type: str = ""
    words: str = ""
    ours: bool = False
    """The answer is fal's, not that of something in between."""


def failure_of(response: Response, call: Call, now: float, masked: Callable[[str], str]) -> UpstreamFailure:
    """The failure for an answer that is no success; what it says is `masked` before people see it."""
    told = read(response)
    kind = kind_of(response.status, told, call)
    return VOICE.refusal(response, kind, call, masked(told.words), masked(told.type), now)


def ended(error: str, error_type: str | None, masked: Callable[[str], str]) -> UpstreamFailure:
    """The failure of a request of which its status already says that it failed."""
    kind = BY_TYPE.get(error_type or "", _K.UPSTREAM_FAULT)
    return VOICE.ended(kind, masked(error), masked(error_type or ""))


def kind_of(status: int, told: Told, call: Call) -> FailureKind:
    """What went wrong."""
    lost = call is Call.SUBMIT and _may_be_lost(status, told)
    if told.type in BY_TYPE:
        known = BY_TYPE[told.type]
        return _K.OUTCOME_UNKNOWN if lost and known is _K.UPSTREAM_FAULT else known
    if status == 401:
        return _K.KEY_REFUSED
    if status == 403:
        return _forbidden(told.words.casefold())
    if status == 404:
        return _K.MODEL_GONE if call is Call.SUBMIT else _K.MEDIA_GONE
    if status == 429:
        return _K.THROTTLED
    if status < 500 and status != 408:
        return _K.REQUEST_REJECTED
    if status == 503 and call is Call.SUBMIT:
        return _K.MODEL_BUSY
    return _K.OUTCOME_UNKNOWN if lost else _K.UPSTREAM_FAULT


def _may_be_lost(status: int, told: Told) -> bool:
    """What stands before fal or behind it may lose the answer to a request that was taken in; 503 says that none was."""
    return status in _LOST_BEHIND or (status >= 500 and status != 503 and not told.ours)


def _forbidden(words: str) -> FailureKind:
    if any(reason in words for reason in _NO_MONEY):
        return _K.BALANCE_EMPTY
    return _K.ACCOUNT_BLOCKED if _LOCKED in words else _K.MODEL_GONE


def read(response: Response) -> Told:
    """What the answer says of itself."""
    in_header = response.headers.get("x-fal-error-type") or ""
    ours = bool(in_header or response.headers.get("x-fal-request-id"))
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Told(in_header, "", ours)
    if not isinstance(body, dict):
        return Told(in_header, "", ours)
    named = in_header or _text(body.get("error_type"))
    detail = body.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return Told(_text(detail[0].get("type")) or named, _of_field(detail[0]), True)
    return Told(named, _text(detail), ours or "detail" in body)


def _of_field(error: Mapping[str, Any]) -> str:
    """The words, with the field that they are about."""
    loc = error.get("loc")
    field = ".".join(str(part) for part in loc[1:]) if isinstance(loc, list) else ""
    words = _text(error.get("msg"))
    return f"{field}: {words}" if field else words


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
