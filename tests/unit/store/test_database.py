"""What a verb sees of a connection: rows, counts and faults."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from flow2api.domain.job import Job
from flow2api.store import accounts, jobs, webhooks
from flow2api.store.database import Database
from flow2api.store.errors import SealBroken, StoreConflict, StoreFault
from flow2api.store.opening import open_memory
from flow2api.store.seal import Seal
from tests.doubles.records import account, job


@pytest.fixture
def db() -> Iterator[Database]:
    db = open_memory(Seal(b"k" * 32))
    yield db
    db.close()


def plan(db: Database, sql: str, parameters: tuple[object, ...] = ()) -> str:
    return " / ".join(row[3] for row in db.rows(f"EXPLAIN QUERY PLAN {sql}", parameters))


def statements_of(db: Database, verb: object, *args: object, **kwargs: object) -> list[tuple[str, tuple[object, ...]]]:
    """The SQL that a verb sends, so that a test asks about the real text and not about a copy."""
    assert callable(verb)
    sent: list[tuple[str, tuple[object, ...]]] = []
    with db.tables.tracer(lambda sql, parameters: sent.append((sql, tuple(parameters or ())))):
        verb(db, *args, **kwargs)
    return sent


def test_a_bug_in_a_statement_is_not_dressed_up_as_a_fault(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        db.execute("DELETE FROM nowhere")


def test_a_taken_value_is_a_conflict_that_shows_no_value(db: Database) -> None:
    jobs.insert(db, job("marker"))
    with pytest.raises(StoreConflict, match=r"jobs\.id") as caught:
        jobs.insert(db, job("marker"))
    assert "marker" not in str(caught.value)


def test_a_row_that_refers_to_nothing_is_a_conflict(db: Database) -> None:
    with pytest.raises(StoreConflict, match="FOREIGN KEY"):
        db.execute("INSERT INTO vaults (account_id, sealed) VALUES ('nobody', x'00')")


def test_a_record_changed_by_hand_is_a_fault_with_its_name(db: Database) -> None:
    jobs.insert(db, job())
    db.execute("UPDATE jobs SET body = '{}'")
    with pytest.raises(StoreFault, match="A stored Job cannot be read"):
        jobs.get(db, "j1")


@pytest.mark.parametrize("listed", [jobs.unfinished, jobs.page])
def test_a_damaged_record_costs_a_list_no_other_and_is_told_once(
    listed: Callable[[Database], list[Job]], db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    spoilt = f"spoilt-{listed.__name__}"
    jobs.insert(db, job(spoilt))
    jobs.insert(db, job("good"))
    db.execute("UPDATE jobs SET body = json_set(body, '$.n', 'many', '$.created_at', 'then') WHERE id = ?", (spoilt,))
    for _ in range(2):
        assert [one.id for one in listed(db)] == ["good"]
    assert [record.getMessage().startswith(f"left out id={spoilt}: ") for record in caplog.records] == [True]


def test_a_vault_that_was_moved_to_another_account_does_not_open(db: Database) -> None:
    accounts.insert(db, account("a1"), b"one")
    accounts.insert(db, account("a2"), b"two")
    db.execute("UPDATE vaults SET sealed = (SELECT sealed FROM vaults WHERE account_id = 'a1')")
    assert accounts.get(db, "a1")[1] == b"one"
    with pytest.raises(SealBroken, match="account:a2"):
        accounts.get(db, "a2")


def test_the_questions_that_are_asked_often_have_their_index(db: Database) -> None:
    jobs.insert(db, job(key="key"))
    asked = {
        "jobs_unfinished": statements_of(db, jobs.unfinished),
        "jobs_by_idempotency": statements_of(db, jobs.by_idempotency, "k1", "key"),
        "jobs_by_digest": statements_of(db, jobs.by_digest, "k1", "digest", 50.0),
        "webhooks_by_job": statements_of(db, webhooks.of_job, "j1"),
        "webhooks_by_time": statements_of(db, webhooks.page, after=None)[-1:],
        "jobs_by_caller": statements_of(db, jobs.page, caller="k1", after="j1")[-1:],
        "jobs_by_time": statements_of(db, jobs.page, after="j1")[-1:] + statements_of(db, jobs.prune, 50.0, 10)[:1],
    }
    for index, statements in asked.items():
        assert statements
        for sql, parameters in statements:
            assert index in plan(db, sql, parameters), sql
            # The few deliveries of one job may be sorted.
            assert index == "webhooks_by_job" or "TEMP B-TREE" not in plan(db, sql, parameters), sql
    due = statements_of(db, webhooks.due, 100.0, 2, 8) + statements_of(db, webhooks.next_after, 100.0)
    assert all("webhooks_due" in plan(db, sql, parameters) for sql, parameters in due)
