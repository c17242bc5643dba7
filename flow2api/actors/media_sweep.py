"""Clears the media folder: what is over its time, the oldest results when all take too much space, and files that belong to nobody.

Works for the media actor, a portion at a time, with every look at the disk in a worker thread. A record goes before its file: when
the process ends between the two, the file belongs to nobody, and a later sweep finds it. What an unfinished job needs stays.
"""

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import trio

from flow2api.actors.library import Library, clip_of
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask
from flow2api.store import clearing, media
from flow2api.store.base import Store
from flow2api.store.database import Database
from flow2api.store.errors import StoreError

# Some milliseconds of the writer's time, and as much again for others.
PORTION = 200
PAUSE_SECONDS = 0.02
# Looking names up holds up nobody.
LOOKED_UP = 1000
# A file lies without a record from its writing to the end of its job, which is far less.
STRAY_SECONDS = 86400.0
# What a write that was cut off has left.
_UNFINISHED_SUFFIX = ".part"


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep removed, and what it could not."""

    files: int = 0
    size_bytes: int = 0
    strays: int = 0
    """Files without a record; not among `files`."""
    stuck: int = 0
    """Files that could not be removed. They have no record any more, so later sweeps try again."""
    trouble: str = ""
    """Why the first of those could not."""


class Sweep(Ask[Swept], frozen=True, kw_only=True):
    """Clear the media folder. `Failure` internal_error when the store or the folder cannot be read or written."""

    retention_seconds: float
    max_bytes: int


class Sweeper:
    """One sweep."""

    def __init__(self, library: Library, store: Store, now: Callable[[], float]) -> None:
        self._library = library
        self._store = store
        self._now = now
        self._done = Swept()

    async def sweep(self, order: Sweep) -> Swept:
        """See `Sweep`."""
        now = self._now()
        try:
            await self._forget(clearing.take_expired, now)
            await self._forget(clearing.take_old_results, now - order.retention_seconds)
            await self._make_room(order.max_bytes)
            await self._remove_strays(now - STRAY_SECONDS)
        except (StoreError, OSError) as error:
            raise Failure(Code.INTERNAL_ERROR, f"The media folder could not be cleared: {error}") from error
        return self._done

    async def _forget(self, verb: Callable[[Database, float, int], list[MediaFile]], moment: float) -> None:
        while files := await self._store.write(verb, moment, PORTION):
            await self._remove(files)
            await trio.sleep(PAUSE_SECONDS)

    async def _make_room(self, max_bytes: int) -> None:
        excess = await self._store.read(media.total_bytes) - max_bytes
        while excess > 0:
            files = await self._store.write(clearing.take_results_over, excess, PORTION)
            if not files:
                break
            excess -= sum(file.size_bytes + file.companion_bytes for file in files)
            await self._remove(files)
            await trio.sleep(PAUSE_SECONDS)

    async def _remove(self, files: Sequence[MediaFile]) -> None:
        await self._unlink([path for file in files for path in all_of(self._library, file.name)])
        done = self._done
        size = done.size_bytes + sum(file.size_bytes + file.companion_bytes for file in files)
        self._done = msgspec.structs.replace(done, files=done.files + len(files), size_bytes=size)

    async def _remove_strays(self, before: float) -> None:
        for folder in await trio.to_thread.run_sync(_folders, self._library.folder):
            old = await trio.to_thread.run_sync(self._old_files, folder, before)
            for start in range(0, len(old), LOOKED_UP):
                paths = old[start : start + LOOKED_UP]
                owners = {path: [path.name, *_clips_of(path)] for path in paths}
                names = {name for named in owners.values() for name in named}
                known = await self._store.read(media.known, sorted(names))
                strays = [path for path, named in owners.items() if known.isdisjoint(named)]
                await self._unlink(strays)
                self._done = msgspec.structs.replace(self._done, strays=self._done.strays + len(strays))

    def _old_files(self, folder: Path, before: float) -> list[Path]:
        """Files of ours that have lain there for long; in a worker thread."""
        return [path for path in folder.iterdir() if self._is_ours(path) and _is_old_file(path, before)]

    def _is_ours(self, path: Path) -> bool:
        return self._library.path(path.name) == path or path.name.endswith(_UNFINISHED_SUFFIX)

    async def _unlink(self, paths: Sequence[Path]) -> None:
        stuck, trouble = await trio.to_thread.run_sync(unlink, paths) if paths else (0, "")
        if stuck:
            done = self._done
            self._done = msgspec.structs.replace(done, stuck=done.stuck + stuck, trouble=done.trouble or trouble)


def remove_unfinished(folder: Path) -> None:
    """Remove what writes left that were cut off by a kill. For the start, when nothing is being written yet; in a worker thread.

    Strays that are whole are left to the sweep."""
    if folder.is_dir():
        for inner in _folders(folder):
            unlink([path for path in inner.iterdir() if path.name.endswith(_UNFINISHED_SUFFIX)])


def all_of(library: Library, name: str) -> list[Path]:
    """Where a file lies, and what was made of it."""
    path = library.path(name)
    return [path, *library.companions(name)] if path else []


def _clips_of(path: Path) -> list[str]:
    """The clip that this may be a picture of."""
    found = clip_of(path.name)
    return [found[0]] if found else []


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())


def _is_old_file(path: Path, before: float) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:  # a write that just ended took it away
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime < before


def unlink(paths: Sequence[Path]) -> tuple[int, str]:
    """Remove files; how many could not be removed, and why the first of them could not."""
    troubles: list[str] = []
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            troubles.append(f"{path}: {error.strerror}")
    return len(troubles), troubles[0] if troubles else ""
