"""A program with all that it starts, as one process group that is ended together.

Promises that after `stop` nothing of the group runs, within a bounded time, even when the caller is being cancelled, and that the
group ends by itself when this process does, be it by SIGKILL. Knows nothing of browsers.
"""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

import trio

from flow2api.browser.processes import given, members, runs

# A browser that is asked to close takes a tenth of a second when idle; it may have a cookie store to write.
ASK_SECONDS = 4.0
TERM_SECONDS = 2.0
# After SIGKILL only the kernel can be slow: a process that waits for a disk.
KILL_SECONDS = 5.0
# How often a process is looked for where the system does not tell of its end (not Linux).
LOOK_SECONDS = 0.1
_LAST_LINES = 30
_LINE_BYTES = 2000
# A shell that leaves a guard behind in the group and becomes the program. The guard waits for the end of its input, which is that of
# a pipe whose other end is held here and nowhere else, then kills the group, which cannot be another's as long as the guard is in
# it. PR_SET_PDEATHSIG would do so on Linux alone, and when the *thread* ends that started the program, which Trio's threads do. A
# program in the background would have its input closed, so the pipe goes by another number.
_GUARDED = (
    "/bin/sh",
    "-c",
    'exec 3<&0 </dev/null; (while read -r _ <&3; do :; done; kill -KILL 0) >/dev/null 2>&1 & exec "$@" 3<&-',
    "sh",
)

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
    """A running program that leads a process group of its own. `leash` is the pipe whose end kills the group."""

    def __init__(self, process: trio.Process, leash: int) -> None:
        self.pid = process.pid
        self.code: int | None = None
        """How the leader ended, in the notation of `subprocess`; None while it runs."""
        self._process = process
        self._leash: int | None = leash

    async def wait(self) -> int:
        """Wait until the leader has ended; whatever is left of its group is killed then."""
        code = await self._process.wait()
        if self.code is None:
            # In the same step in which the leader's number became free, so the group's cannot be another's yet.
            self.code = code
            _signal_group(self.pid, signal.SIGKILL)
            self._let_go()
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
            self._let_go()

    def _let_go(self) -> None:
        if self._leash is not None:
            os.close(self._leash)
            self._leash = None


async def start(command: Sequence[str], environment: Mapping[str, str], on_line: OnLine) -> tuple[Group, Output]:
    """Start a program in a process group of its own. Cancelled, it has either not started or is returned.

    Raises:
        OSError: it cannot be started."""
    theirs, leash = os.pipe()
    try:
        process = await trio.lowlevel.open_process(
            [*_GUARDED, *command],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
    except BaseException:
        os.close(leash)
        raise
    finally:
        os.close(theirs)
    assert process.stderr is not None
    return Group(process, leash), Output(process.stderr, on_line)


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
            await wait_ended(given(argument))
        for pid in given(argument):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with trio.move_on_after(KILL_SECONDS):
            await wait_ended(given(argument))


async def wait_ended(pids: Sequence[int]) -> None:
    """Wait until none of these processes runs, be they our children or not."""
    for pid in pids:
        if hasattr(os, "pidfd_open"):
            await _wait_by_descriptor(pid)
        else:
            while runs(pid):  # noqa: ASYNC110  # another process has no event
                await trio.sleep(LOOK_SECONDS)


async def _wait_by_descriptor(pid: int) -> None:
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:
        return  # gone already
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)


def _signal_group(pid: int, number: signal.Signals) -> None:
    # PermissionError is macOS's word for a group in which everybody has ended.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
