"""A browser's profile folder between two lives: ends what an earlier life left running, and removes its locks.

A record in the folder names the process that was started on it. It is believed only as far as the system confirms that this process
is the same life of its number and was started on this folder.
"""

import logging
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path

import msgspec

from flow2api.browser import process
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.launch import PROFILE_OPTION, crash_folder, handler_option
from flow2api.browser.processes import Seen, look

RECORD = "flow2api-browser.json"
_LOCKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")
log = logging.getLogger("flow2api.browser")


def captcha_profile(data_dir: Path) -> Path:
    """Where the browser for captcha tabs lives."""
    return data_dir / "browser" / "captcha"


class Record(msgspec.Struct, frozen=True):
    """The process that was started on a profile."""

    pid: int
    birth: str


async def clear(profile: Path) -> None:
    """Make the folder ready for a new browser; it is made if there is none.

    Raises:
        BrowserUnavailable: a browser that is not ours uses it, or the folder cannot be written."""
    try:
        _make(profile)
        await end_left(profile)
        _refuse_if_held(profile)
        await tidy(profile)
    except OSError as exc:
        raise BrowserUnavailable(f"the browser's profile folder {profile} cannot be used: {exc.strerror}") from exc


async def end_left(profile: Path) -> None:
    """End the browser that an earlier life left running on the folder, and remove what it left besides.

    The caller sees to it that no present life of ours has one."""
    record = _read(profile)
    seen = look(record.pid) if record is not None else None
    if record is not None and seen is not None and seen.birth == record.birth and _uses(seen, profile):
        log.warning("ending a browser that an earlier life left running", extra={"pid": record.pid})
        await process.end_group(record.pid)
    if record is not None and _foreign_holder(profile) is None:
        await tidy(profile)


def remember(profile: Path, pid: int) -> None:
    """Note which process was started on the folder."""
    seen = look(pid)
    if seen is not None:
        (profile / RECORD).write_bytes(msgspec.json.encode(Record(pid, seen.birth)))


async def tidy(profile: Path) -> None:
    """After the end of its browser: end the crash handlers, remove what they wrote, the browser's own locks, and the note.

    The locks name host and process. In a container the host's name is another in each life, and a browser would then take the folder
    for one that another machine uses, and refuse it for ever."""
    await process.end_helpers(handler_option(profile))
    shutil.rmtree(crash_folder(profile), ignore_errors=True)
    remove_locks(profile)


def remove_locks(profile: Path) -> None:
    """Remove the browser's locks and the note of it; of a folder that no browser uses."""
    _remove_socket(profile / "SingletonSocket")
    for name in (*_LOCKS, RECORD):
        (profile / name).unlink(missing_ok=True)


def _make(profile: Path) -> None:
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)


def _read(profile: Path) -> Record | None:
    """What the folder says of an earlier life."""
    try:
        return msgspec.json.decode((profile / RECORD).read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None  # never written, or cut off by a full disk: then there is nothing to go by


def _uses(seen: Seen, profile: Path) -> bool:
    return any(Path(value).resolve() == profile.resolve() for value in seen.values(PROFILE_OPTION))


def _refuse_if_held(profile: Path) -> None:
    holder = _foreign_holder(profile)
    if holder is not None:
        raise BrowserUnavailable(
            f"the profile folder {profile} is in use by another browser (process {holder}); close that one"
        )


def _foreign_holder(profile: Path) -> int | None:
    """The browser that uses the folder, when those of ours have ended."""
    holder = _holder(profile / "SingletonLock")
    seen = look(holder) if holder is not None else None
    return holder if seen is not None and _uses(seen, profile) else None


def _holder(lock: Path) -> int | None:
    try:
        host, _, pid = os.readlink(lock).rpartition("-")
    except OSError:
        return None
    return int(pid) if host == socket.gethostname() and pid.isdecimal() else None


def _remove_socket(link: Path) -> None:
    """The socket lies in a folder of its own among the temporary files, which only the browser's orderly end removes."""
    with suppress(OSError):
        folder = Path(os.readlink(link)).parent
        if ".Chromium." in folder.name or ".Chrome." in folder.name:
            for name in _LOCKS:
                (folder / name).unlink(missing_ok=True)
            folder.rmdir()
