"""One process for one database: a lock on a file beside it, which the system frees even when the process is killed.

SQLite itself would let two gateways share a database, and both would then resume (and pay for) the same jobs.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from flow2api.store.errors import StoreRefused

if sys.platform == "win32":
    import msvcrt

    # Windows forbids reading locked bytes, so one far behind the process id is locked.
    _LOCKED_BYTE = 1 << 20

    def _take(descriptor: int) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def _take(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def held_lock(database: Path) -> Iterator[None]:
    """Hold the lock that belongs to `database`.

    The lock file stays behind: removing it could take it from under a process that is just opening it.

    Raises:
        StoreRefused: another process holds it.
        OSError: the file can be neither opened nor locked.
    """
    path = database.with_name(database.name + ".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _take(descriptor)
        except (BlockingIOError, PermissionError) as error:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise StoreRefused(
                f"The database {database} is in use by another process (id {holder}). "
                "Stop that one, or give this one a data folder of its own."
            ) from error
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)
