"""API keys as the store keeps them: never the key itself, only its digest."""

import msgspec


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
