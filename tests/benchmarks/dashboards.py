"""What open dashboards cost the generations: a steady stream of them, by turns with nobody looking and with a crowd of pages.

Both are measured in one run and by turns, since only their ratio means something on a machine that does other work too.
"""

import statistics
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio
from msgspec.structs import replace

from tests.benchmarks.load import Seen
from tests.benchmarks.measure import send
from tests.benchmarks.pages import Crowd, Got
from tests.benchmarks.processes import ROOT, DidNotStart
from tests.benchmarks.results import Figures, figures
from tests.benchmarks.subjects import SLOTS_PER_ACCOUNT, Subject, open_gateway, open_upstream

TOPICS = ("overview", "jobs")
_OPEN_SECONDS = 60.0
_WARM_SECONDS = 3.0


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    pages: int = 200
    per_second: float = 50.0
    latency: float = 2.0
    rounds: int = 3
    seconds: float = 6.0
    """Of each phase; a round has one with nobody looking and one with the crowd."""


class Dashboards(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured."""

    alone: Figures
    watched: Figures
    median_ratio: float
    p95_ratio: float
    round_ratios: tuple[float, ...]
    """Of the medians, round by round: how far apart they are tells how noisy the machine was."""
    alone_cpu_ms: float
    """Processor time of the gateway for each generation."""
    watched_cpu_ms: float
    memory_before_mb: float
    memory_after_mb: float
    kilobytes_per_page_second: float
    lost_pages: int


class _Phase(msgspec.Struct, frozen=True):
    seen: Seen
    cpu_seconds: float
    got: Got | None = None


async def measure_dashboards(sizes: Sizes, folder: Path) -> Dashboards:
    """Carry it out.

    Raises:
        DidNotStart: a process, or a page, could not be had."""
    accounts = 4 * int(1 + sizes.per_second * sizes.latency / SLOTS_PER_ACCOUNT)
    async with open_upstream(folder, accounts) as upstream, open_gateway(folder, upstream) as gateway:
        await upstream.set_latency(sizes.latency)
        await _phase(replace(sizes, seconds=_WARM_SECONDS), gateway, watched=False)
        before = gateway.process.resident_bytes()
        alone, watched = [], []
        for _ in range(sizes.rounds):
            alone.append(await _phase(sizes, gateway, watched=False))
            watched.append(await _phase(sizes, gateway, watched=True))
        return _compared(sizes, alone, watched, (before, gateway.process.resident_bytes()))


async def _phase(sizes: Sizes, gateway: Subject, *, watched: bool) -> _Phase:
    total = int(sizes.per_second * sizes.seconds)
    plan = replace(gateway.plain, total=total, per_second=sizes.per_second, connect_first=False)
    if not watched:
        cpu = gateway.process.cpu_seconds()
        return _Phase(await send(plan), gateway.process.cpu_seconds() - cpu)
    async with _looking(sizes, gateway) as leave:
        cpu = gateway.process.cpu_seconds()
        seen = await send(plan)
        spent = gateway.process.cpu_seconds() - cpu
        return _Phase(seen, spent, await leave())


@asynccontextmanager
async def _looking(sizes: Sizes, gateway: Subject) -> AsyncIterator["_Leave"]:
    """A crowd of open pages."""
    parts = urlsplit(gateway.url)
    assert parts.hostname is not None
    assert parts.port is not None
    crowd = Crowd(host=parts.hostname, port=parts.port, token=gateway.admin_token, count=sizes.pages, topics=TOPICS)
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "tests.benchmarks.pages"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        await process.stdin.send_all(msgspec.json.encode(crowd) + b"\n")
        with trio.fail_after(_OPEN_SECONDS):
            if not await process.stdout.receive_some(1):
                raise DidNotStart("not all dashboards could be opened")
        yield _Leave(process)
    finally:
        with trio.CancelScope(shield=True):
            if process.poll() is None:
                process.kill()
            await process.wait()


class _Leave:
    """Lets the crowd go and tells what it got."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process

    async def __call__(self) -> Got:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        await self._process.stdin.aclose()
        told = b"".join([part async for part in self._process.stdout])
        await self._process.wait()
        return msgspec.json.decode(told, type=Got)


def _compared(sizes: Sizes, alone: list[_Phase], watched: list[_Phase], memory: tuple[int, int]) -> Dashboards:
    quiet, busy = (figures([phase.seen for phase in phases]) for phases in (alone, watched))
    got = [phase.got for phase in watched if phase.got is not None]
    seconds = sum(phase.seen.seconds for phase in watched)
    medians = [[statistics.median(phase.seen.times) for phase in phases] for phases in (alone, watched)]
    return Dashboards(
        alone=quiet,
        watched=busy,
        median_ratio=busy.median_ms / quiet.median_ms,
        p95_ratio=busy.p95_ms / quiet.p95_ms,
        round_ratios=tuple(after / before for before, after in zip(*medians, strict=True)),
        alone_cpu_ms=sum(phase.cpu_seconds for phase in alone) * 1000 / quiet.good,
        watched_cpu_ms=sum(phase.cpu_seconds for phase in watched) * 1000 / busy.good,
        memory_before_mb=memory[0] / 1e6,
        memory_after_mb=memory[1] / 1e6,
        kilobytes_per_page_second=sum(one.bytes for one in got) / 1000 / sizes.pages / seconds,
        lost_pages=sum(one.lost for one in got),
    )
