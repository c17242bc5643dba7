"""The asynchronous door to the store: opens it, runs verbs in threads, closes it.

Writes go to one writer thread with group commit, reads to a few connections beside it. Closing commits what waits, folds the log
back into the database file and gives up the lock.
"""

import contextlib
import logging
import queue
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Concatenate

import trio

from flow2api.store.backup import copy_database
from flow2api.store.base import P, Store, StoreStatistics, T, Tally
from flow2api.store.batch import Work, read_together
from flow2api.store.database import Database
from flow2api.store.errors import StoreClosed, StoreFault
from flow2api.store.inline import InlineStore
from flow2api.store.opening import Opened, open_another, open_files, open_memory
from flow2api.store.seal import Seal
from flow2api.store.writer import Writer

__all__ = ["Store", "StoreStatistics", "open_inline_store", "open_store"]

log = logging.getLogger("flow2api.store")

# Reads are short and the Trio thread needs its share of the processor: more threads would only queue for the interpreter.
READERS = 2
# Waiting writes and the last checkpoint take far less, unless the disk hangs.
CLOSE_SECONDS = 30.0


@contextlib.asynccontextmanager
async def open_store(path: Path, seal: Seal) -> AsyncIterator[Store]:
    """Open the database file at `path` for the duration of the block.

    Raises:
        StoreRefused: the database cannot be used; the message says why and what to do.
    """
    store = FileStore(await trio.to_thread.run_sync(open_files, path, seal, READERS))
    try:
        yield store
    finally:
        with trio.fail_after(CLOSE_SECONDS, shield=True):
            await store.close()


@contextlib.asynccontextmanager
async def open_inline_store(seal: Seal | None = None) -> AsyncIterator[Store]:
    """Open an empty store in memory that needs no thread and no file; for tests under a virtual clock."""
    store = InlineStore(open_memory(seal or Seal(bytes(32))))
    await trio.lowlevel.checkpoint()
    try:
        yield store
    finally:
        store.close()


class FileStore:
    """A `Store` over an open database file."""

    def __init__(self, opened: Opened) -> None:
        self._path = opened.path
        self._seal = opened.writer.seal
        self._tally = Tally()
        self._writer = Writer(opened.writer, self._tally, finish=lambda: _finish(opened))
        self._limiter = trio.CapacityLimiter(len(opened.readers))
        self._free: queue.SimpleQueue[Database] = queue.SimpleQueue()
        for reader in opened.readers:
            self._free.put(reader)
        self._closed = False

    async def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.write`."""
        value: T = await self._writer.write(Work(verb, args, kwargs))
        return value

    async def read(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.read`."""
        if self._closed:
            raise StoreClosed("the store is closed")
        value: T = await trio.to_thread.run_sync(self._read, Work(verb, args, kwargs), limiter=self._limiter)
        self._tally.reads += 1
        return value

    async def upkeep(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See `Store.upkeep`."""
        value: T = await self._writer.write(Work(verb, args, kwargs, apart=True))
        return value

    async def back_up(self, target: Path) -> int:
        """See `Store.back_up`."""
        if self._closed:
            raise StoreClosed("the store is closed")
        return await trio.to_thread.run_sync(self._copy, target)

    def statistics(self) -> StoreStatistics:
        return self._tally.statistics(waiting=self._writer.waiting)

    async def close(self) -> None:
        """Let waiting reads and writes end, then close all; taken up by nobody else than `open_store`."""
        self._closed = True
        for _ in range(int(self._limiter.total_tokens)):
            await self._limiter.acquire_on_behalf_of(object())
        self._writer.close()
        await self._writer.wait_closed()

    def _copy(self, target: Path) -> int:
        # A connection of its own: a long copy must not take one from the readers.
        with contextlib.closing(open_another(self._path, self._seal)) as db:
            return copy_database(db, target, check=trio.from_thread.check_cancelled)

    def _read(self, work: Work) -> Any:
        # Never empty: the limiter lets in as many readers as there are connections.
        db = self._free.get_nowait()
        try:
            return read_together(db, work)
        finally:
            self._free.put(db)


def _finish(opened: Opened) -> None:
    """Runs on the writer's thread, after its last transaction and with no reader at work."""
    with opened.closing:
        try:
            opened.writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except StoreFault as fault:  # all is on the disk, in the log beside the file, which the next start reads
            log.warning("the log of the database could not be folded back at the end: %s", fault)
