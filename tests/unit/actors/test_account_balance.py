"""An account without money looks for some by itself, and when its operator says so."""

import trio
from trio.testing import MockClock

from flow2api.actors.accounts_messages import RefreshAccount
from flow2api.domain.account import Account, AccountState
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import JobState
from flow2api.errors import Code
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, open_world

EMPTY = upstream(FailureKind.BALANCE_EMPTY, status=403)


def keyed(credits: int | None) -> FakeProvider:
    provider = FakeProvider(signs_in=False, login_page=None)
    provider.credits = credits
    return provider


async def run_dry(world: World) -> str:
    """The id of an account that was refused for want of money."""
    account_id = await world.add_account()
    world.script.add("begin", EMPTY)
    with await world.submit() as watch:
        job = await watch.wait_final()
    assert job.error is not None
    assert job.error.code is Code.INSUFFICIENT_QUOTA
    assert "top it up" in job.error.message
    return account_id


async def the_account(world: World) -> Account:
    [view] = (await world.views()).values()
    return view.account


async def state(world: World) -> AccountState:
    return (await the_account(world)).standing.state


async def test_it_looks_by_a_free_call_until_it_is_topped_up(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, keyed(0)) as world:
        await run_dry(world)
        looks = world.script.count("balance")
        await trio.sleep(600 + 1200 + 10)
        assert (world.script.count("balance") - looks, await state(world)) == (2, AccountState.EXHAUSTED)
        world.provider.credits = 500
        await trio.sleep(2400)
        assert (world.script.count("begin"), await state(world)) == (1, AccountState.ACTIVE)
        with await world.submit() as watch:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_refresh_by_the_operator_looks_at_once(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, keyed(0)) as world:
        account_id = await run_dry(world)
        await world.accounts.ask(RefreshAccount(account_id))
        assert await state(world) is AccountState.EXHAUSTED
        world.provider.credits = 500
        view = await world.accounts.ask(RefreshAccount(account_id))
        assert (view.account.standing.state, view.account.credits) == (AccountState.ACTIVE, 500)


async def test_where_the_service_tells_no_balance_the_next_order_is_the_look(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, keyed(None)) as world:
        await run_dry(world)
        await trio.sleep(601)
        assert await state(world) is AccountState.ACTIVE
        world.script.add("begin", EMPTY)
        with await world.submit() as watch:
            await watch.wait_final()
        standing = (await the_account(world)).standing
        assert standing.until is not None
        assert (standing.state, round(standing.until - standing.since)) == (AccountState.EXHAUSTED, 1200)


async def test_a_look_that_fails_is_made_again_later_and_counts_as_no_error(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, keyed(0)) as world:
        await run_dry(world)
        world.provider.credits = 500
        world.script.add("balance", upstream(FailureKind.UNREACHABLE))
        await trio.sleep(610)
        account = await the_account(world)
        assert (account.standing.state, account.errors_in_row) == (AccountState.EXHAUSTED, 0)
        await trio.sleep(1200)
        assert await state(world) is AccountState.ACTIVE


async def test_a_key_that_is_refused_at_a_look_is_told_as_such(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store, keyed(0)) as world:
        await run_dry(world)
        world.script.add("balance", upstream(FailureKind.KEY_REFUSED))
        await trio.sleep(610)
        assert await state(world) is AccountState.NEEDS_LOGIN


async def test_the_looks_go_on_after_a_restart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_world(store, keyed(0)) as world:
            await run_dry(world)
        await trio.sleep(5000)
        async with open_world(store, keyed(500)) as world:
            await trio.sleep(1)
            assert (await the_account(world)).standing.state is AccountState.ACTIVE
