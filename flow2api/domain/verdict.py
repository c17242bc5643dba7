"""What a job does after a classified upstream failure: try again, try elsewhere, or end with a code that the caller meets.

One table, read by `FailureKind` and by whether the paid call was already out. Pure data.
"""

from typing import NamedTuple

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import Code, Failure

_K = FailureKind


class Verdict(NamedTuple):
    """`code`: what the caller is told when the job ends with it. `again`: another try may help and cannot be paid twice.

    `counted`: the try uses up one of the job's few tries. Failures that put the account itself to rest are not counted:
    the next account is tried until none is left, and then the dispatcher names every account's reason.
    `pause`: whether to wait a growing time before the next try, because the trouble is not the account's alone.
    """

    code: Code
    again: bool
    counted: bool = True
    pause: bool = False


_ELSEWHERE = Verdict(Code.NO_ACCOUNT_AVAILABLE, again=True, counted=False)

BEFORE_SUBMIT: dict[FailureKind, Verdict] = {
    _K.LOGIN_EXPIRED: _ELSEWHERE,
    _K.NEEDS_LOGIN: _ELSEWHERE,
    _K.KEY_REFUSED: _ELSEWHERE,
    _K.ACCOUNT_MOVED: _ELSEWHERE,
    _K.WRONG_ACCOUNT: _ELSEWHERE,
    _K.ACCOUNT_BLOCKED: _ELSEWHERE,
    _K.THROTTLED: _ELSEWHERE,
    _K.QUOTA_REACHED: _ELSEWHERE,
    _K.BALANCE_EMPTY: _ELSEWHERE,
    _K.MODEL_QUOTA_REACHED: _ELSEWHERE,
    _K.MODEL_THROTTLED: _ELSEWHERE,
    _K.MODEL_GONE: _ELSEWHERE,
    _K.BILLING_NEEDED: _ELSEWHERE,
    _K.MODEL_DENIED: _ELSEWHERE,
    _K.CAPTCHA_REFUSED: Verdict(Code.CAPTCHA_REFUSED, again=True),
    _K.CAPTCHA_UNAVAILABLE: Verdict(Code.CAPTCHA_UNAVAILABLE, again=False),
    _K.MODEL_BUSY: Verdict(Code.UPSTREAM_ERROR, again=True, pause=True),
    _K.CONTENT_REFUSED: Verdict(Code.CONTENT_POLICY_VIOLATION, again=False),
    _K.REQUEST_REJECTED: Verdict(Code.UPSTREAM_REJECTED, again=False),
    _K.MEDIA_GONE: Verdict(Code.UPSTREAM_REJECTED, again=True),
    _K.UPSTREAM_FAULT: Verdict(Code.UPSTREAM_ERROR, again=True, pause=True),
    _K.UNREACHABLE: Verdict(Code.UPSTREAM_UNREACHABLE, again=True, pause=True),
    _K.OUTCOME_UNKNOWN: Verdict(Code.UPSTREAM_ERROR, again=True, pause=True),
    _K.UNREADABLE: Verdict(Code.UPSTREAM_ERROR, again=True, pause=True),
}

AFTER_SUBMIT: dict[FailureKind, Verdict] = BEFORE_SUBMIT | {
    _K.OUTCOME_UNKNOWN: Verdict(Code.OUTCOME_UNKNOWN, again=False),
    _K.UNREADABLE: Verdict(Code.OUTCOME_UNKNOWN, again=False),
}

_WORDS: dict[Code, str] = {
    Code.CONTENT_POLICY_VIOLATION: "The provider refused the prompt or a picture under its content rules. Change it and try again.",
    Code.UPSTREAM_REJECTED: "The provider did not accept this request.",
    Code.CAPTCHA_REFUSED: "The provider judged our captcha tokens as unusual activity, several times in a row. Try again later.",
    Code.CAPTCHA_UNAVAILABLE: "No captcha token could be had, so nothing was sent.",
    Code.UPSTREAM_ERROR: "The provider failed.",
    Code.UPSTREAM_UNREACHABLE: "The provider could not be reached.",
    Code.NO_ACCOUNT_AVAILABLE: "No account could take the request.",
    Code.OUTCOME_UNKNOWN: (
        "The request went out, but what came back is no result. It may have been accepted, so it was not sent again."
    ),
}


def failure_for(upstream: UpstreamFailure, verdict: Verdict) -> Failure:
    """What the caller is told when a job ends with this upstream failure."""
    return Failure(
        verdict.code,
        f"{_WORDS[verdict.code]} ({upstream.message})",
        retry_after_seconds=upstream.retry_after_seconds,
        reason=upstream.reason,
    )
