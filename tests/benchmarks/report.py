"""The results as a table for people, with the targets beside them."""

from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.benchmarks.dashboards import Dashboards
from tests.benchmarks.results import Pair, Results

ADDED_MS = 10.0
CPU_MS = 6.5
PER_SECOND = 150.0
CROWD_SECONDS = 6.0
MEMORY_MB = 200.0
DASHBOARDS_RATIO = 1.1


class _Row(NamedTuple):
    what: str
    gateway: float
    hello: float | None
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def target(self) -> str:
        if self.most is not None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.least is not None else ""

    @property
    def verdict(self) -> str:
        if self.most is None and self.least is None:
            return ""
        met = self.gateway <= self.most if self.most is not None else self.gateway >= (self.least or 0)
        return "[green]met[/]" if met else "[red]missed[/]"


def show(results: Results, console: Console) -> None:
    """Print the table, and what went wrong below it."""
    table = Table(title="flow2api as a process" + (" (quick)" if results.quick else ""))
    for name in ("measured", "gateway", "hello world", "ratio", "unit", "target", ""):
        table.add_column(name, justify="left" if name in ("measured", "unit", "") else "right")
    for row in _rows(results):
        hello = "" if row.hello is None else f"{row.hello:.2f}"
        ratio = f"{row.gateway / row.hello:.2f}" if row.hello else ""
        table.add_row(row.what, f"{row.gateway:.2f}", hello, ratio, row.unit, row.target, row.verdict)
    console.print(table)
    if results.machine:
        machine = results.machine
        load = f"load average {machine.load_before:.1f} before"
        console.print(f"Python {machine.python}, {machine.processors} processors, {load}")
    for failure in results.failures():
        console.print(failure, style="red", markup=False)


def show_dashboards(measured: Dashboards, console: Console) -> None:
    """Print what open dashboards cost."""
    alone, watched = measured.alone, measured.watched
    table = Table(title=f"{watched.good + watched.failures} generations under open dashboards")
    for name in ("measured", "nobody looks", "dashboards open", "ratio", "target"):
        table.add_column(name, justify="left" if name == "measured" else "right")
    target = f"≤ {DASHBOARDS_RATIO:g}"
    rows = (
        ("generation, median (ms)", alone.median_ms, watched.median_ms, target),
        ("generation, p95 (ms)", alone.p95_ms, watched.p95_ms, target),
        ("processor time each (ms)", measured.alone_cpu_ms, measured.watched_cpu_ms, ""),
        ("memory before and after (MB)", measured.memory_before_mb, measured.memory_after_mb, ""),
    )
    for what, before, after, aim in rows:
        table.add_row(what, f"{before:.1f}", f"{after:.1f}", f"{after / before:.3f}", aim)
    console.print(table)
    rounds = ", ".join(f"{ratio:.3f}" for ratio in measured.round_ratios)
    console.print(f"ratio of the medians by round: {rounds}")
    console.print(f"each page got {measured.kilobytes_per_page_second:.1f} kB/s; {measured.lost_pages} pages were lost")
    for figures in (alone, watched):
        if figures.failures:
            console.print(f"{figures.failures} failed: {'; '.join(figures.reasons)}", style="red", markup=False)


def _rows(results: Results) -> Iterator[_Row]:
    if start := results.start:
        yield _Row("start to first answer", start.gateway_seconds, start.hello_seconds, "s")
        yield _Row("memory after start", start.gateway_mb, start.hello_mb, "MB")
    if alone := results.alone:
        yield _Row("upstream itself, median", alone.upstream.median_ms, None, "ms")
        yield from _timed("one caller, plain", alone.plain)
        yield _Row("  added to the upstream, median", alone.added_plain_ms, None, "ms", most=ADDED_MS)
        yield _Row("  added to the upstream, p95", alone.added_plain_p95_ms, None, "ms")
        yield from _timed("one caller, streamed", alone.streamed)
        yield _Row("  added to the upstream, median", alone.added_streamed_ms, None, "ms", most=ADDED_MS)
        yield _Row("  added to the upstream, p95", alone.added_streamed_p95_ms, None, "ms")
    if results.upstream_per_second is not None:
        yield _Row("upstream itself, 16 callers", results.upstream_per_second, None, "1/s")
    for callers, pair in results.busy.items():
        least = PER_SECOND if callers != "1" else None
        yield _Row(f"{callers} callers", pair.gateway.per_second, pair.hello.per_second, "1/s", least=least)
        if pair.gateway.cpu_ms is not None:
            most = CPU_MS if callers == "16" else None
            yield _Row("  processor time each", pair.gateway.cpu_ms, pair.hello.cpu_ms, "ms", most=most)
    if crowd := results.crowd:
        name = f"{_callers(crowd)} streams at once"
        median, hello = crowd.gateway.median_ms / 1000, crowd.hello.median_ms / 1000
        yield _Row(f"{name}, median", median, hello, "s", most=CROWD_SECONDS)
        yield _Row("  the last one", crowd.gateway.max_ms / 1000, crowd.hello.max_ms / 1000, "s")
        if not results.open_streams:
            yield from _memory(crowd)
    for pair in results.open_streams.values():
        yield from _memory(pair)


def _timed(what: str, pair: Pair) -> Iterator[_Row]:
    yield _Row(f"{what}, median", pair.gateway.median_ms, pair.hello.median_ms, "ms")
    yield _Row(f"{what}, p95", pair.gateway.p95_ms, pair.hello.p95_ms, "ms")


def _memory(pair: Pair) -> Iterator[_Row]:
    if pair.gateway.peak_mb is not None:
        name = f"memory with {pair.gateway.peak_open} open streams"
        yield _Row(name, pair.gateway.peak_mb, pair.hello.peak_mb, "MB", most=MEMORY_MB)


def _callers(pair: Pair) -> int:
    return pair.gateway.good + pair.gateway.failures
