"""One connection as the verbs see it: portable SQL in, plain rows out, faults in our own words.

The only user of sqlite3 and sqlite-utils beside `opening.py` and `migrations.py`. Not for the Trio thread, and for one thread at a time.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import sqlite_utils

from flow2api.store.errors import StoreConflict, StoreFault
from flow2api.store.seal import Seal

Row = tuple[Any, ...]
Parameters = Sequence[object]

# Some hundredths of a second of work; each check needs the interpreter, which the Trio thread wants as well.
_STEPS_BETWEEN_CHECKS = 100_000
# Primary result codes that blame the machine or another program, with what helps. All others are bugs of a verb and pass unchanged.
_FAULTS = {
    sqlite3.SQLITE_FULL: "Free some space on the disk that holds it.",
    sqlite3.SQLITE_IOERR: "Check the disk that holds it.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable for this user.",
    sqlite3.SQLITE_CANTOPEN: "Check that the file and its folder exist and may be opened by this user.",
    sqlite3.SQLITE_BUSY: "Another program holds a lock on it: close that program.",
    sqlite3.SQLITE_LOCKED: "Another program holds a lock on it: close that program.",
    sqlite3.SQLITE_CORRUPT: "The file is damaged: restore a backup.",
    sqlite3.SQLITE_NOTADB: "Name another file, or restore a backup if it was our database once.",
    sqlite3.SQLITE_NOMEM: "Give the process more memory.",
}


class Database:
    """One connection, with the seal for the secrets in it."""

    def __init__(self, tables: sqlite_utils.Database, seal: Seal) -> None:
        self.tables = tables
        """For work on the schema; verbs use the methods below, which introspect nothing."""
        self.seal = seal

    def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; the number of rows it changed."""
        try:
            return max(0, self.tables.execute(sql, parameters).rowcount)
        except sqlite3.Error as error:
            _raise_ours(error)

    def execute_many(self, sql: str, rows: Iterable[Parameters]) -> int:
        """Run one changing statement for each row; the number of rows changed in all."""
        try:
            return max(0, self.tables.conn.executemany(sql, rows).rowcount)
        except sqlite3.Error as error:
            _raise_ours(error)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query."""
        try:
            return self.tables.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            _raise_ours(error)

    def row(self, sql: str, parameters: Parameters = ()) -> Row | None:
        """The first row of a query, None when there is none."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def script(self, sql: str) -> None:
        """Run statements to their end outside any transaction. Some do a part of their work at each step and name no columns,
        which `execute` would leave after the first."""
        try:
            self.tables.conn.executescript(sql)
        except sqlite3.Error as error:
            _raise_ours(error)

    @contextmanager
    def interruptible(self, check: Callable[[], None]) -> Iterator[None]:
        """Call `check` now and then while statements run in the block; when it raises, the statement fails as interrupted."""
        self.tables.conn.set_progress_handler(check, _STEPS_BETWEEN_CHECKS)
        try:
            yield
        finally:
            self.tables.conn.set_progress_handler(None, 0)

    @property
    def in_transaction(self) -> bool:
        return self.tables.conn.in_transaction

    def roll_back(self) -> None:
        """End the open transaction without a trace; nothing happens when none is open."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def close(self) -> None:
        self.tables.close()


def fault_advice(error: sqlite3.Error) -> str | None:
    """What helps against a fault that is not our bug; None for a bug."""
    return _FAULTS.get(_primary_code(error))


def _primary_code(error: sqlite3.Error) -> int:
    # Extended codes carry the primary one in their low byte; errors of the Python module itself carry none.
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF


def _raise_ours(error: sqlite3.Error) -> NoReturn:
    if isinstance(error, sqlite3.IntegrityError):
        raise StoreConflict(f"The database does not take this row: {error}.") from error
    advice = fault_advice(error)
    if advice is not None:
        raise StoreFault(f"The database failed: {error}. {advice}") from error
    raise error
