"""What was measured, as records that become JSON, and the arithmetic between times and figures."""

import statistics
from collections.abc import Sequence

import msgspec

from tests.benchmarks.load import Seen


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the load client."""

    good: int
    failures: int
    reasons: tuple[str, ...]
    median_ms: float
    p95_ms: float
    max_ms: float
    per_second: float
    peak_open: int
    cpu_ms: float | None = None
    """Processor time of the server for each good answer."""
    peak_mb: float | None = None
    """Most memory that the server held meanwhile."""


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """The same thing measured at the gateway and at the hello world."""

    gateway: Figures
    hello: Figures


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """One caller, upstream latency 0. What the gateway adds is its time less the upstream's own median."""

    upstream: Figures
    plain: Pair
    streamed: Pair
    added_plain_ms: float
    added_plain_p95_ms: float
    added_streamed_ms: float
    added_streamed_p95_ms: float


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """From the start of the process to the first answer, and the memory held then."""

    gateway_seconds: float
    hello_seconds: float
    gateway_mb: float
    hello_mb: float


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it was measured."""

    python: str
    processors: int
    load_before: float
    """Load average when it began: above zero means that others were at work."""


class Results(msgspec.Struct, kw_only=True):
    """All of it; what is None was not reached in time."""

    quick: bool
    machine: Machine | None = None
    start: Start | None = None
    alone: Alone | None = None
    busy: dict[str, Pair] = {}
    """Without pause, by number of callers."""
    upstream_per_second: float | None = None
    """What the upstream itself gives 16 callers, to see that it is not what is measured."""
    crowd: Pair | None = None
    """1,000 streaming callers at once, each of whom the upstream serves in 2 seconds."""
    open_streams: dict[str, Pair] = {}
    """Many streams open at once, by their number: for memory."""

    def failures(self) -> list[str]:
        """What went wrong, in words."""
        figures = [figure for pair in self._pairs() for figure in (pair.gateway, pair.hello)]
        return [f"{figure.failures} failed: {'; '.join(figure.reasons)}" for figure in figures if figure.failures]

    def _pairs(self) -> list[Pair]:
        alone = [self.alone.plain, self.alone.streamed] if self.alone else []
        return [*alone, *self.busy.values(), *([self.crowd] if self.crowd else []), *self.open_streams.values()]


def figures(runs: Sequence[Seen], *, cpu_seconds: float | None = None, peak_bytes: int | None = None) -> Figures:
    """One set of figures for all runs of the same plan."""
    times = sorted(time * 1000 for run in runs for time in run.times) or [float("nan")]
    good = sum(len(run.times) for run in runs)
    return Figures(
        good=good,
        failures=sum(run.failures for run in runs),
        reasons=tuple(dict.fromkeys(reason for run in runs for reason in run.reasons)),
        median_ms=statistics.median(times),
        p95_ms=times[int(0.95 * (len(times) - 1))],
        max_ms=times[-1],
        per_second=good / sum(run.seconds for run in runs),
        peak_open=max(run.peak_open for run in runs),
        cpu_ms=None if cpu_seconds is None or not good else cpu_seconds * 1000 / good,
        peak_mb=None if peak_bytes is None else peak_bytes / 1e6,
    )
