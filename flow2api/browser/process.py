"""A program with all that it starts, as one process group that is ended together.

Promises that after `stop` nothing of the group runs, within a bounded time, even when the caller is being cancelled. Also tells one
life of a process number from another, where the system says so (Linux). Knows nothing of browsers.
"""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import trio

# A browser that is asked to close takes a tenth of a second when idle; it may have a cookie store to write.
ASK_SECONDS = 4.0
TERM_SECONDS = 2.0
# After SIGKILL only the kernel can be slow: a process that waits for a disk.
KILL_SECONDS = 5.0
_LAST_LINES = 30
_LINE_BYTES = 2000

OnLine = Callable[[str], bool]
"""Told of each line that a program writes; returns whether it is worth keeping."""


class Output:
    """What a program writes, kept to its last lines. `watch` must run all the while, or the program would stop at a full pipe."""

    def __init__(self, stream: trio.abc.ReceiveStream, on_line: OnLine) -> None:
        self.lines: deque[str] = deque(maxlen=_LAST_LINES)
        self.ended = trio.Event()
        self._stream = stream
        self._on_line = on_line
        self._scope = trio.CancelScope(shield=True)

    async def watch(self) -> None:
        """Read until everybody has closed the pipe, or `close`. A cancellation from outside does not stop it: `close` does."""
        with self._scope:
            async with self._stream:
                rest = b""
                async for chunk in self._stream:
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        self._take(line)
                    rest = rest[-_LINE_BYTES:]
                self._take(rest)
        self.ended.set()

    def close(self) -> None:
        self._scope.cancel()

    def _take(self, raw: bytes) -> None:
        line = raw[:_LINE_BYTES].decode(errors="replace").strip()
        if line and self._on_line(line):
            self.lines.append(line)


class Group:
    """A running program that leads a process group of its own."""

    def __init__(self, process: trio.Process) -> None:
        self.pid = process.pid
        self.code: int | None = None
        """How the leader ended, in the notation of `subprocess`; None while it runs."""
        self._process = process

    async def wait(self) -> int:
        """Wait until the leader has ended; whatever is left of its group is killed then."""
        code = await self._process.wait()
        if self.code is None:
            # In the same step in which the leader's number became free, so the group's cannot be another's yet.
            self.code = code
            _signal_group(self.pid, signal.SIGKILL)
        return code

    async def stop(self, ask: Callable[[], Awaitable[None]] | None = None) -> None:
        """End it: by asking, then SIGTERM, then SIGKILL to the whole group. Bounded, and not to be cancelled."""
        with trio.CancelScope(shield=True):
            if ask is not None and self.code is None:
                with trio.move_on_after(ASK_SECONDS):
                    await ask()
                    await self.wait()
            for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
                if self.code is None:
                    _signal_group(self.pid, number)
                    with trio.move_on_after(seconds):
                        await self.wait()
            with trio.move_on_after(KILL_SECONDS):
                await wait_ended(members(self.pid))


async def start(command: Sequence[str], environment: Mapping[str, str], on_line: OnLine) -> tuple[Group, Output]:
    """Start a program in a process group of its own. Cancelled, it has either not started or is returned.

    Raises:
        OSError: it cannot be started."""
    process = await trio.lowlevel.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )
    assert process.stderr is not None
    return Group(process), Output(process.stderr, on_line)


async def end_group(pid: int) -> None:
    """End a group that is not our child: SIGTERM to all, and what then still runs is killed."""
    with trio.CancelScope(shield=True):
        for number, seconds in ((signal.SIGTERM, TERM_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
            _signal_group(pid, number)
            with trio.move_on_after(seconds):
                await wait_ended(members(pid))


async def end_helpers(argument: str) -> None:
    """End the processes that were started with `argument`, wherever they went. They are given time to end by themselves."""
    with trio.CancelScope(shield=True):
        with trio.move_on_after(TERM_SECONDS):
            await wait_ended(_given(argument))
        for pid in _given(argument):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with trio.move_on_after(KILL_SECONDS):
            await wait_ended(_given(argument))


def birth(pid: int) -> str | None:
    """What tells this life of a process number from any other, None when there is no such process or the system does not say."""
    fields = _stat(pid)
    if fields is None:
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text('ascii').strip()}:{fields[_STARTED]}"


def arguments(pid: int) -> list[str]:
    """The command line of a process, empty when it cannot be seen."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode(errors="replace").split("\0")


def members(group: int) -> list[int]:
    """The processes of a group that still run, as far as the system says so."""
    return [pid for pid in _numbers() if _runs_in(pid, group)]


async def wait_ended(pids: Sequence[int]) -> None:
    """Wait until none of these processes runs, be they our children or not."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            continue  # gone already
        try:
            await trio.lowlevel.wait_readable(descriptor)
        finally:
            os.close(descriptor)


# Fields of /proc/<pid>/stat, counted from the one after the name.
_STATE, _GROUP, _STARTED = 0, 2, 19


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return None
    # The name stands in parentheses and may hold any character.
    return text.rpartition(")")[2].split()


def _runs_in(pid: int, group: int) -> bool:
    fields = _stat(pid)
    return fields is not None and fields[_GROUP] == str(group) and fields[_STATE] not in "ZX"


def _given(argument: str) -> list[int]:
    return [pid for pid in _numbers() if argument in arguments(pid)]


def _numbers() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _signal_group(pid: int, number: signal.Signals) -> None:
    # PermissionError is macOS's word for a group in which everybody has ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
