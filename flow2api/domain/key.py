"""API keys as the store keeps them: never the key itself, only its digest; and what a key may do. Pure data and pure functions."""

from fnmatch import fnmatchcase
from typing import Annotated, Literal, get_args

import msgspec

Scope = Literal["chat", "images", "videos", "gemini", "responses", "jobs", "models"]
"""A family of routes. `models`: the lists of models, which many clients read before anything else."""
SCOPES: tuple[Scope, ...] = get_args(Scope)

Pattern = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Patterns = Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=200)]
# A window of a minute holds the time of each request in it.
PerMinute = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
AtOnce = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Credits = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do; as it comes, everything."""

    scopes: tuple[Scope, ...] = ()
    """The routes that it opens; none named means all."""
    models: Patterns = ()
    """Ids of models, or patterns such as `veo-*`; none named means all. A model's plain id also stands for its exact forms."""
    requests_per_minute: PerMinute | None = None
    concurrent_jobs: AtOnce | None = None
    daily_credits: Credits | None = None
    """For the jobs that are admitted within one day of UTC."""
    total_credits: Credits | None = None

    def opens(self, scope: Scope) -> bool:
        """Whether it may use these routes."""
        return not self.scopes or scope in self.scopes

    def allows(self, *names: str) -> bool:
        """Whether it may use a model that goes by any of these names."""
        return not self.models or any(fnmatchcase(name, pattern) for name in names for pattern in self.models)


UNLIMITED = Limits()


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key. `digest` is the SHA-256 hex digest of the whole key, which is fit for keys of 160 random bits or more."""

    id: str
    name: str
    digest: str
    hint: str
    """First and last characters for people to recognise it by, e.g. `f2a_3k…9x`."""
    created_at: float
    last_used_at: float | None = None
    revoked_at: float | None = None
    expires_at: float | None = None
    limits: Limits = UNLIMITED
