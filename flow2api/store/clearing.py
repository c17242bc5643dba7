"""Verbs that forget files whose time is over: a portion at a time, and never one that an unfinished job needs.

What is taken is gone from the store when the verb is committed; removing the files is up to the caller, who alone writes to their
folder. In that order a file may be left over, which `media.known` finds later; a record without its file cannot be.
"""

from collections.abc import Iterator

from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure
from flow2api.store import jobs, media
from flow2api.store.database import Database

# Rows are read in pieces of this size until enough of them may be taken.
_PIECE = 500


def take_expired(db: Database, now: float, limit: int) -> list[MediaFile]:
    """Forget at most `limit` files whose time is over."""
    needed = _Needed(db)
    found = media.expired(db, now, limit + needed.count)
    return _taken(db, [file for file in found if file not in needed][:limit])


def take_old_results(db: Database, made_before: float, limit: int) -> list[MediaFile]:
    """Forget at most `limit` results that were made before that time, oldest first."""
    needed, chosen = _Needed(db), list[MediaFile]()
    for file in _results(db):
        if file.created_at >= made_before or len(chosen) == limit:
            break
        if file not in needed:
            chosen.append(file)
    return _taken(db, chosen)


def take_results_over(db: Database, excess_bytes: int, limit: int) -> list[MediaFile]:
    """Forget at most `limit` results, oldest first, until they make up so many bytes."""
    needed, chosen, left = _Needed(db), list[MediaFile](), excess_bytes
    for file in _results(db):
        if left <= 0 or len(chosen) == limit:
            break
        if file not in needed:
            chosen.append(file)
            left -= file.size_bytes + file.companion_bytes
    return _taken(db, chosen)


def take_job(db: Database, job_id: str) -> list[MediaFile]:
    """Forget a job that is over, and all files that it made.

    Raises:
        Failure: `not_found`, or `conflict` when it is not over."""
    job = jobs.get(db, job_id)
    if job is None:
        raise Failure(Code.NOT_FOUND, "There is no such generation.")
    if not job.final:
        raise Failure(Code.CONFLICT, "The generation is not over yet.")
    jobs.delete(db, job_id)
    return _taken(db, media.of_job(db, job_id))


class _Needed:
    """The files of jobs that are not over: what they are made from and what they have made so far."""

    def __init__(self, db: Database) -> None:
        unfinished = jobs.unfinished(db)
        self._jobs = {job.id for job in unfinished}
        self._names = {
            name for job in unfinished for name in (*job.generation.inputs, job.generation.mask, *job.results)
        }
        self.count = len(self._names) + len(self._jobs)
        """About how many there are."""

    def __contains__(self, file: MediaFile) -> bool:
        return file.name in self._names or file.job_id in self._jobs


def _results(db: Database) -> Iterator[MediaFile]:
    after: MediaFile | None = None
    while piece := media.results_after(db, after, _PIECE):
        yield from piece
        after = piece[-1]


def _taken(db: Database, files: list[MediaFile]) -> list[MediaFile]:
    media.delete(db, [file.name for file in files])
    return files
