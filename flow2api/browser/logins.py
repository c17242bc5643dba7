"""The profile folders in which an operator signed in: one for each account, called by its id, and new ones that are nobody's yet.

A folder is used by one process at a time; the lock is the operating system's, on the folder itself, so it goes with the process and
stays with the folder when that is renamed. What is in a folder is the browser's own. It is as good as a password.
"""

import fcntl
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trio

from flow2api.browser import profile
from flow2api.browser.errors import BrowserUnavailable

log = logging.getLogger("flow2api.browser")

_NEW = "new-"
_OLD = "old-"
# Ids come from outside too; nothing else may become a path.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class ProfileInUse(BrowserUnavailable):
    """Another process of ours, or another part of this one, has a browser on the profile."""


class Logins:
    """All of them, below one data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "browser" / "logins"

    def folder(self, account_id: str) -> Path:
        """Where the account's profile is, or would be.

        Raises:
            ValueError: this is no id of an account."""
        if not _ID.fullmatch(account_id) or account_id.startswith((_NEW, _OLD)):
            raise ValueError("not the id of an account")
        return self._root / account_id

    def kept(self, account_id: str) -> bool:
        """Whether a profile is kept for the account."""
        return self.folder(account_id).is_dir()

    def make(self) -> Path:
        """A new folder that belongs to no account yet."""
        folder = self._root / f"{_NEW}{secrets.token_hex(6)}"
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        return folder

    async def keep(self, folder: Path, account_id: str) -> Path:
        """Make a folder the account's, in place of the one that it had; where it is then. The caller holds `folder`.

        Raises:
            ProfileInUse: the former one is in use; nothing has changed."""
        target = self.folder(account_id)
        if folder == target:
            return target
        former = self._root / f"{_OLD}{secrets.token_hex(6)}"
        if self.kept(account_id):
            with held(target):
                _move(target, former)
                _move(folder, target)
                await _remove(former)
        else:
            _move(folder, target)
        return target

    async def remove(self, account_id: str) -> None:
        """Forget what the account's browser knows. One that is in use stays, and the log says so."""
        if self.kept(account_id):
            await _discard(self.folder(account_id))

    async def end_left(self) -> None:
        """End browsers on profiles that were left running by a process of ours that was killed."""
        for folder in sorted(self._root.glob("*")):
            try:
                with held(folder):
                    await profile.end_left(folder)
            except ProfileInUse:
                continue  # whoever holds it has a browser on it, and lives
            except BrowserUnavailable as fault:
                log.warning("a browser that was left running could not be looked for: %s", fault)

    async def sweep(self) -> None:
        """Remove folders that nobody has kept and that nobody uses: of logins that were given up by force."""
        for prefix in (_NEW, _OLD):
            for folder in sorted(self._root.glob(f"{prefix}*")):
                await _discard(folder)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep every other process of ours from using the folder.

    Raises:
        ProfileInUse: one does.
        BrowserUnavailable: the folder cannot be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        raise BrowserUnavailable(f"the browser's profile folder {folder} cannot be used: {exc.strerror}") from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ProfileInUse(
            f"the browser profile {folder} is in use: somebody signs in with it, or its session is just being renewed"
        ) from None
    try:
        yield
    finally:
        os.close(descriptor)


async def _discard(folder: Path) -> None:
    try:
        with held(folder):
            await profile.clear(folder)
            await _remove(folder)
    except BrowserUnavailable as fault:
        log.warning("a browser profile could not be removed: %s", fault)


def _move(folder: Path, target: Path) -> None:
    folder.rename(target)


async def _remove(folder: Path) -> None:
    # Some thousand small files. What cannot be removed is tried again by the next sweep.
    await trio.to_thread.run_sync(shutil.rmtree, folder, True)
