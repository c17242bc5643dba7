"""The one writer: a thread of its own that commits whatever is waiting, and wakes the waiting tasks.

It promises that a verb whose caller was told of a cancellation never ran. A thread that lives as long as the store, instead of a
worker thread for each transaction, saves a hand-over each time and begins the next transaction without waiting for the Trio thread.
"""

import itertools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import outcome
import trio

from flow2api.store.base import Tally
from flow2api.store.batch import Work, commit_together, run_apart
from flow2api.store.database import Database
from flow2api.store.errors import StoreClosed


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A work and the task that waits for it; told apart by identity."""

    work: Work
    task: trio.lowlevel.Task


class Writer:
    """Commits works on its own thread, in the order in which they came. Must be made inside `trio.run`."""

    def __init__(self, db: Database, tally: Tally, finish: Callable[[], None]) -> None:
        """`finish` runs on the thread after the last transaction."""
        self._db = db
        self._tally = tally
        self._finish = finish
        self._token = trio.lowlevel.current_trio_token()
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []  # guarded by the lock, as is `_closing`
        self._closing = False
        self._ended = trio.Event()
        self._end: outcome.Outcome[None] = outcome.Value(None)
        # A daemon: should Trio itself die, an idle writer must not keep the process alive. What it had acknowledged is on disk.
        threading.Thread(target=self._thread_main, name="store-writer", daemon=True).start()

    async def write(self, work: Work) -> Any:
        """Wait until the work is committed; its result or its exception."""
        await trio.lowlevel.checkpoint_if_cancelled()
        entry = _Waiting(work, trio.lowlevel.current_task())
        with self._lock:
            if self._closing:
                raise StoreClosed("the store is closed")
            self._waiting.append(entry)
            first = len(self._waiting) == 1
        if first:
            self._bell.put(None)

        def withdraw(_: object) -> trio.lowlevel.Abort:
            with self._lock:
                if entry not in self._waiting:
                    return trio.lowlevel.Abort.FAILED
                self._waiting.remove(entry)
            self._tally.withdrawn += 1
            return trio.lowlevel.Abort.SUCCEEDED

        return await trio.lowlevel.wait_task_rescheduled(withdraw)

    def close(self) -> None:
        """Take no more works; those that wait are still committed."""
        with self._lock:
            self._closing = True
        self._bell.put(None)

    async def wait_closed(self) -> None:
        """Wait until the thread has ended; raises what ended it, if anything did."""
        await self._ended.wait()
        self._end.unwrap()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def _thread_main(self) -> None:
        end = outcome.capture(self._serve)
        self._token.run_sync_soon(self._note_end, end)

    def _serve(self) -> None:
        closing = False
        while not closing:
            self._bell.get()
            with self._lock:
                entries, self._waiting = self._waiting, []
                closing = self._closing
            for apart, group in itertools.groupby(entries, key=lambda entry: entry.work.apart):
                if apart:
                    for entry in group:
                        self._keep_up(entry)
                else:
                    self._commit(list(group))
        self._finish()

    def _commit(self, entries: list[_Waiting]) -> None:
        start = time.perf_counter()
        together: outcome.Outcome[Any] = outcome.capture(commit_together, self._db, [entry.work for entry in entries])
        seconds = time.perf_counter() - start
        # An exception here is a bug of ours; the waiting tasks must hear of it, and the thread must live on for the others.
        failed = isinstance(together, outcome.Error)
        outcomes = [together] * len(entries) if failed else together.unwrap()
        self._token.run_sync_soon(self._deliver, entries, outcomes, seconds)

    def _keep_up(self, entry: _Waiting) -> None:
        start = time.perf_counter()
        result = run_apart(self._db, entry.work)
        self._token.run_sync_soon(self._deliver, [entry], [result], time.perf_counter() - start)

    def _deliver(self, entries: list[_Waiting], outcomes: list[outcome.Outcome[Any]], seconds: float) -> None:
        failures = sum(isinstance(result, outcome.Error) for result in outcomes)
        self._tally.add_transaction(len(entries), failures, seconds)
        for entry, result in zip(entries, outcomes, strict=True):
            trio.lowlevel.reschedule(entry.task, result)

    def _note_end(self, end: outcome.Outcome[None]) -> None:
        self._end = end
        self._ended.set()
