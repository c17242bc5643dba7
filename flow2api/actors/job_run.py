"""The way of one live job from the queue to its end. Runs as one task; every durable step is written before the next is taken.

The paid call goes out once: `submitting` is on disk before it, and when its outcome is unknown it is never sent again. Whatever
ends the task early (a crash, a kill, a drain) leaves a row from which the job goes on.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import trio

from flow2api.actors.account_messages import Begin, Enlarge, Prepare
from flow2api.actors.dispatcher import Acquire, DispatcherMessage, Lease
from flow2api.actors.ledger import Note
from flow2api.actors.media import FetchResult, KeepResult, Library, MediaMessage
from flow2api.actors.watch import LiveJob
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Job, JobError, JobState, Made, move
from flow2api.domain.media import MediaFile
from flow2api.domain.request import RequestRecord
from flow2api.domain.verdict import AFTER_SUBMIT, BEFORE_SUBMIT, failure_for
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorError
from flow2api.kit.mailbox import Ref
from flow2api.kit.timing import Backoff
from flow2api.providers.base import Begun, Order, Picture, Prepared
from flow2api.store import jobs
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.jobs")

R = TypeVar("R")

# However many accounts there are, a job is not tried on more than this many without an answer of substance.
MOVES_LIMIT = 12
STORE_TRIES = 8
LAST_WRITE_SECONDS = 5.0
DEFAULT_PAUSES = Backoff(first=0.5, factor=3, limit=20)


@dataclass(frozen=True)
class JobParts:
    """What every live job works with."""

    store: Store
    dispatcher: Ref[DispatcherMessage]
    media: Ref[MediaMessage]
    ledger: Ref[Note]
    library: Library
    exit_for: Callable[[str], str | None]
    max_submits: int
    pauses: Backoff = DEFAULT_PAUSES
    """Between tries of one job after a trouble that is not the account's alone."""
    now: Callable[[], float] = time.time


class _Ended(Exception):
    """The job's way ends here, with this failure."""

    def __init__(self, failure: Failure, originals: tuple[str, ...] = ()) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.originals = originals


class _GivenUp(Exception):
    """The caller or an operator gave the job up while that was free."""


class Interrupted(Exception):
    """The process stops; the job stays as it is on disk."""


class JobRun:
    """One job's way. `run` returns when the job is final, or raises `Interrupted`."""

    def __init__(self, live: LiveJob, parts: JobParts, draining: trio.Event) -> None:
        self._live = live
        self._parts = parts
        self._draining = draining
        self._avoid: set[str] = set()
        self._counted = 0
        self._pauses = iter(parts.pauses)

    @property
    def _job(self) -> Job:
        return self._live.job

    async def run(self) -> None:
        try:
            await self._run_from(self._job.state)
        except _GivenUp:
            await self._finish(JobState.CANCELLED, error=_cancelled())
        except _Ended as end:
            await self._finish(JobState.FAILED, error=JobError.of(end.failure, end.originals))
        except (Interrupted, StoreFault):
            raise
        except Exception:
            # A boundary like that of a request: a job that meets a bug ends alone, and does not meet it again after every
            # restart of the engine. Shielded, because the bug may have brought down what this task runs in.
            log.exception("a bug ended the job job=%s state=%s", self._job.id, self._job.state.value)
            with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
                await self._finish(JobState.FAILED, error=JobError.of(_bug(self._job)))

    async def _run_from(self, state: JobState) -> None:
        if state is JobState.SUBMITTING:
            # Found so at a restart: the call was out when the process ended, and no service of ours can be asked for it.
            raise _Ended(_outcome_unknown())
        if state is JobState.QUEUED:
            await self._generate()
        files = await self._collect()
        await self._finish(JobState.SUCCEEDED, files=files, results=tuple(file.name for file in files))

    # -- to the paid call and over it ----------------------------------------------------------------------------

    async def _generate(self) -> None:
        """Try accounts until one accepts the job; then it is `fetching`."""
        for _ in range(MOVES_LIMIT):
            with await self._acquire() as lease:
                begun = await self._try(lease)
            if begun is not None:
                await self._write(JobState.FETCHING, made=begun.made)
                return
        raise _Ended(Failure(Code.NO_ACCOUNT_AVAILABLE, "Many accounts were tried and none could take the request."))

    async def _acquire(self) -> Lease:
        self._live.show(stage="waiting")
        job = self._job
        wish = Acquire(
            job_id=job.id,
            caller=job.caller,
            generation=job.generation,
            deadline=job.queue_deadline,
            avoid=frozenset(self._avoid),
        )
        late = Failure(
            Code.QUEUE_TIMEOUT,
            "No account became free in time. Nothing was sent and nothing was spent; try again later.",
        )
        try:
            return await self._free(job.queue_deadline, late, lambda: self._parts.dispatcher.ask(wish))
        except Failure as failure:
            raise _Ended(failure) from None

    async def _try(self, lease: Lease) -> Begun | None:
        """One try on one account; None when another try may help."""
        self._show_state(JobState.STARTING, account_id=lease.account_id, account=lease.label)
        submitted = False
        try:
            prepared = await self._prepare(lease)
            await self._write(JobState.SUBMITTING, submits=self._job.submits + 1, submitted_at=self._parts.now())
            submitted = True
            self._live.show(stage="generating")
            return await self._begin(lease, prepared)
        except UpstreamFailure as failure:
            await self._weigh(failure, submitted, lease.account_id)
        except ActorError as error:
            # The account's actor crashed or was taken away.
            if submitted:
                raise _Ended(_outcome_unknown()) from error
            await self._weigh(UpstreamFailure(FailureKind.UPSTREAM_FAULT, str(error)), submitted, lease.account_id)
        return None

    async def _prepare(self, lease: Lease) -> Prepared:
        job = self._job
        pictures = await self._pictures()
        order = Order(job_id=job.id, generation=job.generation, pictures=pictures)
        late = Failure(Code.GENERATION_TIMEOUT, "Signing in and uploading took too long. Nothing was spent.")
        self._live.show(stage="uploading" if pictures else "preparing" if lease.signed_in else "signing_in")
        return await self._free(job.deadline, late, lambda: lease.account.ask(Prepare(order)))

    async def _begin(self, lease: Lease, prepared: Prepared) -> Begun:
        with trio.move_on_after(max(1.0, self._job.deadline - self._parts.now())):
            return await lease.account.ask(Begin(prepared))
        raise _Ended(
            Failure(
                Code.GENERATION_TIMEOUT,
                "The provider did not answer in time. It may still finish the work and count it, so it was not sent again.",
            )
        )

    async def _weigh(self, failure: UpstreamFailure, submitted: bool, account_id: str) -> None:
        """Go on to another try, or end."""
        verdict = (AFTER_SUBMIT if submitted else BEFORE_SUBMIT)[failure.kind]
        self._counted += verdict.counted
        self._avoid.add(account_id)
        log.info(
            "try failed job=%s account=%s kind=%s status=%s reason=%s submitted=%s",
            *(self._job.id, account_id, failure.kind.value, failure.status, failure.reason, submitted),
        )
        if not verdict.again or self._counted >= self._parts.max_submits:
            raise _Ended(failure_for(failure, verdict))
        if submitted:
            await self._write(JobState.QUEUED)
        else:
            self._show_state(JobState.QUEUED)
        if verdict.pause:
            self._live.show(stage="pausing")
            await self._free(self._job.deadline, _late(), self._pause)

    async def _pause(self) -> None:
        await trio.sleep(next(self._pauses))

    # -- results -------------------------------------------------------------------------------------------------

    async def _collect(self) -> list[MediaFile]:
        made = self._job.made
        if self._job.generation.upscale is not None:
            self._live.show(stage="upscaling")
            return await _side_by_side(self._enlarged, made)
        self._live.show(stage="saving")
        return await _side_by_side(self._fetched, made)

    async def _fetched(self, made: Made) -> MediaFile:
        if made.url is None:
            raise _Ended(Failure(Code.RESULT_LOST, "The provider gave no link to the result."))
        exit_url = self._parts.exit_for(self._job.account_id or "")
        try:
            return await self._parts.media.ask(FetchResult(self._job.id, made.url, exit_url))
        except Failure as failure:
            raise _Ended(failure) from None

    async def _enlarged(self, made: Made) -> MediaFile:
        """The enlarged picture; when it cannot be had, the job fails and offers the original, never passes it off as the other."""
        job = self._job
        try:
            data = await self._enlarge(made)
            return await self._parts.media.ask(KeepResult(job.id, data))
        except (UpstreamFailure, Failure, ActorError) as error:
            original = await self._fetched(made)
            await self._durably(lambda: self._parts.store.write(jobs.add_files, [original]))
            raise _Ended(
                Failure(
                    Code.UPSCALE_FAILED,
                    f"The picture was made, but its {job.generation.upscale} form was not delivered ({error}). "
                    f"The original is kept as {original.name}.",
                ),
                (original.name,),
            ) from None

    async def _enlarge(self, made: Made) -> bytes:
        job = self._job
        for _ in range(self._parts.max_submits - 1):
            try:
                return await self._enlarge_once(made)
            except UpstreamFailure as failure:
                verdict = BEFORE_SUBMIT[failure.kind]
                if not verdict.again or not verdict.counted:
                    raise
                log.info("enlarging failed job=%s kind=%s, trying again", job.id, failure.kind.value)
                await self._pause()
        return await self._enlarge_once(made)

    async def _enlarge_once(self, made: Made) -> bytes:
        job = self._job
        wish = Acquire(
            job_id=job.id,
            caller=job.caller,
            generation=job.generation,
            deadline=job.deadline,
            only=job.account_id,
        )
        with trio.move_on_after(max(1.0, job.deadline - self._parts.now())):
            with await self._parts.dispatcher.ask(wish) as lease:
                return await lease.account.ask(Enlarge(job.generation, made))
        raise Failure(Code.GENERATION_TIMEOUT, "the time for it ran out")

    async def _pictures(self) -> tuple[Picture, ...]:
        names = self._job.generation.inputs
        if not names:
            return ()
        try:
            return await trio.to_thread.run_sync(self._parts.library.pictures, names)
        except FileNotFoundError:
            raise _Ended(
                Failure(Code.EXPIRED, "An input picture is no longer stored. Send the request again.")
            ) from None

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _free(self, deadline: float, late: Failure, call: Callable[[], Awaitable[R]]) -> R:
        """Run a part that costs nothing: it may be given up at any time, and ends at `deadline` with `late`."""
        live = self._live
        if live.cancel_asked:
            raise _GivenUp
        if self._draining.is_set():
            raise Interrupted
        with trio.CancelScope(deadline=trio.current_time() + deadline - self._parts.now()) as scope:
            live.free_scope = scope
            try:
                return await call()
            finally:
                live.free_scope = None
        if live.cancel_asked:
            raise _GivenUp
        if self._draining.is_set():
            raise Interrupted
        raise _Ended(late)

    def _show_state(self, state: JobState, *, account: str | None = None, **changes: object) -> None:
        """A move that need not be on disk: a restart begins from the last written state anyway."""
        self._live.show(
            job=move(self._job, state, self._parts.now(), **changes), account=account, stage="", position=None
        )

    async def _write(self, state: JobState, **changes: object) -> None:
        job = move(self._job, state, self._parts.now(), **changes)
        await self._durably(lambda: self._parts.store.write(jobs.save, job))
        self._live.show(job=job, stage="", position=None)

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
                log.error("the store failed, trying again job=%s: %s", self._job.id, fault)
                await trio.sleep(pause)
                pause *= 2
        return await write()

    async def _finish(self, state: JobState, *, files: list[MediaFile] | None = None, **changes: object) -> None:
        job = move(self._job, state, self._parts.now(), **changes)
        await self._durably(lambda: self._parts.store.write(jobs.finish, job, files or []))
        self._live.show(job=job, stage="", position=None)
        self._parts.ledger.cast(Note(_record(job)))


async def _side_by_side(work: Callable[[Made], Awaitable[MediaFile]], made: Sequence[Made]) -> list[MediaFile]:
    """Do the work for each, all at a time, and wait for all: what one saves is not cut short by another's failure."""
    if len(made) == 1:
        return [await work(made[0])]
    files: dict[int, MediaFile] = {}
    ends: list[_Ended] = []

    async def one(place: int, item: Made) -> None:
        try:
            files[place] = await work(item)
        except _Ended as end:
            ends.append(end)

    async with trio.open_nursery() as nursery:
        for place, item in enumerate(made):
            nursery.start_soon(one, place, item)
    if ends:
        saved = tuple(name for end in ends for name in end.originals)
        raise _Ended(ends[0].failure, saved)
    return [files[place] for place in range(len(made))]


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


def _cancelled() -> JobError:
    return JobError(code=Code.CANCELLED, message="The job was cancelled before anything was sent. Nothing was spent.")


def _bug(job: Job) -> Failure:
    if job.state is JobState.SUBMITTING:
        return _outcome_unknown()
    return Failure(Code.INTERNAL_ERROR, "The gateway met a fault of its own; the log has the details.")


def _late() -> Failure:
    return Failure(Code.GENERATION_TIMEOUT, "The generation did not come about in time.")


def _outcome_unknown() -> Failure:
    return Failure(
        Code.OUTCOME_UNKNOWN,
        "The request was out when the gateway was stopped or the account's worker failed. It may have been accepted and "
        "counted by the provider, so it was not sent again.",
    )
