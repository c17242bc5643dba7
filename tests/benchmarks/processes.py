"""Processes under measurement: started, watched through /proc, and ended by their id whatever happens."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

ROOT = Path(__file__).resolve().parents[2]
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_GRACE_SECONDS = 10.0
_LINE_BYTES = 1024 * 1024


class DidNotStart(Exception):
    """A process ended or stayed silent before it was ready; the message ends with what it wrote to its log."""


class Process:
    """A running Python module."""

    def __init__(self, process: trio.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    async def first_line(self) -> bytes:
        """The first line of standard output.

        Raises:
            DidNotStart: it ended before that.
        """
        assert self._process.stdout is not None
        line = b""
        while not line.endswith(b"\n") and len(line) < _LINE_BYTES:
            part = await self._process.stdout.receive_some(_LINE_BYTES)
            if not part:
                raise self.failure("ended without a word")
            line += part
        return line

    def failure(self, what: str) -> DidNotStart:
        return DidNotStart(f"{what}; its log ends with:\n{self._log.read_text(errors='replace')[-2000:]}")

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far, in user code and in the kernel."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Memory that it holds now."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise self.failure("has ended")


@asynccontextmanager
async def open_process(
    module: str, arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """`python -m module` with its standard error in a file of `folder`; ended when the block is left."""
    log = folder / f"{module}.log"
    with log.open("ab") as errors:
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
        )
    try:
        yield Process(process, log)
    finally:
        with trio.CancelScope(shield=True):
            await _end(process)


async def _end(process: trio.Process) -> None:
    """Ask it to end, then make it. Its output is read on, since a full pipe would keep it from ending."""
    if process.poll() is None:
        process.terminate()
    with trio.move_on_after(_GRACE_SECONDS):
        assert process.stdout is not None
        async for _ in process.stdout:
            pass
        await process.wait()
    if process.poll() is None:
        process.kill()
        await process.wait()
