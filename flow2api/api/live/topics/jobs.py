"""The topic `jobs`: the live generations and the newest that ended; a place in the line is a number.

Records are cut to what a list shows: prompts may be as long as books, and upstream links are long and nobody's business.
"""

from collections.abc import Iterable
from typing import ClassVar

from msgspec.structs import replace

from flow2api.actors.jobs import Survey
from flow2api.api.live.coalesce import GONE, Mark
from flow2api.api.live.protocol import JobsState
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.events import JobMoved
from flow2api.domain.job import Job, Progress
from flow2api.store import jobs

MOST_LIVE = 300
NEWEST_STORED = 100
PROMPT_LENGTH = 300


class JobsSource(Source):
    heard: ClassVar[tuple[type, ...]] = (JobMoved,)

    def __init__(self, services: Services) -> None:
        self._services = services

    def shown(self, event: object) -> Iterable[object]:
        assert isinstance(event, JobMoved)
        return (JobMoved(progress=brief(event.progress), at=event.at),)

    def mark(self, event: object) -> Mark | None:
        assert isinstance(event, JobMoved)
        progress = event.progress
        job = progress.job
        return Mark(job.id, GONE if job.final else (job.state, progress.stage, progress.account, job.submits))

    async def snapshot(self) -> JobsState:
        live = await self._services.jobs.ask(Survey(MOST_LIVE))
        known = {progress.job.id: progress for progress in live}
        # Read after the live ones: one that ended in between is found here with its end.
        for job in await self._services.store.read(jobs.page, limit=NEWEST_STORED):
            if job.final or job.id not in known:
                known[job.id] = Progress(job=job)
        newest_first = sorted(known.values(), key=lambda one: (one.job.created_at, one.job.id), reverse=True)
        return JobsState([brief(progress) for progress in newest_first])


def brief(progress: Progress) -> Progress:
    """The progress as a list shows it."""
    return replace(progress, job=_brief_job(progress.job))


def _brief_job(job: Job) -> Job:
    generation = job.generation
    prompt = generation.prompt
    if len(prompt) > PROMPT_LENGTH:
        prompt = prompt[:PROMPT_LENGTH] + "…"
    shown = replace(generation, prompt=prompt, source=None, tier_models={}, tier_credits={}, options={}, ways=())
    return replace(job, generation=shown, made=(), originals=(), idempotency=None, metadata={})
