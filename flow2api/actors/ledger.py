"""The request log and the counters, written in batches: a report never makes anyone wait, and a lost one is counted.

What is lost when the process is killed is at most the last unwritten batch; jobs themselves are durable elsewhere.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import msgspec
import trio

from flow2api.domain.request import RequestRecord
from flow2api.kit.actor import Actor
from flow2api.store import requests
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

FLUSH_SECONDS = 1.0
BATCH = 200
MOST_KEPT = 10_000

log = logging.getLogger("flow2api.ledger")


class Note(msgspec.Struct, frozen=True):
    """One generation ended."""

    record: RequestRecord


class Tally:
    """Counts since the start of the process, by model and outcome; written by the ledger, read by anyone."""

    def __init__(self) -> None:
        self._ended: Counter[tuple[str, str]] = Counter()

    def add(self, record: RequestRecord) -> None:
        self._ended[record.model, record.outcome] += 1

    @property
    def ended(self) -> Mapping[tuple[str, str], int]:
        return self._ended


class Ledger(Actor[Note]):
    """Collects records and writes them after a second, or sooner when there are many."""

    mailbox_size: ClassVar[int] = 1024

    def __init__(self, store: Store, tally: Tally) -> None:
        self._store = store
        self._tally = tally
        self._batch: list[RequestRecord] = []
        self._begun = trio.Event()

    async def start(self) -> None:
        self.tasks.start_soon(self._flush_soon)

    async def handle(self, message: Note) -> object:
        self._tally.add(message.record)
        self._batch.append(message.record)
        self._begun.set()
        if len(self._batch) % BATCH == 0:
            await self._flush()
        return None

    async def drain(self) -> None:
        await self._flush()

    async def _flush_soon(self) -> None:
        while True:
            await self._begun.wait()
            await trio.sleep(FLUSH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        if not self._batch:
            return
        batch, self._batch = self._batch, []
        self._begun = trio.Event()
        try:
            await self._store.write(requests.append, batch)
        except StoreFault as fault:
            # A database that is locked or full for a while costs no records but those beyond the limit.
            log.warning("the request log could not be written, trying again: %s", fault)
            self._batch = [*batch, *self._batch][-MOST_KEPT:]
            self._begun.set()
