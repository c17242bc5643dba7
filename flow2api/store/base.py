"""The store as the rest of the program sees it: verbs in, values out, and figures about its work.

A verb is a synchronous function whose first parameter is the database; the modules `accounts`, `jobs`, `media`, `keys`, `settings`,
`requests`, `clearing` and `upkeep` hold them. What it takes to run one (threads, transactions, files) is the implementations' affair.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import msgspec

from flow2api.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")


class StoreStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures since the store was opened."""

    writes: int = 0
    """Verbs that were committed."""
    write_failures: int = 0
    """Verbs that raised, or whose transaction could not be committed."""
    withdrawn: int = 0
    """Verbs whose caller was cancelled before they began."""
    transactions: int = 0
    largest_transaction: int = 0
    """Most verbs that ever shared a transaction."""
    waiting: int = 0
    """Verbs that wait for the writer now."""
    reads: int = 0
    write_seconds: float = 0.0
    """Time spent in write transactions, commits included."""
    slowest_write_seconds: float = 0.0


class Store(Protocol):
    """Durable state behind an asynchronous door; open one with `open_store` or `open_inline_store`."""

    async def write(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a changing verb, whole or not at all; when this returns, it is on the disk.

        An exception of the verb undoes what it did and is raised here. Cancellation is honoured while the verb still waits for its
        turn; once it has begun, its end is awaited. So `Cancelled` always means that nothing was written.

        Raises:
            StoreFault: the database failed.
            StoreConflict: a unique value is taken.
            StoreClosed: the store is closed.
        """
        ...

    async def read(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading verb on one unchanging picture of the database that holds every write that has returned."""
        ...

    async def upkeep(self, verb: Callable[Concatenate[Database, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a verb of `upkeep` that no transaction may surround, in turn with the writes; they wait for it, so keep it short.

        Cancellation and faults are those of `write`, but what the verb did before it failed stays done.
        """
        ...

    async def back_up(self, target: Path) -> int:
        """Write a copy of everything to a new file and prove it; its size in bytes. Reads and writes go on meanwhile.

        The file is there whole or not at all, and only its owner may read it. Cancelling ends the copying soon.

        Raises:
            StoreFault: the copy could not be made, or is damaged.
        """
        ...

    def statistics(self) -> StoreStatistics: ...


class Tally:
    """Counts the work of a store; touched by the Trio thread only."""

    def __init__(self) -> None:
        self.withdrawn = 0
        self.reads = 0
        self._writes = 0
        self._failures = 0
        self._transactions = 0
        self._largest = 0
        self._seconds = 0.0
        self._slowest = 0.0

    def add_transaction(self, verbs: int, failures: int, seconds: float) -> None:
        self._writes += verbs - failures
        self._failures += failures
        self._transactions += 1
        self._largest = max(self._largest, verbs)
        self._seconds += seconds
        self._slowest = max(self._slowest, seconds)

    def statistics(self, waiting: int) -> StoreStatistics:
        return StoreStatistics(
            writes=self._writes,
            write_failures=self._failures,
            withdrawn=self.withdrawn,
            transactions=self._transactions,
            largest_transaction=self._largest,
            waiting=waiting,
            reads=self.reads,
            write_seconds=self._seconds,
            slowest_write_seconds=self._slowest,
        )
