"""Classifies what Flow answers onto `FailureKind`: by status, reason and call, each of them a field of the answer.

No text is ever searched: two messages are compared as a whole because the service has no better field for them. Owns the list
of calls and what distinguishes them. Knows no connection and no account.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import NetworkFault, ResponseTooLarge, ResponseUnreadable
from flow2api.net.message import Response
from flow2api.providers import waits
from flow2api.providers.flow import wire

_K = FailureKind


class Call(StrEnum):
    """The calls, by the words in which people read about them."""

    SESSION = "the session call"
    CREDITS = "the credits call"
    CREATE_PROJECT = "the creation of a project"
    UPLOAD_IMAGE = "the upload of a picture"
    GENERATE_IMAGES = "the image generation"
    UPSAMPLE_IMAGE = "the image enlargement"
    GENERATE_CLIPS = "the video generation"
    UPSAMPLE_CLIP = "the video enlargement"
    CHECK_CLIPS = "the question how clips stand"
    LOCATE = "the lookup of a result"
    FETCH_CLIP = "the delivery of a clip"
    JOIN_CLIPS = "the joining of clips"
    CHECK_JOIN = "the question how a joining stands"
    CANCEL_CLIP = "the cancelling of a clip"


class Traits(NamedTuple):
    """What matters about a call when it fails."""

    labs: bool = False
    """It is authenticated by the session cookie, not by the access token."""
    paid: bool = False
    """It must not be repeated unless it certainly was not accepted."""
    captcha: bool = False
    """It carries a captcha token."""
    content: bool = False
    """It carries something of the caller's, so a bad request can be the caller's fault."""


TRAITS: dict[Call, Traits] = {
    Call.SESSION: Traits(labs=True),
    Call.CREDITS: Traits(),
    Call.CREATE_PROJECT: Traits(labs=True),
    Call.UPLOAD_IMAGE: Traits(content=True),
    Call.GENERATE_IMAGES: Traits(paid=True, captcha=True, content=True),
    Call.UPSAMPLE_IMAGE: Traits(captcha=True, content=True),
    Call.GENERATE_CLIPS: Traits(paid=True, captcha=True, content=True),
    Call.UPSAMPLE_CLIP: Traits(paid=True, captcha=True, content=True),
    Call.CHECK_CLIPS: Traits(content=True),
    Call.LOCATE: Traits(labs=True, content=True),
    Call.FETCH_CLIP: Traits(content=True),
    Call.JOIN_CLIPS: Traits(content=True),
    Call.CHECK_JOIN: Traits(content=True),
    Call.CANCEL_CLIP: Traits(content=True),
}

_PREFIX = "PUBLIC_ERROR_"
_CAPTCHA_MESSAGE = "recaptcha evaluation failed"
# Says nothing by itself; it comes with captcha refusals and with faults alike.
_VAGUE = _PREFIX + "SOMETHING_WENT_WRONG"

_CONTENT = (
    "UNSAFE_GENERATION",
    "UNSAFE_IMAGE",
    "SEXUAL",
    "MINOR",
    "VIOLENCE_FILTER",
    "DANGER_FILTER",
    "PROMINENT_PEOPLE_FILTER_FAILED",
    "PROMINENT_PEOPLE",
    "IP_INPUT_IMAGE",
)

_OTHER = {
    "UNUSUAL_ACTIVITY": _K.CAPTCHA_REFUSED,
    "UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC": _K.CAPTCHA_REFUSED,
    "USER_REQUESTS_THROTTLED": _K.THROTTLED,
    "USER_QUOTA_REACHED": _K.QUOTA_REACHED,
    "PER_MODEL_DAILY_QUOTA_REACHED": _K.MODEL_QUOTA_REACHED,
    "PER_MODEL_DAILY_QUOTA_REACHED_UPGRADEABLE": _K.MODEL_QUOTA_REACHED,
    "MODEL_ACCESS_DENIED": _K.MODEL_DENIED,
    "MODEL_DISABLED_DUE_TO_TRAFFIC": _K.MODEL_BUSY,
    "HIGH_TRAFFIC": _K.MODEL_BUSY,
    "USER_REGION_DISALLOWED": _K.ACCOUNT_BLOCKED,
    "USER_MINOR": _K.ACCOUNT_BLOCKED,
    "IMAGE_TOO_LARGE": _K.REQUEST_REJECTED,
    "IMAGE_TOO_SMALL": _K.REQUEST_REJECTED,
    "UNKNOWN_IMAGE_FILE_FORMAT": _K.REQUEST_REJECTED,
}

BY_REASON: dict[str, FailureKind] = {
    **{_PREFIX + word: kind for word, kind in _OTHER.items()},
    **{_PREFIX + word + suffix: _K.CONTENT_REFUSED for word in _CONTENT for suffix in ("", "_UPLOAD")},
}

SENTENCES: dict[FailureKind, str] = {
    _K.LOGIN_EXPIRED: "Flow no longer takes the access token",
    _K.NEEDS_LOGIN: "The Flow login has ended; log in at labs.google/fx/tools/flow and paste the new session cookie",
    _K.ACCOUNT_MOVED: "Google has moved this account to the new Flow at flow.google.com, which cannot be driven from here",
    _K.ACCOUNT_BLOCKED: "Flow does not serve this account",
    _K.CAPTCHA_REFUSED: "Flow refused the captcha token",
    _K.THROTTLED: "Flow throttles this account",
    _K.QUOTA_REACHED: "The account has no Flow quota or credits left",
    _K.MODEL_QUOTA_REACHED: "The account has used up this model for today",
    _K.MODEL_DENIED: "The account's subscription does not include this model",
    _K.MODEL_BUSY: "Flow has no room for this model at the moment",
    _K.CONTENT_REFUSED: "Flow refused the prompt or a picture by its content rules",
    _K.REQUEST_REJECTED: "Flow did not take the request",
    _K.MEDIA_GONE: "Flow no longer knows an uploaded picture, a media id or the project",
    _K.UPSTREAM_FAULT: "Flow failed",
    _K.UNREACHABLE: "Flow cannot be reached",
    _K.OUTCOME_UNKNOWN: "No readable answer came back, so Flow may have accepted the request",
    _K.UNREADABLE: "Flow gave an unknown answer",
}


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an answer that is no success."""

    status: int
    reason: str | None = None
    """The first known `details[].reason`, else the first of them."""
    word: str | None = None
    """Google's name for the status, such as `PERMISSION_DENIED`; None when the body is not Google's error form."""
    message: str = ""
    retry_after_seconds: float | None = None


def classify(refusal: Refusal, call: Call) -> FailureKind:
    """What kind of failure a refusal of `call` is."""
    if refusal.status == 401:
        # Also with a reason: the number is the surer sign. For the session cookie there is nothing left to renew.
        return _K.NEEDS_LOGIN if call is Call.SESSION else _K.LOGIN_EXPIRED
    if TRAITS[call].captcha and refusal.message.strip().casefold() == _CAPTCHA_MESSAGE:
        return _K.CAPTCHA_REFUSED
    known = BY_REASON.get(refusal.reason or "")
    if known is not None:
        return known
    return _by_status(refusal, call)


def _by_status(refusal: Refusal, call: Call) -> FailureKind:
    traits = TRAITS[call]
    match refusal.status:
        case 429:
            return _K.THROTTLED
        case 404 if traits.content:
            return _K.MEDIA_GONE
        case 403 if traits.captcha and refusal.word and not refusal.reason:
            # The usual cause of a bare denial; a wrong model or a foreign account is denied with a reason.
            return _K.CAPTCHA_REFUSED
        case 403 if not refusal.word:
            return _K.UPSTREAM_FAULT
        case 408 | 500 | 501 | 502 | 503 if traits.paid and not refusal.word:
            # Not the service's own words: whoever answered may have passed the request on before.
            return _K.OUTCOME_UNKNOWN
        case 408 | 500 | 501 | 502 | 503:
            return _K.UPSTREAM_FAULT
        case status if 400 <= status < 500:
            return _K.REQUEST_REJECTED if traits.content and refusal.reason != _VAGUE else _K.UPSTREAM_FAULT
        case _:
            # 504 and the codes that gateways invented: the request may well have arrived behind them.
            return _K.OUTCOME_UNKNOWN if traits.paid else _K.UPSTREAM_FAULT


def read_refusal(response: Response, now: float) -> Refusal:
    """The fields of `response`, whatever its body is. `now` turns a date in `Retry-After` into a wait."""
    error = wire.field(_envelope(response.body), "error")
    details = wire.field(error, "details")
    entries = details if isinstance(details, list) else []
    message = wire.text(wire.field(error, "message")) or ""
    named = (waits.of_header(response.headers.get("retry-after"), now), *map(_delay, entries))
    return Refusal(
        status=response.status,
        reason=_reason(entries, message),
        word=wire.text(wire.field(error, "status")),
        message=message,
        retry_after_seconds=max((wait for wait in named if wait is not None), default=None),
    )


def of_response(response: Response, call: Call, now: float, secrets: Iterable[str] = ()) -> UpstreamFailure:
    """The failure for an answer that is no success and no redirect. Google quotes what it rejects, so `secrets` are masked."""
    refusal = read_refusal(response, now)
    kind = classify(refusal, call)
    named = [f"HTTP {refusal.status} to {call}", *filter(None, (refusal.reason, _masked(refusal.message, secrets)))]
    return UpstreamFailure(
        kind,
        f"{SENTENCES[kind]} ({', '.join(named)}).",
        status=refusal.status,
        reason=refusal.reason,
        retry_after_seconds=refusal.retry_after_seconds,
    )


def of_redirect(response: Response, call: Call, url: str) -> UpstreamFailure:
    """The failure for a redirect of the call to `url`; no call of ours is redirected while all is well."""
    there = _split(response.headers.get("location") or "")
    if there.netloc and there.netloc != urlsplit(url).netloc and there.hostname != "accounts.google.com":
        kind = _K.ACCOUNT_MOVED
    else:
        kind = _K.NEEDS_LOGIN if TRAITS[call].labs else _K.UNREADABLE
    # Only the host is named: path and query may hold what nobody should read.
    where = there.hostname or "another page"
    return UpstreamFailure(kind, f"{SENTENCES[kind]} ({call} was redirected to {where}).", status=response.status)


def of_fault(fault: NetworkFault, call: Call) -> UpstreamFailure:
    """The failure for a call that got no complete answer."""
    if not fault.maybe_sent:
        kind = _K.UNREACHABLE
    elif TRAITS[call].paid:
        kind = _K.OUTCOME_UNKNOWN
    elif isinstance(fault, ResponseTooLarge | ResponseUnreadable):
        kind = _K.UNREADABLE
    else:
        kind = _K.UPSTREAM_FAULT
    return UpstreamFailure(kind, f"{SENTENCES[kind]} ({call}: {fault}).")


# What a failed clip's number means when it comes without a known reason; all other numbers are faults of the service.
_BY_NUMBER = {3: _K.REQUEST_REJECTED, 5: _K.MEDIA_GONE, 9: _K.REQUEST_REJECTED, 11: _K.REQUEST_REJECTED}
# Reasons that stand beside a failed clip without the prefix of the others.
_BY_CLIP_REASON = {"IP_PROHIBITED": _K.CONTENT_REFUSED}


def of_clip(error: object, reasons: object) -> UpstreamFailure:
    """The failure of a clip that was accepted and did not come about: from its `error` and its list of further reasons."""
    message = wire.text(wire.field(error, "message")) or ""
    words = [wire.text(reason) for reason in reasons] if isinstance(reasons, list) else []
    named = [word for word in (message, *words) if word and _WORD.fullmatch(word)]
    known = {word: kind for word in named if (kind := _clip_kind(word))}
    reason = next(iter(known), named[0] if named else None)
    number = wire.whole(wire.field(error, "code"))
    kind = known.get(reason or "") or _BY_NUMBER.get(number or 0, _K.UPSTREAM_FAULT)
    told = ", ".join(dict.fromkeys(filter(None, (reason, message[:300]))))
    return UpstreamFailure(kind, f"{SENTENCES[kind]} (a clip failed{': ' + told if told else ''}).", reason=reason)


def _clip_kind(word: str) -> FailureKind | None:
    return BY_REASON.get(word) or BY_REASON.get(_PREFIX + word) or _BY_CLIP_REASON.get(word)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _masked(message: str, secrets: Iterable[str]) -> str:
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    return message[:300]


def _envelope(body: bytes) -> object:
    """Google's error object; streaming endpoints wrap it in a list."""
    decoded = wire.decode_loose(body)
    return decoded[0] if isinstance(decoded, list) and decoded else decoded


_WORD = re.compile(r"[A-Z][A-Z0-9_]{2,99}")


def _reason(details: list[object], message: str) -> str | None:
    """The telling reason among `details`; a message that is itself such a word counts as the last of them."""
    found = [wire.text(wire.field(entry, "reason")) for entry in details]
    words = [word for word in (*found, message) if word and _WORD.fullmatch(word)]
    return next((word for word in words if word in BY_REASON), words[0] if words else None)


def _delay(detail: object) -> float | None:
    """The wait of a `google.rpc.RetryInfo`, such as `"1.5s"` or `{"seconds": 2}`."""
    delay = wire.field(detail, "retryDelay")
    if (named := waits.of_duration(delay)) is not None:
        return named
    seconds = wire.whole(wire.field(delay, "seconds"))
    return None if seconds is None else float(seconds)
