"""Rounds over the accounts are gentle, leave alone who is to be left alone, and disable nobody."""

import contextlib

import pytest
import trio
from trio.testing import MockClock

from flow2api.actors.account_messages import KeepFresh
from flow2api.actors.account_rounds import AccountRounds
from flow2api.actors.accounts_messages import SetEnabled
from flow2api.actors.chore import ChoreFailed
from flow2api.actors.session_refresh import SameSession
from flow2api.config import SchedulesConfig
from flow2api.domain.account import AccountState
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.store.door import open_inline_store
from tests.doubles import world as world_module
from tests.doubles.provider import upstream
from tests.doubles.world import EPOCH, World, now, open_world

HOUR = 3600.0
DAY = 86400.0


def rounds(world: World, **fields: float) -> AccountRounds:
    return AccountRounds(world.roster, SchedulesConfig(**fields), kept=world.sessions.kept)


async def generate(world: World) -> None:
    with await world.submit() as watch:
        await watch.wait_final()


async def test_a_login_is_renewed_shortly_before_its_end_and_not_sooner(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        assert await rounds(world).renew_logins() == "renewed 1 login"  # the double's is not stored, and lasts an hour
        before = world.script.count("sign_in")
        await trio.sleep(HOUR - 601)
        assert await rounds(world).renew_logins() == ""
        assert world.script.count("sign_in") == before
        await trio.sleep(2)
        assert await rounds(world).renew_logins() == "renewed 1 login"
        assert world.script.count("sign_in") == before + 1
        expires_at = (await world.account()).login_expires_at
        assert expires_at == pytest.approx(now() + HOUR)
        assert await rounds(world).renew_logins() == ""


async def test_accounts_that_are_disabled_or_rest_are_left_alone(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        disabled = await world.add_account("ann")
        await world.accounts.ask(SetEnabled(disabled, False))
        await world.add_account("bob")
        world.script.add("begin", upstream(FailureKind.THROTTLED, status=429))
        await generate(world)
        assert (await world.account("bob")).standing.state is AccountState.RESTING
        calls = len(world.script.calls)
        await trio.sleep(2 * HOUR)
        assert await rounds(world).renew_logins() == ""
        assert await rounds(world).read_credits() == ""
        assert len(world.script.calls) == calls


async def test_a_login_that_cannot_be_renewed_is_told_and_disables_nobody(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        for name in ("ann", "bob"):
            await world.add_account(name)
        await trio.sleep(HOUR)
        world.script.add("sign_in", *[upstream(FailureKind.NEEDS_LOGIN)])
        with pytest.raises(ChoreFailed, match=r"renewed 1 login, but 1 failed: ann.*the test says needs_login"):
            await rounds(world).renew_logins()
        ann = await world.account("ann")
        assert (ann.standing.state, ann.last_error) == (AccountState.ACTIVE, "the test says needs_login")
        assert (ann.counts.errors, ann.errors_in_row) == (1, 0)


async def test_after_a_failed_renewal_the_service_is_not_asked_again_at_once_but_ever_later(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        ref = next(iter(world.roster.entries())).ref
        await trio.sleep(HOUR)
        world.script.add("sign_in", *[upstream(FailureKind.NEEDS_LOGIN)] * 1000)
        before = world.script.count("sign_in")
        for _ in range(24 * 60):  # a look in every minute of a day
            with contextlib.suppress(UpstreamFailure):
                assert not await ref.ask(KeepFresh(600))
            await trio.sleep(60)
        assert 20 < world.script.count("sign_in") - before < 45


async def test_accounts_of_one_service_are_asked_one_at_a_time_with_pauses(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        for name in ("ann", "bob", "eve"):
            await world.add_account(name)
        gate = trio.Event()
        world.script.add("balance", gate)
        before = world.script.count("balance")
        async with trio.open_nursery() as nursery:
            told: list[str] = []

            async def read() -> None:
                told.append(await rounds(world, spread_seconds=10).read_credits())

            nursery.start_soon(read)
            await trio.sleep(100)
            assert world.script.count("balance") == before + 1
            gate.set()
            began = trio.current_time()
        assert told == ["read the credits of 3 accounts"]
        assert world.script.count("balance") == before + 3
        assert 10 <= trio.current_time() - began <= 30


async def test_reading_credits_signs_in_only_where_the_login_has_ended(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        await rounds(world).renew_logins()
        await trio.sleep(HOUR / 2)
        sign_ins, balances = world.script.count("sign_in"), world.script.count("balance")
        await rounds(world).read_credits()
        assert (world.script.count("sign_in"), world.script.count("balance")) == (sign_ins, balances + 1)
        await trio.sleep(2 * HOUR)
        await rounds(world).read_credits()
        assert (world.script.count("sign_in"), world.script.count("balance")) == (sign_ins + 1, balances + 2)


async def test_credits_that_cannot_be_read_are_told_and_disable_nobody(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        for name in ("ann", "bob", "eve", "joe"):
            await world.add_account(name)
        world.script.add("balance", *[upstream(FailureKind.THROTTLED)] * 4)
        with pytest.raises(ChoreFailed, match=r"^4 failed: .*; .*; .* and 1 more$"):
            await rounds(world).read_credits()
        states = {view.account.standing.state for view in (await world.views()).values()}
        assert states == {AccountState.ACTIVE}


async def test_rests_that_are_over_are_ended_and_others_are_not(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = 0.0
    monkeypatch.setattr(world_module, "now", lambda: now() + ahead)
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", upstream(FailureKind.THROTTLED, status=429))
        await generate(world)
        assert await rounds(world).end_rests() == ""
        assert (await world.account()).standing.state is AccountState.RESTING
        ahead = 13 * HOUR  # the clock was set: the account's own timer does not know yet
        assert await rounds(world).end_rests() == "brought 1 account back"
        assert (await world.account()).standing.state is AccountState.ACTIVE


async def test_counts_of_the_day_begin_anew_at_midnight_utc_and_those_in_all_stay(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        to_midnight = DAY - now() % DAY
        await trio.sleep(to_midnight - 60)
        await generate(world)
        counts = (await world.account()).counts
        assert (counts.images, counts.images_today) == (1, 1)
        assert await rounds(world).roll_day() == ""
        await trio.sleep(61)
        assert await rounds(world).roll_day() == "began the counts of 1 account anew"
        counts = (await world.account()).counts
        assert (counts.images, counts.images_today) == (1, 0)
        assert await rounds(world).roll_day() == ""
        await generate(world)
        assert (await world.account()).counts.images_today == 1
        assert EPOCH % DAY != 0


async def test_sessions_are_renewed_from_kept_browsers_of_accounts_that_work_or_need_a_login(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        works = await world.add_account("ann")
        disabled, without = await world.add_account("bob"), await world.add_account("eve")
        world.sessions.held |= {works: b"Ann", disabled: b"Bob"}
        await world.accounts.ask(SetEnabled(disabled, False))
        assert await rounds(world).renew_sessions() == "renewed 1 session"
        assert world.sessions.looked == [works]
        assert without not in world.sessions.held


async def test_a_browser_with_the_same_session_is_a_failure_only_where_that_session_has_ended(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = SameSession(account_id)
        assert await rounds(world).renew_sessions() == ""
        await trio.sleep(HOUR)
        world.script.add("sign_in", upstream(FailureKind.NEEDS_LOGIN))
        await generate(world)
        assert (await world.account()).standing.state is AccountState.NEEDS_LOGIN
        with pytest.raises(ChoreFailed, match=r"1 failed: ann@example.org: The browser holds the same session"):
            await rounds(world).renew_sessions()
