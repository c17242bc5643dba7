"""An account draws its own consequences, keeps its login good, and shows itself whole."""

from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec
import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.account_messages import Change
from flow2api.actors.accounts_messages import (
    AddAccount,
    ChangeAccount,
    ExportAccounts,
    RefreshAccount,
    RemoveAccount,
    RestAccount,
    SetEnabled,
    StartAccount,
    WakeAccount,
)
from flow2api.actors.jobs import Submit
from flow2api.domain import rest
from flow2api.domain.account import Account, AccountState, Hindrance
from flow2api.domain.events import AccountChanged, AccountRemoved
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import Generation, JobState
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure
from flow2api.kit.bus import Subscription
from flow2api.store import accounts
from flow2api.store import requests as request_log
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreFault
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, generation, now, open_world


async def generate(world: World, times: int = 1) -> None:
    for _ in range(times):
        with await world.submit() as watch:
            await watch.wait_final()


async def test_adding_an_account_signs_in_and_stores_who_it_is(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        view = await world.accounts.ask(AddAccount(provider="flow", credential="ann", label="Ann's", note="main"))
        assert (view.account.email, view.account.label, view.account.credits) == ("ann@example.org", "Ann's", 100)
        assert await store.read(accounts.get, view.account.id) == (view.account, b"ann")


async def test_a_credential_that_does_not_work_is_not_stored(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        world.script.add("sign_in", upstream(FailureKind.NEEDS_LOGIN))
        with pytest.raises(Failure) as refused:
            await world.add_account()
        assert (refused.value.code, refused.value.param) == (Code.INVALID_VALUE, "credential")
        assert await world.views() == {}
        assert await store.read(accounts.all_with_vaults) == []


async def test_an_unknown_provider_is_named_with_what_there_is(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        with pytest.raises(Failure, match="known are: flow"):
            await world.accounts.ask(AddAccount(provider="nope", credential="x"))


async def test_the_same_person_added_again_renews_the_credential_and_returns_to_service(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        first = await world.add_account()
        await world.accounts.ask(SetEnabled(first, False))
        again = await world.add_account()
        assert again == first
        assert (await world.account()).standing.state is AccountState.ACTIVE
        assert len(await store.read(accounts.all_with_vaults)) == 1


async def test_two_adds_of_one_person_at_once_make_one_account(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(world.add_account)
        assert len(await store.read(accounts.all_with_vaults)) == 1


async def test_an_export_can_be_added_elsewhere(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account("ann", image_concurrency=4)
        exported = await world.accounts.ask(ExportAccounts())
    async with open_inline_store() as other, open_world(other) as world:
        await world.accounts.ask(AddAccount(**msgspec.structs.asdict(exported[0])))
        assert (await world.account()).image_concurrency == 4


async def test_a_removed_account_is_gone_and_says_so(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        with world.bus.subscribe() as events:
            await world.accounts.ask(RemoveAccount(account_id))
            heard = [event async for event in _until(events, AccountRemoved)]
        assert heard[-1].account_id == account_id
        assert await world.views() == {}
        with pytest.raises(Failure) as refused:
            await world.accounts.ask(RemoveAccount(account_id))
        assert refused.value.code is Code.NOT_FOUND


async def test_a_disabled_account_gets_no_jobs_and_returns_by_hand(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        await world.accounts.ask(SetEnabled(account_id, False))
        with await world.submit() as watch:
            job = await watch.wait_final()
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        await world.accounts.ask(SetEnabled(account_id, True))
        with await world.submit() as watch:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_throttled_account_rests_twelve_hours_and_comes_back_by_itself(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", upstream(FailureKind.THROTTLED, status=429))
        await generate(world)
        standing = (await world.account()).standing
        assert standing.state is AccountState.RESTING
        assert standing.until is not None
        assert standing.until - standing.since == pytest.approx(12 * 3600)
        await trio.sleep(12 * 3600 + 1)
        assert (await world.account()).standing.state is AccountState.ACTIVE
        await generate(world)
        assert (await world.account()).counts.images == 1


async def test_three_content_refusals_leave_the_account_untouched(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        await generate(world)
        before = await world.account()
        world.script.add("begin", *[upstream(FailureKind.CONTENT_REFUSED)] * 3)
        await generate(world, 3)
        assert await world.account() == before


async def test_so_many_real_errors_in_a_row_disable_the_account_with_the_reason(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", *[upstream(FailureKind.OUTCOME_UNKNOWN)] * 3)
        await generate(world, 3)
        standing = (await world.account()).standing
        assert (standing.state, standing.by) == (AccountState.DISABLED, "errors")
        assert "the test says" in standing.detail


async def test_the_tries_of_one_job_are_one_error_of_the_account(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", *[upstream(FailureKind.UPSTREAM_FAULT)] * 6)
        await generate(world)
        account = await world.account()
        assert (account.standing.state, account.errors_in_row) == (AccountState.ACTIVE, 1)
        await generate(world)
        assert (await world.account()).errors_in_row == 2


async def test_counts_reach_the_disk_soon_also_after_a_sign_in(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        await generate(world)
        await trio.sleep(5)
        stored, _ = await store.read(accounts.get, account_id)
        assert stored.counts.images == 1
        world.script.add("begin", upstream(FailureKind.LOGIN_EXPIRED))
        await generate(world)
        await trio.sleep(5)
        stored, _ = await store.read(accounts.get, account_id)
        assert stored.counts.images == 2


async def test_a_database_that_fails_for_a_while_costs_the_account_nothing(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise StoreFault("the database is locked")

    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        with monkeypatch.context() as broken:
            broken.setattr(accounts, "save", fails)
            broken.setattr(request_log, "append", fails)
            view = await world.accounts.ask(SetEnabled(account_id, False))
            assert view.account.standing.state is AccountState.DISABLED
            await trio.sleep(10)
        await trio.sleep(10)
        stored, _ = await store.read(accounts.get, account_id)
        assert stored.standing.state is AccountState.DISABLED


async def test_a_success_between_errors_starts_the_count_anew(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        world.script.add("begin", *[upstream(FailureKind.OUTCOME_UNKNOWN)] * 2)
        await generate(world, 3)
        world.script.add("begin", *[upstream(FailureKind.OUTCOME_UNKNOWN)] * 2)
        await generate(world, 2)
        assert (await world.account()).standing.state is AccountState.ACTIVE


async def test_a_burst_of_captcha_refusals_is_one_strike(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=20)
        gates = [upstream(FailureKind.CAPTCHA_REFUSED)] * 20
        world.script.add("begin", *gates)
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(generate, world)
        assert world.script.count("begin") == 40
        with world.bus.subscribe() as events:
            world.script.add("begin", upstream(FailureKind.CAPTCHA_REFUSED))
            nursery_done = await world.submit()
            strikes = [event.view.account.captcha_strikes async for event in _until(events, AccountChanged)]
        assert strikes[-1] == 1
        await nursery_done.wait_final()


async def test_a_failed_refresh_is_told_and_does_not_disable(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        world.script.add("sign_in", upstream(FailureKind.UPSTREAM_FAULT))
        with pytest.raises(Failure) as told:
            await world.accounts.ask(RefreshAccount(account_id))
        assert told.value.code is Code.UPSTREAM_ERROR
        account = await world.account()
        assert account.standing.state is AccountState.ACTIVE
        assert "the test says" in account.last_error


async def test_many_generations_at_once_share_one_sign_in(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account(image_concurrency=10)
        async with open_world(store, provider) as world:
            before = provider.script.count("sign_in")
            async with trio.open_nursery() as nursery:
                for _ in range(10):
                    nursery.start_soon(generate, world)
            assert provider.script.count("sign_in") == before + 1


async def test_concurrency_is_kept_and_a_lowered_limit_holds_for_the_next(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account(image_concurrency=3)
        gate = trio.Event()
        world.script.add("begin", *[gate] * 20)
        watches = [await world.submit() for _ in range(5)]
        await trio.testing.wait_all_tasks_blocked()
        assert (await world.views())["ann"].images_in_flight == 3
        await world.accounts.ask(ChangeAccount(account_id, Change(image_concurrency=1)))
        gate.set()
        for watch in watches:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert (await world.views())["ann"].images_in_flight == 0


async def test_standings_and_counts_survive_a_restart(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            await world.add_account()
            await generate(world)
            provider.script.add("begin", upstream(FailureKind.THROTTLED))
            await generate(world)
            before = await world.account()
        async with open_world(store, provider) as world:
            assert await world.account() == before


async def test_a_crashing_account_parks_alone_and_the_others_serve(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        bad = await world.add_account("bad")
        world.script.add("prepare", *[RuntimeError("a bug")] * 12)
        while world.roster.get(bad) is not None:
            await generate(world)
        await world.add_account("good")
        world.script.next.clear()
        with await world.submit() as watch:
            job = await watch.wait_final()
        assert job.state is JobState.SUCCEEDED
        assert "a bug" in (await world.views())["bad"].parked
        with pytest.raises(Failure, match="Start it again first"):
            await world.accounts.ask(WakeAccount(bad))
        assert (await world.accounts.ask(StartAccount(bad))).parked == ""
        assert world.roster.get(bad) is not None


async def test_an_account_rests_by_hand_until_its_time_or_until_it_is_woken(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account()
        rested = await world.accounts.ask(RestAccount(account_id, now() + 600))
        assert (rested.account.standing.state, rested.account.standing.code) == (AccountState.RESTING, "admin")
        assert (await world.accounts.ask(WakeAccount(account_id))).account.standing.state is AccountState.ACTIVE
        await world.accounts.ask(RestAccount(account_id, now() + 600))
        await trio.sleep(601)
        assert (await world.account()).standing.state is AccountState.ACTIVE
        await world.accounts.ask(SetEnabled(account_id, False))
        for message in (RestAccount(account_id, now() + 600), WakeAccount(account_id)):
            with pytest.raises(Failure, match="was disabled by an operator"):
                await world.accounts.ask(message)


async def test_a_request_over_which_the_dispatcher_meets_a_bug_ends_alone_and_those_in_line_beside_it_go_on(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hindrance(account: Account, wanted: Generation, now: float) -> Hindrance | None:
        if wanted.model == "broken":
            raise RuntimeError("a bug")
        return None

    monkeypatch.setattr(rest, "hindrance", hindrance)
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        served = await world.submit()
        await trio.testing.wait_all_tasks_blocked()
        waiting = await world.submit()
        job = await (await world.submit(generation(model="broken"))).wait_final()
        assert job.error is not None
        assert (job.state, job.error.code) == (JobState.FAILED, Code.INTERNAL_ERROR)
        gate.set()
        for watch in (served, waiting):
            done = await watch.wait_final()
            assert (done.state, done.crashes) == (JobState.SUCCEEDED, 0)
        assert world.dispatcher.statistics().restarts == 0


async def test_fairness_one_caller_cannot_starve_another(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account(image_concurrency=1)
        gate = trio.Event()
        world.script.add("begin", gate)
        first = await world.submit(caller="greedy")
        await trio.testing.wait_all_tasks_blocked()
        many = [await world.submit(caller="greedy") for _ in range(10)]
        modest = await world.submit(caller="modest")
        await trio.testing.wait_all_tasks_blocked()
        gate.set()
        done = await modest.wait_final()
        assert done.finished_at is not None
        finished = [watch.progress.job.state for watch in many].count(JobState.SUCCEEDED)
        assert finished <= 1
        for watch in (first, *many):
            await watch.wait_final()


async def test_a_tier_that_is_too_low_is_told_without_a_call(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        message = Submit(
            generation=generation(min_tier=Tier.ULTRA), caller="k", origin="chat", request_id="r", detached=True
        )
        with await world.jobs.ask(message) as watch:
            job = await watch.wait_final()
        assert job.error is not None
        assert job.error.code is Code.NO_ACCOUNT_AVAILABLE
        assert world.script.count("begin") == 0


E = TypeVar("E")


async def _until(events: Subscription, kind: type[E]) -> AsyncIterator[E]:
    """Events of a kind up to the first that comes."""
    async for event in events:
        if isinstance(event, kind):
            yield event
            return
