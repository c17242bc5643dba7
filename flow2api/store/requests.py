"""Verbs for the request log: one record for each generation that ended, known by the id of its job."""

from collections.abc import Sequence

from flow2api.domain.request import RequestRecord
from flow2api.store import usage
from flow2api.store.database import Database, Row
from flow2api.store.paging import Cut, Order, page_of

_ORDER = Order(table="requests", time="at", key="job_id")
_COLUMNS = "job_id, at, request_id, caller, model, kind, outcome, account_id, duration_seconds, detail"
_INSERT = f"INSERT INTO requests ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job_id) DO NOTHING"


def append(db: Database, records: Sequence[RequestRecord]) -> None:
    """Add and count records; one whose job is in the log already is left out, so a batch may be repeated."""
    usage.add(db, [record for record in records if db.execute(_INSERT, _values(record))])


def page(
    db: Database,
    *,
    caller: str | None = None,
    model: str | None = None,
    outcome: str | None = None,
    account_id: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[RequestRecord]:
    """Records, newest first; with `after` (a job id) those that follow it, none when it is not known."""
    filters = {"caller": caller, "model": model, "outcome": outcome, "account_id": account_id}
    rows = page_of(db, _COLUMNS, _ORDER, filters, Cut(after=after, limit=limit))
    return [_record(row) for row in rows]


def prune(db: Database, before: float, limit: int) -> int:
    """Remove records from before that time, oldest first and at most so many; how many there were."""
    usage.prune(db, before)
    chosen = "SELECT job_id FROM requests WHERE at < ? ORDER BY at, job_id LIMIT ?"
    return db.execute(f"DELETE FROM requests WHERE job_id IN ({chosen})", (before, limit))


def _values(record: RequestRecord) -> tuple[object, ...]:
    return (
        record.job_id,
        record.at,
        record.request_id,
        record.caller,
        record.model,
        record.kind,
        record.outcome,
        record.account_id,
        record.duration_seconds,
        record.detail,
    )


def _record(row: Row) -> RequestRecord:
    job_id, at, request_id, caller, model, kind, outcome, account_id, duration_seconds, detail = row
    return RequestRecord(
        at=at,
        request_id=request_id,
        job_id=job_id,
        caller=caller,
        model=model,
        kind=kind,
        outcome=outcome,
        account_id=account_id,
        duration_seconds=duration_seconds,
        detail=detail,
    )
