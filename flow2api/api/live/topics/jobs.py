"""The topic `jobs`: the live generations and the newest that ended; a place in the line is a number.

Records are cut to what a list shows: prompts may be as long as books, and upstream links are long and nobody's business. A generation
is told whole once; after that only what changed is, a tenth of it, since every page is sent every step of all of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace

from flow2api.actors.jobs import Survey
from flow2api.api.live.coalesce import GONE, Mark
from flow2api.api.live.protocol import JobsState, JobStep, JobStepped
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.events import JobMoved, JobRemoved
from flow2api.domain.job import Job, JobState, Progress
from flow2api.store import jobs

MOST_LIVE = 300
NEWEST_STORED = 100
PROMPT_LENGTH = 300
MOST_KNOWN = 4
_STEP_FIELDS = tuple(name for name in JobStep.__struct_fields__ if name != "state")
_PROGRESS_FIELDS = tuple(name for name in Progress.__struct_fields__ if name != "job")


class JobsSource(Source):
    heard: ClassVar[tuple[type, ...]] = (JobMoved, JobRemoved)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[str, tuple[Progress, ...]] = {}
        """Live generations as pages may know them: as last told, and as in snapshots since, which may have been ahead of that."""

    def mark(self, event: object) -> Mark | None:
        if isinstance(event, JobRemoved):
            return None
        assert isinstance(event, JobMoved)
        progress = event.progress
        job = progress.job
        return Mark(job.id, GONE if job.final else (job.state, progress.stage, progress.account, job.submits))

    def told(self, events: list[object]) -> list[object]:
        # Only what is over is removed, so nothing is told of it after that.
        removed = [event for event in events if isinstance(event, JobRemoved)]
        moved = (event for event in events if not isinstance(event, JobRemoved))
        return [*(self._tell(event) for event in newest_of_each_state(moved)), *removed]

    def _tell(self, moved: JobMoved) -> JobMoved | JobStepped:
        progress = brief(moved.progress)
        known = self._known.pop(progress.job.id, ())
        if not progress.job.final:
            self._known[progress.job.id] = (progress,)
        return step_from(known, progress) or JobMoved(progress=progress, at=moved.at)

    async def snapshot(self) -> JobsState:
        live = await self._services.jobs.ask_again(Survey(MOST_LIVE))
        known = {progress.job.id: progress for progress in live}
        # Read after the live ones: one that ended in between is found here with its end.
        for job in await self._services.store.read(jobs.page, limit=NEWEST_STORED):
            if job.final or job.id not in known:
                known[job.id] = Progress(job=job)
        shown = {key: brief(progress) for key, progress in known.items()}
        # Of so many that not all are in it, the rest is to be told whole again.
        self._known = {key: _with(told, shown[key]) for key, told in self._known.items() if key in shown}
        newest_first = sorted(shown.values(), key=lambda one: (one.job.created_at, one.job.id), reverse=True)
        return JobsState(newest_first)


def newest_of_each_state(events: Iterable[object]) -> list[JobMoved]:
    """Each turn of each generation's state, in order, as it was at the end of that state or of the events."""
    kept: list[JobMoved] = []
    followed_by: dict[str, JobState] = {}
    for event in reversed(list(events)):
        assert isinstance(event, JobMoved)
        job = event.progress.job
        if followed_by.get(job.id) is not job.state:
            followed_by[job.id] = job.state
            kept.append(event)
    kept.reverse()
    return kept


def step_from(known: tuple[Progress, ...], new: Progress) -> JobStepped | None:
    """What makes `new` of each of `known`; None when only the whole of it does."""
    job = _changed([old.job for old in known], new.job, _STEP_FIELDS)
    if not known or any(replace(old.job, state=new.job.state, **job) != new.job for old in known):
        return None
    return JobStepped(id=new.job.id, job=JobStep(state=new.job.state, **job), **_changed(known, new, _PROGRESS_FIELDS))


def _changed(known: Sequence[object], new: object, names: Iterable[str]) -> dict[str, Any]:
    """The fields that are different from any of `known`, with their new values."""
    # Done for each step of each generation: most fields are the very same object, and loops are quicker here than expressions.
    changed: dict[str, Any] = {}
    for name in names:
        value = getattr(new, name)
        for old in known:
            before = getattr(old, name)
            if before is not value and before != value:
                changed[name] = value
                break
    return changed


def _with(known: tuple[Progress, ...], shown: Progress) -> tuple[Progress, ...]:
    """One more way in which pages may know it; none are kept of one that has too many of them, so that it is told whole."""
    if shown in known:
        return known
    return (*known, shown) if known and len(known) < MOST_KNOWN else ()


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
