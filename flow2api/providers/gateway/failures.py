"""Classifies what gateways answer onto `FailureKind`: by status and by code and type of OpenAI's error object. Pure functions.

Gateways add codes of their own; those of the programs that most of them run are known here.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Response
from flow2api.providers.answers import Call, Voice

_K = FailureKind
# Also in the words of the gateway itself: it had passed the request on and does not know what became of it. It may pass on what
# stood before the one behind it.
_LOST_BEHIND = frozenset({408, 499, 502, 504, *range(520, 525)})


BY_CODE: Mapping[str, FailureKind] = {
    "invalid_api_key": _K.KEY_REFUSED,
    "content_policy_violation": _K.CONTENT_REFUSED,
    "moderation_blocked": _K.CONTENT_REFUSED,
    "content_filter": _K.CONTENT_REFUSED,
    "sensitive_words_detected": _K.CONTENT_REFUSED,
    "task_not_exist": _K.MEDIA_GONE,
    "insufficient_quota": _K.BALANCE_EMPTY,
    "insufficient_user_quota": _K.BALANCE_EMPTY,
    "pre_consume_token_quota_failed": _K.BALANCE_EMPTY,
    "billing_hard_limit_reached": _K.BALANCE_EMPTY,
    "billing_not_active": _K.BALANCE_EMPTY,
    "model_not_found": _K.MODEL_GONE,
    "rate_limit_exceeded": _K.THROTTLED,
}

VOICE = Voice(
    "The gateway",
    {
        _K.KEY_REFUSED: "The gateway does not take this key",
        _K.BALANCE_EMPTY: "The key has nothing left at the gateway; top it up there, or raise the limit of the key",
        _K.MODEL_GONE: "The gateway does not have this model, or not for this key",
        _K.MEDIA_GONE: "The gateway no longer has what was asked for",
        _K.CONTENT_REFUSED: "The gateway refused the prompt or a picture",
        _K.REQUEST_REJECTED: "The gateway did not take the request",
        _K.THROTTLED: "The gateway is asked too much with this key",
        _K.MODEL_BUSY: "The gateway has no room for this model",
        _K.UPSTREAM_FAULT: "The gateway failed",
        _K.OUTCOME_UNKNOWN: "The gateway's answer does not say what became of the request, which may have been accepted",
    },
)


class Told(NamedTuple):
    """What an answer says of itself. `ours`: it is the gateway's, not that of something in between."""

    code: str = ""
    type: str = ""
    words: str = ""
    ours: bool = False


def failure_of(response: Response, call: Call, now: float, masked: Callable[[str], str]) -> UpstreamFailure:
    """The failure for an answer that is no success; what it says is `masked` before people see it."""
    told = read(response.body)
    kind = kind_of(response.status, told, call)
    return VOICE.refusal(response, kind, call, masked(told.words), masked(told.code or told.type), now)


def ended(code: str | None, words: str | None, masked: Callable[[str], str]) -> UpstreamFailure:
    """The failure of a clip of which its status says that it failed."""
    kind = BY_CODE.get(code or "", _K.UPSTREAM_FAULT)
    return VOICE.ended(kind, masked(words or ""), masked(code or ""))


def kind_of(status: int, told: Told, call: Call) -> FailureKind:
    """What went wrong."""
    for word in (told.code, told.type):
        if word in BY_CODE:
            return BY_CODE[word]
    if call is Call.SUBMIT:
        return _of_order(status, told)
    if status == 404 and told.words:
        return _K.MEDIA_GONE
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return _K.REQUEST_REJECTED if status < 500 and status not in (404, *_LOST_BEHIND) else _K.UPSTREAM_FAULT


def _of_order(status: int, told: Told) -> FailureKind:
    if status == 404:
        return _K.MODEL_GONE
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status in _LOST_BEHIND:
        return _K.OUTCOME_UNKNOWN
    if status < 500:
        return _K.REQUEST_REJECTED
    if status == 503:
        return _K.MODEL_BUSY
    # What stands before a gateway may lose the answer to a request that was taken in.
    return _K.UPSTREAM_FAULT if told.ours else _K.OUTCOME_UNKNOWN


_BY_STATUS: Mapping[int, FailureKind] = {
    401: _K.KEY_REFUSED,
    402: _K.BALANCE_EMPTY,
    403: _K.MODEL_GONE,
    429: _K.THROTTLED,
}


def read(body: bytes) -> Told:
    """What the answer says of itself: in OpenAI's form, or in one of those that gateways have for their tasks."""
    try:
        given = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Told()
    if not isinstance(given, dict):
        return Told()
    error = given.get("error")
    if isinstance(error, dict):
        return Told(_text(error.get("code")), _text(error.get("type")), _text(error.get("message")), True)
    if isinstance(error, str):
        return Told(words=error, ours=True)
    words = _text(given.get("message")) or _text(given.get("detail"))
    return Told(_text(given.get("code")), "", words, "code" in given and "message" in given)


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""
