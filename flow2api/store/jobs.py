"""Verbs for jobs: the record as JSON beside the columns that are searched.

Every verb is one small transaction step; the moves a job may make are the domain's affair, not checked here.
"""

from collections.abc import Collection, Sequence

from flow2api.domain.charge import charge, day_of
from flow2api.domain.job import Job, JobState
from flow2api.domain.media import MediaFile
from flow2api.store import charges, media, webhooks
from flow2api.store.bodies import Body
from flow2api.store.database import Database
from flow2api.store.errors import RowMissing
from flow2api.store.paging import Cut, Filter, Holds, Order, page_of

_BODY = Body(Job)
_ORDER = Order(table="jobs", time="created_at", key="id")
_COLUMNS = (
    "id, state, caller, model, kind, account_id, created_at, updated_at, finished_at, "
    "idempotency_key, charge, digest, body"
)
_INSERT = f"INSERT INTO jobs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SAVE = "UPDATE jobs SET state = ?, account_id = ?, updated_at = ?, finished_at = ?, charge = ?, body = ? WHERE id = ?"
# Word for word the condition of the partial index `jobs_unfinished`, else the index is not used.
_UNFINISHED = "state NOT IN ('succeeded', 'failed', 'cancelled')"
# The line breaks keep words of one from being found across two.
_SEARCHED = " || char(10) || ".join(
    (
        "id",
        *(
            f"coalesce(json_extract(body, '$.{name}'), '')"
            for name in ("request_id", "generation.prompt", "error.message")
        ),
    )
)


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
            job.digest or None,
            _BODY.text(job),
        ),
    )


def insert_once(db: Database, job: Job, call: webhooks.Call | None = None) -> Job | None:
    """Add a job unless its caller used the idempotency key before, or it is there: then the earlier job, and nothing is added.

    `call` is added with it: who is to be told of its end."""
    earlier = by_idempotency(db, job.caller, job.idempotency.key) if job.idempotency else None
    earlier = earlier or get(db, job.id)
    if earlier is None:
        insert(db, job)
        if call is not None:
            webhooks.insert(db, *call)
    return earlier


def save(db: Database, job: Job) -> None:
    """Replace a job.

    Raises:
        RowMissing: it was never inserted, or was pruned.
    """
    values = (job.state.value, job.account_id, job.updated_at, job.finished_at, charge(job), _BODY.text(job), job.id)
    if not db.execute(_SAVE, values):
        raise RowMissing(f"there is no job {job.id}")


def finish(db: Database, job: Job, files: Sequence[MediaFile]) -> bool:
    """Save a job's end together with the records of its files and the order to tell who wants to know: all are there or none. One
    that was cancelled and bears no idempotency key any more frees the key that it had.

    Whether somebody is to be told."""
    save(db, job)
    if job.idempotency is None and job.state is JobState.CANCELLED:
        db.execute("UPDATE jobs SET idempotency_key = NULL WHERE id = ?", (job.id,))
    add_files(db, files)
    return webhooks.make_due(db, job.id, job.updated_at)


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


def by_digest(db: Database, caller: str, digest: str, since: float) -> Job | None:
    """The newest job that `caller` asked for since then with a request of this digest."""
    return _one(
        db, "caller = ? AND digest = ? AND created_at >= ? ORDER BY created_at DESC, id DESC", (caller, digest, since)
    )


def unfinished(db: Database) -> list[Job]:
    """Every job that is not in a final state, oldest first."""
    rows = db.rows(f"SELECT body FROM jobs WHERE {_UNFINISHED} ORDER BY created_at, id")
    return _BODY.records(body for (body,) in rows)


def page(
    db: Database,
    *,
    caller: str | None = None,
    state: JobState | Collection[JobState] | None = None,
    model: str | None = None,
    kind: str | None = None,
    account_id: str | None = None,
    search: str | None = None,
    after: str | None = None,
    limit: int = 50,
    ascending: bool = False,
) -> list[Job]:
    """Jobs in the order of (created_at, id), newest first unless `ascending`; an empty list when job `after` is not known.

    With several states those in one of them. `search` are words of the prompt or of what went wrong, or a part of
    the id of the job or its request; looking for them reads every job on the way."""
    states = None if state is None else [state.value] if isinstance(state, JobState) else sorted(state)
    filters: dict[str, Filter] = {"caller": caller, "state": states, "model": model, "kind": kind}
    filters |= {"account_id": account_id}
    if search:
        # Looking at the text of the record first spares taking apart most of them, which is most of the work.
        filters |= {"body": Holds(search)} if _stands_as_it_is(search) else {}
        filters |= {_SEARCHED: Holds(search)}
    cut = Cut(after=after, limit=limit, ascending=ascending)
    return _BODY.records(body for (body,) in page_of(db, "body", _ORDER, filters, cut))


def prune(db: Database, before: float, limit: int) -> int:
    """Remove jobs that ended before that time, oldest first and at most so many; how many there were."""
    # No job ends before it is made: the first condition changes nothing but lets an index bound the search.
    chosen = "SELECT id FROM jobs WHERE created_at < ? AND finished_at < ? ORDER BY created_at, id LIMIT ?"
    charges.keep(db, chosen, (before, before, limit))
    charges.fold(db, day_of(before))
    # What a receiver is told is made from the job, so nothing is left to deliver.
    db.execute(f"DELETE FROM webhooks WHERE job_id IN ({chosen})", (before, before, limit))
    return db.execute(f"DELETE FROM jobs WHERE id IN ({chosen})", (before, before, limit))


def delete(db: Database, job_id: str) -> None:
    """Remove a job, if it is there."""
    charges.keep(db, "?", (job_id,))
    db.execute("DELETE FROM webhooks WHERE job_id = ?", (job_id,))
    db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))


def _stands_as_it_is(words: str) -> bool:
    """Whether the words are written in JSON as they are."""
    return not any(letter in '"\\' or letter < " " for letter in words)


def _one(db: Database, condition: str, values: Sequence[object]) -> Job | None:
    row = db.row(f"SELECT body FROM jobs WHERE {condition}", values)
    return None if row is None else _BODY.record(row[0])
