"""Group commit: a failing verb fails alone, a failing transaction fails for all."""

from collections.abc import Iterator

import outcome
import pytest

from flow2api.store import settings
from flow2api.store.batch import Work, commit_together, read_together
from flow2api.store.database import Database
from flow2api.store.errors import StoreConflict, StoreFault
from flow2api.store.opening import open_memory
from flow2api.store.seal import Seal


@pytest.fixture
def db() -> Iterator[Database]:
    db = open_memory(Seal(b"k" * 32))
    yield db
    db.close()


def put(name: str) -> Work:
    return Work(settings.put, (name, 1), {})


def call(verb: object) -> Work:
    assert callable(verb)
    return Work(verb, (), {})


def fault_of(result: outcome.Outcome[object]) -> BaseException:
    assert isinstance(result, outcome.Error)
    return result.error


def test_each_verb_gets_its_own_outcome_in_order(db: Database) -> None:
    def fail(db: Database) -> None:
        settings.put(db, "undone", 1)
        raise LookupError

    first, second, third = commit_together(db, [put("a"), call(fail), call(lambda db: 7)])
    assert (first, third) == (outcome.Value(None), outcome.Value(7))
    assert isinstance(fault_of(second), LookupError)
    assert set(settings.all_settings(db)) == {"a"}
    assert not db.in_transaction


def test_a_lone_failing_verb_leaves_no_trace_and_no_transaction(db: Database) -> None:
    def fail(db: Database) -> None:
        settings.put(db, "undone", 1)
        raise LookupError

    (result,) = commit_together(db, [call(fail)])
    assert isinstance(fault_of(result), LookupError)
    assert (db.in_transaction, settings.all_settings(db)) == (False, {})


def test_a_verb_sees_what_an_earlier_one_of_the_same_transaction_did(db: Database) -> None:
    _, seen = commit_together(db, [put("a"), call(settings.all_settings)])
    assert seen == outcome.Value({"a": 1})


def test_when_the_transaction_is_lost_every_verb_of_it_is_told(db: Database) -> None:
    results = commit_together(db, [put("before"), call(lambda db: db.execute("ROLLBACK")), put("after")])
    assert [str(fault_of(result)) for result in results] == [
        "The database gave up the transaction: a verb ended it"
    ] * 3
    assert settings.all_settings(db) == {}


def test_waiting_tasks_never_share_one_exception(db: Database) -> None:
    first, second = commit_together(db, [call(lambda db: db.execute("ROLLBACK")), put("a")])
    assert fault_of(first) is not fault_of(second)


def test_a_full_disk_is_a_fault_with_advice_and_room_makes_it_good_again(db: Database) -> None:
    db.execute(f"PRAGMA max_page_count = {db.rows('PRAGMA page_count')[0][0]}")
    big = Work(settings.put, ("big", "x" * 100_000), {})
    (result,) = commit_together(db, [big])
    assert isinstance(fault_of(result), StoreFault)
    assert "full" in str(fault_of(result))
    assert "Free some space" in str(fault_of(result))
    db.execute("PRAGMA max_page_count = 10000")
    assert commit_together(db, [big]) == [outcome.Value(None)]


def test_a_transaction_left_open_by_a_fault_does_not_stop_the_next(db: Database) -> None:
    db.execute("BEGIN")
    settings.put(db, "stray", 1)
    assert commit_together(db, [put("a")]) == [outcome.Value(None)]
    assert set(settings.all_settings(db)) == {"a"}


def test_a_failing_reader_leaves_no_transaction_open(db: Database) -> None:
    with pytest.raises(StoreConflict):
        read_together(db, Work(_conflict, (), {}))
    assert not db.in_transaction


def _conflict(db: Database) -> None:
    raise StoreConflict("taken")
