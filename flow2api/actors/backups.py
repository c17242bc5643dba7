"""Backups of the database: whole copies in one folder, named by their time, the newest of them kept.

A copy appears under its name only once it is whole and proved, and older ones go only after that. Files of other names are not touched.
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import trio

from flow2api.store.backup import PART_SUFFIX
from flow2api.store.base import Store

NAME = re.compile(r"flow2api-\d{8}T\d{6}Z\.db")


class Backup(NamedTuple):
    """A backup that was just made."""

    path: Path
    size_bytes: int
    removed: int
    """How many older ones went."""


async def back_up(store: Store, folder: Path, keep: int, now: float) -> Backup:
    """Make a backup and keep the newest `keep` of all.

    Raises:
        StoreFault: the copy could not be made, or is damaged; the older ones are all still there.
        OSError: the folder cannot be made or written.
    """
    await trio.to_thread.run_sync(_prepare, folder)
    path = folder / f"flow2api-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.db"
    size = await store.back_up(path)
    return Backup(path, size, await trio.to_thread.run_sync(_rotate, folder, keep, path))


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, oldest first. Reads the disk."""
    return sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))


def _prepare(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        if NAME.fullmatch(path.name.removesuffix(PART_SUFFIX)) and path.name.endswith(PART_SUFFIX):
            path.unlink()


def _rotate(folder: Path, keep: int, made: Path) -> int:
    # The one just made stays, also where a clock that was wrong has left names of days to come.
    others = [path for path in backups(folder) if path != made]
    old = others[: max(0, len(others) - (keep - 1))]
    for path in old:
        path.unlink()
    return len(old)
