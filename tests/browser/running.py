"""What runs on this machine, read from the system and not by the code under test."""

import os
import subprocess
import sys
from pathlib import Path

import trio

PATIENCE_SECONDS = 90.0


def group(leader: int) -> set[int]:
    """The processes of a group that run; those that have ended and were not fetched yet do not count."""
    return {pid for pid, fields in _processes() if fields[2] == str(leader) and fields[0] not in "ZX"}


def mentioning(text: str) -> set[int]:
    """The running processes that have `text` in their command line, but this one."""
    found = set()
    for pid, fields in _processes():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in line and pid != os.getpid() and fields[0] not in "ZX":
            found.add(pid)
    return found


def python(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A Python program in a process group of its own, which has written `ready` before this returns."""
    command = [sys.executable, "-c", code, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    process.stdout.close()
    assert line == b"ready\n", "the program did not come up"
    return process


async def wait_gone(pid: int) -> None:
    """Until there is no such running process."""
    with trio.fail_after(PATIENCE_SECONDS):
        while pid in {pid for pid, fields in _processes() if fields[0] not in "ZX"}:
            await trio.sleep(0.01)


def _processes() -> list[tuple[int, list[str]]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                text = (entry / "stat").read_text("utf-8", "replace")
            except OSError:
                continue
            found.append((int(entry.name), text.rpartition(")")[2].split()))
    return found
