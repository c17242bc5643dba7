"""What the operator's first page shows: how the gateway is now, how it went, and what wants a person. Records alone.

Times are Unix seconds (UTC).
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

Window = Literal["hour", "day", "week", "month"]
PartName = Literal["generations", "accounts", "captcha", "proxies", "schedules"]
PartState = Literal["good", "working", "resting", "bad"]
AlertKind = Literal["account_needs_login", "balance_empty", "no_account", "credits_low", "backup_failed", "part_failed"]


class Now(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of this moment."""

    at: float
    waiting: int = 0
    """Generations that wait for an account."""
    running: int = 0
    """Generations that have one."""
    queue_limit: int = 0
    accounts: Mapping[str, int] = {}
    """How many accounts stand in each state."""
    credits: int | None = None
    """What is left on all accounts that are not disabled; None when no account tells."""
    images_free: int = 0
    """Pictures that could be begun at once."""
    videos_free: int = 0
    """Clips that could be begun at once."""
    dashboards: int = 0
    """Open live connections."""


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """The generations that ended from `at` on, for the length of one bucket."""

    at: float
    images: int = 0
    """Succeeded."""
    videos: int = 0
    """Succeeded."""
    failed: int = 0
    cancelled: int = 0


class ModelLatency(msgspec.Struct, frozen=True, kw_only=True):
    """How long the newest good generations of one model took, waiting included."""

    model: str
    kind: str
    count: int
    """How many were looked at."""
    median_seconds: float
    p95_seconds: float


class FailureLine(msgspec.Struct, frozen=True, kw_only=True):
    """A generation that failed lately."""

    at: float
    job_id: str
    request_id: str
    model: str
    kind: str
    code: str
    detail: str
    account_id: str | None


class Trends(msgspec.Struct, frozen=True, kw_only=True):
    """How it went over a window of time."""

    window: Window
    since: float
    bucket_seconds: float
    buckets: tuple[Bucket, ...]
    """Oldest first, without gaps: one in which nothing ended is all zeros."""
    succeeded: int
    failed: int
    cancelled: int
    success_rate: float | None
    """Succeeded among those that succeeded or failed; None when none did."""
    latency: tuple[ModelLatency, ...]
    failures: tuple[FailureLine, ...]
    """The newest ones, whatever the window."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """How one part of the gateway is."""

    name: PartName
    state: PartState
    code: str
    """Machine word of the reason."""
    detail: str
    """The reason in words."""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something that wants a person."""

    id: str
    """The same as long as the same thing is wrong."""
    kind: AlertKind
    subject: str
    """What it is about: the id of an account, the name of a piece of regular work or of a part."""
    title: str
    detail: str
    since: float


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    now: Now
    trends: Trends
    parts: tuple[Part, ...]
    alerts: tuple[Alert, ...]
