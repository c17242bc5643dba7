"""The way of a job: what is durable when, what failures lead to, what a restart finds."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.dispatcher import Acquire, Dispatcher
from flow2api.actors.jobs import Attach, Cancel, Count, Survey, WaitIdle
from flow2api.actors.media import FetchResult
from flow2api.config import JobsConfig
from flow2api.domain.account import AccountState
from flow2api.domain.events import JobMoved
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import Idempotency, Job, JobState, Terms
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.store import jobs
from flow2api.store import requests as request_log
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.store import Failing
from tests.doubles.world import FakeMedia, World, generation, open_world


async def final(world: World, **fields: object) -> Job:
    """Submit a generation and wait for its end."""
    with await world.submit(generation(**fields)) as watch:
        return await watch.wait_final()


async def test_a_generation_ends_with_its_pictures_stored_and_noted(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_world(store) as world:
            await world.add_account()
            job = await final(world, count=3)
            assert (job.state, len(job.results), job.submits, job.error) == (JobState.SUCCEEDED, 3, 1, None)
            assert await store.read(jobs.get, job.id) == job
            assert (await world.account()).counts.images == 3
        records = await store.read(request_log.page)
        assert [(record.outcome, record.job_id) for record in records] == [("succeeded", job.id)]


async def test_the_states_of_a_good_job_come_in_the_order_of_the_table(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        with world.bus.subscribe() as events:
            await final(world)
        seen: list[JobState] = []
        async for event in events:
            if isinstance(event, JobMoved) and event.progress.job.state not in seen[-1:]:
                seen.append(event.progress.job.state)
            if seen[-1:] == [JobState.SUCCEEDED]:
                break
        assert seen == ["queued", "starting", "submitting", "fetching", "succeeded"]


async def test_submitting_is_on_disk_before_the_paid_call_and_its_result_before_it_is_fetched(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate)
        with await world.submit() as watch:
            async for progress in watch:
                if progress.stage == "generating":
                    stored = await store.read(jobs.get, progress.job.id)
                    assert stored is not None
                    assert stored.state is JobState.SUBMITTING
                    gate.set()
                if progress.stage == "saving":
                    stored = await store.read(jobs.get, progress.job.id)
                    assert stored is not None
                    assert (stored.state, len(stored.made)) == (JobState.FETCHING, 1)
            assert watch.progress.job.state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "code", "submits"),
    [
        (FailureKind.CONTENT_REFUSED, Code.CONTENT_POLICY_VIOLATION, 1),
        (FailureKind.REQUEST_REJECTED, Code.UPSTREAM_REJECTED, 1),
        (FailureKind.OUTCOME_UNKNOWN, Code.OUTCOME_UNKNOWN, 1),
        (FailureKind.UNREADABLE, Code.OUTCOME_UNKNOWN, 1),
        (FailureKind.CAPTCHA_UNAVAILABLE, Code.CAPTCHA_UNAVAILABLE, 1),
        (FailureKind.UPSTREAM_FAULT, Code.UPSTREAM_ERROR, 3),
        (FailureKind.MODEL_BUSY, Code.UPSTREAM_ERROR, 3),
        (FailureKind.UNREACHABLE, Code.UPSTREAM_UNREACHABLE, 3),
        (FailureKind.CAPTCHA_REFUSED, Code.CAPTCHA_REFUSED, 3),
        (FailureKind.MEDIA_GONE, Code.UPSTREAM_REJECTED, 3),
    ],
)
async def test_a_failure_that_lasts_ends_the_job_with_its_code_after_so_many_paid_calls(
    autojump_clock: MockClock, kind: FailureKind, code: Code, submits: int
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        for name in ("ann", "bob", "cid"):
            await world.add_account(name)
        world.script.add("begin", *[upstream(kind)] * 9)
        job = await final(world)
        assert job.error is not None
        assert (job.state, job.error.code, job.submits) == (JobState.FAILED, code, submits)
        assert world.script.count("begin") == submits


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.THROTTLED,
        FailureKind.QUOTA_REACHED,
        FailureKind.MODEL_QUOTA_REACHED,
        FailureKind.MODEL_DENIED,
        FailureKind.NEEDS_LOGIN,
        FailureKind.ACCOUNT_MOVED,
        FailureKind.ACCOUNT_BLOCKED,
        FailureKind.UPSTREAM_FAULT,
        FailureKind.UNREACHABLE,
        FailureKind.CAPTCHA_REFUSED,
    ],
)
async def test_a_definite_refusal_moves_the_job_to_another_account(
    autojump_clock: MockClock, kind: FailureKind
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        world.script.add("begin", upstream(kind))
        job = await final(world)
        assert job.state is JobState.SUCCEEDED
        tried = [account_id for name, account_id in world.script.calls if name == "begin"]
        assert len(set(tried)) == 2


async def test_an_expired_access_token_is_renewed_once_and_the_call_made_again(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", upstream(FailureKind.LOGIN_EXPIRED))
        job = await final(world)
        assert job.state is JobState.SUCCEEDED
        # One to add it, one because the session is opened anew, one for the renewal.
        assert world.script.count("sign_in") == 3
        assert (await world.account()).standing.state is AccountState.ACTIVE


async def test_an_access_token_that_several_calls_find_refused_is_renewed_once_for_all(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=3)
        first = await world.submit()
        assert (await first.wait_final()).state is JobState.SUCCEEDED
        before = world.script.count("sign_in")
        await trio.sleep(10)
        world.script.add("begin", *[upstream(FailureKind.LOGIN_EXPIRED)] * 3)
        renewed = trio.Event()
        world.script.add("sign_in", renewed)
        watches = [await world.submit() for _ in range(3)]
        await trio.testing.wait_all_tasks_blocked()
        renewed.set()
        for watch in watches:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert world.script.count("sign_in") == before + 1


async def test_a_token_that_is_refused_again_after_renewal_makes_the_account_need_a_login(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", *[upstream(FailureKind.LOGIN_EXPIRED)] * 2)
        job = await final(world)
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert (await world.account()).standing.state is AccountState.NEEDS_LOGIN


async def test_without_any_account_the_caller_is_told_how_to_add_one(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        job = await final(world)
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert "account add" in job.error.message


async def test_when_all_accounts_rest_the_caller_learns_each_reason_and_the_true_wait(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        throttled = upstream(FailureKind.THROTTLED, status=429, retry_after_seconds=7200.0)
        world.script.add("begin", throttled, throttled)
        job = await final(world)
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert "ann@example.org" in job.error.message
        assert "bob@example.org" in job.error.message
        assert job.error.retry_after_seconds == pytest.approx(7200, abs=30)


async def test_a_job_waits_for_an_account_that_returns_before_its_deadline(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", upstream(FailureKind.THROTTLED, retry_after_seconds=120.0))
        started = trio.current_time()
        job = await final(world)
        assert job.state is JobState.SUCCEEDED
        assert 119 <= trio.current_time() - started <= 125


async def test_a_job_that_gets_no_slot_in_time_says_so_and_frees_its_place(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, jobs=JobsConfig(queue_timeout=30)) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        with await world.submit() as first:
            late = await final(world)
            assert late.error is not None
            assert (late.error.code, len(world.line)) == (Code.QUEUE_TIMEOUT, 0)
            gate.set()
            assert (await first.wait_final()).state is JobState.SUCCEEDED


async def test_the_queue_has_a_limit_and_names_a_wait(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, jobs=JobsConfig(queue_limit=2)) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        first = await world.submit()
        await trio.testing.wait_all_tasks_blocked()
        waiting = [await world.submit() for _ in range(2)]
        with pytest.raises(Failure) as refused:
            await world.submit()
        assert refused.value.code is Code.QUEUE_FULL
        assert refused.value.retry_after_seconds
        gate.set()
        for watch in (first, *waiting):
            assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_waiting_caller_learns_its_place(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        watches = [await world.submit() for _ in range(3)]
        await trio.sleep(5)
        assert [watch.progress.position for watch in watches] == [None, 1, 2]
        gate.set()


async def test_a_dashboard_learns_the_place_of_generations_that_no_caller_waits_for(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        for _ in range(3):
            with await world.submit(detached=True):
                pass  # whoever asked leaves at once
        await trio.sleep(5)
        assert [one.position for one in await world.jobs.ask(Survey(10))] == [None, 1, 2]
        gate.set()


async def test_the_last_caller_to_leave_before_the_paid_call_cancels_the_job(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        busy = await world.submit()
        await trio.testing.wait_all_tasks_blocked()
        with await world.submit(detached=False) as left:
            job_id = left.progress.job.id
        await trio.testing.wait_all_tasks_blocked()
        gone = await store.read(jobs.get, job_id)
        assert gone is not None
        assert (gone.state, gone.submits) == (JobState.CANCELLED, 0)
        gate.set()
        assert (await busy.wait_final()).state is JobState.SUCCEEDED


async def test_a_job_whose_caller_leaves_after_the_paid_call_runs_on(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate)
        with await world.submit(detached=False) as left:
            await trio.testing.wait_all_tasks_blocked()
            job_id = left.progress.job.id
        attached = await world.jobs.ask(Attach(job_id))
        assert attached is not None
        gate.set()
        assert (await attached.wait_final()).state is JobState.SUCCEEDED


async def test_a_cancelled_job_frees_its_slot(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        world.script.add("prepare", trio.Event())
        with await world.submit() as stuck:
            await trio.testing.wait_all_tasks_blocked()
            cancelled = await world.jobs.ask(Cancel(stuck.progress.job.id))
        assert cancelled.state is JobState.CANCELLED
        assert (await final(world)).state is JobState.SUCCEEDED
        assert (await world.views())["ann"].images_in_flight == 0


async def test_it_is_too_late_to_cancel_once_the_paid_call_is_out(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate)
        with await world.submit() as watch:
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(Failure) as refused:
                await world.jobs.ask(Cancel(watch.progress.job.id))
            assert refused.value.code is Code.CONFLICT
            gate.set()
            assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_key_used_again_finds_the_first_job_live_and_ended(autojump_clock: MockClock) -> None:
    key = Idempotency("k", "digest")
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate)
        first = await world.submit(idempotency=key)
        again = await world.submit(idempotency=key)
        assert again.progress.job.id == first.progress.job.id
        gate.set()
        job = await again.wait_final()
        later = await world.submit(idempotency=key)
        assert await later.wait_final() == job
        assert world.script.count("begin") == 1


async def test_a_job_that_was_cancelled_on_purpose_keeps_its_key_though_its_caller_leaves(
    autojump_clock: MockClock,
) -> None:
    key = Idempotency("k", "digest")
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("prepare", trio.Event())
        with await world.submit(idempotency=key, detached=False) as watch:
            await trio.testing.wait_all_tasks_blocked()
            cancelled = await world.jobs.ask(Cancel(watch.progress.job.id))
        again = await world.submit(idempotency=key)
        assert await again.wait_final() == cancelled
        assert (cancelled.state, world.script.count("begin")) == (JobState.CANCELLED, 0)


async def test_a_repeat_by_its_key_does_not_join_a_job_that_is_just_being_given_up(autojump_clock: MockClock) -> None:
    ending = trio.Event()

    class SlowToEnd(Failing):
        async def write(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
            if verb is jobs.finish and args[0].state is JobState.CANCELLED:
                await ending.wait()
            return await super().write(verb, *args, **kwargs)

    async with open_inline_store() as inner, open_world(cast("Any", SlowToEnd(inner))) as world:
        await world.add_account()
        world.script.add("prepare", trio.Event())
        key = Idempotency("key", "digest")
        first = await world.submit(idempotency=key, detached=False)
        await trio.testing.wait_all_tasks_blocked()
        first.close()
        seen: list[Job] = []

        async def repeat() -> None:
            with await world.submit(idempotency=key) as watch:
                seen.append(await watch.wait_final())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(repeat)
            await trio.testing.wait_all_tasks_blocked()
            ending.set()
        [job] = seen
        assert job.state is JobState.SUCCEEDED
        assert job.id != first.progress.job.id


async def test_a_key_with_another_body_is_a_conflict(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        await world.submit(idempotency=Idempotency("k", "one"))
        with pytest.raises(Failure) as refused:
            await world.submit(idempotency=Idempotency("k", "two"))
        assert refused.value.code is Code.CONFLICT


async def test_an_enlargement_that_is_not_delivered_fails_the_job_and_offers_the_original(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("enlarge", *[upstream(FailureKind.UPSTREAM_FAULT)] * 9)
        job = await final(world, upscale="2k")
        assert job.error is not None
        assert (job.state, job.error.code) == (JobState.FAILED, Code.UPSCALE_FAILED)
        assert len(job.error.originals) == 1
        assert world.script.count("begin") == 1


async def test_an_enlargement_is_tried_again_on_the_account_that_made_the_picture(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        world.script.add("enlarge", upstream(FailureKind.UPSTREAM_FAULT))
        job = await final(world, upscale="4k")
        assert job.state is JobState.SUCCEEDED
        owners = {account_id for name, account_id in world.script.calls if name in ("begin", "enlarge")}
        assert owners == {job.account_id}


async def test_a_result_that_cannot_be_fetched_is_a_failure_that_says_so(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.media_failures.append(Failure(Code.RESULT_LOST, "gone"))
        job = await final(world)
        assert job.error is not None
        assert job.error.code is Code.RESULT_LOST


@pytest.mark.parametrize(
    ("held", "state", "begins"),
    [("prepare", JobState.SUCCEEDED, 1), ("begin", JobState.FAILED, 1), ("enlarge", JobState.SUCCEEDED, 1)],
)
async def test_a_kill_at_any_point_loses_no_job_and_pays_none_twice(
    autojump_clock: MockClock, held: str, state: JobState, begins: int
) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            provider.script.add(held, trio.Event())
            watch = await world.submit(generation(upscale="2k"))
            await trio.testing.wait_all_tasks_blocked()
            assert provider.script.calls[-1][0] == held
            job_id = watch.progress.job.id
            world.kill()
        async with open_world(store, provider) as world:
            resumed = await world.jobs.ask(Attach(job_id))
            if resumed is not None:
                await resumed.wait_final()
            job = await store.read(jobs.get, job_id)
            assert job is not None
            assert job.state is state
            assert provider.script.count("begin") == begins
            if state is JobState.FAILED:
                assert job.error is not None
                assert job.error.code is Code.OUTCOME_UNKNOWN


async def test_a_drain_waits_for_what_is_paid_and_keeps_what_waits(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_world(store) as world:
            await world.add_account(image_concurrency=1)
            gate = trio.Event()
            world.script.add("begin", gate)
            paid = await world.submit()
            await trio.testing.wait_all_tasks_blocked()
            waiting = await world.submit()
            world.draining.set()
            with pytest.raises(Failure) as told:
                await waiting.wait_final()
            assert told.value.code is Code.DRAINING
            with pytest.raises(Failure) as refused:
                await world.submit()
            assert refused.value.code is Code.DRAINING
            gate.set()
        paid_job = await store.read(jobs.get, paid.progress.job.id)
        kept = await store.read(jobs.get, waiting.progress.job.id)
        assert paid_job is not None
        assert kept is not None
        assert (paid_job.state, kept.state) == (JobState.SUCCEEDED, JobState.QUEUED)


async def test_a_gateway_that_a_command_starts_for_itself_leaves_stored_jobs_alone(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            provider.script.add("prepare", trio.Event())
            watch = await world.submit()
            await trio.testing.wait_all_tasks_blocked()
            world.kill()
        async with open_world(store, provider, take_up=False) as world:
            assert (await final(world)).state is JobState.SUCCEEDED
        kept = await store.read(jobs.get, watch.progress.job.id)
        assert kept is not None
        assert kept.state is JobState.QUEUED


@pytest.mark.parametrize("part", ["dispatcher", "media"])
async def test_a_job_that_asks_a_part_while_it_crashes_asks_again_and_is_paid_once(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    crashes = [RuntimeError("a bug")]

    def crash_once(whole: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def handle(actor: object, message: object) -> object:
            if isinstance(message, Acquire | FetchResult) and crashes:
                raise crashes.pop()
            return await whole(actor, message)

        return handle

    crashing: type[Actor[Any]] = Dispatcher if part == "dispatcher" else FakeMedia
    monkeypatch.setattr(crashing, "handle", crash_once(crashing.handle))
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        with await world.submit(detached=False) as watch:
            job = await watch.wait_final()
        assert (job.state, job.submits, job.crashes) == (JobState.SUCCEEDED, 1, 1), job.error
    assert crashes == []


async def test_a_job_outlasts_a_failing_database_and_nothing_that_was_paid_is_forgotten(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with open_world(cast("Any", store)) as world:
            await world.add_account()
            gate = trio.Event()
            world.script.add("begin", gate)
            with await world.submit(detached=False) as watch:
                await trio.testing.wait_all_tasks_blocked()
                store.broken = True
                gate.set()
                with pytest.raises(Failure, match="goes on by itself"):
                    await watch.wait_final()
            await trio.sleep(600)
            store.broken = False
            await trio.sleep(60)
            job = await inner.read(jobs.get, watch.progress.job.id)
            assert job is not None
            assert (job.state, job.submits) == (JobState.SUCCEEDED, 1)
            assert world.script.count("begin") == 1


async def test_a_drain_while_the_database_fails_leaves_the_job_as_it_is_stored(autojump_clock: MockClock) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with open_world(cast("Any", store)) as world:
            await world.add_account()
            gate = trio.Event()
            world.script.add("begin", gate)
            watch = await world.submit()
            await trio.testing.wait_all_tasks_blocked()
            store.broken = True
            gate.set()
            await trio.sleep(100)
            world.draining.set()
        job = await inner.read(jobs.get, watch.progress.job.id)
        assert job is not None
        assert job.state is JobState.SUBMITTING


async def test_a_job_that_is_not_begun_by_the_callers_start_deadline_is_not_begun_at_all(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store:
        async with open_world(store) as world:
            await world.add_account()
            world.script.add("prepare", trio.Event())
            job_id = (await world.submit(terms=Terms(start_seconds=5))).progress.job.id
            await trio.sleep(3)
            world.kill()
        provider = FakeProvider()
        provider.script.add("prepare", trio.Event())
        async with open_world(store, provider):
            await trio.sleep(10)
            job = await store.read(jobs.get, job_id)
        assert job is not None
        assert job.error is not None
        assert job.finished_at == pytest.approx(job.created_at + 5, abs=0.1)
        assert (job.error.code, job.submits, job.submitted_at) == (Code.QUEUE_TIMEOUT, 0, None)
        assert "start deadline" in job.error.message


async def test_a_caller_can_shorten_the_deadlines_of_the_operator_but_not_extend_them(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch = await world.submit(terms=Terms(total_seconds=50))
        job = watch.progress.job
        assert (job.queue_deadline, job.deadline) == (job.created_at + 50, job.created_at + 50)
        far = (await world.submit(terms=Terms(total_seconds=86400, start_seconds=86400))).progress.job
        assert (far.queue_deadline, far.deadline) == (far.created_at + 600, far.created_at + 900)


async def test_the_census_counts_live_jobs_by_state(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        for _ in range(3):
            await world.submit()
        await trio.testing.wait_all_tasks_blocked()
        census = await world.jobs.ask(Count())
        assert dict(census.by_state) == {"submitting": 1, "queued": 2}
        gate.set()


async def test_who_waits_for_idleness_is_told_when_the_last_job_has_ended(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        await world.jobs.ask(WaitIdle())
        gates = [trio.Event(), trio.Event()]
        world.script.add("begin", *gates)
        watches = [await world.submit() for _ in gates]
        idle: list[bool] = []

        async def wait_idle() -> None:
            await world.jobs.ask(WaitIdle())
            idle.append(all(watch.progress.job.final for watch in watches))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait_idle)
            nursery.start_soon(wait_idle)
            for gate in gates:
                await trio.testing.wait_all_tasks_blocked()
                assert idle == []
                gate.set()
        assert idle == [True, True]


async def test_a_drain_that_is_cut_short_names_every_job_that_was_left(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_inline_store() as store:
        async with open_world(store) as world:
            await world.add_account(image_concurrency=10)
            world.script.add("begin", *[trio.Event() for _ in range(10)])
            held = [(await world.submit()).progress.job.id for _ in range(10)]
            await trio.testing.wait_all_tasks_blocked()
        [line] = [record.getMessage() for record in caplog.records if "cut short" in record.getMessage()]
        assert "jobs=10" in line
        assert all(job_id in line for job_id in held)
        assert {job.state for job in await store.read(jobs.unfinished)} == {JobState.SUBMITTING}
