"""A look at a database from outside: whether it fits this program and its key, and whether it is whole. Changes nothing.

Synchronous, and slow for a large database; run it in a worker thread. The database may be in use meanwhile.
"""

from pathlib import Path

import msgspec

from flow2api.store import settings
from flow2api.store.migrations import pending
from flow2api.store.opening import check_key, open_for_reading
from flow2api.store.seal import Seal

_SHOWN_DAMAGES = 5


class Checkup(msgspec.Struct, frozen=True, kw_only=True):
    """What was found."""

    size_bytes: int
    pending: tuple[str, ...]
    """Steps that bring its schema up to date, which the next start takes."""
    damages: tuple[str, ...]
    """What is wrong inside, the first few; none in a whole database."""
    settings: dict[str, object]
    """What was changed at run time. May hold secrets."""

    def __repr__(self) -> str:
        return f"Checkup(size_bytes={self.size_bytes}, pending={self.pending}, damages={self.damages})"


def examine(path: Path, seal: Seal) -> Checkup:
    """Look at the database at `path`.

    Raises:
        StoreRefused: it cannot be read, is not ours, or was made with another key; the message says what to do.
    """
    with open_for_reading(path, seal) as db:
        waiting = pending(db.tables, str(path))
        fresh = bool(waiting) and not db.tables.table_names()
        if not fresh:
            check_key(db, str(path))
        damages = [str(row[0]) for row in db.rows(f"PRAGMA integrity_check({_SHOWN_DAMAGES})")]
        return Checkup(
            size_bytes=path.stat().st_size,
            pending=tuple(waiting),
            damages=() if damages == ["ok"] else tuple(damages),
            settings={} if fresh else settings.all_settings(db),
        )
