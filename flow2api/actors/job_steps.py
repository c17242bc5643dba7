"""What every part of a job's way does: durable moves, progress, and stretches that may be broken off.

Every durable step is written before the next is taken, so whatever ends the task early leaves a row from which the job goes on.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import trio

from flow2api.actors.dispatcher import DispatcherMessage
from flow2api.actors.ledger import Note
from flow2api.actors.library import Library
from flow2api.actors.media import MediaMessage
from flow2api.actors.watch import LiveJob
from flow2api.domain.job import Job, JobState, move
from flow2api.domain.media import MediaFile
from flow2api.domain.request import RequestRecord
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ref
from flow2api.kit.timing import Backoff
from flow2api.providers.base import Traits
from flow2api.store import jobs
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.jobs")

R = TypeVar("R")

STORE_TRIES = 8
# One source of randomness for all: seeding one for each job costs more than the job's own decisions.
DEFAULT_PAUSES = Backoff(first=0.5, factor=3, limit=20)


@dataclass(frozen=True)
class JobParts:
    """What every live job works with."""

    store: Store
    dispatcher: Ref[DispatcherMessage]
    media: Ref[MediaMessage]
    ledger: Ref[Note]
    library: Library
    max_submits: int
    services: Mapping[str, Traits]
    """What the providers are like, by name."""
    now: Callable[[], float] = time.time
    pauses: Backoff = DEFAULT_PAUSES
    """Before another try, when the trouble is not the account's alone."""
    cut_short: list[str] = field(default_factory=list)
    """Ids of the jobs that were still at work when the drain's time was over; for the exit code."""


class Ended(Exception):
    """The job's way ends here, with this failure; `originals` are stored files that exist all the same."""

    def __init__(self, failure: Failure, originals: tuple[str, ...] = ()) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.originals = originals


class GivenUp(Exception):
    """The caller or an operator gave the job up."""


class Interrupted(Exception):
    """The process stops; the job stays as it is on disk."""


class JobSteps:
    """The steps of one live job."""

    def __init__(self, live: LiveJob, parts: JobParts, stopping: trio.Event) -> None:
        self.live = live
        self.parts = parts
        self._stopping = stopping
        self._pauses: Iterator[float] = iter(parts.pauses)

    @property
    def job(self) -> Job:
        return self.live.job

    @property
    def service(self) -> Traits:
        """What the provider of the job's route is like."""
        return self.parts.services[self.job.generation.provider]

    def seconds_left(self) -> float:
        """Until the generation must be done; at least one, so that what is ready can still be taken."""
        return max(1.0, self.job.deadline - self.parts.now())

    async def pause(self) -> None:
        """A growing pause before another try."""
        await trio.sleep(next(self._pauses))

    async def breakable(
        self, deadline: float, late: Failure, call: Callable[[], Awaitable[R]], *, free: bool = True
    ) -> R:
        """Run a stretch that may be broken off at any time and ends at `deadline` with `late`.

        `free`: nothing is spent yet, so a caller who leaves breaks it off too; else only who cancels the job does.

        Raises:
            GivenUp: the job was cancelled.
            Interrupted: the process stops.
            Ended: the deadline passed.
        """
        live = self.live
        self.check_broken_off()
        with trio.CancelScope(deadline=trio.current_time() + deadline - self.parts.now()) as scope:
            live.open_to_break(scope, free=free)
            try:
                return await call()
            finally:
                live.close_to_break()
        self.check_broken_off()
        raise Ended(late)

    def check_broken_off(self) -> None:
        """Stop here if the job was given up or the process stops.

        Raises:
            GivenUp, Interrupted: so it is."""
        if self.live.cancel_asked:
            raise GivenUp
        if self._stopping.is_set():
            raise Interrupted

    def show_state(self, state: JobState, *, account: str | None = None, **changes: object) -> None:
        """A move that need not be on disk: a restart begins from the last written state anyway."""
        job = move(self.job, state, self.parts.now(), **changes)
        self.live.show(job=job, account=account, stage="", position=None, percent=None, note="")

    async def write(self, state: JobState, **changes: object) -> None:
        """A move that is on disk when this returns."""
        job = move(self.job, state, self.parts.now(), **changes)
        await self._durably(lambda: self.parts.store.write(jobs.save, job))
        self.live.show(job=job, stage="", position=None, percent=None, note="")

    async def keep(self, files: Sequence[MediaFile]) -> None:
        """Store the records of files that exist although the job will fail."""
        await self._durably(lambda: self.parts.store.write(jobs.add_files, files))

    async def finish(self, state: JobState, files: Sequence[MediaFile] = (), **changes: object) -> None:
        """The last move, together with the records of its files."""
        now = self.parts.now()
        job = move(self.job, state, now, **changes)
        await self._durably(lambda: self.parts.store.write(jobs.finish, job, files))
        self.live.show(job=job, stage="", position=None, percent=None, note="")
        log.info(
            "generation ended job=%s model=%s state=%s code=%s account=%s route=%s seconds=%.1f",
            *(job.id, job.generation.model, job.state.value, job.error.code.value if job.error else "-"),
            *(job.account_id, job.generation.route, now - job.created_at),
        )
        self.parts.ledger.cast(Note(_record(job)))

    async def _durably(self, write: Callable[[], Awaitable[None]]) -> None:
        """Write through a passing fault of the database (a lock, a full disk that is being cleared).

        Raises:
            StoreFault: it lasts; the job goes on from its last written state after a restart.
        """
        pause = 0.2
        for _ in range(STORE_TRIES - 1):
            try:
                return await write()
            except StoreFault as fault:
                log.error("the store failed, trying again job=%s: %s", self.job.id, fault)
                await trio.sleep(pause)
                pause *= 2
        return await write()


def _record(job: Job) -> RequestRecord:
    return RequestRecord(
        at=job.updated_at,
        request_id=job.request_id,
        job_id=job.id,
        caller=job.caller,
        model=job.generation.model,
        kind=job.generation.kind,
        outcome=job.error.code.value if job.error else job.state.value,
        account_id=job.account_id,
        duration_seconds=job.updated_at - job.created_at,
        detail=job.error.message if job.error else "",
    )


def outcome_unknown() -> Failure:
    """The paid call was out and nobody can say what became of it."""
    return Failure(
        Code.OUTCOME_UNKNOWN,
        "The request was out when the gateway was stopped or the account's worker failed. It may have been accepted and "
        "counted by the provider, so it was not sent again.",
    )
