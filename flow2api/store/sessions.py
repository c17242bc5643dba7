"""Verbs for administrators' sign-ins. Only digests are stored, so nobody can use what is read here."""

from flow2api.domain.admin import AdminSession
from flow2api.store.database import Database, Row

_COLUMNS = "id, digest, created_at, seen_at, expires_at, address, user_agent"


def insert(db: Database, session: AdminSession) -> None:
    """Add a sign-in."""
    db.execute(
        f"INSERT INTO admin_sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.digest,
            session.created_at,
            session.seen_at,
            session.expires_at,
            session.address,
            session.user_agent,
        ),
    )


def all_sessions(db: Database) -> list[AdminSession]:
    """All sign-ins, oldest first, those that are over included."""
    return [_session(row) for row in db.rows(f"SELECT {_COLUMNS} FROM admin_sessions ORDER BY created_at, id")]


def touch(db: Database, session_id: str, at: float) -> None:
    """Note that a sign-in was used; never moves the time backwards."""
    db.execute("UPDATE admin_sessions SET seen_at = max(seen_at, ?) WHERE id = ?", (at, session_id))


def delete(db: Database, session_ids: list[str]) -> None:
    """Remove sign-ins for good."""
    db.execute_many("DELETE FROM admin_sessions WHERE id = ?", [(session_id,) for session_id in session_ids])


def _session(row: Row) -> AdminSession:
    id_, digest, created_at, seen_at, expires_at, address, user_agent = row
    return AdminSession(
        id=id_,
        digest=digest,
        created_at=created_at,
        seen_at=seen_at,
        expires_at=expires_at,
        address=address,
        user_agent=user_agent,
    )
