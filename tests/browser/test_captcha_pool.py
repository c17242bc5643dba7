"""The whole gateway with captchas: every generation bears a token that a real tab made, whatever happens to the tabs."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from flow2api.actors.browser import Browser, BrowserMessage, Connect
from flow2api.actors.captcha import Captcha, CaptchaParts
from flow2api.actors.tab_pool import CloseIdle, LookAtTabs, PoolRules, RecycleTab, Solve, TabPool, TabPoolMessage
from flow2api.actors.tab_slot import Site
from flow2api.browser.errors import BrowserUnavailable
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from tests.browser import running
from tests.doubles.gateway import open_tested_gateway, people

ACTION = "IMAGE_GENERATION"
SITE_KEY = "6LdsFiUsAAAAAIjVDZcuLhaHiDn5nnHVXVRQGeMV"
LIMIT_SECONDS = 240.0
BROWSER = {"captcha.method": "browser"}


class Bench:
    """A tab pool on the emulated page."""

    def __init__(self, emulator: Emulator, pool: Mailbox[TabPoolMessage], profile: Path) -> None:
        self.emulator = emulator
        self.pool = pool.ref
        self.profile = profile

    async def solve(self) -> str:
        return (await self.pool.ask(Solve(ACTION, None))).value

    def browser_pids(self) -> set[int]:
        return running.mentioning(str(self.profile))


@asynccontextmanager
async def open_bench(folder: Path, **rules: float) -> AsyncIterator[Bench]:
    emulator = Emulator((), Knobs(captcha="page"))
    browser: Mailbox[BrowserMessage] = Mailbox("captcha browser", Browser.mailbox_size)
    pool: Mailbox[TabPoolMessage] = Mailbox("captcha tabs", TabPool.mailbox_size)
    profile = folder / "profile"
    with trio.fail_after(LIMIT_SECONDS):
        async with trio.open_nursery() as nursery:
            urls: Urls = await nursery.start(partial(serve_fast, emulator))
            parts = CaptchaParts(
                profile=profile,
                site=Site(page_url=urls.page_url, site_key=SITE_KEY, script_url=f"{urls.base}/recaptcha/enterprise.js"),
                rules=PoolRules(**rules),  # type: ignore[arg-type]
                bus=EventBus(),
                now=trio.current_time,
            )
            root = Supervisor("root", [ChildSpec("captcha", lambda: Captcha(parts, browser, pool))], bus=parts.bus)
            await nursery.start(root.run)
            yield Bench(emulator, pool, profile)
            await root.stop()
            nursery.cancel_scope.cancel()
    assert running.mentioning(str(profile)) == set()


async def test_tokens_of_a_resident_tab_are_good_once_and_bear_the_browsers_name(program: str, tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        tokens = [await bench.pool.ask(Solve(ACTION, None)) for _ in range(3)]
        assert len({token.value for token in tokens}) == 3
        assert {
            "HeadlessChrome" in (token.user_agent or "") or "Chrome" in (token.user_agent or "") for token in tokens
        } == {True}
        [tab] = await bench.pool.ask(LookAtTabs())
        assert (tab.state, tab.tokens) == ("ready", 3)


async def test_a_tab_is_replaced_after_so_many_tokens(program: str, tmp_path: Path) -> None:
    async with open_bench(tmp_path, max_tokens=2) as bench:
        for _ in range(5):
            await bench.solve()
        assert max(tab.id for tab in await bench.pool.ask(LookAtTabs())) >= 2


async def test_idle_tabs_are_closed_and_opened_again_when_needed(program: str, tmp_path: Path) -> None:
    async with open_bench(tmp_path, idle_seconds=0) as bench:
        await bench.solve()
        assert await bench.pool.ask(CloseIdle()) == 1
        while await bench.pool.ask(LookAtTabs()):
            await trio.sleep(0.01)
        assert await bench.solve()


async def test_recycling_a_tab_by_hand_costs_nobody_a_token(program: str, tmp_path: Path) -> None:
    async with open_bench(tmp_path) as bench:
        await bench.solve()
        [tab] = await bench.pool.ask(LookAtTabs())
        assert await bench.pool.ask(RecycleTab(tab.id))
        assert not await bench.pool.ask(RecycleTab(999))
        assert await bench.solve()


async def test_the_number_of_tabs_is_bounded_whatever_is_asked(program: str, tmp_path: Path) -> None:
    async with open_bench(tmp_path, max_tabs=2) as bench, trio.open_nursery() as nursery:
        for _ in range(60):
            nursery.start_soon(bench.solve)
        await trio.sleep(0.5)
        assert len(await bench.pool.ask(LookAtTabs())) <= 2


@pytest.mark.parametrize("victim", ["renderer", "browser"])
async def test_every_generation_succeeds_although_the_browser_is_killed_under_load(program: str, victim: str) -> None:
    knobs = Knobs(captcha="page", image_latency_seconds=0.05)
    accounts = people("ada@example.org", "bob@example.org", "eve@example.org")
    settings = {**BROWSER, "accounts.default_image_concurrency": 4}
    async with open_tested_gateway(accounts, knobs=knobs, settings=settings, limit_seconds=LIMIT_SECONDS) as tested:
        assert (await tested.chat("the first")).status_code == 200
        statuses: list[int] = []

        async def ask(number: int) -> None:
            statuses.append((await tested.chat(f"picture {number}")).status_code)

        async with trio.open_nursery() as nursery:
            for number in range(60):
                nursery.start_soon(ask, number)
            while len(statuses) < 15:
                await trio.sleep(0.01)
            for pid in _victims(tested.data_dir, victim):
                os.kill(pid, signal.SIGKILL)
        assert statuses == [200] * 60
        assert tested.emulator.ledger.counts["image"] == 61


async def test_a_browser_that_cannot_be_had_stops_neither_the_api_nor_hides_why() -> None:
    settings = {**BROWSER, "captcha.script_url": "http://127.0.0.1:9/none.js"}
    async with open_tested_gateway(settings=settings) as tested:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", "")
            patch.setattr("flow2api.browser.launch.find_binary", _no_binary)
            patch.setattr("flow2api.browser.chromium.find_binary", _no_binary)
            refused = await tested.chat()
        assert refused.status_code == 503
        error = refused.json()["error"]
        assert error["code"] == "captcha_unavailable"
        assert "no browser here" in error["message"]
        assert (await tested.client.get("/health")).status_code == 200


async def test_the_browser_actor_tells_why_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("flow2api.browser.chromium.find_binary", _no_binary)
    bus = EventBus()
    root = Supervisor("root", [ChildSpec("browser", lambda: Browser(tmp_path, bus, trio.current_time))], bus=bus)
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        for _ in range(2):
            with pytest.raises(BrowserUnavailable, match="no browser here"):
                await root.ref("browser").ask(Connect())
        await root.stop()


def _no_binary(*_: object) -> str:
    raise BrowserUnavailable("there is no browser here")


def _victims(data_dir: Path, victim: str) -> set[int]:
    processes = running.mentioning(str(data_dir))
    renderers = {pid for pid in processes if "--type=renderer" in Path(f"/proc/{pid}/cmdline").read_text()}
    mains = {pid for pid in processes if "--type=" not in Path(f"/proc/{pid}/cmdline").read_text()}
    return renderers if victim == "renderer" else mains
