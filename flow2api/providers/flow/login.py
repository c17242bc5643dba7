"""Reads the answer for a session cookie: an access token with its owner and end, or the plain reason why there is none.

Pure functions; `now` is given.
"""

from datetime import UTC, datetime

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow import wire

# The shortest lifetime that is reported for an access token; assumed when the answer names no believable end.
UNKNOWN_LIFETIME_SECONDS = 3600.0

_DEAD = (
    "The session cookie is no longer valid. Log in at labs.google/fx/tools/flow and paste the new cookie; if a new one gets the "
    "same answer, Google has moved the account to flow.google.com, which cannot be driven from here."
)
_NOT_RENEWABLE = (
    "Google still knows this login but no longer renews its access token. Log out and in again at labs.google/fx/tools/flow "
    "and paste the new cookie."
)


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer."""

    access_token: str
    access_until: float
    email: str | None
    name: str | None

    def __repr__(self) -> str:
        return f"Login(email={self.email!r})"


def read_login(answer: wire.SessionAnswer, now: float) -> Login:
    """The login that an answer gives.

    Raises:
        UpstreamFailure: `NEEDS_LOGIN`, with the operator's next step; `UNREADABLE` for a token that cannot be one.
    """
    if answer.error:
        # A stale access token may come along; it is not to be believed.
        reason = answer.error if isinstance(answer.error, str) and len(answer.error) < 100 else None
        raise UpstreamFailure(FailureKind.NEEDS_LOGIN, _NOT_RENEWABLE, status=200, reason=reason)
    if not answer.access_token:
        raise UpstreamFailure(FailureKind.NEEDS_LOGIN, _DEAD, status=200)
    if not (answer.access_token.isascii() and answer.access_token.isprintable()):
        # It goes into a header as it is.
        raise UpstreamFailure(FailureKind.UNREADABLE, "Flow's answer to the session call holds no usable access token.")
    email = wire.text(wire.field(answer.user, "email"))
    return Login(
        access_token=answer.access_token,
        access_until=_end(answer.expires, now),
        email=email,
        name=wire.text(wire.field(answer.user, "name")) or (email.partition("@")[0] if email else None),
    )


def _end(expires: object, now: float) -> float:
    """When the token ends at the latest. An end in the past is as good as none: believing it would mean signing in for ever."""
    end = _moment(expires)
    return end if end is not None and end > now else now + UNKNOWN_LIFETIME_SECONDS


def _moment(expires: object) -> float | None:
    if not isinstance(expires, str):
        return None
    try:
        moment = datetime.fromisoformat(expires)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
