"""What a job counts against the budget of its key. Pure functions of the stored job, so that no second book can drift from it.

Credits are reserved in full when a job is admitted and kept when it may have been paid for: also when that is not known, and when
the provider failed after it had accepted, since nobody tells us what it counted then. All others are given back.
"""

import msgspec

from flow2api.domain.job import Generation, Job, JobState, ways_of
from flow2api.errors import Code

DAY_SECONDS = 86_400

# How a job ends whose paid call went out and was not refused in so many words.
_PERHAPS_ACCEPTED = frozenset({Code.OUTCOME_UNKNOWN, Code.GENERATION_TIMEOUT, Code.INTERNAL_ERROR})


class Spending(msgspec.Struct, frozen=True):
    """The credits that a caller has spent or reserved."""

    today: int = 0
    """By the jobs that were admitted in the present day of UTC."""
    total: int = 0


def day_of(at: float) -> int:
    """The day of UTC, counted from 1970."""
    return int(at // DAY_SECONDS)


def reserve(generation: Generation) -> int:
    """The most that it can cost, whichever way it goes and whichever account takes it."""
    return max(max(way.credits, *way.tier_credits.values(), 0) for way in ways_of(generation))


def charge(job: Job) -> int:
    """The credits that a job counts as it stands."""
    paid = reserve(job.generation) if job.price is None else job.price
    if not job.final or job.state is JobState.SUCCEEDED or job.made:
        return paid
    perhaps = job.error is not None and job.error.code in _PERHAPS_ACCEPTED
    # Without a price no paid call is out any more: none went out, or the last one was refused.
    return paid if perhaps and job.price is not None else 0
