"""What sets a copy of a database apart: it is marked, so that whoever goes back to one is not charged again for what was done since.

A generation that waited when the copy was made may have been paid for and delivered afterwards; of one that ran, the provider knows
the rest.
"""

import logging
import time

from flow2api.domain.job import JobError, JobState, move
from flow2api.errors import Code
from flow2api.store import jobs
from flow2api.store.database import Database

log = logging.getLogger("flow2api.store")

_MARK = "copy"


def mark(db: Database) -> None:
    """Say in a database that it is a copy."""
    db.execute("DELETE FROM marks WHERE name = ?", (_MARK,))
    db.execute("INSERT INTO marks (name, sealed) VALUES (?, ?)", (_MARK, db.seal.close(b"", _MARK)))


def is_copy(db: Database) -> bool:
    """Whether this is a copy that was not gone back to yet. False also for what is no database of ours."""
    known = db.row("SELECT 1 FROM sqlite_master WHERE name = 'marks'")
    return known is not None and db.row("SELECT 1 FROM marks WHERE name = ?", (_MARK,)) is not None


def go_back(db: Database) -> None:
    """If this is a copy, make it the database from now on: what waited in it ends, and nothing is sent again."""
    if not is_copy(db):
        return
    now, ended = time.time(), 0
    db.execute("BEGIN IMMEDIATE")
    for job in jobs.unfinished(db):
        if job.state is JobState.QUEUED:
            jobs.finish(db, move(job, JobState.FAILED, now, error=_ERROR), [])
            ended += 1
    db.execute("DELETE FROM marks WHERE name = ?", (_MARK,))
    db.execute("COMMIT")
    log.warning("went back to a copy of the database; generations that waited in it were ended jobs=%d", ended)


_ERROR = JobError(
    code=Code.OUTCOME_UNKNOWN,
    message="The gateway went back to an earlier copy of its database, in which this generation was waiting. It may have been made "
    "since then, so it was not begun again.",
)
