"""A part of the tree begins anew, by a crash or by hand: who waits for a job goes on waiting, and nothing is paid twice."""

from collections.abc import Awaitable, Callable
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.account import AccountActor
from flow2api.actors.account_messages import FetchClip, Locate
from flow2api.actors.accounts import Accounts
from flow2api.actors.accounts_messages import RemoveAccount, RestAccount, StartAccount
from flow2api.actors.dispatcher import Dispatcher, Reconsider
from flow2api.actors.job_rules import new_job_id
from flow2api.actors.jobs import Cancel, Count, CountSpending, Submit
from flow2api.actors.watch import Watch
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import Idempotency, Job, JobState
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorCrashed
from flow2api.store import jobs
from flow2api.store.door import Store, open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, generation, now, open_world

PARTS = ["ledger", "media", "accounts", "dispatcher", "jobs"]


def clip(**fields: object) -> Any:
    return generation(**({"kind": "video", "mode": "t2v", "seconds": 8, "credits": 20} | fields))


async def restart(world: World, part: str) -> None:
    """Begin a new life of a part, and wait until it is there."""
    world.root.begin_restart([part])
    await trio.testing.wait_all_tasks_blocked()


async def held_at(world: World, call: str, **fields: object) -> tuple[Watch, trio.Event]:
    """A job whose next call waits for the event, as does the one that follows a restart."""
    gate = trio.Event()
    world.script.add(call, gate, gate)
    watch = await world.submit(generation(**fields), detached=False)
    await trio.testing.wait_all_tasks_blocked()
    assert world.script.calls[-1][0] == call
    return watch, gate


@pytest.mark.parametrize("part", PARTS)
async def test_a_caller_who_waits_gets_the_picture_whatever_part_begins_anew_before_the_paid_call(
    autojump_clock: MockClock, part: str
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, gate = await held_at(world, "prepare")
        await restart(world, part)
        gate.set()
        job = await watch.wait_final()
        assert (job.state, job.submits, job.crashes) == (JobState.SUCCEEDED, 1, 0), job.error
        assert world.script.count("begin") == 1
        assert await store.read(jobs.get, job.id) == job


@pytest.mark.parametrize("part", ["ledger", "media", "dispatcher"])
async def test_a_paid_call_is_not_cut_off_by_a_part_that_has_no_hand_in_it(
    autojump_clock: MockClock, part: str
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        watch, gate = await held_at(world, "begin")
        await restart(world, part)
        assert (await world.views())["ann"].images_in_flight == 1
        gate.set()
        job = await watch.wait_final()
        assert (job.state, job.submits) == (JobState.SUCCEEDED, 1)
        assert world.script.count("begin") == 1
        assert (await world.views())["ann"].images_in_flight == 0


@pytest.mark.parametrize("part", ["accounts", "jobs"])
async def test_a_paid_call_that_is_cut_off_is_not_sent_again_and_its_caller_is_told(
    autojump_clock: MockClock, part: str
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, _ = await held_at(world, "begin")
        await restart(world, part)
        job = await watch.wait_final()
        assert job.error is not None
        assert job.error.code is Code.OUTCOME_UNKNOWN
        assert world.script.count("begin") == 1


@pytest.mark.parametrize("part", PARTS)
async def test_a_clip_is_followed_through_a_restart_of_any_part(autojump_clock: MockClock, part: str) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch = await world.submit(clip(), detached=False)
        await trio.sleep(10)
        assert watch.progress.job.state is JobState.RUNNING
        await restart(world, part)
        job = await watch.wait_final()
        assert (job.state, job.submits) == (JobState.SUCCEEDED, 1), job.error
        assert (await world.views())["ann"].videos_in_flight == 0


@pytest.mark.parametrize("part", ["dispatcher", "jobs"])
async def test_those_in_line_keep_their_order_when_a_part_begins_anew(autojump_clock: MockClock, part: str) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account(image_concurrency=1)
        first, gate = await held_at(world, "prepare")
        await trio.sleep(0.01)
        waiting = []
        for _ in range(12):
            waiting.append(await world.submit())
            await trio.sleep(0.01)
        ids = [watch.progress.job.id for watch in waiting]
        await restart(world, part)
        await trio.sleep(3)
        line = world.line.positions()
        assert first.progress.job.id not in line
        assert [one for one in sorted(line, key=lambda one: line[one]) if one in ids] == ids
        gate.set()
        for watch in waiting:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert (await world.views())["ann"].images_in_flight == 0
        assert world.roster.get(account_id) is not None


async def test_a_slot_that_falls_free_while_the_dispatcher_is_away_goes_to_who_asks_again(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        served, gate = await held_at(world, "begin")
        waiting = [await world.submit() for _ in range(20)]
        await trio.testing.wait_all_tasks_blocked()
        Crashing(monkeypatch, Dispatcher, Reconsider)
        world.dispatcher.cast(Reconsider())
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        for watch in (served, *waiting):
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert world.roster.statistics().leases == 0


async def test_a_cancel_is_heard_by_the_next_life(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, _ = await held_at(world, "prepare")
        world.root.begin_restart(["jobs"])
        job = await world.jobs.ask_again(Cancel(watch.progress.job.id))
        assert job.state is JobState.CANCELLED
        assert world.script.count("begin") == 0


async def test_a_caller_who_leaves_between_two_lives_gives_the_job_up(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, _ = await held_at(world, "prepare")
        world.root.begin_restart(["jobs"])
        watch.close()
        await trio.sleep(10)
        job = await store.read(jobs.get, watch.progress.job.id)
        assert job is not None
        assert job.state is JobState.CANCELLED


async def test_a_gateway_that_takes_nothing_up_still_goes_on_with_its_own_jobs(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, take_up=False) as world:
        await world.add_account()
        watch, gate = await held_at(world, "prepare")
        await restart(world, "jobs")
        gate.set()
        assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_the_budget_is_the_same_after_a_life_that_was_cut_short(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, _ = await held_at(world, "prepare", credits=20)
        before = await world.jobs.ask(CountSpending())
        await restart(world, "jobs")
        assert await world.jobs.ask(CountSpending()) == before
        await world.jobs.ask(Cancel(watch.progress.job.id))
        assert (await world.jobs.ask(CountSpending()))["key"].total == 0


class Crashing:
    """Makes an actor crash over the first messages of some types."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, actor: type[Any], messages: type | tuple[type, ...]) -> None:
        self.left = 1
        self._whole: Callable[..., Awaitable[object]] = actor.handle
        self._messages = messages
        monkeypatch.setattr(actor, "handle", self._handle())

    def _handle(self) -> Callable[..., Awaitable[object]]:
        async def handle(actor: object, message: object) -> object:
            if isinstance(message, self._messages) and self.left:
                self.left -= 1
                raise RuntimeError("a bug")
            return await self._whole(actor, message)

        return handle


@pytest.mark.parametrize("message", [Locate, FetchClip])
async def test_a_clip_is_fetched_although_its_account_crashes_over_that(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, message: type
) -> None:
    crashing = Crashing(monkeypatch, AccountActor, message)
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        if message is FetchClip:
            world.script.add("locate", upstream(FailureKind.UPSTREAM_FAULT))
        with await world.submit(clip()) as watch:
            job = await watch.wait_final()
        assert (job.state, job.submits) == (JobState.SUCCEEDED, 1), job.error
    assert crashing.left == 0


async def test_an_account_that_rests_after_crashes_is_waited_for_by_the_clip_that_it_made(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        watch = await world.submit(clip())
        await trio.sleep(10)
        world.script.add("check", *[RuntimeError("a bug")] * 4)
        while not world.roster.is_parked(account_id):
            await trio.sleep(1)
        await restart(world, "jobs")
        await trio.sleep(60)
        assert not watch.progress.job.final
        await world.accounts.ask(StartAccount(account_id))
        assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_clip_whose_account_is_removed_is_lost_at_once(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        watch = await world.submit(clip())
        await trio.sleep(10)
        began = now()
        await world.accounts.ask(RemoveAccount(account_id))
        job = await watch.wait_final()
        assert job.error is not None
        assert job.error.code is Code.RESULT_LOST
        assert now() - began < 10


class HeldInsert:
    """A store that keeps the first admission waiting, before or after it is on disk."""

    def __init__(self, store: Store, *, stored: bool) -> None:
        self._store, self._stored, self.reached = store, stored, trio.Event()

    async def write(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
        if verb is not jobs.insert_once or self.reached.is_set():
            return await self._store.write(verb, *args, **kwargs)
        if self._stored:
            await self._store.write(verb, *args, **kwargs)
        self.reached.set()
        return await trio.sleep_forever()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("idempotency", [None, Idempotency("k", "d")])
async def test_a_submission_that_was_cut_off_is_made_again_and_is_one_job(
    autojump_clock: MockClock, stored: bool, idempotency: Idempotency | None
) -> None:
    async with open_inline_store() as inner:
        store = HeldInsert(inner, stored=stored)
        async with open_world(cast("Any", store)) as world:
            await world.add_account()
            submit = Submit(
                job_id=new_job_id(now()),
                generation=generation(credits=7),
                caller="key",
                origin="chat",
                request_id="req",
                idempotency=idempotency,
            )
            ends: list[Job] = []

            async def wait_for_picture() -> None:
                with await world.jobs.ask_again(submit) as watch:
                    ends.append(await watch.wait_final())

            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait_for_picture)
                await store.reached.wait()
                world.root.begin_restart(["jobs"])
            assert [(job.id, job.state) for job in ends] == [(submit.job_id, JobState.SUCCEEDED)]
            assert len(await inner.read(jobs.page)) == 1
            assert world.script.count("begin") == 1
            # Once more, when it is over: found, and counted once.
            with await world.jobs.ask(submit) as watch:
                assert (await watch.wait_final()).id == submit.job_id
            assert (await world.jobs.ask(CountSpending()))["key"].total == 7
            assert (await world.jobs.ask(Count())).by_state == {}


async def test_what_may_be_done_twice_is_asked_again_once(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flow2api.actors.jobs import Jobs

    crashing = Crashing(monkeypatch, Jobs, Count)
    async with open_inline_store() as store, open_world(store) as world:
        assert (await world.jobs.ask_again(Count())).by_state == {}
        crashing.left = 2
        with pytest.raises(ActorCrashed):
            await world.jobs.ask_again(Count())


async def test_a_job_that_meets_a_bug_while_the_store_fails_is_left_and_leaves_no_trace_behind(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.doubles.store import Failing

    provider = FakeProvider()
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with open_world(cast("Any", store), provider) as world:
            await world.add_account()
            watch, gate = await held_at(world, "begin")
            store.broken = True
            monkeypatch.setattr("flow2api.actors.job_run.JobRun._accepted", None)
            gate.set()
            with pytest.raises(Failure, match="is stored and goes on"):
                await watch.wait_final()
            assert (await world.jobs.ask(Count())).by_state == {}
            store.broken = False


async def test_who_waits_for_a_job_whose_row_is_gone_is_told_by_the_next_life(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        watch, _ = await held_at(world, "prepare")
        await store.write(jobs.delete, watch.progress.job.id)
        world.root.begin_restart(["jobs"])
        with trio.fail_after(60), pytest.raises(Failure, match="job engine was interrupted"):
            await watch.wait_final()
        assert (await world.jobs.ask(Count())).by_state == {}


async def test_a_bug_that_is_met_while_an_account_is_added_costs_no_other_account_its_paid_call(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        watch, gate = await held_at(world, "begin")
        ref = world.roster.get(account_id)
        world.script.add("sign_in", RuntimeError("a bug"))
        with pytest.raises(ActorCrashed):
            await world.add_account("bob")
        # What an operator asks next waits for the new life, which finds the accounts at work.
        assert (await world.accounts.ask(RestAccount(account_id, now() + 600))).images_in_flight == 1
        assert world.roster.get(account_id) is not None
        assert ref is not None
        assert world.roster.get(account_id).ref is ref.ref  # type: ignore[union-attr]
        gate.set()
        assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert world.script.count("begin") == 1
        await world.add_account("bob")
        assert set(await world.views()) == {"ann", "bob"}


async def test_an_account_that_parks_while_those_who_keep_the_set_are_away_is_shown_as_parked(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        # A life that hears of nothing, as between two of them.
        monkeypatch.setattr(Accounts, "_park", AsyncMock())
        for _ in range(4):
            world.script.add("prepare", RuntimeError("a bug"))
            await (await world.submit()).wait_final()
            await trio.sleep(3)
        monkeypatch.undo()
        world.root.begin_restart(["accounts", "accounts desk"])
        await trio.sleep(1)
        assert world.roster.is_parked(account_id)
        assert "a bug" in (await world.views())["ann"].parked
        assert (await world.accounts.ask(StartAccount(account_id))).parked == ""


async def test_an_account_that_does_not_come_back_is_waited_for_until_the_deadline(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        watch = await world.submit(clip())
        await trio.sleep(10)
        world.script.add("check", *[RuntimeError("a bug")] * 4)
        while not world.roster.is_parked(account_id):
            await trio.sleep(1)
        await restart(world, "jobs")
        with trio.fail_after(2 * 86400):
            job = await watch.wait_final()
        assert job.error is not None
        assert (job.state, job.error.code) == (JobState.FAILED, Code.NO_ACCOUNT_AVAILABLE)
        assert now() >= job.deadline
