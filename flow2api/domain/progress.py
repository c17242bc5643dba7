"""How far a generation is, as a percentage that never falls. Most providers tell none, so it follows from the steps that are over
and, while the provider works, from the time since it was asked.

Every step that counts is on disk, so a restart does not set it back. What a provider tells besides is not, and can only bring it
forward. Pure.
"""

import math

from flow2api.domain.job import Job, JobState

# After so long a clip is usually more than half done; pictures are sooner.
_PACE_SECONDS = {"image": 10.0, "video": 60.0}
_MOST_WHILE_MADE = 90
_FETCHING = 95


def percent(job: Job, now: float) -> int:
    """From 0 for what was not accepted yet to 100 for what is over."""
    if job.final:
        return 100
    if job.state is JobState.FETCHING:
        return _FETCHING
    # Until a first call was accepted, the job may still go back into the line. A second one has the first one's results.
    accepted = job.state is JobState.RUNNING or job.originals
    if not accepted or job.submitted_at is None:
        return 0
    elapsed = max(0.0, now - job.submitted_at)
    share = 1 - math.exp(-elapsed / _PACE_SECONDS[job.generation.kind])
    return _while_made(share)


def told(percent: int) -> int:
    """What a provider tells of its own work, as a part of the whole."""
    return _while_made(min(100, max(0, percent)) / 100)


def _while_made(share: float) -> int:
    return 1 + int(share * (_MOST_WHILE_MADE - 1))
