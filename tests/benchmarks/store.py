"""What a durable write costs: `python -m tests.benchmarks.store [folder]`, on the disk of that folder.

Each caller takes jobs through four writes (insert, two saves, finish with a file), as the gateway does. Besides the plain rates at
several numbers of callers there is a run at a fixed rate beside a Trio thread that is kept busy, which is what a loaded gateway is.
"""

import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec
import trio

from flow2api.domain.job import JobState
from flow2api.store import jobs
from flow2api.store.door import Store, open_store
from flow2api.store.seal import Seal
from tests.doubles.records import job, media_file

WRITES = 4000
JOBS_PER_SECOND = 150
LOADED_SECONDS = 4
# Processor time that the Trio thread spends on something else for each job of the loaded run.
BURN_SECONDS = 0.004


class Meter:
    """Collects the durations of single calls and the processor time of the whole run."""

    def __init__(self) -> None:
        self._durations: list[float] = []
        self._wall = time.perf_counter()
        self._processor = time.process_time()

    async def time(self, call: Awaitable[object]) -> None:
        start = time.perf_counter()
        await call
        self._durations.append(time.perf_counter() - start)

    def report(self, title: str, store: Store, *, other_seconds: float = 0.0) -> None:
        wall = time.perf_counter() - self._wall
        processor = time.process_time() - self._processor - other_seconds
        ordered = sorted(self._durations)
        count = len(ordered)
        print(
            f"{title:28} {count / wall:7.0f}/s   processor {processor / count * 1e3:.3f} ms   "
            f"median {ordered[count // 2] * 1e3:5.2f} ms   p99 {ordered[count * 99 // 100] * 1e3:6.2f} ms   "
            f"largest transaction {store.statistics().largest_transaction}"
        )


async def generate(store: Store, name: str, meter: Meter) -> None:
    """The four writes of one job."""
    first = job(name)
    running = msgspec.structs.replace(first, state=JobState.RUNNING, account_id="a1")
    done = msgspec.structs.replace(running, state=JobState.SUCCEEDED, finished_at=101.0)
    await meter.time(store.write(jobs.insert, first))
    await meter.time(store.write(jobs.save, msgspec.structs.replace(first, state=JobState.SUBMITTING)))
    await meter.time(store.write(jobs.save, running))
    await meter.time(store.write(jobs.finish, done, [media_file(f"{name}.png")]))


async def measure_writes(store: Store, callers: int) -> None:
    meter = Meter()

    async def call(caller: int) -> None:
        for number in range(WRITES // 4 // callers):
            await generate(store, f"{callers}-{caller}-{number}", meter)

    async with trio.open_nursery() as nursery:
        for caller in range(callers):
            nursery.start_soon(call, caller)
    meter.report(f"writes, {callers} callers", store)


async def measure_loaded(store: Store) -> None:
    meter = Meter()
    start = trio.current_time()

    async def one(number: int) -> None:
        end = time.thread_time() + BURN_SECONDS
        while time.thread_time() < end:
            pass
        await generate(store, f"loaded-{number}", meter)

    async with trio.open_nursery() as nursery:
        for number in range(JOBS_PER_SECOND * LOADED_SECONDS):
            await trio.sleep_until(start + number / JOBS_PER_SECOND)
            nursery.start_soon(one, number)
    burnt = JOBS_PER_SECOND * LOADED_SECONDS * BURN_SECONDS
    meter.report(f"writes, {JOBS_PER_SECOND} jobs/s, busy", store, other_seconds=burnt)


async def measure_reads(store: Store, callers: int) -> None:
    meter = Meter()

    async def call() -> None:
        for _ in range(WRITES // 2 // callers):
            await meter.time(store.read(jobs.get, "1-0-0"))

    async with trio.open_nursery() as nursery:
        for _ in range(callers):
            nursery.start_soon(call)
    meter.report(f"reads, {callers} callers", store)


async def run_all(folder: Path) -> None:
    runs: list[Callable[[Store], Awaitable[None]]] = [measure_loaded]
    runs += [partial(measure_writes, callers=callers) for callers in (1, 4, 16, 64)]
    runs += [partial(measure_reads, callers=callers) for callers in (1, 16)]
    async with open_store(folder / "benchmark.db", Seal(b"k" * 32)) as store:
        for run in runs:
            await run(store)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        trio.run(run_all, Path(folder))


if __name__ == "__main__":
    main()
