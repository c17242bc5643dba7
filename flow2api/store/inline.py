"""The store in memory, run inline: no thread, no file, the same promises but for durability.

For tests under a virtual clock, which must not wait for threads; every call still passes a checkpoint.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate

import outcome
import trio

from flow2api.store.backup import copy_database
from flow2api.store.base import P, StoreStatistics, T, Tally
from flow2api.store.batch import Work, commit_together, read_together, run_apart
from flow2api.store.database import Database
from flow2api.store.errors import StoreClosed


class InlineStore:
    """A `Store` over one connection, which it uses on the Trio thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._tally = Tally()
        self._closed = False

    async def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        await self._turn()
        start = time.perf_counter()
        (result,) = commit_together(self._db, [Work(verb, args, kwargs)])
        self._tally.add_transaction(1, int(isinstance(result, outcome.Error)), time.perf_counter() - start)
        value: T = result.unwrap()
        return value

    async def read(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        await self._turn()
        self._tally.reads += 1
        self._db.execute("PRAGMA query_only = ON")
        try:
            value: T = read_together(self._db, Work(verb, args, kwargs))
        finally:
            self._db.execute("PRAGMA query_only = OFF")
        return value

    async def upkeep(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.upkeep`."""
        await self._turn()
        value: T = run_apart(self._db, Work(verb, args, kwargs, apart=True)).unwrap()
        return value

    async def back_up(self, target: Path) -> int:
        """See `Store.back_up`."""
        await self._turn()
        return copy_database(self._db, target, check=lambda: None)

    def statistics(self) -> StoreStatistics:
        return self._tally.statistics(waiting=0)

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._db.close()

    async def _turn(self) -> None:
        # Before the verb and not after it: a caller that is cancelled here knows that nothing happened.
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise StoreClosed("the store is closed")
