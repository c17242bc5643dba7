"""The pool of proxies: what reports and checks do to it, what operators can change, what is kept, and what nobody ever sees."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
from msgspec.json import encode
from trio.testing import MockClock

from flow2api.actors.exits import ExitBook
from flow2api.actors.proxies import FLUSH_SECONDS, Proxies, ProxyParts
from flow2api.actors.proxy_messages import (
    AddProxies,
    LineError,
    ListHomes,
    ListProxies,
    MoveAccount,
    ProxiesMessage,
    RemoveProxy,
    ReportExit,
    SetProxyEnabled,
    TestProxy,
    reporting_to,
)
from flow2api.config import ProxyConfig
from flow2api.domain.events import HomesChanged, ProxyChanged, ProxyRemoved
from flow2api.domain.proxy import ExitFault, ProxyHome, ProxyState, ProxyView
from flow2api.errors import AddressForbidden, Code, ConnectionBroken, Failure, NetworkFault, ProxyRefused, TimedOut
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox, Ref
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.net.exits import Exit, ExitUse, parse_exit
from flow2api.store import proxies as stored_proxies
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store
from tests.doubles.spy import Spy
from tests.doubles.world import now

URLS = ("http://joe:hunter2hunter2@one.test:1", "socks5://two.test:2", "three.test:3")
ONE, TWO, THREE = map(parse_exit, URLS)
SECRET = "hunter2hunter2"


class Pool:
    """A running pool whose checks end as a test says."""

    def __init__(self, store: Store, config: ProxyConfig, book: ExitBook | None) -> None:
        self.bus = EventBus()
        self.book = book or ExitBook(config.rotation)
        self.faults: dict[str, NetworkFault] = {}
        """What a check of an exit ends with, by host."""
        self.checked: list[tuple[str, float]] = []
        """Host and time of each check."""
        mailbox: Mailbox[ProxiesMessage] = Mailbox("proxies", Proxies.mailbox_size)
        self.ref: Ref[ProxiesMessage] = mailbox.ref
        parts = ProxyParts(store=store, book=self.book, bus=self.bus, config=config, probe=self._probe, now=now)
        self.root = Supervisor("pool", [ChildSpec("proxies", lambda: Proxies(parts), mailbox=mailbox)], bus=self.bus)

    async def _probe(self, exit_: Exit) -> float:
        self.checked.append((exit_.host, trio.current_time()))
        await trio.sleep(0.25)
        if exit_.host in self.faults:
            raise self.faults[exit_.host]
        return 0.25

    async def report(self, exit_: Exit, *faults: NetworkFault | None) -> None:
        """Uses of an exit, as the network layer tells them; returns when they were handled."""
        tell = reporting_to(self.ref)
        for fault in faults:
            tell(ExitUse(exit_, 0.0, fault))
        await self.views()

    async def views(self) -> dict[str, ProxyView]:
        """All proxies, by the first word of their host."""
        views = await self.ref.ask(ListProxies())
        return {view.proxy.place.split("://")[1].split("@")[-1].split(".")[0]: view for view in views}

    async def view(self, name: str = "one") -> ProxyView:
        return (await self.views())[name]

    async def id(self, name: str = "one") -> str:
        return (await self.view(name)).proxy.id


@asynccontextmanager
async def open_pool(store: Store, *urls: str, book: ExitBook | None = None, **settings: object) -> AsyncIterator[Pool]:
    """A pool over a store, drained at the end."""
    pool = Pool(store, ProxyConfig(urls=urls, **settings), book)  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:
        await nursery.start(pool.root.run)
        yield pool
        await pool.root.stop()


def refused() -> ProxyRefused:
    return ProxyRefused("the proxy one.test:1 cannot be reached")


# -- health --------------------------------------------------------------------------------------------------------


async def test_a_proxy_that_cannot_be_entered_rests_and_its_accounts_go_to_another(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, *URLS[:2]) as pool:
        assert pool.book.exit_for("a1") == ONE.url
        await pool.report(ONE, refused())
        assert pool.book.exit_for("a1") == ONE.url
        await pool.report(ONE, refused())
        assert pool.book.exit_for("a1") == TWO.url
        view = await pool.view()
        assert (view.state, view.health.last_fault) == (ProxyState.RESTING, "refused")
        assert 24.0 <= (view.health.resting_until or 0) - now() <= 30.0


async def test_a_proxy_that_rests_is_checked_at_the_end_and_returns_when_that_goes_well(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store, open_pool(store, *URLS[:2]) as pool:
        with Spy(pool.bus) as spy:
            await pool.report(ONE, refused(), refused())
            assert (await spy.wait(ProxyChanged)).view.state is ProxyState.RESTING
            assert (await spy.wait(ProxyChanged)).view.state is ProxyState.HEALTHY
        [(host, at)] = pool.checked
        assert host == "one.test"
        assert 24.0 <= at <= 30.0
        view = await pool.view()
        assert (view.health.latency_seconds, view.health.uses) == (0.25, 2)


async def test_as_long_as_checks_fail_rests_grow_and_checks_stay_a_minute_apart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        pool.faults["one.test"] = refused()
        await pool.report(ONE, refused(), refused())
        await trio.sleep(3 * 3600)
        gaps = [later - earlier for (_, earlier), (_, later) in zip(pool.checked, pool.checked[1:], strict=False)]
        assert len(gaps) >= 8
        assert min(gaps) >= 60.0
        assert 1440.0 <= gaps[-1] <= 1801.0
        del pool.faults["one.test"]
        await trio.sleep(1801)
        assert (await pool.view()).state is ProxyState.HEALTHY


async def test_a_proxy_in_use_is_never_checked_and_an_idle_one_now_and_then(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, *URLS[:2]) as pool:
        for _ in range(60):
            await pool.report(ONE, None)
            await trio.sleep(60)
        hosts = [host for host, _ in pool.checked]
        assert hosts == ["two.test"] * len(hosts)
        assert 10 <= len(hosts) <= 12


async def test_when_all_rest_the_least_bad_one_is_used_and_that_is_said(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_inline_store() as store, open_pool(store, *URLS[:2]) as pool:
        await pool.report(ONE, *[refused()] * 2)
        await pool.report(TWO, *[refused()] * 2)
        views = await pool.views()
        [used] = [view for view in views.values() if view.last_resort]
        assert pool.book.exit_for("a1") == (ONE.url if used is views["one"] else TWO.url)
        assert [record.message for record in caplog.records if "least bad" in record.message] != []
        assert pool.book.exit_for("a1") is not None


async def test_a_last_resort_that_works_is_back_in_service(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        await pool.report(ONE, refused(), refused())
        await trio.sleep(1)
        await pool.report(ONE, None)
        view = await pool.view()
        assert (view.state, view.last_resort) == (ProxyState.HEALTHY, False)


async def test_calls_that_break_or_run_out_of_time_cost_score(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        await pool.report(ONE, ConnectionBroken("x"), TimedOut("x"), AddressForbidden("not its fault"))
        health = (await pool.view()).health
        assert (health.uses, health.failures, health.connect_failures_in_row) == (3, 2, 0)
        assert 0.6 < health.score < 0.8


async def test_a_report_about_a_proxy_that_is_gone_is_passed_over(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        await pool.report(THREE, refused())
        assert list(await pool.views()) == ["one"]


# -- operators -----------------------------------------------------------------------------------------------------


async def test_pasted_lines_are_taken_each_for_itself_and_bad_ones_named_without_quoting_them(
    autojump_clock: MockClock,
) -> None:
    text = f"# ours\n\n{URLS[0]}\none.test:1:joe:{SECRET}\nhttps://{SECRET}@x.test:1\nfive.test:5:u:{SECRET}:x y\n{URLS[2]}\n"
    async with open_inline_store() as store, open_pool(store) as pool:
        assert pool.book.exit_for("a1") is None
        answer = await pool.ref.ask(AddProxies(text=text))
        assert [view.proxy.place for view in answer.added] == ["http://***@one.test:1", "http://three.test:3"]
        assert answer.known == 1
        assert [error.line for error in answer.errors] == [5, 6]
        assert all(isinstance(error, LineError) for error in answer.errors)
        assert SECRET not in f"{encode(answer)!r} {AddProxies(text=text)!r}"
        assert pool.book.exit_for("a1") == ONE.url


async def test_what_operators_did_is_there_after_a_restart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_pool(store, URLS[2]) as pool:
            await pool.ref.ask(AddProxies(text="\n".join(URLS[:2])))
            await pool.ref.ask(SetProxyEnabled(await pool.id("three"), False))
            await pool.ref.ask(RemoveProxy(await pool.id("two")))
            before = await pool.views()
        async with open_pool(store, URLS[2]) as pool:
            after = await pool.views()
            assert {name: view.proxy for name, view in after.items()} == {
                name: view.proxy for name, view in before.items()
            }
            assert after["three"].state is ProxyState.DISABLED
            assert pool.book.exit_for("a1") == ONE.url


async def test_an_account_keeps_its_proxy_over_a_restart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_pool(store, *URLS) as pool:
            homes = {name: pool.book.exit_for(name) for name in ("a1", "a2", "a3", "a4")}
            pool.book.forget("a4")
        async with open_pool(store, *URLS) as pool:
            for name in ("a3", "a2", "a1"):
                assert pool.book.exit_for(name) == homes[name]
            assert pool.book.home("a4") is None


async def test_an_account_stays_fixed_to_a_proxy_over_a_restart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with open_pool(store, *URLS) as pool:
            two = await pool.id("two")
            with Spy(pool.bus) as spy:
                await pool.ref.ask(MoveAccount("a1", two))
                assert (await spy.wait(HomesChanged)).homes == {"a1": ProxyHome(proxy_id=two, fixed=True)}
        async with open_pool(store, *URLS) as pool:
            assert await pool.ref.ask(ListHomes()) == {"a1": ProxyHome(proxy_id=two, fixed=True)}


async def test_moves_are_stored_while_the_program_runs_too(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        with Spy(pool.bus) as spy:
            pool.book.exit_for("a1")
            assert (await spy.wait(ProxyChanged)).view.accounts == 1
        assert [home.account_id for home in await store.read(stored_proxies.homes)] == ["a1"]


async def test_proxies_follow_the_settings_and_an_operators_one_may_become_one_of_them(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as store:
        async with open_pool(store, URLS[0]) as pool:
            await pool.ref.ask(AddProxies(text=URLS[1]))
            added = await pool.view("two")
        async with open_pool(store, URLS[1], media_urls=(URLS[1], URLS[2])) as pool:
            views = await pool.views()
            assert sorted(views) == ["three", "two"]
            assert views["two"].proxy.id == added.proxy.id
            assert (views["two"].proxy.origin, views["two"].proxy.roles) == ("config", ("requests", "media"))
            assert views["three"].proxy.roles == ("media",)


async def test_a_proxy_of_the_settings_can_be_disabled_but_not_removed(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        with pytest.raises(Failure) as caught:
            await pool.ref.ask(RemoveProxy(await pool.id()))
        assert caught.value.code is Code.CONFLICT
        assert (await pool.ref.ask(SetProxyEnabled(await pool.id(), False))).state is ProxyState.DISABLED
        with pytest.raises(ProxyRefused):
            pool.book.exit_for("a1")


async def test_a_removed_proxy_is_gone_and_its_accounts_go_to_another(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store) as pool:
        await pool.ref.ask(AddProxies(text="\n".join(URLS[:2])))
        gone = await pool.id()
        assert pool.book.exit_for("a1") == ONE.url
        with Spy(pool.bus) as spy:
            await pool.ref.ask(RemoveProxy(gone))
            assert (await spy.wait(ProxyRemoved)).proxy_id == gone
        assert pool.book.exit_for("a1") == TWO.url
        for command in (RemoveProxy(gone), SetProxyEnabled(gone, True), TestProxy(gone)):
            with pytest.raises(Failure) as caught:
                await pool.ref.ask(command)
            assert caught.value.code is Code.NOT_FOUND


async def test_enabling_ends_a_rest_by_hand(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        await pool.report(ONE, refused(), refused())
        assert (await pool.ref.ask(SetProxyEnabled(await pool.id(), True))).state is ProxyState.HEALTHY


async def test_a_test_tells_how_long_it_took_or_why_it_failed_and_counts_as_a_check(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, *URLS[:2]) as pool:
        await pool.report(ONE, refused(), refused())
        good = await pool.ref.ask(TestProxy(await pool.id()))
        assert (good.ok, good.seconds, good.error) == (True, 0.25, "")
        assert (await pool.view()).state is ProxyState.HEALTHY
        pool.faults["two.test"] = ProxyRefused("the proxy is not there")
        bad = await pool.ref.ask(TestProxy(await pool.id("two")))
        assert (bad.ok, bad.error) == (False, "the proxy is not there")
        assert (await pool.view("two")).health.connect_failures_in_row == 1


async def test_a_proxy_that_is_removed_during_its_check_is_not_brought_back_by_it(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store) as pool:
        await pool.ref.ask(AddProxies(text=URLS[0]))
        proxy_id = await pool.id()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(pool.ref.ask, TestProxy(proxy_id))
            await trio.testing.wait_all_tasks_blocked()
            await pool.ref.ask(RemoveProxy(proxy_id))
        assert await pool.views() == {}
        assert pool.book.exit_for("a1") is None


# -- what is seen --------------------------------------------------------------------------------------------------


async def test_frequent_figures_are_told_now_and_then_and_standings_at_once(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        with Spy(pool.bus) as spy:
            await pool.report(ONE, *[None] * 100)
            assert spy.seen(ProxyChanged) == []
            await trio.sleep(FLUSH_SECONDS + 1)
            assert [event.view.health.uses for event in spy.seen(ProxyChanged)] == [100]
            await pool.report(ONE, refused(), refused())
            assert len(spy.seen(ProxyChanged)) == 2


async def test_no_password_is_in_a_view_an_event_a_message_or_the_log(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with open_inline_store() as store, open_pool(store, URLS[0]) as pool:
        with Spy(pool.bus) as spy:
            await pool.report(ONE, refused(), refused(), None)
            await pool.ref.ask(TestProxy(await pool.id()))
            told = [encode(event) for event in spy.seen(ProxyChanged)]
        assert told != []
        report = ReportExit(url_key=ONE.key, seconds=1.0, fault=ExitFault.REFUSED)
        shown = f"{told!r} {encode(await pool.ref.ask(ListProxies()))!r} {report!r} {caplog.text} {pool.book!r}"
        assert "***@one.test" in shown
        assert SECRET not in shown
        assert "joe" not in shown
