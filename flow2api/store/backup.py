"""Copies of a whole database, made by its own means while it is in use, proved, and readable by their owner alone.

Synchronous; not for the Trio thread. A file has its name only once it is whole and proved, so what carries a name is good.
"""

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import sqlite_utils

from flow2api.store import copies
from flow2api.store.database import Database
from flow2api.store.errors import StoreFault

PART_SUFFIX = ".part"
"""Ends the name of a copy in the making; one that a killed process has left may be removed."""


def copy_database(db: Database, target: Path, check: Callable[[], None]) -> int:
    """Copy everything that `db` holds at this moment to `target`; the size in bytes.

    `check` is called now and then; what it raises ends the copying and is raised here.

    Raises:
        StoreFault: the copy could not be made, or is damaged.
    """
    side = target.with_name(target.name + PART_SUFFIX)
    try:
        # Made empty beforehand, so that nobody else can read it at any time.
        os.close(os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _write(db, side, check)
        side.replace(target)
        _sync_folder(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise StoreFault(f"The copy {target} could not be written: {error.strerror}.") from error


def find_damage(path: Path) -> str:
    """What is wrong with a database file that nobody writes, empty when it can be read from beginning to end. Takes its time.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with contextlib.closing(_open_to_read(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == [("ok",)] else str(found[0][0])


def _write(db: Database, side: Path, check: Callable[[], None]) -> None:
    try:
        with db.interruptible(check):
            db.execute("VACUUM INTO ?", (str(side),))
        _mark(side, db)
        _prove(side, db, check)
        _sync(side)
    except BaseException:
        side.unlink(missing_ok=True)
        # An interrupted statement fails like a broken one: if the caller was cancelled, that is what counts.
        check()
        raise


def _mark(side: Path, db: Database) -> None:
    connection = sqlite3.connect(side, isolation_level=None)
    with contextlib.closing(Database(sqlite_utils.Database(connection, execute_plugins=False), db.seal)) as copy:
        copies.mark(copy)


def _prove(side: Path, db: Database, check: Callable[[], None]) -> None:
    copy = Database(sqlite_utils.Database(_open_to_read(side), execute_plugins=False), db.seal)
    with contextlib.closing(copy), copy.interruptible(check):
        found = copy.rows("PRAGMA integrity_check(1)")
    if found != [("ok",)]:
        raise StoreFault(f"A copy of the database was made but is damaged ({found[0][0]}). Check the disk.")


def _open_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make the new name last. Windows has no such thing for folders."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
