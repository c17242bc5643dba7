"""The way of one live job from the queue to its end. Runs as one task.

The paid call goes out once: `submitting` is on disk before it, and when its outcome is unknown it is never sent again. What ends the
task early (a crash, a kill, a drain) leaves a row from which the job goes on.
"""

import logging
from collections.abc import Sequence

import trio

from flow2api.actors.account_messages import Begin, Follow, Prepare, Stop, Upsample
from flow2api.actors.dispatcher import Acquire, Lease
from flow2api.actors.job_results import Results
from flow2api.actors.job_steps import (
    LAST_WRITE_SECONDS,
    Ended,
    GivenUp,
    Interrupted,
    JobParts,
    JobSteps,
    outcome_unknown,
)
from flow2api.actors.poller import failure_of
from flow2api.actors.watch import LiveJob
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Job, JobError, JobState, Made, price
from flow2api.domain.verdict import AFTER_SUBMIT, BEFORE_SUBMIT, failure_for
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorError, ActorStopped
from flow2api.providers.base import Begun, Check, Order, Picture, Prepared, Stage
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.jobs")

# However many accounts there are, a job is not tried on more than this many without an answer of substance.
MOVES_LIMIT = 12


class JobRun:
    """One job's way. `run` returns when the job is final, or raises `Interrupted` or `StoreFault`."""

    def __init__(self, live: LiveJob, parts: JobParts, stopping: trio.Event) -> None:
        self._steps = JobSteps(live, parts, stopping)
        self._results = Results(self._steps)
        self._live = live
        self._parts = parts
        self._avoid: set[str] = set()
        self._counted = 0

    @property
    def _job(self) -> Job:
        return self._live.job

    async def run(self) -> None:
        steps = self._steps
        try:
            await self._run_from(self._job.state)
        except GivenUp:
            # Who left may ask again with the same key, and cannot mean the job that was given up for that.
            key = None if self._live.left else self._job.idempotency
            await steps.finish(JobState.CANCELLED, error=await self._cancelled(), idempotency=key)
        except Ended as end:
            await steps.finish(JobState.FAILED, error=JobError.of(end.failure, end.originals))
        except (Interrupted, StoreFault):
            raise
        except Exception:
            # A boundary like that of a request: a job that meets a bug ends alone, and does not meet it again after every
            # restart of the engine. Shielded, because the bug may have brought down what this task runs in.
            log.exception("a bug ended the job job=%s state=%s", self._job.id, self._job.state.value)
            with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
                await steps.finish(JobState.FAILED, error=JobError.of(_bug(self._job)))

    async def _run_from(self, state: JobState) -> None:
        if state is JobState.SUBMITTING:
            # Found so at a restart: the call was out when the process ended, and no service of ours can be asked for it.
            await self._end_unknown()
        if state is JobState.QUEUED:
            await self._generate()
        elif state is JobState.RUNNING:
            with await self._steps.adopt() as lease:
                await self._until_made(lease)
        files = await self._results.collect()
        names = tuple(file.name for file in files)
        await self._steps.finish(JobState.SUCCEEDED, files, results=names, made=self._results.located())

    # -- to the paid call and over it ----------------------------------------------------------------------------

    async def _generate(self) -> None:
        """Try accounts until one has made it; then the job is `fetching`."""
        for _ in range(MOVES_LIMIT):
            with await self._acquire() as lease:
                begun = await self._try(lease)
                if begun is not None:
                    await self._accepted(lease, begun)
                    return
        raise Ended(Failure(Code.NO_ACCOUNT_AVAILABLE, "Many accounts were tried and none could take the request."))

    async def _accepted(self, lease: Lease, begun: Begun) -> None:
        lease.settle()
        if begun.finished:
            await self._steps.write(JobState.FETCHING, made=await self._results.delivered(begun))
            return
        await self._steps.write(JobState.RUNNING, made=begun.made)
        await self._until_made(lease)

    async def _acquire(self) -> Lease:
        self._live.show(stage="waiting")
        job = self._job
        source = job.generation.source
        wish = Acquire(
            job_id=job.id,
            caller=job.caller,
            generation=job.generation,
            deadline=job.queue_deadline,
            only=source.account_id if source else None,
            avoid=frozenset(self._avoid),
        )
        late = Failure(
            Code.QUEUE_TIMEOUT,
            "No account became free in time. Nothing was sent and nothing was spent; try again later.",
        )
        if job.queue_deadline == job.start_by:
            late = _not_begun()
        try:
            return await self._steps.breakable(
                job.queue_deadline, late, lambda: self._steps.ask(self._parts.dispatcher, wish)
            )
        except Failure as failure:
            raise Ended(failure) from None

    async def _try(self, lease: Lease) -> Begun | None:
        """One try on one account; None when another try may help."""
        steps = self._steps
        changes = {} if lease.generation is None else {"generation": lease.generation}
        steps.show_state(JobState.STARTING, account_id=lease.account_id, account=lease.label, **changes)
        submitted = False
        try:
            prepared = await self._prepare(lease)
            steps.check_broken_off()
            await steps.write(JobState.SUBMITTING, **self._order(lease))
            submitted = True
            self._live.show(stage="generating")
            return await self._begin(lease, prepared)
        except UpstreamFailure as failure:
            await self._weigh(failure, submitted, lease.account_id)
        except ActorError as error:
            # The account's actor crashed or was taken away.
            if submitted:
                raise Ended(outcome_unknown()) from error
            if isinstance(error, ActorStopped):
                await self._look_elsewhere(error, lease.account_id)
            else:
                await self._weigh(UpstreamFailure(FailureKind.UPSTREAM_FAULT, str(error)), submitted, lease.account_id)
        return None

    async def _look_elsewhere(self, gone: ActorStopped, account_id: str) -> None:
        """The account was taken out, rests after crashes, or all of them are being started anew: no fault of the job."""
        log.info("account away, trying elsewhere job=%s: %s", self._job.id, gone)
        self._avoid.add(account_id)
        self._steps.show_state(JobState.QUEUED)
        await self._steps.breakable(self._job.deadline, _late(), self._steps.wait_actor)

    def _order(self, lease: Lease) -> dict[str, object]:
        """What the record says of the paid call that goes out next."""
        job = self._job
        cost = price(job.generation, lease.tier)
        return {"submits": job.submits + 1, "submitted_at": self._parts.now(), "price": cost}

    async def _prepare(self, lease: Lease) -> Prepared:
        job = self._job
        pictures = await self._files(job.generation.inputs)
        mask = await self._files((job.generation.mask,) if job.generation.mask else ())
        order = Order(job_id=job.id, generation=job.generation, pictures=pictures, mask=next(iter(mask), None))
        late = Failure(Code.GENERATION_TIMEOUT, "Signing in and uploading took too long. Nothing was spent.")
        limit = job.deadline
        if job.start_by is not None and job.start_by < limit:
            limit, late = job.start_by, _not_begun()
        self._live.show(stage="uploading" if pictures else "preparing" if lease.signed_in else "signing_in")
        return await self._steps.breakable(limit, late, lambda: lease.account.ask(Prepare(order)))

    async def _files(self, names: Sequence[str]) -> tuple[Picture, ...]:
        if not names:
            return ()
        try:
            return await trio.to_thread.run_sync(self._parts.library.pictures, names)
        except FileNotFoundError:
            raise Ended(
                Failure(Code.EXPIRED, "An input picture is no longer stored. Send the request again.")
            ) from None

    async def _begin(self, lease: Lease, prepared: Prepared) -> Begun:
        with trio.move_on_after(self._steps.seconds_left()):
            return await lease.account.ask(Begin(prepared))
        raise Ended(
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
        if not verdict.again or self._counted >= self._parts.max_submits():
            raise Ended(failure_for(failure, verdict))
        if submitted:
            await self._steps.write(JobState.QUEUED, price=None)
        else:
            self._steps.show_state(JobState.QUEUED)
        if verdict.pause:
            self._live.show(stage="pausing")
            await self._steps.breakable(self._job.deadline, _late(), self._steps.pause)

    # -- while the upstream works on it --------------------------------------------------------------------------

    async def _until_made(self, lease: Lease) -> None:
        """From `running` to `fetching`: wait for the upstream, and for the second paid step where one was asked for."""
        job = self._job
        self._live.show(stage="enlarging" if job.originals else "generating", account=lease.label)
        if len(job.made) < len(job.originals):
            # Cut off between two orders, of which each is on disk: the rest was not ordered yet.
            made = await self._upsampled(lease, job.originals, job.made)
        else:
            made = await self._followed(lease)
            if job.generation.upscale is not None and not job.originals:
                made = await self._upsampled(lease, made)
        await self._steps.write(JobState.FETCHING, made=made)

    async def _followed(self, lease: Lease) -> tuple[Made, ...]:
        """What the upstream made of the handles of the job.

        Raises:
            Ended: something failed; what was made all the same is stored and named.
        """
        checks = await self._steps.breakable(
            self._job.deadline, _still_running(), lambda: self._checks(lease), free=False
        )
        failed = [check for check in checks if check.stage is not Stage.DONE]
        if not failed:
            return tuple(check.made for check in checks)
        failure = failure_for(failure_of(failed[0]), AFTER_SUBMIT[failure_of(failed[0]).kind])
        originals = self._job.originals or tuple(check.made for check in checks if check.stage is Stage.DONE)
        if not originals:
            raise Ended(failure)
        what = "The clip was made, but its enlargement failed." if self._job.originals else "Not all of it was made."
        raise await self._results.keep_originals(originals, failure, what)

    async def _checks(self, lease: Lease) -> list[Check]:
        """Ask the account until it knows; its actor may come and go meanwhile."""
        while True:
            try:
                job = self._job
                return await lease.account.ask(Follow(job.id, job.generation, job.made, _Teller(self._live, job.made)))
            except ActorError as error:
                log.info("account away, asking again job=%s: %s", self._job.id, error)
                await self._steps.find_again(lease)

    async def _upsampled(
        self, lease: Lease, originals: tuple[Made, ...], ordered: tuple[Made, ...] = ()
    ) -> tuple[Made, ...]:
        """The second paid step: as the first, it goes out once, and when it fails the first step's clips are offered."""
        steps, generation = self._steps, self._job.generation
        made = list(ordered)
        originals = tuple([await self._results.found(lease, original) for original in originals])
        for original in originals[len(ordered) :]:
            await steps.write(JobState.SUBMITTING, originals=originals, submits=self._job.submits + 1)
            self._live.show(stage="enlarging")
            try:
                with trio.fail_after(steps.seconds_left()):
                    located = await lease.account.ask(Upsample(self._job.id, generation, original))
            except (UpstreamFailure, ActorError, trio.TooSlowError) as error:
                failure = Failure(Code.UPSCALE_FAILED, f"({error}).")
                what = f"The clip was made, but its {generation.upscale} form was not delivered"
                raise await self._results.keep_originals(originals, failure, what) from None
            made.extend(located.made)
            await steps.write(JobState.RUNNING, made=tuple(made))
        return await self._followed(lease)

    async def _end_unknown(self) -> None:
        if not self._job.originals:
            raise Ended(outcome_unknown())
        failure = Failure(Code.UPSCALE_FAILED, "It is not known whether the enlargement was accepted.")
        raise await self._results.keep_originals(self._job.originals, failure, "The gateway was stopped meanwhile.")

    async def _cancelled(self) -> JobError:
        """What a cancelled job says; what is already paid for is asked to stop where that is possible."""
        if self._job.state is not JobState.RUNNING:
            return JobError(code=Code.CANCELLED, message="Cancelled before anything was sent. Nothing was spent.")
        try:
            with trio.fail_after(self._steps.seconds_left()), await self._steps.adopt() as lease:
                await self._steps.ask_account(lease, Stop(self._job.made))
        except (UpstreamFailure, ActorError, Ended, Interrupted, trio.TooSlowError) as error:
            word = (
                f"The provider could not be asked to stop ({error}); what it makes is not fetched, and may be counted."
            )
            stopped = False
        else:
            word, stopped = "The provider was asked to stop. What it had counted by then may stay counted.", True
        message = f"Cancelled while the provider worked on it. {word}"
        return JobError(code=Code.CANCELLED, message=message, stopped=stopped)


def _not_begun() -> Failure:
    return Failure(
        Code.QUEUE_TIMEOUT,
        "The generation could not be begun by the start deadline of the request. Nothing was sent and nothing was spent.",
    )


class _Teller:
    """Shows the watchers of a job how far the provider is with all that it makes."""

    def __init__(self, live: LiveJob, made: Sequence[Made]) -> None:
        self._live = live
        self._percents = dict.fromkeys((one.media_id for one in made), 0)

    def __call__(self, check: Check) -> None:
        seen = self._live.progress
        percent, note = seen.percent, check.note or seen.note
        if check.percent is not None:
            self._percents[check.made.media_id] = check.percent
            percent = sum(self._percents.values()) // len(self._percents)
        if (percent, note) != (seen.percent, seen.note):
            self._live.show(percent=percent, note=note)


def _bug(job: Job) -> Failure:
    if job.state is JobState.SUBMITTING:
        return outcome_unknown()
    return Failure(Code.INTERNAL_ERROR, "The gateway met a fault of its own; the log has the details.")


def _late() -> Failure:
    return Failure(Code.GENERATION_TIMEOUT, "The generation did not come about in time.")


def _still_running() -> Failure:
    return Failure(
        Code.GENERATION_TIMEOUT,
        "The provider was still at work when the time for it ran out. It may still finish the work and count it.",
    )
