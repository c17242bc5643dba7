"""Verbs for API keys. Only digests are stored; a revoked key stays known, so that old jobs keep their caller's name."""

from flow2api.domain.key import UNLIMITED, ApiKey, Limits
from flow2api.store.bodies import Body
from flow2api.store.database import Database, Row

_LIMITS = Body(Limits)
_COLUMNS = "id, name, digest, hint, created_at, last_used_at, revoked_at, expires_at, limits"
_INSERT = f"INSERT INTO api_keys ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def insert(db: Database, key: ApiKey) -> None:
    """Add a key; `StoreConflict` when its digest is known already."""
    db.execute(
        _INSERT,
        (
            key.id,
            key.name,
            key.digest,
            key.hint,
            key.created_at,
            key.last_used_at,
            key.revoked_at,
            key.expires_at,
            _LIMITS.text(key.limits),
        ),
    )


def change(db: Database, key: ApiKey) -> None:
    """Save what may be changed of a key: its name, its expiry and its limits."""
    db.execute(
        "UPDATE api_keys SET name = ?, expires_at = ?, limits = ? WHERE id = ?",
        (key.name, key.expires_at, _LIMITS.text(key.limits), key.id),
    )


def all_keys(db: Database) -> list[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return [_key(row) for row in db.rows(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at, id")]


def revoke(db: Database, key_id: str, at: float) -> bool:
    """Revoke a key for good; False when there is none or it was revoked before."""
    return db.execute("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (at, key_id)) > 0


def touch(db: Database, key_id: str, at: float) -> None:
    """Note that a key was used; never moves the time backwards."""
    db.execute(
        "UPDATE api_keys SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at < ?)",
        (at, key_id, at),
    )


def _key(row: Row) -> ApiKey:
    key_id, name, digest, hint, created_at, last_used_at, revoked_at, expires_at, limits = row
    return ApiKey(
        id=key_id,
        name=name,
        digest=digest,
        hint=hint,
        created_at=created_at,
        last_used_at=last_used_at,
        revoked_at=revoked_at,
        expires_at=expires_at,
        # None: made before there were limits.
        limits=UNLIMITED if limits is None else _LIMITS.record(limits),
    )
