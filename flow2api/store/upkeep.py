"""Verbs that keep a database small and quick: statistics for its planner, space that fell free, the write-ahead log.

`space` is for `Store.read`, all others are for `Store.upkeep`. Each is short but `rebuild`, which everything waits for.
"""

import msgspec

from flow2api.store.database import Database

# How many rows of an index are looked at for the planner's statistics; bounds the time on large tables.
_ANALYSED_ROWS = 400
# The log can only be cut while nobody reads from it. Writers wait meanwhile, so it is not waited for long.
_PATIENCE_MILLISECONDS = 100


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """What the database takes on disk, and how much of it is free inside."""

    page_bytes: int
    pages: int
    free_pages: int
    incremental: bool
    """Whether free pages can be given back bit by bit."""

    @property
    def free_bytes(self) -> int:
        return self.free_pages * self.page_bytes

    @property
    def free_share(self) -> float:
        return self.free_pages / max(1, self.pages)


def space(db: Database) -> Space:
    """How much of the file is in use."""
    return Space(
        page_bytes=_number(db, "page_size"),
        pages=_number(db, "page_count"),
        free_pages=_number(db, "freelist_count"),
        incremental=_number(db, "auto_vacuum") == 2,
    )


def optimize(db: Database) -> None:
    """Renew the planner's statistics where tables have changed much."""
    db.execute(f"PRAGMA analysis_limit = {_ANALYSED_ROWS}")
    db.execute("PRAGMA optimize")


def give_back(db: Database, pages: int) -> None:
    """Give at most so many free pages back to the file system."""
    db.script(f"PRAGMA incremental_vacuum({int(pages)})")


def rebuild(db: Database) -> None:
    """Write the whole file anew without its free pages; from then on they can be given back bit by bit."""
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("VACUUM")


def fold_log(db: Database) -> bool:
    """Bring the write-ahead log into the database file and cut it to nothing; False when a reader was in the way."""
    patience = _number(db, "busy_timeout")
    db.rows(f"PRAGMA busy_timeout = {_PATIENCE_MILLISECONDS}")
    try:
        row = db.row("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        db.rows(f"PRAGMA busy_timeout = {patience}")
    return row is not None and row[0] == 0


def _number(db: Database, pragma: str) -> int:
    row = db.row(f"PRAGMA {pragma}")
    return 0 if row is None else int(row[0])
