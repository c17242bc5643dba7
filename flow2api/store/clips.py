"""Verbs for clips as their callers list them: jobs together with the record of the file that they made. Only ever one caller's."""

from collections.abc import Sequence
from typing import NamedTuple

from flow2api.domain.job import Job
from flow2api.domain.media import MediaFile
from flow2api.store import jobs, media
from flow2api.store.bodies import Body
from flow2api.store.database import Database

_BODY = Body(Job)


class StoredClip(NamedTuple):
    """A job that makes a clip."""

    job: Job
    file: MediaFile | None
    """Its first clip, None as long as there is none and when it is no longer kept."""


class Place(NamedTuple):
    """A place in the list. It may be that of a job that is stored no more."""

    created_at: float
    job_id: str


def find(db: Database, caller: str, job_id: str) -> StoredClip | None:
    """The clip of a job; None when there is none, or it is another caller's."""
    job = jobs.get(db, job_id)
    return _stored(db, job) if job and job.caller == caller and job.generation.kind == "video" else None


def page(db: Database, caller: str, after: Place | None, limit: int, *, ascending: bool = False) -> list[StoredClip]:
    """Clips in the order of their making, newest first unless `ascending`, from behind a place."""
    way, beyond = ("ASC", ">") if ascending else ("DESC", "<")
    begin = f"AND (created_at, id) {beyond} (?, ?)" if after else ""
    values: Sequence[object] = (caller, *(after or ()), limit)
    where = f"WHERE caller = ? AND kind = 'video' {begin} ORDER BY created_at {way}, id {way} LIMIT ?"
    return [_stored(db, _BODY.record(body)) for (body,) in db.rows(f"SELECT body FROM jobs {where}", values)]


def of_size(db: Database, caller: str, size_bytes: int) -> list[str]:
    """The names of the caller's clips that have so many bytes."""
    sql = (
        "SELECT media.name FROM media JOIN jobs ON jobs.id = media.job_id "
        "WHERE jobs.caller = ? AND media.mime = 'video/mp4' AND media.size_bytes = ? ORDER BY media.created_at, media.name"
    )
    return [name for (name,) in db.rows(sql, (caller, size_bytes))]


def _stored(db: Database, job: Job) -> StoredClip:
    return StoredClip(job, media.get(db, job.results[0]) if job.results else None)
