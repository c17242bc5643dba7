"""Verbs for counts of ended generations over time: kept by the minute as the request log is written, so that no question about a
month reads a month of records. What is asked of the log itself here is bounded by number."""

from collections import Counter
from collections.abc import Sequence

from flow2api.domain.overview import FailureLine
from flow2api.domain.request import RequestRecord
from flow2api.domain.trends import Ended, Latency
from flow2api.store.database import Database

SLOT_SECONDS = 60
# Enough for a steady percentile of the models in use.
NEWEST = 2000
# Word for word the condition of the partial index `requests_failed`, else the index is not used.
_FAILED = "outcome NOT IN ('succeeded', 'cancelled')"
_ADD = (
    "INSERT INTO usage (slot, model, kind, outcome, count) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (slot, model, kind, outcome) DO UPDATE SET count = count + excluded.count"
)


def add(db: Database, records: Sequence[RequestRecord]) -> None:
    """Count records that are new in the log."""
    counts = Counter((_slot(record.at), record.model, record.kind, record.outcome) for record in records)
    db.execute_many(_ADD, [(*key, count) for key, count in counts.items()])


def ended(db: Database, since: float, bucket_seconds: int) -> list[Ended]:
    """What ended from `since` on, in buckets that begin at multiples of `bucket_seconds`, oldest first."""
    rows = db.rows(
        "SELECT slot / ? * ?, kind, CASE WHEN outcome IN ('succeeded', 'cancelled') THEN outcome ELSE 'failed' END AS how, "
        "sum(count) FROM usage WHERE slot >= ? GROUP BY 1, 2, 3 ORDER BY 1",
        (bucket_seconds, bucket_seconds, _slot(since)),
    )
    return [Ended(float(at), kind, how, count) for at, kind, how, count in rows]


def took(db: Database, since: float) -> list[Latency]:
    """How long the good ones among the newest generations took."""
    newest = "SELECT model, kind, outcome, duration_seconds FROM requests WHERE at >= ? ORDER BY at DESC, job_id DESC LIMIT ?"
    rows = db.rows(f"SELECT model, kind, duration_seconds FROM ({newest}) WHERE outcome = 'succeeded'", (since, NEWEST))
    return [Latency(*row) for row in rows]


def failures(db: Database, limit: int) -> list[FailureLine]:
    """The newest generations that failed."""
    rows = db.rows(
        "SELECT at, job_id, request_id, model, kind, outcome, detail, account_id FROM requests "
        f"WHERE {_FAILED} ORDER BY at DESC, job_id DESC LIMIT ?",
        (limit,),
    )
    return [
        FailureLine(
            at=at, job_id=job, request_id=request, model=model, kind=kind, code=code, detail=detail, account_id=account
        )
        for at, job, request, model, kind, code, detail, account in rows
    ]


def prune(db: Database, before: float) -> None:
    """Forget counts from before that time."""
    db.execute("DELETE FROM usage WHERE slot < ?", (_slot(before),))


def _slot(at: float) -> int:
    return int(at) // SLOT_SECONDS * SLOT_SECONDS
