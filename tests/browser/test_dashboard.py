"""The dashboard as an operator uses it, in a real browser, over the demonstration as a process.

With FLOW2API_SCREENSHOTS naming a folder, every page is photographed in both themes and three widths for people to look at.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyotp
import pytest
import trio

from flow2api.browser.cdp import open_session
from flow2api.browser.chromium import open_chromium
from flow2api.browser.context import Context, profile_context
from flow2api.browser.tab import open_tab
from tests.browser.operator import Operator
from tests.browser.relay import Relay, open_relay
from tests.browser.stage import NOWHERE
from tests.doubles.processes import PYTHON, Launch, Secrets, clean_environ, open_program

PATIENCE_SECONDS = 180
PASSWORD = "a long and unlikely sentence"
KEY = "f2a_key-of-the-dashboard-test"
PAGES = (
    *("overview", "generations", "logs", "studio", "gallery", "accounts", "captcha", "proxies", "models"),
    *("keys", "webhooks", "system", "settings", "backups", "account"),
)
WIDTHS = (1440, 1024, 390)

pytestmark = pytest.mark.slow


@asynccontextmanager
async def open_desk(program: str, folder: Path) -> AsyncIterator[tuple[Context, Relay]]:
    """The demonstration behind a relay that can be cut, and a browser."""
    command = (*PYTHON, "flow2api", "demo", "--port", "0", "--api-key", KEY)
    launch = Launch(command, folder, clean_environ(), Secrets({KEY, PASSWORD}), shows=[KEY])
    with trio.fail_after(PATIENCE_SECONDS):
        async with open_program(launch) as demo:
            url = (await demo.says(r"^  Address   (http://\S+)/v1$"))[1]
            async with (
                open_relay(url) as relay,
                open_chromium(folder / "profile", exit_url=NOWHERE, binary=program) as chromium,
                open_session(chromium.address) as session,
            ):
                yield profile_context(session, chromium), relay


@asynccontextmanager
async def open_window(context: Context, relay: Relay, page: str = "") -> AsyncIterator[Operator]:
    async with open_tab(context) as tab:
        operator = Operator(tab, f"http://127.0.0.1:{relay.port}")
        await operator.open(page)
        yield operator


async def set_up(operator: Operator) -> None:
    """From the first visit to the overview, passing over what can wait."""
    await operator.fill("New password", PASSWORD)
    await operator.fill("Once more", PASSWORD)
    await operator.press("Set the password")
    await operator.sees("Add a first account")
    await operator.press("Later")
    await operator.sees("Connect a program")
    await operator.press("Later")
    await operator.sees("Accounts that work")


async def test_from_the_first_visit_to_a_picture_that_a_second_window_sees_coming(program: str, tmp_path: Path) -> None:
    async with open_desk(program, tmp_path) as (context, relay), open_window(context, relay) as operator:
        await set_up(operator)
        async with open_window(context, relay, "generations") as second:
            await second.sees("No generation yet")
            await operator.go("studio")
            await operator.fill("Prompt", "A heron in the reeds")
            await operator.press("Make it")
            await second.sees("A heron in the reeds")
            await second.sees("Succeeded")
            await second.sees_some("td img.thumb")
        await operator.sees_some(".result img")
        await operator.go("keys")
        await operator.press("Make a key")
        await operator.fill("Name", "a program")
        await operator.press("Make a key")
        await operator.sees("It is shown now and never again")
        await photograph_all(operator)


async def test_a_cut_connection_is_told_and_after_it_all_is_live_again(program: str, tmp_path: Path) -> None:
    async with open_desk(program, tmp_path) as (context, relay), open_window(context, relay) as operator:
        await set_up(operator)
        await operator.go("accounts")
        await operator.sees("Grace")
        await operator.reads("window.here = true")
        await relay.cut()
        await operator.sees("Not live")
        await operator.press("Try now")
        await operator.sees_no("Not live")
        async with open_window(context, relay, "accounts") as second:
            await second.press("Gracegrace@demo.example")
            await second.press("Disable")
            await operator.sees_some("tbody .tone-quiet")
            await second.press("Undo")
            await operator.sees_none("tbody .tone-quiet")
        assert await operator.reads("window.here") is True, "the page was loaded anew"


async def test_signing_in_with_a_second_factor_and_signing_out(program: str, tmp_path: Path) -> None:
    async with open_desk(program, tmp_path) as (context, relay), open_window(context, relay) as operator:
        await set_up(operator)
        await operator.go("account")
        await operator.sees("Second factor")
        await operator.reads("document.querySelectorAll('.card')[0].remove()")
        await operator.fill("Present password", PASSWORD)
        await operator.press("Turn on")
        await operator.sees("Scan this")
        secret = str(await operator.reads("document.querySelector('.code-block pre').textContent"))
        await operator.fill("Code from your authenticator", pyotp.TOTP(secret).now())
        await operator.press("Turn on")
        await operator.sees("recovery codes stand in")
        recovery = str(await operator.reads("document.querySelector('.code-block pre').textContent")).split()[0]
        await operator.press("Sign out")
        await operator.fill("Password", PASSWORD)
        await operator.press("Sign in")
        await operator.fill("Code from your authenticator", "000000")
        await operator.press("Sign in")
        await operator.sees("is not right")
        await operator.fill("Code from your authenticator", recovery)
        await operator.press("Sign in")
        await operator.sees("Second factor")


async def test_on_a_phone_and_in_chinese_every_page_fits(program: str, tmp_path: Path) -> None:
    async with open_desk(program, tmp_path) as (context, relay), open_window(context, relay) as operator:
        await set_up(operator)
        await operator.press("Language")
        await operator.press("中文")
        await operator.resize(390, 844)
        for page in PAGES:
            await operator.go(page)
            await operator.sees_some("main.content > *")
            overflow = await operator.reads("document.documentElement.scrollWidth - innerWidth")
            assert overflow == 0, page
            assert await operator.reads("/[\\u4e00-\\u9fff]/.test(document.querySelector('h1').textContent)"), page


async def photograph_all(operator: Operator) -> None:
    """Every page in both themes and all widths, if somebody wants to look at them."""
    if "FLOW2API_SCREENSHOTS" not in os.environ:
        return
    folder = trio.Path(os.environ["FLOW2API_SCREENSHOTS"])
    for theme in ("light", "dark"):
        await operator.reads(f"document.documentElement.dataset.theme = '{theme}'")
        for width in WIDTHS:
            await operator.resize(width, 900)
            for page in PAGES:
                await operator.go(page)
                await operator.sees_some("main.content > *")
                await operator.photograph(folder, f"{page}-{theme}-{width}")
