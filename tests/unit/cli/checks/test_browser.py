"""Chromium is looked for and started; what is missing matters as far as captchas need it."""

import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import trio
from trio.testing import MockClock

from flow2api.browser.errors import BrowserUnavailable, PageFailed
from flow2api.cli.checks import browser as checks
from flow2api.cli.wiring import Browser
from flow2api.config import CaptchaConfig

METHODS = pytest.mark.parametrize(("method", "result"), [("browser", "broken"), ("none", "advice")])


class FakeVisit:
    version = "Chrome/1.2.3"

    def __init__(self, trouble: Exception | None = None, page_trouble: Exception | None = None) -> None:
        self._trouble, self._page_trouble = trouble, page_trouble
        self.folders: list[Path] = []
        self.exits: list[str | None] = []

    @asynccontextmanager
    async def open(self, folder: Path, url: str, *, exit_url: str | None = None) -> AsyncIterator["FakeVisit"]:
        self.folders.append(folder)
        self.exits.append(exit_url)
        await trio.sleep(3)
        if self._trouble is not None:
            raise self._trouble
        yield self

    async def load(self) -> None:
        await trio.sleep(0.5)
        if self._page_trouble is not None:
            raise self._page_trouble

    async def cookies(self) -> str:
        return ""

    async def show(self, folder: Path, url: str, *, exit_url: str | None = None) -> None:
        raise AssertionError("no window is wanted")

    @property
    def tool(self) -> Browser:
        return Browser(self.open, self.show)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment with a browser in it."""
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return {"PATH": str(tmp_path)}


def captcha(method: Literal["browser", "none"] = "browser") -> CaptchaConfig:
    return CaptchaConfig(method=method)


async def test_a_browser_that_starts_is_good_and_measured(
    autojump_clock: MockClock, environ: dict[str, str], tmp_path: Path
) -> None:
    visit = FakeVisit()
    package, program, started = await checks.browser(captcha(), environ, visit.tool)
    assert [package.result, program.result, started.result] == ["good"] * 3
    assert program.found == str(tmp_path / "chromium")
    assert started.found == "Chrome/1.2.3 is up in 3.0 s and shows a page in 0.50 s more"
    assert visit.exits == ["http://127.0.0.1:9"]
    assert not visit.folders[0].exists()


@METHODS
async def test_a_missing_package_is_told_with_the_extra_that_brings_it(
    method: Literal["browser", "none"], result: str, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    package, program = await checks.browser(captcha(method), environ, FakeVisit().tool)
    assert (package.result, program.result) == (result, "good")
    assert "`browser`" in package.advice


@METHODS
async def test_a_missing_browser_is_told_with_how_to_get_one(method: Literal["browser", "none"], result: str) -> None:
    _, program = await checks.browser(captcha(method), {"CHROME_BIN": "/no/such/program"}, FakeVisit().tool)
    assert program.result == result
    assert "CHROME_BIN" in program.found
    assert "apt-get install chromium" in program.advice


@METHODS
@pytest.mark.parametrize(
    "visit",
    [FakeVisit(BrowserUnavailable("no shared memory")), FakeVisit(page_trouble=PageFailed("no shared memory"))],
    ids=["start", "page"],
)
async def test_a_browser_that_does_not_start_is_quoted(
    method: Literal["browser", "none"],
    result: str,
    visit: FakeVisit,
    autojump_clock: MockClock,
    environ: dict[str, str],
) -> None:
    *_, started = await checks.browser(captcha(method), environ, visit.tool)
    assert (started.result, started.found) == (result, "no shared memory")


async def test_a_browser_that_hangs_is_given_up(
    autojump_clock: MockClock, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LIMIT_SECONDS", 2.0)
    *_, started = await checks.browser(captcha(), environ, FakeVisit().tool)
    assert (started.result, started.found) == ("broken", "it was not done within 2 s")
