"""What a new job is bound by: the operator's limits, its deadlines, and its id."""

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flow2api.config import JobsConfig
from flow2api.domain.job import Generation, Terms, ways_of
from flow2api.domain.key import UNLIMITED, Limits
from flow2api.domain.service import Traits


@dataclass(frozen=True)
class JobRules:
    """The operator's limits, from the settings."""

    jobs: JobsConfig
    services: Mapping[str, Traits]
    """What the providers are like, by name."""
    take_up: bool = True
    """Whether stored generations go on. Not in a gateway that a command starts for itself: it would not live to their end."""
    limits: Callable[[str], Limits] = lambda caller: UNLIMITED
    """What a caller may do now."""

    def deadlines(self, generation: Generation, terms: Terms, now: float) -> tuple[float, float]:
        """End of the waiting, end of the generation; fixed at submit. Callers can only shorten them."""
        services = [self.services[way.provider] for way in ways_of(generation)]
        allowed = max(one.image_seconds if generation.kind == "image" else one.video_seconds for one in services)
        waiting_ends = now + min(self.jobs.queue_timeout, terms.start_seconds or math.inf)
        deadline = min(waiting_ends + allowed, now + (terms.total_seconds or math.inf))
        return min(waiting_ends, deadline), deadline


def new_job_id(now: float | None = None) -> str:
    """An id that sorts by time: 48 bits of milliseconds, then 80 random bits, in hex."""
    milliseconds = int((time.time() if now is None else now) * 1000)
    return f"job_{milliseconds:012x}{os.urandom(10).hex()}"
