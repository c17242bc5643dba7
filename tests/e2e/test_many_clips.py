"""Very many clips under way at once: what waiting for them costs, and that none is lost or paid twice when the gateway is killed.

What was accepted, and how often clips were asked for, is told by the emulator, which is another process and was not killed.
"""

import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
import trio

from tests.doubles.processes import until
from tests.e2e.site import Gateway, Site, open_site, wish

pytestmark = pytest.mark.alone

CLIPS = 500
FEW = 40
ACCOUNTS = 8
BATCH = 20
POLL_SECONDS = 0.5
# Sampled for so long; far more looks at the clips than it takes to see a trend.
WATCH_SECONDS = 8.0
FOREVER = 3600.0
# Sampling, the garbage collector and the allocator move it by some hundred kilobytes.
STEADY_BYTES = 4 * 1024 * 1024
# What one clip may take while it is under way: its job, its task, its place with the account.
CLIP_BYTES = 64 * 1024
CLIP = {"model": "veo_3_1_t2v_fast"}
MIB = 1024 * 1024


@pytest.mark.slow
async def test_five_hundred_clips_cost_little_to_wait_for_and_all_arrive_once_after_a_kill(tmp_path: Path) -> None:
    """Stands for the ten minutes that clips really take: looks come six times as often, and the clips are done when told so."""
    async with open_site(tmp_path, accounts=ACCOUNTS, options=("--server", "fast")) as site:
        site.settings |= {"FLOW2API_LOG_LEVEL": "info", "FLOW2API_FLOW_POLL_INTERVAL": str(POLL_SECONDS)}
        await site.emulator.knobs(video_queued=0.0, video_active=FOREVER, video_credits=0)
        async with site.gateway() as gateway:
            await site.add_accounts(gateway, video_concurrency=100)
            await order(site, gateway, range(FEW))
            few = await watched(site, gateway)
            await order(site, gateway, range(FEW, CLIPS))
            many = await watched(site, gateway)
            await gateway.program.kill()
        assert states(site) == {"running": CLIPS}
        assert_cheap(few, many)
        async with site.gateway() as gateway:
            assert_few_looks(await watched(site, gateway, seconds=4 * POLL_SECONDS))
            await site.emulator.knobs(video_active=0.0)
            await until(lambda: all_over(site), "all jobs are over")
            assert_all_arrived(site, await site.emulator.accepted("video"))


async def order(site: Site, gateway: Gateway, numbers: range) -> None:
    """Ask for clips in small batches; each batch of callers leaves when what it asked for is paid."""
    for start in numbers[::BATCH]:
        batch = range(start, min(start + BATCH, numbers.stop))
        async with trio.open_nursery() as nursery:
            for number in batch:
                nursery.start_soon(gateway.ask_in_vain, wish(f"clip {number}", **CLIP))
            await site.emulator.wait_called("video", batch.stop)
            nursery.cancel_scope.cancel()
    await until(lambda: all_running(site, numbers.stop), "all clips are under way")


class Cost:
    """What waiting cost in a stretch of time."""

    def __init__(self, seconds: float, looks: int, sizes: list[int], cpu_seconds: float) -> None:
        self.seconds = seconds
        self.looks = looks
        self.sizes = sizes
        self.cpu_share = cpu_seconds / seconds

    def __repr__(self) -> str:
        sizes = f"{self.sizes[0] / MIB:.1f} to {self.sizes[-1] / MIB:.1f} MiB"
        return f"{self.looks} looks in {self.seconds:.1f} s, {sizes}, {self.cpu_share:.0%} of a core"


async def watched(site: Site, gateway: Gateway, seconds: float = WATCH_SECONDS) -> Cost:
    """What the gateway needs while it does nothing but wait for clips."""
    pid = gateway.program.pid
    began, before, cpu = trio.current_time(), await site.emulator.calls("video_status"), cpu_seconds(pid)
    sizes = []
    while trio.current_time() < began + seconds:
        await trio.sleep(POLL_SECONDS)
        sizes.append(resident_bytes(pid))
    looks = await site.emulator.calls("video_status") - before
    return Cost(trio.current_time() - began, looks, sizes, cpu_seconds(pid) - cpu)


def assert_cheap(few: Cost, many: Cost) -> None:
    """Looks grow with accounts alone, and nothing grows with time."""
    print(f"{FEW} clips: {few}\n{CLIPS} clips: {many}")
    for cost in (few, many):
        assert_few_looks(cost)
        assert cost.looks >= ACCOUNTS * cost.seconds / POLL_SECONDS / 3
        assert max(cost.sizes) - cost.sizes[0] < STEADY_BYTES
    assert many.sizes[0] - few.sizes[0] < (CLIPS - FEW) * CLIP_BYTES
    assert many.cpu_share < 0.5


def assert_few_looks(cost: Cost) -> None:
    """No more than one for each account in each round, however many clips there are."""
    assert cost.looks <= ACCOUNTS * (cost.seconds / POLL_SECONDS + 1)


def assert_all_arrived(site: Site, accepted: Counter[str]) -> None:
    assert accepted == {f"clip {number}": 1 for number in range(CLIPS)}
    assert states(site) == {"succeeded": CLIPS}
    with closing(read_only(site)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM media WHERE role = 'result'")}
    files = {path.name for path in site.data.rglob("*.mp4")}
    assert len(names) == CLIPS
    assert files == names


# -- looking ------------------------------------------------------------------------------------------------------


def read_only(site: Site) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{site.data / 'flow2api.db'}?mode=ro", uri=True)


def states(site: Site) -> dict[str, int]:
    """How many stored jobs stand where."""
    with closing(read_only(site)) as db:
        return dict(db.execute("SELECT state, count(*) FROM jobs GROUP BY state"))


async def all_running(site: Site, count: int) -> bool | None:
    return states(site) == {"running": count} or None


async def all_over(site: Site) -> bool | None:
    return set(states(site)) <= {"succeeded", "failed", "cancelled"} or None


def resident_bytes(pid: int) -> int:
    """What a process holds in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """The processor time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
