"""Opening a database file: folder, lock, connections, schema and master key, each refused in words that say what to do.

Synchronous; run it in a worker thread. Whatever was opened before a refusal is closed again.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from flow2api.store import copies
from flow2api.store.database import Database, fault_advice
from flow2api.store.errors import SealBroken, StoreFault, StoreRefused
from flow2api.store.lock import held_lock
from flow2api.store.migrations import migrate
from flow2api.store.seal import KEY_FILE, KEY_VARIABLE, Seal

# How long a statement waits for a lock of another program (a backup, a shell) before it fails.
BUSY_SECONDS = 5.0
# A long read can keep the log from being folded back; afterwards it is cut to this size.
_WAL_BYTES = 64 * 1024 * 1024
_KEY_CHECK = "master_key"


@dataclass(frozen=True)
class Opened:
    """An open database: one connection that writes, some that read, and the way to close all."""

    path: Path
    writer: Database
    readers: tuple[Database, ...]
    closing: contextlib.ExitStack


def open_files(path: Path, seal: Seal, readers: int) -> Opened:
    """Open the database at `path`, making file and folder when missing, and bring its schema up to date.

    Raises:
        StoreRefused: it cannot be used as it is; nothing stays open or locked.
    """
    with _refusals(path), contextlib.ExitStack() as stack:
        path.parent.mkdir(parents=True, exist_ok=True)
        stack.enter_context(held_lock(path))
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        is_new = path.stat().st_size == 0
        _refuse_foreign_log(path, seal)
        writer = stack.enter_context(contextlib.closing(_connect(path, seal)))
        if is_new:
            # It takes effect in a new file alone, and in one that is refused below not even its header may change. Pages that
            # fall free can be given back bit by bit then, without a rebuild.
            writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
        prepare(writer, str(path))
        copies.go_back(writer)
        _use_wal(writer, path)  # after the checks, so that a refused file is left as it was
        opened = tuple(_open_reader(path, seal, stack) for _ in range(readers))
        return Opened(path, writer, opened, stack.pop_all())


def _refuse_foreign_log(path: Path, seal: Seal) -> None:
    """A copy has no log before it is first opened. One that lies beside it is that of the database whose place it took, and SQLite
    would write its pages into the copy."""
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return
    with contextlib.closing(_wrap(_connect_as_it_lies(path), seal)) as db:
        if copies.is_copy(db):
            raise StoreRefused(
                f"The database {path} is a copy that was put in the place of another, whose log still lies beside it. "
                f"Remove {log.name} and {path.name}-shm."
            )


def _connect_as_it_lies(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def open_another(path: Path, seal: Seal) -> Database:
    """One more connection to a database that `open_files` has opened, for work that would hold up the others.

    Raises:
        StoreFault: it cannot be opened.
    """
    try:
        return _connect(path, seal)
    except sqlite3.Error as error:
        raise StoreFault(f"The database failed: {error}. {fault_advice(error) or ''}".rstrip()) from error


@contextlib.contextmanager
def open_for_reading(path: Path, seal: Seal) -> Iterator[Database]:
    """A connection that changes nothing, not even beside the file, whether the database is in use or not.

    Raises:
        StoreRefused: it cannot be read.
    """
    # A log beside it is part of it. Without one nobody uses it, and it can be read as it lies.
    as_it_lies = "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    with _refusals(path):
        uri = f"{path.absolute().as_uri()}?mode=ro{as_it_lies}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
        with contextlib.closing(connection):
            yield _wrap(connection, seal)


def open_memory(seal: Seal) -> Database:
    """A fresh database in memory with the same schema."""
    db = _wrap(sqlite3.connect(":memory:", isolation_level=None), seal)
    prepare(db, "the database in memory")
    return db


def prepare(db: Database, name: str) -> None:
    """Bring the schema up to date and make sure that the master key is the one this database knows."""
    migrate(db.tables, name)
    if not check_key(db, name):
        db.execute("INSERT INTO marks (name, sealed) VALUES (?, ?)", (_KEY_CHECK, db.seal.close(b"right", _KEY_CHECK)))


def check_key(db: Database, name: str) -> bool:
    """Make sure that the master key is the one that the database knows; False if it knows none yet.

    Raises:
        StoreRefused: it is another one.
    """
    row = db.row("SELECT sealed FROM marks WHERE name = ?", (_KEY_CHECK,))
    if row is None:
        return False
    try:
        db.seal.open(row[0], _KEY_CHECK)
        return True
    except SealBroken as error:
        raise StoreRefused(
            f"The master key does not fit {name}: its secrets were sealed with another one. "
            f"Set {KEY_VARIABLE} to the key it was made with, or bring back the file {KEY_FILE} of its data folder; "
            "without that key the stored accounts cannot be read."
        ) from error


def _connect(path: Path, seal: Seal) -> Database:
    # isolation_level None: only our own BEGIN opens a transaction. The connection moves between threads, one at a time.
    connection = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        return _wrap(connection, seal)
    except sqlite3.Error:
        connection.close()
        raise


def _wrap(connection: sqlite3.Connection, seal: Seal) -> Database:
    # Plugins that happen to be installed beside us have no business in our connections.
    db = Database(sqlite_utils.Database(connection, execute_plugins=False), seal)
    connection.execute("PRAGMA foreign_keys = ON")
    return db


def _open_reader(path: Path, seal: Seal, stack: contextlib.ExitStack) -> Database:
    reader = stack.enter_context(contextlib.closing(_connect(path, seal)))
    reader.execute("PRAGMA query_only = ON")
    return reader


def _use_wal(db: Database, path: Path) -> None:
    mode = db.row("PRAGMA journal_mode = WAL")
    if mode != ("wal",):
        raise StoreRefused(
            f"The file system of {path} does not allow a write-ahead log (it may be a network share). "
            "Put the data folder on a local disk."
        )
    # FULL syncs the log at each commit, so that not even a power failure takes back what was acknowledged.
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreRefused(
            f"The database {path} cannot be opened or made: {error.strerror} ({error.filename}). "
            "Make its folder writable for this user, or choose another data folder."
        ) from error
    except StoreFault as fault:
        raise _refusal(path, fault.__cause__) from fault
    except sqlite3.Error as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: BaseException | None) -> Exception:
    advice = fault_advice(error) if isinstance(error, sqlite3.Error) else None
    return StoreRefused(
        f"The database {path} cannot be opened: {error}. {advice or 'This is a bug, please report it.'}"
    )
