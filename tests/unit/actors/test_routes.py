"""Generations that may go several ways: which is taken, when the next one is, and what is remembered of it."""

from collections import Counter

import msgspec
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.account_messages import Change
from flow2api.actors.accounts_messages import ChangeAccount
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, JobState, Source, Way
from flow2api.errors import Code, Failure
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, generation, open_world

K = FailureKind


def way(provider: str, **fields: object) -> Way:
    base = {"provider": provider, "upstream_model": "KEY", "aspect_ratio": "1:1"}
    return Way(**(base | fields))  # type: ignore[arg-type]


def several(*ways: Way, kind: str = "image") -> Generation:
    first = {name: getattr(ways[0], name) for name in Way.__struct_fields__}
    return generation(kind=kind, ways=ways, **first)


def keyed(**traits: object) -> FakeProvider:
    return FakeProvider("keyed", signs_in=False, joins=False, **traits)


async def run(world: World, made: Generation) -> str:
    """The route by which it was made, or the code of its failure."""
    with await world.submit(made) as watch:
        job = await watch.wait_final()
    return job.error.code.value if job.error else job.generation.route


BOTH = (way("flow"), way("keyed", order=2))


async def test_the_first_order_serves_as_long_as_it_can(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        assert {await run(world, several(*BOTH)) for _ in range(3)} == {"flow/KEY"}


@pytest.mark.parametrize(
    "kind", [K.QUOTA_REACHED, K.MODEL_QUOTA_REACHED, K.MODEL_GONE, K.NEEDS_LOGIN, K.UPSTREAM_FAULT]
)
@pytest.mark.parametrize("call", ["prepare", "begin"])
async def test_a_route_that_is_exhausted_or_refuses_passes_to_the_next(
    autojump_clock: MockClock, kind: FailureKind, call: str
) -> None:
    second = keyed()
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        world.script.add(call, upstream(kind))
        assert await run(world, several(*BOTH)) == "keyed/KEY"
        assert (world.script.count("begin"), second.script.count("begin")) == (int(call == "begin"), 1)


@pytest.mark.parametrize("kind", [K.OUTCOME_UNKNOWN, K.UNREADABLE, K.CONTENT_REFUSED, K.REQUEST_REJECTED])
async def test_no_other_route_is_taken_once_it_may_have_been_accepted_or_was_refused_for_good(
    autojump_clock: MockClock, kind: FailureKind
) -> None:
    second = keyed()
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        world.script.add("begin", upstream(kind))
        assert await run(world, several(*BOTH)) != "keyed/KEY"
        assert second.script.count("begin") == 0


async def test_a_route_that_is_only_busy_is_waited_for(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        await world.add_account("ann", image_concurrency=1)
        await world.add_account("k1", provider="keyed")
        gate = trio.Event()
        world.script.add("begin", gate)
        routes: list[str] = []

        async def one() -> None:
            routes.append(await run(world, several(*BOTH)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(one)
            nursery.start_soon(one)
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
        assert routes == ["flow/KEY", "flow/KEY"]


async def test_ways_of_one_order_share_the_work_by_weight(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        made = several(way("flow", weight=1), way("keyed", weight=3))
        assert Counter([await run(world, made) for _ in range(8)]) == {"flow/KEY": 2, "keyed/KEY": 6}


async def test_models_that_share_ways_each_keep_to_their_own_weights(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        even = several(way("flow"), way("keyed"))
        uneven = msgspec.structs.replace(several(way("flow"), way("keyed", weight=3)), model="another")
        served = [(await run(world, even), await run(world, uneven)) for _ in range(8)]
        assert Counter(route for route, _ in served) == {"flow/KEY": 4, "keyed/KEY": 4}
        assert Counter(route for _, route in served) == {"flow/KEY": 2, "keyed/KEY": 6}


async def test_a_group_keeps_a_route_to_its_accounts(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        await world.add_account("k1", provider="keyed")
        paid = await world.add_account("k2", provider="keyed", group="paid")
        made = several(way("keyed", group="paid"))
        with await world.submit(made) as watch:
            job = await watch.wait_final()
        assert (job.account_id, job.generation.route) == (paid, "keyed@paid/KEY")


async def test_what_an_account_made_is_enlarged_there_also_when_it_has_left_its_group(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        account = await world.add_account("k1", provider="keyed", group="paid")
        gate = trio.Event()
        world.providers["keyed"].script.add("begin", gate)
        with await world.submit(several(way("keyed", group="paid", upscale="2k"))) as watch:
            await trio.testing.wait_all_tasks_blocked()
            await world.accounts.ask(ChangeAccount(account, Change(group="")))
            gate.set()
            job = await watch.wait_final()
        assert job.state is JobState.SUCCEEDED


async def test_where_no_account_is_of_any_route_the_services_are_named(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        with await world.submit(several(way("flow"), way("keyed", group="paid", order=2))) as watch:
            job = await watch.wait_final()
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert "flow or keyed in the group paid" in job.error.message


async def test_a_clip_of_another_service_cannot_go_on_here(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, FakeProvider(), keyed()) as world:
        owner = await world.add_account("ann")
        await world.add_account("k1", provider="keyed")
        source = Source(media_id="clip1", account_id=owner)
        made = generation(kind="video", provider="keyed", mode="extend", source=source)
        with await world.submit(made) as watch:
            job = await watch.wait_final()
        assert job.error is not None
        assert "Only the account that made the clip" in job.error.message


async def test_after_a_kill_a_clip_is_followed_on_the_route_that_began_it(autojump_clock: MockClock) -> None:
    first, second = FakeProvider(), keyed()
    async with open_inline_store() as store:
        async with open_world(store, first, second) as world:
            await world.add_account("ann")
            await world.add_account("k1", provider="keyed")
            world.script.add("prepare", upstream(K.QUOTA_REACHED))
            watch = await world.submit(
                several(way("flow", mode="t2v"), way("keyed", order=2, mode="t2v"), kind="video")
            )
            while watch.progress.job.state is not JobState.RUNNING:
                await watch.newer_than(watch.progress)
            job_id = watch.progress.job.id
            world.kill()
        async with open_world(store, first, second) as world:
            with await world.attached(job_id) as watch:
                end = await watch.wait_final()
            assert end.state is JobState.SUCCEEDED
            assert end.generation.route == "keyed/KEY"
        assert (first.script.count("begin"), second.script.count("begin")) == (0, 1)
        assert first.script.count("check") == 0


async def test_results_that_come_as_bytes_are_on_disk_before_the_job_goes_on(autojump_clock: MockClock) -> None:
    second = keyed()
    second.inline = True
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        await world.add_account("k1", provider="keyed")
        with await world.submit(several(way("keyed", count=2))) as watch:
            job = await watch.wait_final()
        assert [type(kept).__name__ for kept in world.kept] == [
            "KeepResult",
            "KeepResult",
            "AdoptResult",
            "AdoptResult",
        ]
        assert [made.file for made in job.made] == list(job.results)


async def test_watchers_see_how_far_the_provider_is(autojump_clock: MockClock) -> None:
    second = keyed()
    second.looks = [(10, "place 2"), (60, "frames"), (90, "")]
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        await world.add_account("k1", provider="keyed")
        seen = []
        with await world.submit(several(way("keyed", mode="t2v"), kind="video")) as watch:
            async for progress in watch:
                if progress.percent is not None:
                    seen.append((progress.percent, progress.note))
        assert seen == [(10, "place 2"), (60, "frames"), (90, "frames")]


async def test_a_key_is_tried_once_when_it_is_added_and_not_before_each_use(autojump_clock: MockClock) -> None:
    second = keyed()
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        account = await world.add_account("k1", provider="keyed")
        await trio.sleep(3 * 3600)
        await run(world, several(way("keyed")))
        assert second.script.count("sign_in") == 1
        assert await world.add_account("k1", provider="keyed") == account
        assert await world.add_account("k2", provider="keyed") != account


async def test_a_refused_key_is_not_taken(autojump_clock: MockClock) -> None:
    second = keyed()
    second.script.add("sign_in", UpstreamFailure(K.KEY_REFUSED, "no such key"))
    async with open_inline_store() as store, open_world(store, FakeProvider(), second) as world:
        with pytest.raises(Failure) as caught:
            await world.add_account("k1", provider="keyed")
        assert (caught.value.code, caught.value.param) == (Code.INVALID_VALUE, "credential")
