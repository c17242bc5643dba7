"""Through which proxy a tab leaves, and how it logs in there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flow2api.browser.context import open_context
from flow2api.browser.errors import PageFailed
from flow2api.browser.tab import Tab, open_tab
from tests.browser.stage import Stage, open_stage
from tests.doubles.captcha_page import SITE_KEY, CaptchaPage, open_captcha_page
from tests.doubles.proxy import open_proxy

# A name that nobody but the proxy knows.
ELSEWHERE = "http://flow.test/page"
ACTION = "VIDEO_GENERATION"


@asynccontextmanager
async def open_tab_through(stage: Stage, exit_url: str | None) -> AsyncIterator[Tab]:
    async with open_context(stage.session, exit_url) as context, open_tab(context) as tab:
        yield tab


def with_login(proxy: CaptchaPage, login: str) -> str:
    return f"http://{login}@127.0.0.1:{proxy.server.port}"


async def test_a_tab_leaves_through_the_exit_of_its_context_and_loopback_does_not(program: str, tmp_path: Path) -> None:
    async with (
        open_stage(program, tmp_path) as stage,
        open_proxy(upstream=stage.page.server.port) as proxy,
        open_tab_through(stage, proxy.url("socks5h")) as tab,
    ):
        await tab.load(ELSEWHERE)
        stage.page.spend(await tab.token(SITE_KEY, ACTION), ACTION)
        assert set(proxy.targets) == {("flow.test", 80)}
        await tab.load(stage.page.url())
        # By what it asked for and not by how often: a browser opens spare connections when it likes.
        assert set(proxy.targets) == {("flow.test", 80)}


async def test_a_context_without_exit_goes_direct_whatever_the_browsers_own_is(program: str, tmp_path: Path) -> None:
    async with open_stage(program, tmp_path) as stage:
        async with open_tab_through(stage, None) as tab:
            with pytest.raises(PageFailed, match="ERR_NAME_NOT_RESOLVED"):
                await tab.load(ELSEWHERE)
        async with open_tab(stage.context) as tab:
            with pytest.raises(PageFailed, match="ERR_PROXY_CONNECTION_FAILED"):
                await tab.load(ELSEWHERE)


async def test_a_proxy_that_asks_gets_the_login_of_the_exit(program: str, tmp_path: Path) -> None:
    async with (
        open_stage(program, tmp_path) as stage,
        open_captcha_page(("ada", "p@ss:word")) as proxy,
        open_tab_through(stage, with_login(proxy, "ada:p%40ss%3Aword")) as tab,
    ):
        await tab.load(ELSEWHERE)
        proxy.spend(await tab.token(SITE_KEY, ACTION), ACTION)
        await tab.reload()
        assert await tab.url() == ELSEWHERE


async def test_a_login_that_the_proxy_does_not_take_is_given_once(program: str, tmp_path: Path) -> None:
    async with open_stage(program, tmp_path) as stage, open_captcha_page(("ada", "right")) as proxy:
        async with open_tab_through(stage, with_login(proxy, "ada:wrong")) as tab:
            with pytest.raises(PageFailed) as caught:
                await tab.load(ELSEWHERE)
            assert "wrong" not in str(caught.value)
        given = [seen.headers.get("proxy-authorization") for seen in proxy.server.requests]
        assert len([login for login in given if login]) == 1
