"""How many jobs a caller may have and what it may spend: decided once, true after a kill, and the same as the table says."""

import pytest
import trio
import trio.testing
from msgspec.structs import replace
from trio.testing import MockClock

from flow2api.actors.budgets import Budgets
from flow2api.actors.jobs import Attach, Cancel, CountSpending
from flow2api.domain.charge import DAY_SECONDS, Spending, day_of
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import Idempotency, JobState
from flow2api.domain.key import Limits
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure
from flow2api.providers.base import Stage
from flow2api.store import charges, jobs
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.records import job as record
from tests.doubles.world import World, generation, now, open_world


async def spent(world: World, caller: str = "key") -> Spending:
    """As the books and the table say alike."""
    books = (await world.jobs.ask(CountSpending())).get(caller, Spending())
    assert await stored(world.store, caller) == books
    return books


async def stored(store: Store, caller: str = "key") -> Spending:
    return (await store.read(charges.spent, day_of(now()))).get(caller, Spending())


async def refused(world: World, **fields: object) -> Failure:
    with pytest.raises(Failure) as caught:
        await world.submit(generation(**fields))
    return caught.value


async def run(world: World, **fields: object) -> JobState:
    with await world.submit(generation(**fields)) as watch:
        return (await watch.wait_final()).state


async def test_a_caller_has_no_more_jobs_under_way_than_its_limit_and_others_are_not_held_up(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.limits["key"] = Limits(concurrent_jobs=2)
        gate = trio.Event()
        world.script.add("begin", gate, gate)
        watches = [await world.submit(), await world.submit()]
        failure = await refused(world)
        assert (failure.code, failure.kind.status) == (Code.RATE_LIMIT_EXCEEDED, 429)
        with await world.submit(caller="other"):
            gate.set()
        for watch in watches:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert await run(world) is JobState.SUCCEEDED


async def test_jobs_that_go_on_after_a_restart_count_as_under_way(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            provider.script.add("prepare", trio.Event())
            await world.submit()
            await trio.testing.wait_all_tasks_blocked()
            world.kill()
        async with open_world(store, provider) as world:
            world.limits["key"] = Limits(concurrent_jobs=1)
            provider.script.add("prepare", trio.Event())
            assert (await refused(world)).code is Code.RATE_LIMIT_EXCEEDED
            world.kill()


async def test_of_many_requests_at_once_no_more_are_admitted_than_the_budget_pays_for(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.limits["key"] = Limits(total_credits=35)
        admitted, failures = [], list[Failure]()

        async def ask() -> None:
            try:
                admitted.append(await world.submit(generation(credits=10)))
            except Failure as failure:
                failures.append(failure)

        async with trio.open_nursery() as nursery:
            for _ in range(12):
                nursery.start_soon(ask)
        assert len(admitted) == 3
        assert {(failure.code, failure.retry_after_seconds) for failure in failures} == {
            (Code.INSUFFICIENT_QUOTA, None)
        }
        for watch in admitted:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert await spent(world) == Spending(30, 30)
        # What costs nothing, or little enough, is still open.
        assert await run(world) is JobState.SUCCEEDED
        assert await run(world, credits=5) is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("call", "kind", "kept"),
    [
        ("prepare", FailureKind.REQUEST_REJECTED, 0),
        ("begin", FailureKind.CONTENT_REFUSED, 0),
        ("begin", FailureKind.REQUEST_REJECTED, 0),
        ("begin", FailureKind.OUTCOME_UNKNOWN, 10),
    ],
)
async def test_credits_are_given_back_unless_they_may_have_been_spent(
    autojump_clock: MockClock, call: str, kind: FailureKind, kept: int
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add(call, upstream(kind))
        assert await run(world, credits=10) is JobState.FAILED
        assert await spent(world) == Spending(kept, kept)


async def test_a_job_that_is_refused_by_one_account_and_made_by_another_counts_once(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann")
        await world.add_account("bob")
        world.script.add("begin", upstream(FailureKind.THROTTLED))
        assert await run(world, credits=10) is JobState.SUCCEEDED
        assert await spent(world) == Spending(10, 10)


async def test_the_dearest_account_is_reserved_for_and_the_one_that_served_is_settled(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.limits["key"] = Limits(total_credits=20)
        tiers = {Tier.FREE: 21, Tier.PRO: 4}
        assert (await refused(world, credits=10, tier_credits=tiers)).code is Code.INSUFFICIENT_QUOTA
        world.limits["key"] = Limits(total_credits=21)
        assert await run(world, credits=10, tier_credits=tiers) is JobState.SUCCEEDED
        assert await spent(world) == Spending(4, 4)


@pytest.mark.parametrize(("kind", "held"), [("image", "prepare"), ("image", "begin"), ("video", "check")])
async def test_a_kill_neither_loses_a_reservation_nor_counts_it_twice(
    autojump_clock: MockClock, kind: str, held: str
) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            assert await run(world, credits=7) is JobState.SUCCEEDED
            provider.script.add(held, trio.Event())
            watch = await world.submit(generation(credits=10, kind=kind))
            await trio.testing.wait_all_tasks_blocked()
            assert await spent(world) == Spending(17, 17)
            world.kill()
        async with open_world(store, provider) as world:
            live = await world.jobs.ask(Attach(watch.progress.job.id))
            assert await spent(world) == Spending(17, 17)
            if live is not None:
                await live.wait_final()
            # Also the one that was killed while the paid call was out, since nobody knows what became of it.
            assert await spent(world) == Spending(17, 17)


async def test_a_day_ends_at_midnight_utc_and_a_refusal_names_the_true_wait(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.limits["key"] = Limits(daily_credits=10)
        assert await run(world, credits=8) is JobState.SUCCEEDED
        failure = await refused(world, credits=8)
        assert failure.code is Code.INSUFFICIENT_QUOTA
        assert failure.retry_after_seconds is not None
        assert (now() + failure.retry_after_seconds) % DAY_SECONDS == 0
        # No wait helps against what costs more than a whole day may.
        assert (await refused(world, credits=11)).retry_after_seconds is None
        await trio.sleep(failure.retry_after_seconds - 1)
        assert (await refused(world, credits=8)).code is Code.INSUFFICIENT_QUOTA
        await trio.sleep(1)
        assert await run(world, credits=8) is JobState.SUCCEEDED
        assert await spent(world) == Spending(8, 16)


async def test_jobs_that_are_stored_no_more_go_on_counting(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_world(store) as world:
            await world.add_account()
            for credits in (3, 4):
                assert await run(world, credits=credits) is JobState.SUCCEEDED
                await trio.sleep(1)
            assert await store.write(jobs.prune, now(), 1) == 1
            assert await spent(world) == Spending(7, 7)
        async with open_world(store) as world:
            assert await store.write(jobs.prune, now() + 1, 9) == 1
            assert await spent(world) == Spending(7, 7)


async def test_a_repeat_by_its_key_counts_once_and_is_found_though_the_budget_is_spent(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate)
        idempotency = Idempotency("once", "digest")
        world.limits["key"] = Limits(total_credits=10, concurrent_jobs=1)
        first = await world.submit(generation(credits=10), idempotency=idempotency)
        second = await world.submit(generation(credits=10), idempotency=idempotency)
        gate.set()
        assert (await first.wait_final()).id == (await second.wait_final()).id
        world.limits.clear()
        again = await world.submit(generation(credits=10), idempotency=idempotency)
        assert again.progress.job.id == first.progress.job.id
        await trio.testing.wait_all_tasks_blocked()
        assert await spent(world) == Spending(10, 10)


def test_what_was_spent_today_is_not_forgotten_when_the_clock_is_set_back_over_midnight_and_on_again() -> None:
    at = [100 * DAY_SECONDS + 5.0]
    books = Budgets(lambda caller: Limits(daily_credits=10), lambda: at[0])
    one = replace(record(caller="key", created_at=at[0]), generation=generation(credits=8))
    books.admit(one)
    assert books.refusal("key", generation(credits=8)) is not None
    at[0] -= 10
    assert books.refusal("key", generation(credits=8)) is None
    at[0] += 10
    assert books.refusal("key", generation(credits=8)) is not None
    # The credits go back to the day that they were reserved on, whatever day it is.
    at[0] -= 10
    books.end(one, 0)
    at[0] += 10
    assert books.spent()["key"] == Spending(0, 0)


def test_days_that_are_over_are_forgotten() -> None:
    at = [0.0]
    books = Budgets(lambda caller: Limits(daily_credits=10), lambda: at[0])
    for day in range(400):
        at[0] = day * DAY_SECONDS + 1.0
        one = replace(record(f"j{day}", caller="key", created_at=at[0]), generation=generation(credits=1))
        books.admit(one)
        books.end(one, 1)
    assert books.spent() == {"key": Spending(1, 400)}
    assert len(books._by_day) < 5


async def test_sums_of_days_that_are_over_are_kept_as_one(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        for _ in range(5):
            assert await run(world, credits=3) is JobState.SUCCEEDED
            await trio.sleep(DAY_SECONDS)
        assert await run(world, credits=4) is JobState.SUCCEEDED
        await trio.sleep(1)
        while await store.write(jobs.prune, now(), 2):
            pass
        assert await spent(world) == Spending(4, 19)
        rows = await store.read(lambda db: db.rows("SELECT day, credits FROM charges ORDER BY day"))
        assert rows == [(-1, 15), (day_of(now()), 4)]


async def test_a_clip_that_is_given_up_or_refused_after_it_was_accepted_goes_on_counting(
    autojump_clock: MockClock,
) -> None:
    provider = FakeProvider()
    provider.clip_ends["clip2"] = Stage.FAILED
    clip = generation(kind="video", mode="t2v", seconds=8, credits=20)
    async with open_inline_store() as store, open_world(store, provider) as world:
        await world.add_account()
        given_up = await world.submit(clip)
        await trio.sleep(10)
        assert (await world.jobs.ask(Cancel(given_up.progress.job.id))).state is JobState.CANCELLED
        assert await spent(world) == Spending(20, 20)
        with await world.submit(clip) as watch:
            refused = await watch.wait_final()
        assert refused.error is not None
        assert refused.error.code is Code.CONTENT_POLICY_VIOLATION
        assert await spent(world) == Spending(40, 40)
