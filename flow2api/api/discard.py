"""Forgetting a job that is over, with its files, and telling whoever looks on. Who may do so is for the routes to say."""

import time

from flow2api.actors.media import Discard
from flow2api.api.services import Services
from flow2api.domain.events import JobRemoved


async def discard(services: Services, job_id: str) -> None:
    """Remove it.

    Raises:
        Failure: `not_found`, or `conflict` when it is not over."""
    await services.media.ask(Discard(job_id))
    services.bus.publish(JobRemoved(job_id=job_id, at=time.time()))
