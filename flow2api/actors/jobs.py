"""Admits jobs durably, runs one task for each live job, resumes after a restart, and lets callers watch.

A job belongs to this actor from the moment it is admitted, not to the request that asked for it. Those who watch one outlast a life of
this actor: the next life goes on with the same `LiveJob`.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, assert_never

import msgspec
import trio

from flow2api.actors.budgets import Budgets
from flow2api.actors.job_answers import answer, draining, left_alone
from flow2api.actors.job_rules import JobRules, new_job_id
from flow2api.actors.job_run import JobRun
from flow2api.actors.job_steps import Interrupted, JobParts
from flow2api.actors.watch import LiveJob, Watch
from flow2api.actors.webhooks import new_call
from flow2api.domain.charge import Spending, charge, day_of
from flow2api.domain.events import JobMoved
from flow2api.domain.job import NO_TERMS, Generation, Idempotency, Job, JobState, Progress, Terms, born_at
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ask, Reply
from flow2api.log import request_id
from flow2api.store import charges, jobs
from flow2api.store.errors import StoreError, StoreFault

log = logging.getLogger("flow2api.jobs")

# How often a waiting caller learns its place in the line.
POSITION_SECONDS = 1.0


class Submit(Ask[Watch], frozen=True, kw_only=True):
    """Admit a generation. Answered once the row is durable, or with a `Failure`: queue_full, draining, conflict, or that the
    caller has too many under way (rate_limit_exceeded) or no budget for it (insufficient_quota).

    A known idempotency key finds the earlier job instead, finished or not. So does `job_id`: who brings one may submit again without
    having the job made twice.
    """

    job_id: str = ""
    """From `new_job_id`; without it one is made."""

    generation: Generation
    caller: str
    origin: str
    asked: str = ""
    """The name by which the model was asked for."""
    request_id: str
    idempotency: Idempotency | None = None
    digest: str = ""
    """Of the request, by which its repeat is known."""
    detached: bool = False
    terms: Terms = NO_TERMS


class Attach(Ask[Watch | None], frozen=True):
    """Watch a job that is still live; None when it is not (then the store has its end), which is waited for where its last caller
    left."""

    job_id: str


class Peek(Ask[Progress | None], frozen=True):
    """How a live job stands, and its place in the line, without becoming one of its watchers; None when it is not live."""

    job_id: str


class Survey(Ask[list[Progress]], frozen=True):
    """How the newest live jobs stand, at most so many, oldest first; none of them is watched by that."""

    limit: int


class Cancel(Ask[Job], frozen=True):
    """Give a job up, and ask the provider to stop where it can. Answers with the job as it then is, which says what was done;
    `Failure` not_found, or conflict when the paid call is out and cannot be recalled."""

    job_id: str


class Census(msgspec.Struct, frozen=True):
    """How many jobs live, by state, and the limit of the queue."""

    by_state: Mapping[str, int]
    queue_limit: int
    draining: bool


class Count(Ask[Census], frozen=True):
    """Ask for the census."""


class CountSpending(Ask[Mapping[str, Spending]], frozen=True):
    """Ask what each caller has spent and reserved."""


class WaitIdle(Ask[None], frozen=True):
    """Answered once no job lives any more: in a drain, when what was paid for is done."""


JobsMessage = Submit | Attach | Peek | Survey | Cancel | Count | CountSpending | WaitIdle


class Line(Protocol):
    """The dispatcher's waiting line, to be read only."""

    def __len__(self) -> int: ...

    def position(self, item_id: str) -> int | None: ...

    def positions(self) -> dict[str, int]: ...


class Jobs(Actor[JobsMessage]):
    """Owner of all live jobs."""

    mailbox_size: ClassVar[int] = 256
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreFault)

    def __init__(
        self,
        parts: JobParts,
        rules: JobRules,
        line: Line,
        live: dict[str, LiveJob],
        bus: EventBus,
        draining: trio.Event,
    ) -> None:
        """`live` holds what the life before had under way, empty for the first one; it is this life's from then on."""
        self._parts = parts
        self._rules = rules
        self._line = line
        self._bus = bus
        self._draining = draining
        self._live = live
        self._by_key: dict[tuple[str, str], LiveJob] = {}
        self._budgets = Budgets(rules.limits, parts.now)
        self._all_ended = trio.Event()
        self._someone_lives = trio.Event()
        self._stopping = trio.Event()

    async def start(self) -> None:
        store = self._parts.store
        self._budgets.load(await store.read(charges.spent, day_of(self._parts.now())))
        self._resume(await store.read(jobs.unfinished))
        for live in list(self._live.values()):
            self.tasks.start_soon(self._run, live, name=f"job {live.job.id}")
            # Tasks that are begun in one step run in any order, and the first to ask gets the first slot.
            await trio.lowlevel.checkpoint()
        self.tasks.start_soon(self._show_positions)
        self.tasks.start_soon(self._stop_waiting_at_drain)

    def _resume(self, unfinished: Sequence[Job]) -> None:
        """Go on with what is stored. In one step, so that no watcher falls between two lives."""
        before = dict(self._live)
        self._live.clear()
        for job in unfinished:
            if job.id in before or self._rules.take_up:
                live = self._enter(job, before.pop(job.id, None))
                self._budgets.resume(job)
                live.resume(job)
        for lost in before.values():  # cut off before it was stored, or its row is gone
            lost.refuse(left_alone(lost.job))
            lost.end(left_alone(lost.job))
        if self._live:
            log.info("resumed jobs=%d", len(self._live))

    async def handle(self, message: JobsMessage) -> object:
        match message:
            case Submit():
                self._submit(message, self.later())
            case Attach():
                live = self._live.get(message.job_id)
                if live is None or not live.left:
                    return None if live is None else Watch(live)
                self.answer_in_task(live.wait_ended)
            case Peek():
                return self._peek(message.job_id)
            case Survey():
                return [live.progress for live in list(self._live.values())[-message.limit :]]
            case Cancel():
                self.answer_in_task(self._cancel, message.job_id)
            case Count():
                return self._census()
            case CountSpending():
                return self._budgets.spent()
            case WaitIdle():
                self.answer_in_task(self._wait_idle)
            case _:
                assert_never(message)
        return None

    def _peek(self, job_id: str) -> Progress | None:
        live = self._live.get(job_id)
        if live is None or live.job.state is not JobState.QUEUED:
            return None if live is None else live.progress
        # One that was admitted a moment ago is on its way to the end of the line.
        place = self._line.position(job_id) or len(self._line) + 1
        return msgspec.structs.replace(live.progress, position=place)

    async def drain(self) -> None:
        """Wait for what is paid for; what was still waiting has been told by then and stays stored."""
        self._release_waiting()
        try:
            await self._wait_idle()
        finally:
            if self._live:
                self._parts.cut_short.extend(self._live)
                orphans = " ".join(f"{job_id}@{live.job.account_id}" for job_id, live in self._live.items())
                log.warning("cut short jobs=%d %s", len(self._live), orphans)
                for live in self._live.values():
                    live.end(left_alone(live.job))

    async def _wait_idle(self) -> None:
        while self._live:
            await self._all_ended.wait()

    # -- admission -----------------------------------------------------------------------------------------------

    def _submit(self, message: Submit, reply: Reply[Watch]) -> None:
        known = self._live.get(message.job_id)
        if known is None and message.idempotency:
            known = self._by_key.get((message.caller, message.idempotency.key))
        if known and known.left:
            self.tasks.start_soon(self._submit_after, known, message, reply)
            return
        if known:
            self.tasks.start_soon(answer, known, message.idempotency, reply)
            return
        refusal = self._refusal() or self._budgets.refusal(message.caller, message.generation)
        if refusal is not None:
            reply.fail(refusal)
            return
        job = self._new_job(message)
        self._budgets.admit(job)
        live = self._enter(job)
        self.tasks.start_soon(self._admit, live, message, reply, name=f"job {live.job.id}")

    async def _submit_after(self, gone: LiveJob, message: Submit, reply: Reply[Watch]) -> None:
        """Admit it once the job of the same key, which was given up since its caller left, is over."""
        await trio.lowlevel.checkpoint()
        await gone.wait_ended()
        self._submit(message, reply)

    def _refusal(self) -> Failure | None:
        if self._draining.is_set() or self._stopping.is_set():
            return draining()
        limit = self._rules.jobs.queue_limit
        if len(self._live) >= limit and self._waiting() >= limit:
            return Failure(
                Code.QUEUE_FULL,
                f"The queue is full ({limit} generations wait). Try again in a while.",
                retry_after_seconds=10.0,
            )
        return None

    def _waiting(self) -> int:
        return sum(live.progress.job.state is JobState.QUEUED for live in self._live.values())

    def _new_job(self, message: Submit) -> Job:
        now, terms = self._parts.now(), message.terms
        job_id = message.job_id or new_job_id(now)
        queue_deadline, deadline = self._rules.deadlines(message.generation, terms, now)
        return Job(
            id=job_id,
            state=JobState.QUEUED,
            generation=message.generation,
            caller=message.caller,
            origin=message.origin,
            asked=message.asked,
            request_id=message.request_id,
            # To the same millisecond as the id, so that a place in a list follows from an id alone.
            created_at=born_at(job_id) or now,
            updated_at=now,
            queue_deadline=queue_deadline,
            deadline=deadline,
            detached=message.detached,
            remix_of=terms.remix_of,
            idempotency=message.idempotency,
            digest=message.digest,
            metadata=terms.metadata,
            shown=terms.shown,
            start_by=now + terms.start_seconds if terms.start_seconds else None,
        )

    async def _admit(self, live: LiveJob, message: Submit, reply: Reply[Watch]) -> None:
        job, hook = live.job, message.terms.hook
        call = new_call(job.id, job.caller, hook.url, hook.base, job.created_at) if hook else None
        try:
            earlier = await self._parts.store.write(jobs.insert_once, job, call)
        except StoreFault as fault:
            log.error("could not admit a job: %s", fault)
            live.refuse(Failure(Code.INTERNAL_ERROR, f"The request could not be stored, so nothing was begun: {fault}"))
        else:
            live.admit(earlier)
        await answer(live, message.idempotency, reply)
        if live.ended:
            self._leave(live)
        else:
            await self._run(live)

    # -- live jobs -----------------------------------------------------------------------------------------------

    def _enter(self, job: Job, former: LiveJob | None = None) -> LiveJob:
        live = former or LiveJob(job, self._publish)
        if not self._live:
            self._all_ended = trio.Event()
        self._live[job.id] = live
        self._someone_lives.set()
        if job.idempotency is not None:
            self._by_key[job.caller, job.idempotency.key] = live
        return live

    def _leave(self, live: LiveJob) -> None:
        job = live.admitted_as
        if self._live.pop(job.id, None) is None:
            return
        self._budgets.end(job, _counted(live))
        if job.idempotency is not None:
            self._by_key.pop((job.caller, job.idempotency.key), None)
        if not self._live:
            self._all_ended.set()
            self._someone_lives = trio.Event()

    async def _run(self, live: LiveJob) -> None:
        request_id.set(live.job.request_id)
        try:
            await JobRun(live, self._parts, self._stopping).run()
            # One that met a bug while the store failed has no end yet.
            live.end(None if live.job.final else left_alone(live.job))
        except Interrupted:
            live.end(draining())
        except StoreError as fault:
            # It failed until the process stopped, or the row is gone; what is stored goes on at the next start.
            log.error("left as stored job=%s state=%s: %s", live.job.id, live.job.state.value, fault)
            live.end(left_alone(live.job))
        finally:
            # Else it was cut short with this life of the actor: the next one goes on with it, or a drain names it.
            if live.ended:
                self._leave(live)

    def _publish(self, progress: Progress) -> None:
        self._bus.publish(JobMoved(progress=progress, at=progress.job.updated_at))

    async def _cancel(self, job_id: str) -> Job:
        live = self._live.get(job_id)
        if live is None:
            job = await self._parts.store.read(jobs.get, job_id)
            if job is None:
                raise Failure(Code.NOT_FOUND, f"There is no job {job_id}.")
            return job
        if not live.give_up(paid=True):
            raise Failure(
                Code.CONFLICT,
                "The request is already with the provider, who cannot be stopped. The result will be kept.",
            )
        with Watch(live) as watch:
            return await watch.wait_final()

    async def _show_positions(self) -> None:
        """Tell of each that waits its place in the line, to its watchers and to dashboards; costs nothing while nobody lives."""
        while True:
            await self._someone_lives.wait()
            await trio.sleep(POSITION_SECONDS)
            for job_id, place in self._line.positions().items():
                live = self._live.get(job_id)
                if live is not None and live.progress.position != place:
                    live.show(position=place)

    async def _stop_waiting_at_drain(self) -> None:
        await self._draining.wait()
        self._release_waiting()

    def _release_waiting(self) -> None:
        self._stopping.set()
        for live in self._live.values():
            live.break_off()

    def _census(self) -> Census:
        by_state: dict[str, int] = {}
        for live in self._live.values():
            by_state[live.job.state] = by_state.get(live.job.state, 0) + 1
        return Census(by_state, self._rules.jobs.queue_limit, self._draining.is_set())


def _counted(live: LiveJob) -> int:
    """The credits that a job counts which lives no more: none if it was never stored, or repeated an earlier one."""
    if live.refusal is not None or live.repeats:
        return 0
    return charge(live.job)
