"""The measurements, in their order. Each fills in its part of the results, so that a run cut short has measured something."""

import os
import platform
import sys
from pathlib import Path

import msgspec
import trio
from msgspec.structs import replace

from tests.benchmarks.load import Plan, Seen
from tests.benchmarks.processes import ROOT, Process
from tests.benchmarks.results import Alone, Figures, Machine, Pair, Results, Start, figures
from tests.benchmarks.subjects import (
    SLOTS_PER_ACCOUNT,
    Subject,
    Upstream,
    hello_stream,
    open_gateway,
    open_hello,
    open_upstream,
)

_SAMPLE_SECONDS = 0.05
# In this time the hello world has taken in any crowd.
_HELLO_HOLD_SECONDS = 4.0


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured."""

    rounds: int = 4
    """Gateway, upstream and hello world take turns, so that a noisy moment meets them all."""
    alone: int = 60
    busy_seconds: float = 8.0
    busy_callers: tuple[int, ...] = (1, 16, 64)
    crowd: int = 1000
    crowd_latency: float = 2.0
    open_streams: tuple[tuple[int, float], ...] = ((1000, 12.0), (2000, 24.0))
    """How many streams are held open for memory, and for how long the upstream takes, so that all are open at once."""
    patience: float = 60.0
    """After this long whoever of a crowd still waits has failed."""


FULL = Sizes()
QUICK = Sizes(rounds=2, alone=30, busy_seconds=2.0, busy_callers=(1, 16), open_streams=(), patience=20.0)


async def measure(results: Results, sizes: Sizes, folder: Path) -> None:
    """Fill in `results`. Cancel it to stop at what was measured so far; the processes are ended in any case."""
    results.machine = Machine(
        python=platform.python_version(), processors=os.cpu_count() or 0, load_before=os.getloadavg()[0]
    )
    accounts = max([sizes.crowd, *(count for count, _ in sizes.open_streams)]) // SLOTS_PER_ACCOUNT
    async with (
        open_upstream(folder, accounts) as upstream,
        open_hello(folder) as hello,
        open_gateway(folder, upstream) as gateway,
    ):
        results.start = _start(gateway, hello)
        for plan in (upstream.direct, gateway.plain, gateway.streamed, hello.plain, hello.streamed):
            await send(replace(plan, total=20))
        results.alone = await _alone(sizes, upstream, gateway, hello)
        results.upstream_per_second = figures([await send(_pressing(upstream.direct, 16, 2.0))]).per_second
        for callers in sizes.busy_callers:
            results.busy[str(callers)] = Pair(
                gateway=await _watched(gateway.process, _pressing(gateway.plain, callers, sizes.busy_seconds)),
                hello=await _watched(hello.process, _pressing(hello.plain, callers, sizes.busy_seconds / 4)),
            )
        crowds = _Crowds(sizes.patience, upstream, gateway, hello)
        results.crowd = await crowds.come(sizes.crowd, sizes.crowd_latency, sizes.crowd_latency)
        for count, latency in sizes.open_streams:
            results.open_streams[str(count)] = await crowds.come(count, latency, _HELLO_HOLD_SECONDS)


async def send(plan: Plan) -> Seen:
    """Let the load client carry out a plan."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    done = await trio.run_process(command, stdin=msgspec.json.encode(plan), capture_stdout=True, cwd=ROOT)
    return msgspec.json.decode(done.stdout, type=Seen)


async def _watched(process: Process, plan: Plan) -> Figures:
    """Carry out a plan and watch what it costs the server."""
    cpu_before, peak = process.cpu_seconds(), process.resident_bytes()

    async def sample() -> None:
        nonlocal peak
        while True:
            await trio.sleep(_SAMPLE_SECONDS)
            peak = max(peak, process.resident_bytes())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sample)
        seen = await send(plan)
        nursery.cancel_scope.cancel()
    return figures([seen], cpu_seconds=process.cpu_seconds() - cpu_before, peak_bytes=peak)


def _pressing(plan: Plan, callers: int, seconds: float) -> Plan:
    """One request after the other from each caller, for so long."""
    return replace(plan, callers=callers, total=1_000_000, begin_for=seconds, seconds=seconds + 10)


def _start(gateway: Subject, hello: Subject) -> Start:
    return Start(
        gateway_seconds=gateway.start_seconds,
        hello_seconds=hello.start_seconds,
        gateway_mb=gateway.process.resident_bytes() / 1e6,
        hello_mb=hello.process.resident_bytes() / 1e6,
    )


async def _alone(sizes: Sizes, upstream: Upstream, gateway: Subject, hello: Subject) -> Alone:
    plans = (upstream.direct, gateway.plain, hello.plain, gateway.streamed, hello.streamed)
    rounds = [[await send(replace(plan, total=sizes.alone)) for plan in plans] for _ in range(sizes.rounds)]
    direct, plain, hello_plain, streamed, hello_streamed = (figures(runs) for runs in zip(*rounds, strict=True))
    return Alone(
        upstream=direct,
        plain=Pair(gateway=plain, hello=hello_plain),
        streamed=Pair(gateway=streamed, hello=hello_streamed),
        added_plain_ms=plain.median_ms - direct.median_ms,
        added_plain_p95_ms=plain.p95_ms - direct.median_ms,
        added_streamed_ms=streamed.median_ms - direct.median_ms,
        added_streamed_p95_ms=streamed.p95_ms - direct.median_ms,
    )


class _Crowds:
    """Many streaming callers at the same moment, at both servers one after the other."""

    def __init__(self, patience: float, upstream: Upstream, gateway: Subject, hello: Subject) -> None:
        self._patience = patience
        self._upstream = upstream
        self._gateway = gateway
        self._hello = hello

    async def come(self, callers: int, latency: float, hello_latency: float) -> Pair:
        await self._upstream.set_latency(latency)
        many = {"callers": callers, "total": callers, "connect_first": False, "seconds": self._patience}
        gateway = await _watched(self._gateway.process, replace(self._gateway.streamed, **many))
        waiting = replace(hello_stream(self._hello.url, hello_latency), **many)
        return Pair(gateway=gateway, hello=await _watched(self._hello.process, waiting))
