"""The way of a clip: followed with one call for all, enlarged, continued, cancelled, and carried over restarts."""

from typing import Any, cast

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.jobs import Attach, Cancel
from flow2api.actors.media import AdoptResult, FetchResult
from flow2api.domain.account import AccountState
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import Generation, Job, JobState, Source
from flow2api.errors import Code, Failure
from flow2api.providers.base import Stage
from flow2api.store import jobs
from flow2api.store.door import Store, open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, generation, open_world


def clip(**fields: object) -> Generation:
    return generation(**({"kind": "video", "mode": "t2v", "seconds": 8, "credits": 20} | fields))


async def final(world: World, wanted: Generation) -> Job:
    with await world.submit(wanted) as watch:
        return await watch.wait_final()


async def test_a_clip_is_submitted_followed_and_brought_to_disk(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        job = await final(world, clip())
        assert (job.state, len(job.results), job.submits) == (JobState.SUCCEEDED, 1, 1)
        assert [type(kept) for kept in world.kept] == [FetchResult]
        assert (await world.account()).counts.videos == 1


async def test_status_calls_grow_with_accounts_and_not_with_clips(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        for name in ("ann", "bob"):
            await world.add_account(name, video_concurrency=50)
        async with trio.open_nursery() as nursery:
            for _ in range(80):
                nursery.start_soon(final, world, clip(credits=0))
        # Clips of 60 s, a look every 3 s, two accounts; a few more because the clips do not begin in the same instant.
        assert world.script.count("check") <= 2 * (60 / 3 + 3)


async def test_a_failed_status_call_changes_nothing_but_the_pause(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("check", *[upstream(FailureKind.UPSTREAM_FAULT)] * 5)
        assert (await final(world, clip())).state is JobState.SUCCEEDED
        assert (await world.account()).errors_in_row == 0


async def test_a_refusal_at_the_end_is_the_callers_and_not_the_accounts(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    provider.clip_ends["clip1"] = Stage.FAILED
    async with open_inline_store() as store, open_world(store, provider) as world:
        await world.add_account()
        job = await final(world, clip())
        assert job.error is not None
        assert (job.error.code, job.submits) == (Code.CONTENT_POLICY_VIOLATION, 1)
        assert (await world.account()).errors_in_row == 0


async def test_a_clip_beyond_its_deadline_ends_with_a_reason(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    provider.clip_seconds = 1e6
    async with open_inline_store() as store, open_world(store, provider) as world:
        await world.add_account()
        job = await final(world, clip())
        assert job.error is not None
        assert job.error.code is Code.GENERATION_TIMEOUT
        assert (await world.views())["ann"].videos_in_flight == 0


async def test_without_a_link_the_bytes_are_fetched_by_way_of_the_account(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("locate", upstream(FailureKind.UPSTREAM_FAULT))
        assert (await final(world, clip())).state is JobState.SUCCEEDED
        assert world.script.count("fetch") == 1
        assert [type(kept) for kept in world.kept] == [AdoptResult]


async def test_an_enlargement_is_a_second_paid_step_on_the_same_account(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        job = await final(world, clip(upscale="1080p"))
        assert (job.state, job.submits) == (JobState.SUCCEEDED, 2)
        assert [made.media_id for made in job.originals] == ["clip1"]
        assert {account for name, account in world.script.calls if name in ("begin", "upsample")} == {job.account_id}


@pytest.mark.parametrize("at", ["order", "end"])
async def test_an_enlargement_that_is_not_delivered_offers_the_original(autojump_clock: MockClock, at: str) -> None:
    provider = FakeProvider()
    if at == "order":
        provider.script.add("upsample", upstream(FailureKind.UPSTREAM_FAULT))
    else:
        provider.clip_ends["clip2"] = Stage.FAILED
    async with open_inline_store() as store, open_world(store, provider) as world:
        await world.add_account()
        job = await final(world, clip(upscale="1080p"))
        assert job.error is not None
        assert job.state is JobState.FAILED
        assert len(job.error.originals) == 1
        assert job.error.originals[0] in job.error.message
        assert world.script.count("upsample") == 1


async def test_a_continuation_goes_to_the_owner_and_comes_back_joined(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        owner = await world.add_account("bob")
        source = Source(media_id="earlier", account_id=owner, aspect_ratio="16:9", seconds=8)
        job = await final(world, clip(mode="extend", source=source))
        assert (job.state, job.account_id) == (JobState.SUCCEEDED, owner)
        assert world.script.count("join") == 1


async def test_a_join_that_fails_offers_the_continuation(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        owner = await world.add_account()
        world.script.add("join", upstream(FailureKind.UPSTREAM_FAULT))
        job = await final(world, clip(mode="extend", source=Source(media_id="earlier", account_id=owner)))
        assert job.error is not None
        assert (job.error.code, len(job.error.originals)) == (Code.JOIN_FAILED, 1)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("follow_up", ["upsample", "join"])
async def test_follow_up_work_names_a_clip_as_its_link_does_where_there_is_one(
    autojump_clock: MockClock, follow_up: str, known: bool
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        owner = await world.add_account()
        if not known:
            world.script.add("locate", upstream(FailureKind.UPSTREAM_FAULT))
        source = Source(media_id="earlier", account_id=owner)
        wanted = clip(upscale="1080p") if follow_up == "upsample" else clip(mode="extend", source=source)
        assert (await final(world, wanted)).state is JobState.SUCCEEDED
        [made] = world.provider.worked_on
        assert made.url == ("http://127.0.0.1/clip1" if known else None)


async def test_a_source_whose_account_is_gone_is_said_so(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        job = await final(world, clip(mode="extend", source=Source(media_id="earlier", account_id="acc_gone")))
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert world.script.count("begin") == 0


@pytest.mark.parametrize("stoppable", [True, False])
async def test_cancelling_a_running_clip_asks_upstream_to_stop_and_says_what_came_of_it(
    autojump_clock: MockClock, stoppable: bool
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        if not stoppable:
            world.script.add("cancel", upstream(FailureKind.REQUEST_REJECTED))
        with await world.submit(clip()) as watch:
            await trio.sleep(10)
            job = await world.jobs.ask(Cancel(watch.progress.job.id))
        assert job.error is not None
        assert job.state is JobState.CANCELLED
        assert ("was asked to stop" in job.error.message) is stoppable
        assert (await world.views())["ann"].videos_in_flight == 0


async def test_a_caller_who_leaves_a_running_clip_does_not_cancel_it(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        with await world.submit(clip(), detached=False) as watch:
            await trio.sleep(10)
        await trio.sleep(120)
        job = await store.read(jobs.get, watch.progress.job.id)
        assert job is not None
        assert job.state is JobState.SUCCEEDED


async def test_what_was_reserved_for_a_job_that_comes_to_nothing_is_free_again(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        world.script.add("prepare", trio.Event(), upstream(FailureKind.REQUEST_REJECTED))
        given_up = await world.submit(clip(credits=80))
        await trio.testing.wait_all_tasks_blocked()
        assert world.roster.reserved(account_id) == 80
        await world.jobs.ask(Cancel(given_up.progress.job.id))
        assert world.roster.reserved(account_id) == 0
        assert (await final(world, clip(credits=80))).state is JobState.FAILED
        assert world.roster.reserved(account_id) == 0
        assert (await final(world, clip(credits=80))).state is JobState.SUCCEEDED
        assert world.roster.reserved(account_id) == 0


async def test_a_clip_that_was_accepted_reserves_nothing_beside_what_its_account_has_paid(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        watch = await world.submit(clip(credits=80))
        await trio.sleep(10)
        assert watch.progress.job.state is JobState.RUNNING
        assert world.roster.reserved(account_id) == 0


async def test_status_calls_that_fail_are_made_less_and_less_often(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("check", *[upstream(FailureKind.UPSTREAM_FAULT)] * 1000)
        await world.submit(clip())
        await trio.sleep(600)
        # After 3, 6, 12, 24 and 48 seconds, and then once a minute.
        assert world.script.count("check") <= 16


async def test_credits_are_reserved_before_the_paid_call(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(video_concurrency=10)  # with 100 credits
        gate = trio.Event()
        world.script.add("begin", *[gate] * 9)
        watches = [await world.submit(clip(credits=40)) for _ in range(3)]
        await trio.testing.wait_all_tasks_blocked()
        assert world.script.count("begin") == 2
        gate.set()
        for watch in watches:
            await watch.wait_final()


@pytest.mark.parametrize(
    ("held", "state", "begins"),
    [
        ("prepare", JobState.SUCCEEDED, 1),
        ("begin", JobState.FAILED, 1),
        ("check", JobState.SUCCEEDED, 1),
        ("upsample", JobState.FAILED, 1),
        ("locate", JobState.SUCCEEDED, 1),
    ],
)
async def test_a_kill_at_any_point_loses_no_clip_and_pays_none_twice(
    autojump_clock: MockClock, held: str, state: JobState, begins: int
) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            provider.script.add(held, trio.Event())
            watch = await world.submit(clip(upscale="1080p"))
            with trio.move_on_after(400):
                await watch.wait_final()
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
            assert (provider.script.count("begin"), provider.script.count("upsample")) <= (begins, 1)
            if held == "upsample":
                assert job.error is not None
                assert len(job.error.originals) == 1


async def test_a_drain_does_not_wait_for_clips_and_they_arrive_after_it(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account(video_concurrency=1)
            running = await world.submit(clip())
            waiting = await world.submit(clip())
            await trio.sleep(10)
            started = trio.current_time()
            world.draining.set()
            for watch in (running, waiting):
                with pytest.raises(Failure) as told:
                    await watch.wait_final()
                assert told.value.code is Code.DRAINING
        assert trio.current_time() - started < 5
        async with open_world(store, provider) as world:
            for watch in (running, waiting):
                resumed = await world.jobs.ask(Attach(watch.progress.job.id))
                assert resumed is not None
                assert (await resumed.wait_final()).state is JobState.SUCCEEDED
        assert provider.script.count("begin") == 2


async def test_a_clip_goes_on_although_its_account_rests_and_its_actor_crashes(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("check", RuntimeError("a bug"))
        assert (await final(world, clip())).state is JobState.SUCCEEDED
        assert world.script.count("begin") == 1


async def test_an_order_that_was_out_when_its_account_crashed_is_not_sent_again(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        world.script.add("begin", RuntimeError("a bug"))
        job = await final(world, clip())
        assert job.error is not None
        assert job.error.code is Code.OUTCOME_UNKNOWN
        assert world.script.count("begin") == 1


async def test_a_key_that_is_refused_while_a_clip_is_made_stops_its_account_at_once(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        world.script.add("check", upstream(FailureKind.KEY_REFUSED))
        assert (await final(world, clip())).state is JobState.SUCCEEDED
        standing = (await world.views())["ann"].account.standing
        assert (standing.state, standing.code) == (AccountState.NEEDS_LOGIN, "key_refused")


class HeldAfterFirst:
    """A store that stops right after the first of two enlargements is on disk."""

    def __init__(self, store: Store) -> None:
        self._store, self.reached = store, trio.Event()

    async def write(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
        result = await self._store.write(verb, *args, **kwargs)
        if verb is jobs.save and args[0].originals and args[0].state is JobState.RUNNING:
            self.reached.set()
            await trio.sleep_forever()
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


async def test_two_clips_to_be_enlarged_are_both_delivered_or_the_job_fails(autojump_clock: MockClock) -> None:
    async with open_inline_store() as inner:
        store, provider = HeldAfterFirst(inner), FakeProvider()
        async with open_world(cast("Any", store), provider) as world:
            await world.add_account("ann")
            await world.submit(clip(count=2, upscale="1080p"))
            await store.reached.wait()
            world.kill()
        async with open_world(inner, provider):
            await trio.sleep(1000)
        [job] = await inner.read(jobs.page)
        assert (job.state, len(job.results)) == (JobState.SUCCEEDED, 2)
        assert provider.script.count("upsample") == 2
