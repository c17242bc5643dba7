"""Verbs for what an operator's channels are still to be told, or could not be told; and which alerts stand, as far as they were told."""

from collections.abc import Iterable, Sequence

import msgspec

from flow2api.domain.notification import Notice
from flow2api.domain.overview import Alert
from flow2api.store import settings
from flow2api.store.bodies import Body
from flow2api.store.database import Database

STANDING = "notifications.standing"
"""Among the settings; no setting has such a name."""
# Of what was given up, so much is kept for whoever looks.
MOST_GIVEN_UP = 200
_BODY = Body(Notice)


def tell(db: Database, standing: Iterable[Alert], notices: Sequence[Notice]) -> None:
    """In one step: these alerts stand now, and this is to be told of it."""
    settings.put(db, STANDING, list(standing))
    for notice in notices:
        db.execute(
            "INSERT INTO notices (id, channel_id, created_at, next_at, body) VALUES (?, ?, ?, ?, ?)",
            (notice.id, notice.channel_id, notice.created_at, notice.next_at, _BODY.text(notice)),
        )
    _trim(db)


def standing(db: Database) -> list[Alert]:
    """The alerts that stood when something was told last."""
    return msgspec.convert(settings.get(db, STANDING) or [], list[Alert])


def all_notices(db: Database) -> list[Notice]:
    """Everything that is to be told or was given up, oldest first."""
    return _BODY.records(body for (body,) in db.rows("SELECT body FROM notices ORDER BY created_at, rowid"))


def save(db: Database, notice: Notice) -> None:
    """Keep how it stands now; nothing happens when it was removed meanwhile."""
    db.execute("UPDATE notices SET next_at = ?, body = ? WHERE id = ?", (notice.next_at, _BODY.text(notice), notice.id))
    _trim(db)


def remove(db: Database, notice_id: str) -> None:
    """It was told, or nobody wants it any more."""
    db.execute("DELETE FROM notices WHERE id = ?", (notice_id,))


def remove_of(db: Database, channel_id: str) -> None:
    """Forget all that a channel was to be told."""
    db.execute("DELETE FROM notices WHERE channel_id = ?", (channel_id,))


def _trim(db: Database) -> None:
    db.execute(
        "DELETE FROM notices WHERE id IN (SELECT id FROM notices WHERE next_at IS NULL "
        "ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?)",
        (MOST_GIVEN_UP,),
    )
