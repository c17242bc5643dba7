"""How a running instance is found: it holds a lock in its data folder and says there where it listens.

One instance per data folder: the lock is the operating system's, so it is gone with the process however that ends. The file
`instance.json` carries the token for the admin routes and can be read by its owner only. Imports nothing of ours but `log`.
"""

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import msgspec

from flow2api.log import Secret

LOCK_NAME = "instance.lock"
FILE_NAME = "instance.json"
DEMO_NOTES = Path("demo", "demo.json")
"""Below a data folder of the demonstration, and of no other."""
_YOUNG_SECONDS = 60.0


class _File(msgspec.Struct, frozen=True):
    pid: int
    url: str
    admin_token: str

    def __repr__(self) -> str:
        return f"_File(pid={self.pid}, url={self.url!r})"


class Instance(msgspec.Struct, frozen=True):
    """A running instance."""

    pid: int
    url: str
    admin_token: Secret


class AlreadyRunning(Exception):
    """Another process holds the data folder."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        who = f" (process {pid})" if pid else ""
        super().__init__(
            f"an instance is already running on the data folder {data_dir}{who}; stop it, or name another folder with --data-dir"
        )
        self.data_dir = data_dir
        self.pid = pid


class InstanceLock:
    """A context manager that holds the data folder, made if missing; `publish` says where the instance listens.

    Raises on entering:
        AlreadyRunning: another process holds it.
        OSError: the folder cannot be made or written; the message names it and says what to do.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._descriptor = -1

    def __enter__(self) -> "InstanceLock":
        descriptor = self._opened()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                found = _read(self._data_dir)
                raise AlreadyRunning(self._data_dir, found.pid if found else None) from None
            raise
        self._descriptor = descriptor
        # What an instance that was killed left behind; a reader must not take it for ours.
        (self._data_dir / FILE_NAME).unlink(missing_ok=True)
        return self

    def _opened(self) -> int:
        """The lock file, in a folder that is there."""
        try:
            self._data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self._data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            reason = (
                "there is a file in its place"
                if isinstance(error, FileExistsError | NotADirectoryError)
                else error.strerror
            )
            raise OSError(
                error.errno,
                f"The data folder {self._data_dir} cannot be used: {reason}. Make it a folder that this user can write, "
                "or choose another with --data-dir or storage.data_dir.",
            ) from error

    def publish(self, url: str, admin_token: Secret) -> None:
        """Write `instance.json`, so that it is there whole or not at all."""
        path = self._data_dir / FILE_NAME
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(_File(os.getpid(), url, admin_token.reveal())))
        fresh.replace(path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        (self._data_dir / FILE_NAME).unlink(missing_ok=True)
        # The lock file itself stays: removing it would let two processes lock two files of the same name.
        os.close(self._descriptor)


def read_instance(data_dir: Path) -> Instance | None:
    """The instance that runs on this data folder and is ready, None if there is none.

    Raises:
        OSError: the file is there but is not ours to read.
    """
    found = _read(data_dir)
    if found is None or not _alive(found.pid) or not _locked(data_dir):
        return None
    return Instance(found.pid, found.url, Secret(found.admin_token))


def remove_abandoned(parent: Path, prefix: str, before: Callable[[Path], None]) -> None:
    """Remove this user's data folders of that prefix whose instance was killed. One that is young may be about to start.

    `before` is told of each while it is still there."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            made = folder.lstat()
            ours = stat.S_ISDIR(made.st_mode) and made.st_uid == os.geteuid()
            if ours and made.st_mtime < time.time() - _YOUNG_SECONDS and not _locked(folder):
                before(folder)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # somebody else removes it at the same time


def _read(data_dir: Path) -> _File | None:
    try:
        return msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=_File)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _locked(data_dir: Path) -> bool:
    """Whether somebody holds the lock. Asked last, because asking holds it for a moment oneself."""
    try:
        descriptor = os.open(data_dir / LOCK_NAME, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
