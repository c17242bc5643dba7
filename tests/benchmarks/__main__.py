"""`python -m tests.benchmarks`: measures the gateway on this machine and prints the figures beside their targets."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import trio
from msgspec.structs import replace
from rich.console import Console

from tests.benchmarks.dashboards import Dashboards, measure_dashboards
from tests.benchmarks.dashboards import Sizes as DashboardSizes
from tests.benchmarks.measure import FULL, QUICK, Sizes, measure
from tests.benchmarks.processes import DidNotStart
from tests.benchmarks.report import show, show_dashboards
from tests.benchmarks.results import Results

_FULL_SECONDS = 230.0
_QUICK_SECONDS = 55.0


def main(argv: Sequence[str] | None = None) -> int:
    """Measure; 0 when everything was measured and nothing failed, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "subject",
        nargs="?",
        choices=("gateway", "dashboards"),
        default="gateway",
        help="the gateway as a whole, or what 200 open dashboards cost its generations",
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter measurements, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args(argv)
    if options.subject == "dashboards":
        return _dashboards(options.quick, options.json)
    results = Results(quick=options.quick)
    console = Console(width=None if sys.stdout.isatty() else 110)
    complete = trio.run(_run, results, QUICK if options.quick else FULL, console)
    if results.start:
        show(results, console)
    if options.json:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=2))
    if not complete:
        console.print("Cut short: some of it was not measured.", style="red")
    return 0 if complete and not results.failures() else 1


def _dashboards(quick: bool, target: Path | None) -> int:
    console = Console(width=None if sys.stdout.isatty() else 110)
    sizes = replace(DashboardSizes(), rounds=2) if quick else DashboardSizes()
    try:
        measured = trio.run(_run_dashboards, sizes)
    except DidNotStart as failure:
        console.print(str(failure), style="red", markup=False)
        return 1
    show_dashboards(measured, console)
    if target:
        target.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2))
    return 1 if measured.alone.failures or measured.watched.failures else 0


async def _run_dashboards(sizes: DashboardSizes) -> Dashboards:
    with tempfile.TemporaryDirectory(prefix="flow2api-benchmark-") as folder:
        return await measure_dashboards(sizes, Path(folder))


async def _run(results: Results, sizes: Sizes, console: Console) -> bool:
    """Whether all was measured in time and without being told to stop."""
    complete = False
    limit = _QUICK_SECONDS if results.quick else _FULL_SECONDS
    with tempfile.TemporaryDirectory(prefix="flow2api-benchmark-") as folder, trio.move_on_after(limit):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_on_signal, nursery.cancel_scope)
            try:
                await measure(results, sizes, Path(folder))
                complete = True
            except DidNotStart as failure:
                console.print(str(failure), style="red", markup=False)
            nursery.cancel_scope.cancel()
    return complete


async def _stop_on_signal(scope: trio.CancelScope) -> None:
    """So that the processes are ended when this one is."""
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


if __name__ == "__main__":
    sys.exit(main())
