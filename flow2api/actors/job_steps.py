"""What every part of a job's way does: durable moves, progress, and stretches that may be broken off.

Every durable step is written before the next is taken, so whatever ends the task early leaves a row from which the job goes on.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import trio

from flow2api.actors.dispatcher import Adopt, DispatcherMessage, Lease
from flow2api.actors.ledger import Note
from flow2api.actors.library import Library
from flow2api.actors.media import MediaMessage
from flow2api.actors.watch import LiveJob
from flow2api.actors.webhooks import Nudge, WebhooksMessage
from flow2api.domain.job import Job, JobState, move
from flow2api.domain.media import MediaFile
from flow2api.domain.request import RequestRecord
from flow2api.domain.service import Traits
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorCrashed, ActorStopped
from flow2api.kit.mailbox import Ask, Ref
from flow2api.kit.timing import Backoff
from flow2api.store import jobs
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.jobs")

R = TypeVar("R")

# Fewer failures in a row of the database, some twenty seconds, are not worth a word to those who wait.
STORE_TRIES = 8
STORE_PAUSES = Backoff(first=0.2, factor=2, limit=30)
# An actor that crashed is back after a pause of its own; asking again costs nothing.
ACTOR_PAUSE_SECONDS = 2.0
# A job that is there at so many crashes is taken for their cause.
MOST_CRASHES = 3
LAST_WRITE_SECONDS = 5.0
# One source of randomness for all: seeding one for each job costs more than the job's own decisions.
DEFAULT_PAUSES = Backoff(first=0.5, factor=3, limit=20)


@dataclass(frozen=True)
class JobParts:
    """What every live job works with."""

    store: Store
    dispatcher: Ref[DispatcherMessage]
    media: Ref[MediaMessage]
    ledger: Ref[Note]
    webhooks: Ref[WebhooksMessage]
    library: Library
    max_submits: Callable[[], int]
    services: Mapping[str, Traits]
    """What the providers are like, by name."""
    now: Callable[[], float] = time.time
    pauses: Callable[[], Backoff] = lambda: DEFAULT_PAUSES
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
        self._pauses: Iterator[float] = iter(parts.pauses())

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

    async def ask(self, ref: Ref[Any], message: Ask[R]) -> R:
        """Ask another part for something that is free of charge; ask again if it crashes over that.

        Raises what is answered with, and `ActorCrashed` when it crashed so often that this job may be the cause.
        """
        while True:
            try:
                return await ref.ask(message)
            except ActorCrashed as crash:
                await self._note_crash(crash)
                if self.job.crashes >= MOST_CRASHES:
                    raise
            await trio.sleep(ACTOR_PAUSE_SECONDS)

    async def ask_account(self, lease: Lease, message: Ask[R]) -> R:
        """Ask the leased account for something that costs nothing; ask again when its actor goes away over that, and wait for its
        return while it rests.

        Raises what is answered with, and `ActorCrashed` as `ask` does.

        Raises:
            Ended: the account is gone for good, or does not come back in time.
            Interrupted: the process stops.
        """
        while True:
            try:
                return await lease.account.ask(message)
            except ActorCrashed as crash:
                await self._note_crash(crash)
                if self.job.crashes >= MOST_CRASHES:
                    raise
            except ActorStopped as gone:
                log.info("account away, asking again job=%s: %s", self.job.id, gone)
            await self.find_again(lease)

    async def adopt(self) -> Lease:
        """The account that works on it, or made it, whether it has a free slot or not. It is waited for while it rests after crashes.

        Raises:
            Ended: it is gone for good, or does not come back in time.
            Interrupted: the process stops.
        """
        wish = Adopt(self.job.account_id or "", self.job.generation.kind)
        while True:
            try:
                return await self.ask(self.parts.dispatcher, wish)
            except Failure as failure:
                if failure.code is not Code.NO_ACCOUNT_AVAILABLE or self.parts.now() > self.job.deadline:
                    raise Ended(failure) from None
            await self.wait_actor()

    async def find_again(self, lease: Lease) -> None:
        """After a pause: where the leased account can be asked now. Another life of all accounts has other addresses for them.

        Raises as `adopt`."""
        await self.wait_actor()
        with await self.adopt() as again:
            lease.account = again.account

    async def wait_actor(self) -> None:
        """The time that an actor takes to come back.

        Raises:
            Interrupted: the process stops."""
        with trio.move_on_after(ACTOR_PAUSE_SECONDS):
            await self._stopping.wait()
            raise Interrupted

    async def _note_crash(self, crash: ActorCrashed) -> None:
        """Count the crash where a restart of this part, which may follow from it, does not forget it. What an operator restarts by
        hand is nobody's fault."""
        log.info("asking again job=%s: %s", self.job.id, crash)
        if crash.cause is None:
            return
        job = msgspec.structs.replace(self.job, crashes=self.job.crashes + 1)
        self.live.show(job=job)
        with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
            await self._durably(lambda: self.parts.store.write(jobs.save, job))

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
        told = await self._durably(lambda: self.parts.store.write(jobs.finish, job, files))
        self.live.show(job=job, stage="", position=None, percent=None, note="")
        log.info(
            "generation ended job=%s model=%s state=%s code=%s account=%s route=%s seconds=%.1f",
            *(job.id, job.generation.model, job.state.value, job.error.code.value if job.error else "-"),
            *(job.account_id, job.generation.route, now - job.created_at),
        )
        self.parts.ledger.cast(Note(_record(job)))
        if told:
            self.parts.webhooks.cast(Nudge())

    async def _durably(self, write: Callable[[], Awaitable[R]]) -> R:
        """Write through faults of the database (a lock, a full disk), however long they last. What is known of a job by then, such
        as that a paid call was accepted, is in memory alone; those who wait are told when it takes long.

        Raises:
            StoreFault: the process stops meanwhile; the job goes on from its last written state after the next start.
        """
        for failures, pause in enumerate(STORE_PAUSES, 1):
            try:
                done = await write()
            except StoreFault as fault:
                if self._stopping.is_set():
                    raise
                log.error("the store failed, trying again job=%s: %s", self.job.id, fault)
                if failures >= STORE_TRIES:
                    self.live.stall(_store_down(self.job))
                with trio.move_on_after(pause):
                    await self._stopping.wait()
            else:
                self.live.stall(None)
                return done
        raise AssertionError("the pauses never end")


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


def _store_down(job: Job) -> Failure:
    return Failure(
        Code.INTERNAL_ERROR,
        f"The gateway's database fails. Job {job.id} goes on by itself as soon as it works again; ask for it by its id.",
    )


def outcome_unknown() -> Failure:
    """The paid call was out and nobody can say what became of it."""
    return Failure(
        Code.OUTCOME_UNKNOWN,
        "The request was out when the gateway was stopped or the account's worker failed. It may have been accepted and "
        "counted by the provider, so it was not sent again.",
    )
