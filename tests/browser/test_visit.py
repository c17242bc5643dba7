"""Windows and visits on kept profiles, with the emulated page: who signed in there stays signed in, and that can be read."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio

from flow2api.browser.errors import BrowserUnavailable, PageFailed
from flow2api.browser.visit import open_visit
from flow2api.browser.window import show_window
from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.serving import Urls
from flow2api.emulator.sessions import SESSION_COOKIE
from tests.browser import running

PATIENCE_SECONDS = 90.0
# Stands in for the browser and for the person at it: opens the page, and closes the browser in order.
PERSON = """\
#!{python}
import os, sys, trio
from pathlib import Path
from flow2api.browser.visit import open_visit
from flow2api.browser.profile import RECORD

async def sign_in(profile, url):
    (profile / RECORD).unlink()
    async with open_visit(profile, url) as visit:
        await visit.load()

os.environ["CHROME_BIN"] = {program!r}
[profile] = [one.partition("=")[2] for one in sys.argv if one.startswith("--user-data-dir=")]
trio.run(sign_in, Path(profile), sys.argv[-1])
"""


@asynccontextmanager
async def service() -> AsyncIterator[tuple[Emulator, Urls]]:
    emulator = Emulator(numbered_accounts(1))
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            yield emulator, await nursery.start(partial(serve_fast, emulator))
            nursery.cancel_scope.cancel()


def sign_in_page(emulator: Emulator, urls: Urls) -> str:
    return f"{urls.base}/_emulator/sign-in/{next(iter(emulator.accounts)).email}"


def script(folder: Path, text: str) -> str:
    path = folder / "browser"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.slow
async def test_a_profile_stays_signed_in_and_other_sites_cookies_are_not_told(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROME_BIN", program)
    async with service() as (emulator, urls):
        token = next(iter(emulator.accounts)).session_token
        async with open_visit(tmp_path, sign_in_page(emulator, urls)) as visit:
            assert await visit.cookies() == ""
            await visit.load()
            assert await visit.tab.url() == urls.page_url
            assert await visit.cookies() == f"{SESSION_COOKIE}={token}"
        async with open_visit(tmp_path, urls.page_url) as visit:
            assert await visit.cookies() == f"{SESSION_COOKIE}={token}"
        async with open_visit(tmp_path, "https://labs.example/") as visit:
            assert await visit.cookies() == ""
    assert not running.mentioning(str(tmp_path))


@pytest.mark.slow
async def test_what_a_person_did_in_a_window_is_in_the_profile(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "profile"
    person = script(tmp_path, PERSON.format(python=sys.executable, program=program))
    monkeypatch.setenv("CHROME_BIN", program)
    async with service() as (emulator, urls):
        await show_window(profile, sign_in_page(emulator, urls), binary=person)
        assert not running.mentioning(str(profile))
        async with open_visit(profile, urls.page_url) as visit:
            assert SESSION_COOKIE in await visit.cookies()


@pytest.mark.slow
async def test_a_page_that_is_not_there_is_said(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME_BIN", program)
    with trio.fail_after(PATIENCE_SECONDS):
        async with open_visit(tmp_path, "http://127.0.0.1:9/") as visit:
            with pytest.raises(PageFailed):
                await visit.load()


async def test_a_window_cannot_be_driven_and_opens_at_the_page(tmp_path: Path) -> None:
    noting = script(tmp_path, f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/arguments\n')
    await show_window(tmp_path / "profile", "https://page.example/", exit_url="http://a:b@proxy:1", binary=noting)
    arguments = (tmp_path / "arguments").read_text().splitlines()
    assert arguments[-1] == "https://page.example/"
    assert "--proxy-server=http://proxy:1" in arguments
    assert not [one for one in arguments if one.startswith(("--remote-debugging", "--headless"))]


async def test_a_window_that_cannot_open_is_quoted(tmp_path: Path) -> None:
    broken = script(tmp_path, "#!/bin/sh\necho 'Missing X server or $DISPLAY' >&2\nexit 1\n")
    with pytest.raises(BrowserUnavailable, match="ended with code 1: Missing X server"):
        await show_window(tmp_path / "profile", "https://page.example/", binary=broken)


async def test_a_window_is_closed_when_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    waiting = script(tmp_path, f"#!{sys.executable}\nimport time\nopen({str(tmp_path / 'up')!r}, 'w')\ntime.sleep(600)")
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(partial(show_window, tmp_path / "profile", "https://page.example/", binary=waiting))
            while not (tmp_path / "up").exists():
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
    assert not running.mentioning(str(tmp_path))
