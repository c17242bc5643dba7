"""Group commit: several verbs in one durable transaction, each in its own savepoint so that a failing one fails alone.

Plain synchronous code on one connection, shared by the file store's writer thread and the inline store.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import outcome

from flow2api.store.database import Database
from flow2api.store.errors import StoreError, StoreFault

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Work:
    """A verb with its arguments, waiting for a database."""

    verb: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    apart: bool = False
    """Upkeep that no transaction may surround: it shares none, and is not undone when it fails."""

    def run(self, db: Database) -> Any:
        return self.verb(db, *self.args, **self.kwargs)


def commit_together(db: Database, works: Sequence[Work]) -> list[outcome.Outcome[Any]]:
    """Run all works in one transaction and commit it; the outcome of each, in order.

    When the transaction itself fails, no work has happened and each gets the fault.
    """
    try:
        db.roll_back()  # left open only if a fault kept the last transaction from being rolled back
        db.execute("BEGIN IMMEDIATE")
        # A lone verb, the common case, needs no savepoint: the transaction is its own. That saves a tenth of its cost.
        outcomes = [_alone(db, works[0])] if len(works) == 1 else [_in_savepoint(db, work) for work in works]
        if db.in_transaction:
            db.execute("COMMIT")
    except StoreError as fault:
        db.roll_back()
        return [outcome.Error(_copy_of(fault)) for _ in works]
    return outcomes


def run_apart(db: Database, work: Work) -> outcome.Outcome[Any]:
    """Run a work of upkeep outside any transaction."""
    try:
        db.roll_back()
    except StoreError as fault:
        return outcome.Error(fault)
    result: outcome.Outcome[Any] = outcome.capture(work.run, db)
    return result


def read_together(db: Database, work: Work) -> Any:
    """Run a reading work on one unchanging picture of the database."""
    db.execute("BEGIN")
    try:
        return work.run(db)
    finally:
        db.roll_back()


def _alone(db: Database, work: Work) -> outcome.Outcome[Any]:
    result = _run(db, work)
    if isinstance(result, outcome.Error):
        db.roll_back()
    return result


def _in_savepoint(db: Database, work: Work) -> outcome.Outcome[Any]:
    db.execute("SAVEPOINT verb")
    result = _run(db, work)
    if isinstance(result, outcome.Error):
        db.execute("ROLLBACK TO verb")
    db.execute("RELEASE verb")
    return result


def _run(db: Database, work: Work) -> outcome.Outcome[Any]:
    result: outcome.Outcome[Any] = outcome.capture(work.run, db)
    if not db.in_transaction:
        # A fault such as a full disk may make SQLite roll back the whole transaction, with the works before this one.
        raise StoreFault(f"The database gave up the transaction: {getattr(result, 'error', 'a verb ended it')}")
    return result


def _copy_of(fault: StoreError) -> StoreError:
    """One instance for each waiter: raising one in several tasks would mix their tracebacks."""
    copy = type(fault)(*fault.args)
    copy.__cause__ = fault.__cause__
    return copy
