"""An account: the operator's own login or key at one provider, and its standing.

Records alone; what changes them, and when they come back, is decided in `domain.rest`. Times are Unix seconds (UTC).
"""

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from flow2api.domain.tier import Tier

HOUR = 3600.0


class AccountState(StrEnum):
    """Where an account stands; everything but `ACTIVE` comes with a reason and, where known, a time of return."""

    ACTIVE = "active"
    RESTING = "resting"
    EXHAUSTED = "exhausted"
    NEEDS_LOGIN = "needs_login"
    DISABLED = "disabled"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """State with its story: why, since when, until when, by whom."""

    state: AccountState = AccountState.ACTIVE
    code: str = ""
    """Machine word of the reason: a `FailureKind`, `errors`, or `admin`."""
    detail: str = ""
    """The reason in words."""
    since: float = 0.0
    until: float | None = None
    by: str | None = None
    """Who disabled it: `admin`, `errors` (too many in a row) or `upstream`."""


class ModelRest(msgspec.Struct, frozen=True, kw_only=True):
    """One model that rests on one account."""

    code: str
    detail: str
    since: float
    until: float | None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What an account did, in all and on the UTC day `day` (ISO date)."""

    images: int = 0
    videos: int = 0
    errors: int = 0
    day: str = ""
    images_today: int = 0
    videos_today: int = 0
    errors_today: int = 0


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One account as it is stored. Its credentials are kept apart, sealed, and never part of this record."""

    id: str
    provider: str
    label: str
    """What people call it: a name given by the operator, else the e-mail address."""
    email: str | None = None
    note: str = ""
    group: str = ""
    """A label of the operator's; a route of a model may be for one group alone."""
    base_url: str | None = None
    """The account's own address of the service, where it is not the usual one."""
    tier: Tier = Tier.UNKNOWN
    credits: int | None = None
    image_concurrency: int = 2
    video_concurrency: int = 2
    images_on: bool = True
    videos_on: bool = True
    standing: Standing = Standing()
    model_rests: Mapping[str, ModelRest] = {}
    """Resting models by upstream model key."""
    errors_in_row: int = 0
    looks: int = 0
    """How often since it last worked its empty balance was looked at again."""
    captcha_strikes: int = 0
    struck_at: float | None = None
    last_error: str = ""
    counts: Counts = Counts()
    created_at: float = 0.0
    last_used_at: float | None = None
    login_expires_at: float | None = None


class RestPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's choices about rests, all in seconds but for the threshold."""

    error_threshold: int = 3
    throttled_seconds: float = 12 * HOUR
    short_throttle_seconds: float = 45 * 60.0
    model_busy_seconds: float = 120.0
    model_throttled_seconds: float = 60.0
    """Where the answer names no wait."""
    captcha_rest_seconds: float = 60.0
    captcha_burst_seconds: float = 30.0
    """Captcha refusals within this time count as one strike."""


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """Why an account cannot take a generation now. `until` None means: not by waiting."""

    code: str
    detail: str
    until: float | None = None


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account as others see it: the record and what is live about it."""

    account: Account
    images_in_flight: int = 0
    videos_in_flight: int = 0
    signed_in: bool = False
    """Whether its access token is known to be good for a while."""
    parked: str = ""
    """Why its worker rests after repeated crashes and has to be started again by hand; empty while it works."""
