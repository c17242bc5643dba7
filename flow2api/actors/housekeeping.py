"""Regular work on what is stored: old records, media files, the database file and its backups.

Nothing here holds up others for long: records go in portions with pauses between them, free pages go back bit by bit, and the copying
happens beside the database's own work.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import trio

from flow2api.actors.backups import back_up
from flow2api.actors.chore import ChoreFailed
from flow2api.actors.media import MediaMessage
from flow2api.actors.media_sweep import Sweep
from flow2api.config import Config
from flow2api.kit.mailbox import Ref
from flow2api.store import debug_logs, jobs, requests, upkeep
from flow2api.store.base import Store
from flow2api.store.database import Database

MIB = 1024 * 1024
# Some milliseconds of the writer's time for each, and as much again for others.
PORTION_ROWS = 500
PORTION_PAGES = 500
PAUSE_SECONDS = 0.02
# Pages that fall free are used again, so giving them back pays only when there are many. Some are left for use.
WORTHWHILE_BYTES = 8 * MIB
WORTHWHILE_SHARE = 0.25
LEFT_SHARE = 0.05


@dataclass(frozen=True)
class Housekeeping:
    """Each public method is one piece of work, and tells in words what it did."""

    config: Config
    store: Store
    media: Ref[MediaMessage]
    backups: Path
    now: Callable[[], float]

    async def sweep_media(self) -> str:
        """Remove media files that are over their time or take too much space, and those that belong to nobody."""
        limits = self.config.media
        swept = await self.media.ask(Sweep(retention_seconds=limits.retention_seconds, max_bytes=limits.max_bytes))
        if swept.stuck:
            raise ChoreFailed(f"{swept.stuck} files could not be removed, the first: {swept.trouble}")
        told = [f"removed {swept.files} files, {_megabytes(swept.size_bytes)}"] if swept.files else []
        return "; ".join([*told, *([f"removed {swept.strays} left-over files"] if swept.strays else [])])

    async def prune_jobs(self) -> str:
        """Remove records of generations that ended long ago."""
        count = await self._prune(jobs.prune, self.config.jobs.retention_seconds)
        return f"removed {count} generations" if count else ""

    async def prune_log(self) -> str:
        """Remove old lines of the request log."""
        count = await self._prune(requests.prune, self.config.jobs.log_retention_seconds)
        return f"removed {count} lines of the request log" if count else ""

    async def prune_debug_log(self) -> str:
        """Remove old lines of the kept log, and the oldest beyond the number that is kept."""
        count = await self._prune(debug_logs.prune, self.config.log.retention_seconds)
        while gone := await self.store.write(debug_logs.cut, self.config.log.max_lines, PORTION_ROWS):
            count += gone
            await trio.sleep(PAUSE_SECONDS)
        return f"removed {count} lines of the log" if count else ""

    async def maintain_database(self) -> str:
        """Renew the planner's statistics, give free space back and cut the write-ahead log."""
        store = self.store
        await store.upkeep(upkeep.optimize)
        space = await store.read(upkeep.space)
        given_back = 0
        if space.free_bytes >= WORTHWHILE_BYTES and space.free_share >= WORTHWHILE_SHARE:
            given_back = await self._give_back(space)
        cut = await store.upkeep(upkeep.fold_log)
        told = [f"gave {_megabytes(given_back)} back" if given_back else "", "cut the log" if cut else ""]
        return "renewed statistics" + "".join(f", {words}" for words in told if words)

    async def back_up(self) -> str:
        """Make a proved copy of the database and remove the oldest ones."""
        made = await back_up(self.store, self.backups, self.config.backup.keep, self.now())
        removed = f", removed {made.removed} older" if made.removed else ""
        return f"made {made.path.name}, {_megabytes(made.size_bytes)}{removed}"

    async def _prune(self, verb: Callable[[Database, float, int], int], retention_seconds: float) -> int:
        before, total = self.now() - retention_seconds, 0
        while count := await self.store.write(verb, before, PORTION_ROWS):
            total += count
            await trio.sleep(PAUSE_SECONDS)
        return total

    async def _give_back(self, space: upkeep.Space) -> int:
        if not space.incremental:
            await self.store.upkeep(upkeep.rebuild)
            return space.free_bytes
        wanted = space.free_pages - int(space.pages * LEFT_SHARE)
        for _ in range(0, wanted, PORTION_PAGES):
            await self.store.upkeep(upkeep.give_back, PORTION_PAGES)
            await trio.sleep(PAUSE_SECONDS)
        return wanted * space.page_bytes


def _megabytes(size: int) -> str:
    return f"{size / MIB:.1f} MiB"
