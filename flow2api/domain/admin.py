"""Administrators' sessions and what was done in them: records alone, without any secret. Times are Unix seconds (UTC)."""

from typing import Literal

import msgspec

Outcome = Literal["done", "refused", "failed"]


class AdminSession(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as it is stored. `digest` is the SHA-256 hex digest of the cookie's value, which has 256 random bits."""

    id: str
    digest: str
    created_at: float
    seen_at: float
    """When it was used last, to a minute or so."""
    expires_at: float
    """When it ends however much it is used."""
    address: str
    user_agent: str
    """How the browser names itself, cut short."""


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in as its owner sees it."""

    id: str
    created_at: float
    seen_at: float
    ends_at: float
    """When it ends unless it is used."""
    address: str
    user_agent: str
    current: bool
    """Whether it is the one that asks."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act of an administrator."""

    id: int
    at: float
    who: str
    """`admin` for a person who signed in, `token` for whoever holds the instance's own token, `nobody` when neither is known."""
    session_id: str
    """The sign-in, empty for the token."""
    address: str
    act: str
    """What was asked for: method and route, such as `POST /api/accounts/<account_id>/disable`."""
    subject: str
    """What it was about: the parts of the path."""
    outcome: Outcome
    detail: str
    """Why it was refused or failed."""
    request_id: str
