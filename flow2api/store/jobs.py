"""Verbs for jobs: the record as JSON beside the columns that are searched.

Every verb is one small transaction step; the moves a job may make are the domain's affair, not checked here.
"""

from collections.abc import Sequence

from flow2api.domain.charge import charge
from flow2api.domain.job import Job, JobState
from flow2api.domain.media import MediaFile
from flow2api.store import charges, media
from flow2api.store.bodies import Body
from flow2api.store.database import Database
from flow2api.store.errors import RowMissing
from flow2api.store.paging import Cut, Order, page_of

_BODY = Body(Job)
_ORDER = Order(table="jobs", time="created_at", key="id")
_COLUMNS = (
    "id, state, caller, model, kind, account_id, created_at, updated_at, finished_at, idempotency_key, charge, body"
)
_INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAVE = "UPDATE jobs SET state = ?, account_id = ?, updated_at = ?, finished_at = ?, charge = ?, body = ? WHERE id = ?"
# Word for word the condition of the partial index `jobs_unfinished`, else the index is not used.
_UNFINISHED = "state NOT IN ('succeeded', 'failed', 'cancelled')"


def insert(db: Database, job: Job) -> None:
    """Add a job; `StoreConflict` when its id, or its caller's idempotency key, is taken."""
    db.execute(
        _INSERT,
        (
            job.id,
            job.state.value,
            job.caller,
            job.generation.model,
            job.generation.kind,
            job.account_id,
            job.created_at,
            job.updated_at,
            job.finished_at,
            job.idempotency.key if job.idempotency else None,
            charge(job),
            _BODY.text(job),
        ),
    )


def insert_once(db: Database, job: Job) -> Job | None:
    """Add a job unless its caller used the idempotency key before: then the earlier job, and nothing is added."""
    earlier = by_idempotency(db, job.caller, job.idempotency.key) if job.idempotency else None
    if earlier is None:
        insert(db, job)
    return earlier


def save(db: Database, job: Job) -> None:
    """Replace a job.

    Raises:
        RowMissing: it was never inserted, or was pruned.
    """
    values = (job.state.value, job.account_id, job.updated_at, job.finished_at, charge(job), _BODY.text(job), job.id)
    if not db.execute(_SAVE, values):
        raise RowMissing(f"there is no job {job.id}")


def finish(db: Database, job: Job, files: Sequence[MediaFile]) -> None:
    """Save a job's end together with the records of its files: both are there or neither."""
    save(db, job)
    add_files(db, files)


def add_files(db: Database, files: Sequence[MediaFile]) -> None:
    """Add the records of files that belong to a job."""
    for file in files:
        media.insert(db, file)


def get(db: Database, job_id: str) -> Job | None:
    """A job by its id."""
    return _one(db, "id = ?", (job_id,))


def by_idempotency(db: Database, caller: str, key: str) -> Job | None:
    """The job that `caller` asked for with the idempotency key."""
    return _one(db, "caller = ? AND idempotency_key = ?", (caller, key))


def unfinished(db: Database) -> list[Job]:
    """Every job that is not in a final state, oldest first."""
    rows = db.rows(f"SELECT body FROM jobs WHERE {_UNFINISHED} ORDER BY created_at, id")
    return [_BODY.record(body) for (body,) in rows]


def page(
    db: Database,
    *,
    caller: str | None = None,
    state: JobState | None = None,
    model: str | None = None,
    after: str | None = None,
    limit: int = 50,
    ascending: bool = False,
) -> list[Job]:
    """Jobs in the order of (created_at, id), newest first unless `ascending`; an empty list when job `after` is not known."""
    filters = {"caller": caller, "state": None if state is None else state.value, "model": model}
    cut = Cut(after=after, limit=limit, ascending=ascending)
    return [_BODY.record(body) for (body,) in page_of(db, "body", _ORDER, filters, cut)]


def prune(db: Database, before: float, limit: int) -> int:
    """Remove jobs that ended before that time, oldest first and at most so many; how many there were."""
    # No job ends before it is made: the first condition changes nothing but lets an index bound the search.
    chosen = "SELECT id FROM jobs WHERE created_at < ? AND finished_at < ? ORDER BY created_at, id LIMIT ?"
    charges.keep(db, chosen, (before, before, limit))
    return db.execute(f"DELETE FROM jobs WHERE id IN ({chosen})", (before, before, limit))


def delete(db: Database, job_id: str) -> None:
    """Remove a job, if it is there."""
    charges.keep(db, "?", (job_id,))
    db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))


def _one(db: Database, condition: str, values: Sequence[object]) -> Job | None:
    row = db.row(f"SELECT body FROM jobs WHERE {condition}", values)
    return None if row is None else _BODY.record(row[0])
