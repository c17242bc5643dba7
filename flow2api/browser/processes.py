"""What the system tells of running processes: by /proc where there is one, else by `ps`. Changes nothing, knows nothing of browsers.

Tells one life of a process number from another. A process that has ended and was not fetched yet does not count.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

_PROC = Path("/proc")
_BOOT = _PROC / "sys" / "kernel" / "random" / "boot_id"
# The columns without a name have no heading; the line of `lstart` is five words long, the command is the rest.
_PS = ("ps", "-axww", "-o", "pid=", "-o", "pgid=", "-o", "stat=", "-o", "lstart=", "-o", "command=")
_BIRTH_WORDS = 5
_LOOK_SECONDS = 10.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One process. `birth` with the number tells this life from any other."""

    group: int
    birth: str
    arguments: tuple[str, ...]

    def has(self, argument: str) -> bool:
        """Whether it was started with this argument."""
        return argument in self.arguments

    def values(self, option: str) -> list[str]:
        """What follows `option`, such as `--profile=`, in the arguments that begin so."""
        return [argument.removeprefix(option) for argument in self.arguments if argument.startswith(option)]


def look(pid: int) -> Seen | None:
    """This process, None when there is none."""
    return _by_proc(pid) if _has_proc() else _by_ps().get(pid)


def runs(pid: int) -> bool:
    """Whether there is this process."""
    return look(pid) is not None


def members(group: int) -> list[int]:
    """The processes of a group."""
    return [pid for pid, seen in _all().items() if seen.group == group]


def given(argument: str) -> list[int]:
    """The processes that were started with this argument."""
    return [pid for pid, seen in _all().items() if seen.has(argument)]


def _all() -> Mapping[int, Seen]:
    if not _has_proc():
        return _by_ps()
    numbers = [int(entry.name) for entry in _PROC.glob("[0-9]*")]
    return {pid: seen for pid in numbers if (seen := _by_proc(pid))}


def _has_proc() -> bool:
    return _BOOT.exists()


# Fields of /proc/<pid>/stat, counted from the one after the name.
_STATE, _GROUP, _STARTED = 0, 2, 19


def _by_proc(pid: int) -> Seen | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
        command = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace")
        boot = _BOOT.read_text("ascii").strip()
    except OSError:
        return None
    # The name stands in parentheses and may hold any character.
    fields = text.rpartition(")")[2].split()
    if fields[_STATE] in "ZX":
        return None
    return Seen(
        group=int(fields[_GROUP]),
        birth=f"{boot}:{fields[_STARTED]}",
        arguments=tuple(command.removesuffix("\0").split("\0")),
    )


def _by_ps() -> dict[int, Seen]:
    """All that run; none where there is no `ps`."""
    try:
        told = subprocess.run(
            _PS,
            env={"LC_ALL": "C", "TZ": "UTC", "PATH": "/bin:/usr/bin"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_LOOK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    found = {}
    for line in told.stdout.decode(errors="replace").splitlines():
        pid, group, state, *rest = line.split(maxsplit=3 + _BIRTH_WORDS)
        if state[0] not in "ZX" and len(rest) == _BIRTH_WORDS + 1:
            born = " ".join(rest[:_BIRTH_WORDS])
            # It does not tell where arguments end; a path with a space must stay whole, and ours follow one another as options.
            found[int(pid)] = Seen(
                group=int(group), birth=born, arguments=tuple(re.split(r" (?=-)", rest[-1].rstrip()))
            )
    return found
