"""Programs of ours as processes on loopback: started, watched through files, ended by their id whatever happens.

Whatever a program writes is searched for secrets when it is over, also when it was killed; a test that forgets to look cannot be
written with these. Nothing here knows what the programs are for.
"""

import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import trio

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PYTHON = (sys.executable, "-m")
# For one step of a test; a busy machine needs a small part of it.
PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.02
# What looks like a secret whatever its value is: access and session tokens, API keys.
_PATTERNS = tuple(
    map(re.compile, (r"ya29\.[\w-]{6,}", r"eyJ[\w-]{8,}\.", r"\bf2a_[\w-]{8,}", r"(?i)bearer [\w.~+/=-]{8,}"))
)


async def until(look: Callable[[], Awaitable[T | None]], what: str) -> T:
    """The first thing that `look` gives; another process can only be watched by looking again and again."""
    with trio.move_on_after(PATIENCE_SECONDS):
        while True:
            found = await look()
            if found is not None:
                return found
            await trio.sleep(LOOK_SECONDS)
    raise AssertionError(f"this did not happen within {PATIENCE_SECONDS:g} s: {what}")


@dataclass
class Secrets:
    """What no program may write, except where a person asked to see it."""

    values: set[str] = field(default_factory=set)

    def found_in(self, text: str) -> list[str]:
        """What occurs in `text`, as far as it may be shown in a test's failure."""
        known = [value for value in self.values if value in text]
        alike = [match[0] for pattern in _PATTERNS for match in pattern.finditer(text)]
        return [f"{secret[:12]}…" for secret in dict.fromkeys([*known, *alike])]

    def check(self, program: str, text: str, shown: Iterable[str] = ()) -> None:
        """Fail if there is one in `text` that is not in `shown`."""
        for allowed in sorted(shown, key=len, reverse=True):
            text = text.replace(allowed, "(shown on purpose)")
        assert self.found_in(text) == [], f"{program} wrote a secret"


class Program:
    """A process and what it has written so far."""

    def __init__(self, process: trio.Process, out: Path, err: Path) -> None:
        self._process = process
        self._out = out
        self._err = err
        self.pid = process.pid

    @property
    def out(self) -> str:
        """Standard output."""
        return self._out.read_text("utf-8", errors="replace")

    @property
    def err(self) -> str:
        """Standard error."""
        return self._err.read_text("utf-8", errors="replace")

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def wait(self, patience_seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; the exit code."""
        with trio.move_on_after(patience_seconds):
            return await self._process.wait()
        raise AssertionError(f"process {self.pid} did not end\n{self.told()}")

    async def kill(self) -> None:
        """End it at once, as a power failure would."""
        self._process.kill()
        await self._process.wait()

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait for something on standard output."""
        searched = re.compile(pattern, re.MULTILINE)

        async def look() -> re.Match[str] | None:
            ended = self.code is not None
            found = searched.search(self.out)
            assert found or not ended, f"it ended with {self.code} before it said {pattern}\n{self.told()}"
            return found

        return await until(look, f"process {self.pid} says {pattern}\n{self.told()}")

    def told(self) -> str:
        """The end of what it wrote, for a failure's message."""
        return f"--- output\n{self.out[-2000:]}\n--- errors\n{self.err[-4000:]}"


@dataclass
class Launch:
    """How a program is started. `shows` are secrets that it may write, since it was asked to; may grow while it runs."""

    command: Sequence[str]
    folder: Path
    environ: Mapping[str, str]
    secrets: Secrets
    input: str = ""
    shows: list[str] = field(default_factory=list)
    shows_all_on_output: bool = False
    """Its standard output is for secrets, as that of an export is."""


def clean_environ(**more: str) -> dict[str, str]:
    """The environment of this process without settings of ours, and with our package where another folder is current."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLOW2API_", "STORAGE_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"} | more


@asynccontextmanager
async def open_program(launch: Launch) -> AsyncIterator[Program]:
    """Run a program as long as the block lasts; what it wrote is searched for secrets then."""
    streams = launch.folder / "streams"
    streams.mkdir(exist_ok=True)
    number = len(list(streams.glob("*.in")))
    given, out, err = (streams / f"{number}.{end}" for end in ("in", "out", "err"))
    given.write_text(launch.input)
    with given.open("rb") as stdin, out.open("wb") as stdout, err.open("wb") as stderr:
        process = await trio.lowlevel.open_process(
            launch.command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=launch.folder, env=launch.environ
        )
    program = Program(process, out, err)
    try:
        yield program
    finally:
        if process.poll() is None:
            process.kill()
        with trio.move_on_after(PATIENCE_SECONDS, shield=True):
            await process.wait()
        name = " ".join(launch.command[2:5])
        launch.secrets.check(f"{name} (errors)", program.err, launch.shows)
        if not launch.shows_all_on_output:
            launch.secrets.check(f"{name} (output)", program.out, launch.shows)


@dataclass(frozen=True)
class Ended:
    """A program that came to its end by itself."""

    code: int
    out: str
    err: str


async def run_program(launch: Launch, patience_seconds: float = PATIENCE_SECONDS) -> Ended:
    """Run a program to its end."""
    async with open_program(launch) as program:
        code = await program.wait(patience_seconds)
        return Ended(code, program.out, program.err)
