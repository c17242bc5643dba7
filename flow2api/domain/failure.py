"""How an upstream can fail, as a closed list of kinds; each provider classifies its wire answers onto it, once.

What follows from a kind for account and job is decided in `domain.account` and `actors.jobs`, from the kind alone, never from
the text of an error.
"""

from enum import StrEnum


class FailureKind(StrEnum):
    """What went wrong, told apart by whose fault it is and what helps."""

    LOGIN_EXPIRED = "login_expired"
    """The access token was refused; renewing it may help."""
    NEEDS_LOGIN = "needs_login"
    """The session itself is dead; only the operator can help."""
    KEY_REFUSED = "key_refused"
    """The key was revoked, or never was one; only another one helps."""
    ACCOUNT_MOVED = "account_moved"
    """The account was moved to another front end that this provider cannot drive."""
    WRONG_ACCOUNT = "wrong_account"
    """The session belongs to another person than the account."""
    ACCOUNT_BLOCKED = "account_blocked"
    """The account can never do it (region, age)."""
    CAPTCHA_REFUSED = "captcha_refused"
    """The captcha token was judged badly; a burst is one strike, and it is no error of the account."""
    CAPTCHA_UNAVAILABLE = "captcha_unavailable"
    """No token could be had; nothing was sent."""
    THROTTLED = "throttled"
    """Too many requests on this account."""
    QUOTA_REACHED = "quota_reached"
    """The account is out of quota or credits until the daily reset."""
    BALANCE_EMPTY = "balance_empty"
    """The account has no money left at the service; only a top-up helps."""
    MODEL_QUOTA_REACHED = "model_quota_reached"
    """This model is used up on this account until the daily reset."""
    MODEL_THROTTLED = "model_throttled"
    """Too many requests for this model on this account; the answer may say for how long."""
    MODEL_GONE = "model_gone"
    """The service does not have the model (any more), or not for this account."""
    BILLING_NEEDED = "billing_needed"
    """The account would have to pay for this model, and nobody has arranged for that."""
    MODEL_DENIED = "model_denied"
    """The account's tier may not use the model."""
    MODEL_BUSY = "model_busy"
    """The model is overloaded for everybody."""
    CONTENT_REFUSED = "content_refused"
    """The prompt or a picture was refused by the upstream's rules. Never repeated, never the account's fault."""
    REQUEST_REJECTED = "request_rejected"
    """The upstream does not take this request (bad field, unknown model key)."""
    MEDIA_GONE = "media_gone"
    """An uploaded picture or a media id is no longer known upstream; uploading again may help."""
    UPSTREAM_FAULT = "upstream_fault"
    """The upstream answered that it failed."""
    UNREACHABLE = "unreachable"
    """Nothing was sent: no connection, TLS or proxy refused."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """The request went out and no readable answer came back; it may have been accepted and must not be repeated."""
    UNREADABLE = "unreadable"
    """A complete answer came that does not have the known shape. After a submit it counts as outcome unknown."""


class UpstreamFailure(Exception):
    """A classified failure of an upstream call.

    Attributes:
        kind: what follows is decided from this.
        message: for people; holds no secret.
        status: HTTP status of the upstream's answer, None without one.
        reason: the upstream's machine word (such as `PUBLIC_ERROR_UNSAFE_GENERATION`), None without one.
        retry_after_seconds: the wait that the answer names, None when it names none.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        reason: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds

    def __repr__(self) -> str:
        return f"UpstreamFailure({self.kind.value}, status={self.status}, reason={self.reason}: {self.message})"
