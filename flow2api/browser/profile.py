"""A browser's profile folder between two lives: ends what an earlier life left running, and removes its locks.

A record in the folder names the process that was started on it. It is believed only as far as the system confirms that this process
is the same life of its number and was started on this folder. Where the system does not say (not Linux), nothing is ended.
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

RECORD = "flow2api-browser.json"
_LOCKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")
log = logging.getLogger("flow2api.browser")


class Record(msgspec.Struct, frozen=True):
    """The process that was started on a profile."""

    pid: int
    birth: str


async def clear(profile: Path) -> None:
    """Make the folder ready for a new browser; it is made if there is none.

    Raises:
        BrowserUnavailable: a browser that is not ours uses it, or the folder cannot be written."""
    try:
        record = _opened(profile)
        if record is not None and process.birth(record.pid) == record.birth and _uses(record.pid, profile):
            log.warning("ending a browser that an earlier life left running", extra={"pid": record.pid})
            await process.end_group(record.pid)
        _refuse_if_held(profile)
        await tidy(profile)
    except OSError as exc:
        raise BrowserUnavailable(f"the browser's profile folder {profile} cannot be used: {exc.strerror}") from exc


def remember(profile: Path, pid: int) -> None:
    """Note which process was started on the folder."""
    born = process.birth(pid)
    if born is not None:
        (profile / RECORD).write_bytes(msgspec.json.encode(Record(pid, born)))


async def tidy(profile: Path) -> None:
    """After the end of its browser: end the crash handlers, remove what they wrote, the browser's own locks, and the note.

    The locks name host and process. In a container the host's name is another in each life, and a browser would then take the folder
    for one that another machine uses, and refuse it for ever."""
    await process.end_helpers(handler_option(profile))
    shutil.rmtree(crash_folder(profile), ignore_errors=True)
    _remove_socket(profile / "SingletonSocket")
    for name in (*_LOCKS, RECORD):
        (profile / name).unlink(missing_ok=True)


def _opened(profile: Path) -> Record | None:
    """Make the folder if there is none; what it says of an earlier life."""
    profile.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return msgspec.json.decode((profile / RECORD).read_bytes(), type=Record)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None  # never written, or cut off by a full disk: then there is nothing to go by


def _uses(pid: int, profile: Path) -> bool:
    given = [argument for argument in process.arguments(pid) if argument.startswith(PROFILE_OPTION)]
    return any(Path(argument.removeprefix(PROFILE_OPTION)).resolve() == profile.resolve() for argument in given)


def _refuse_if_held(profile: Path) -> None:
    holder = _holder(profile / "SingletonLock")
    if holder is not None and _uses(holder, profile):
        raise BrowserUnavailable(
            f"the profile folder {profile} is in use by another browser (process {holder}); close that one"
        )


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
