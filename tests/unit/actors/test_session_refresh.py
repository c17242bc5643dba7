"""A session is renewed from the operator's own browser, once by itself and at any time by hand, and only by the same person."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors import session_refresh
from flow2api.actors.accounts_messages import RefreshAccount, RemoveAccount, RenewAccount, ReplaceCredential, SetEnabled
from flow2api.actors.session_refresh import SameSession, SessionRefresh
from flow2api.browser.errors import BrowserUnavailable, PageFailed
from flow2api.browser.logins import Logins, held
from flow2api.domain.account import AccountState
from flow2api.domain.failure import FailureKind
from flow2api.domain.job import JobState
from flow2api.errors import Code, Failure, ProxyRefused
from flow2api.net.exits import directly
from flow2api.store import accounts
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store
from tests.doubles.provider import FakeProvider, upstream
from tests.doubles.world import World, open_world

DEAD = upstream(FailureKind.NEEDS_LOGIN)


async def stored_vault(store: Store, account_id: str) -> bytes:
    return (await store.read(accounts.get, account_id))[1]


async def refresh_fails(world: World, account_id: str) -> None:
    """The service says that the session has ended."""
    world.script.add("sign_in", DEAD)
    with pytest.raises(Failure):
        await world.accounts.ask(RefreshAccount(account_id))
    await trio.testing.wait_all_tasks_blocked()


# -- the account -----------------------------------------------------------------------------------------------------


async def test_a_refused_replacement_leaves_the_old_session_in_place(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        with pytest.raises(Failure, match="belongs to bob") as refused:
            await world.accounts.ask(ReplaceCredential(account_id, "bob"))
        assert refused.value.code is Code.CONFLICT
        assert await stored_vault(store, account_id) == b"ann"
        assert list(await world.views()) == ["ann"]
        with await world.submit() as watch:
            assert (await watch.wait_final()).state is JobState.SUCCEEDED
        assert await stored_vault(store, account_id) == b"ann"


async def test_a_replacement_that_does_not_sign_in_leaves_the_old_session_in_place(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.script.add("sign_in", DEAD)
        with pytest.raises(Failure):
            await world.accounts.ask(ReplaceCredential(account_id, "ANN"))
        assert await stored_vault(store, account_id) == b"ann"


async def test_a_replacement_by_the_same_person_is_stored_and_puts_the_account_back(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        await world.accounts.ask(SetEnabled(account_id, False))
        view = await world.accounts.ask(ReplaceCredential(account_id, "ANN"))
        assert view.account.standing.state is AccountState.ACTIVE
        assert await stored_vault(store, account_id) == b"ANN"


async def test_a_replacement_for_an_account_that_is_not_there_is_not_found(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        with pytest.raises(Failure) as refused:
            await world.accounts.ask(ReplaceCredential("acc_none", "ann"))
        assert refused.value.code is Code.NOT_FOUND


async def test_an_account_is_renewed_by_hand_from_its_browser(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = b"Ann"
        await world.accounts.ask(RenewAccount(account_id))
        assert await stored_vault(store, account_id) == b"Ann"


async def test_the_browsers_session_of_another_person_is_refused(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = b"bob"
        with pytest.raises(Failure) as refused:
            await world.accounts.ask(RenewAccount(account_id))
        assert refused.value.code is Code.CONFLICT
        assert await stored_vault(store, account_id) == b"ann"
        assert "belongs to bob" in (await world.account("ann")).last_error


async def test_a_renewal_does_not_bring_a_disabled_account_back(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = b"Ann"
        await world.accounts.ask(SetEnabled(account_id, False))
        view = await world.accounts.ask(RenewAccount(account_id))
        assert view.account.standing.state is AccountState.DISABLED


async def test_a_session_that_ends_is_renewed_once_by_itself(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = b"Ann"
        await refresh_fails(world, account_id)
        assert await stored_vault(store, account_id) == b"Ann"
        assert (await world.account("ann")).standing.state is AccountState.ACTIVE
        assert world.sessions.looked == [account_id]


async def test_a_job_that_meets_the_end_of_the_session_fails_and_the_next_one_works(autojump_clock: MockClock) -> None:
    provider = FakeProvider()
    async with open_inline_store() as store:
        async with open_world(store, provider) as world:
            account_id = await world.add_account("ann")
        async with open_world(store, provider) as world:
            world.sessions.held[account_id] = b"ann"
            world.script.add("sign_in", DEAD)
            with await world.submit() as watch:
                await watch.wait_final()
            await trio.testing.wait_all_tasks_blocked()
            with await world.submit() as watch:
                assert (await watch.wait_final()).state is JobState.SUCCEEDED


async def test_a_session_that_stays_dead_is_not_looked_for_again_and_again(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = Failure(Code.CONFLICT, "The browser is signed out.")
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await refresh_fails(world, account_id)
        assert world.sessions.looked == [account_id]
        assert "The browser is signed out." in caplog.text
        world.sessions.held[account_id] = b"ann"
        await world.accounts.ask(RenewAccount(account_id))
        await refresh_fails(world, account_id)
        assert world.sessions.looked == [account_id] * 3


async def test_without_a_kept_profile_nothing_is_looked_for(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        await refresh_fails(world, account_id)
        assert world.sessions.looked == []


async def test_a_removed_account_leaves_no_profile(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        account_id = await world.add_account("ann")
        world.sessions.held[account_id] = b"ann"
        await world.accounts.ask(RemoveAccount(account_id))
        assert not world.sessions.kept(account_id)


# -- the look into the browser ---------------------------------------------------------------------------------------


class FakeVisit:
    """A browser whose cookies follow a list, the last of which stays."""

    def __init__(self, *cookies: str, trouble: Exception | None = None) -> None:
        self._cookies = list(cookies)
        self._trouble = trouble
        self.opened: list[tuple[Path, str, str | None]] = []
        self.most = self._now = 0

    @asynccontextmanager
    async def open(self, folder: Path, url: str, *, exit_url: str | None = None) -> AsyncIterator["FakeVisit"]:
        if isinstance(self._trouble, BrowserUnavailable):
            raise self._trouble
        self.opened.append((folder, url, exit_url))
        self._now += 1
        self.most = max(self.most, self._now)
        yield self
        self._now -= 1

    async def load(self) -> None:
        await trio.sleep(1)
        if self._trouble is not None:
            raise self._trouble

    async def cookies(self) -> str:
        await trio.lowlevel.checkpoint()
        return self._cookies.pop(0) if len(self._cookies) > 1 else self._cookies[0]


def refresh_of(visit: FakeVisit, folder: Path) -> SessionRefresh:
    logins = Logins(folder)
    logins.folder("acc_1").mkdir(parents=True, exist_ok=True)
    return SessionRefresh(logins, visit.open)


async def look(refresh: SessionRefresh) -> bytes:
    return await refresh.fresh("acc_1", FakeProvider(), lambda: b"mine", directly)


async def test_another_session_in_the_browser_is_found(autojump_clock: MockClock, tmp_path: Path) -> None:
    visit = FakeVisit("other")
    assert await look(refresh_of(visit, tmp_path)) == b"other"
    [(folder, url, exit_url)] = visit.opened
    assert (folder.name, url, exit_url) == ("acc_1", "https://page.example", None)


async def test_a_page_may_take_a_moment_to_renew_its_session(autojump_clock: MockClock, tmp_path: Path) -> None:
    assert await look(refresh_of(FakeVisit("", "mine", "mine", "other"), tmp_path)) == b"other"


async def test_the_same_session_is_no_success_and_said_so(autojump_clock: MockClock, tmp_path: Path) -> None:
    with pytest.raises(SameSession, match="holds the same session") as told:
        await look(refresh_of(FakeVisit("mine"), tmp_path))
    assert told.value.code is Code.CONFLICT
    assert "flow2api account login --account acc_1" in told.value.message


async def test_a_browser_that_is_signed_out_needs_a_person(autojump_clock: MockClock, tmp_path: Path) -> None:
    with pytest.raises(Failure, match="signed out; somebody must sign in there: flow2api account login") as told:
        await look(refresh_of(FakeVisit(""), tmp_path))
    assert not isinstance(told.value, SameSession)


async def test_an_account_without_a_profile_is_told_how_to_get_one(autojump_clock: MockClock, tmp_path: Path) -> None:
    refresh = SessionRefresh(Logins(tmp_path), FakeVisit("x").open)
    with pytest.raises(Failure, match=r"No browser profile is kept.*flow2api account login --account acc_1"):
        await look(refresh)


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        (BrowserUnavailable("no Chromium is installed"), Code.UNSUPPORTED_OPERATION, "no Chromium is installed"),
        (PageFailed("it could not be loaded"), Code.UPSTREAM_UNREACHABLE, "could not be loaded"),
    ],
)
async def test_what_is_wrong_with_the_browser_is_told(
    trouble: Exception, code: Code, words: str, autojump_clock: MockClock, tmp_path: Path
) -> None:
    with pytest.raises(Failure, match=words) as told:
        await look(refresh_of(FakeVisit("x", trouble=trouble), tmp_path))
    assert told.value.code is code


async def test_a_profile_in_use_is_left_alone(autojump_clock: MockClock, tmp_path: Path) -> None:
    visit = FakeVisit("other")
    refresh = refresh_of(visit, tmp_path)
    with held(Logins(tmp_path).folder("acc_1")), pytest.raises(Failure, match="in use") as told:
        await look(refresh)
    assert told.value.code is Code.CONFLICT
    assert visit.opened == []


async def test_with_no_way_out_no_browser_is_started(autojump_clock: MockClock, tmp_path: Path) -> None:
    def refused(avoid: object = ()) -> str | None:
        raise ProxyRefused("every proxy is disabled")

    visit = FakeVisit("other")
    with pytest.raises(Failure, match="every proxy is disabled"):
        await refresh_of(visit, tmp_path).fresh("acc_1", FakeProvider(), lambda: b"mine", refused)
    assert visit.opened == []


async def test_a_look_is_bounded_in_time(
    autojump_clock: MockClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_refresh, "VISIT_SECONDS", 3.0)
    with pytest.raises(Failure, match="not done within 3 s"):
        await look(refresh_of(FakeVisit("mine"), tmp_path))


async def test_there_is_one_browser_at_a_time(autojump_clock: MockClock, tmp_path: Path) -> None:
    visit = FakeVisit("other")
    refresh = refresh_of(visit, tmp_path)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(look, refresh)
    assert (len(visit.opened), visit.most) == (3, 1)
