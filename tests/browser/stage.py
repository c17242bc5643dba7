"""A browser, pages for it, and a connection between them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import trio

from flow2api.browser.cdp import Session, open_session
from flow2api.browser.chromium import Chromium, open_chromium
from flow2api.browser.context import Context, profile_context
from flow2api.browser.tab import Tab, open_tab
from tests.doubles.captcha_page import CaptchaPage, open_captcha_page

PATIENCE_SECONDS = 90.0
# The browser would like to talk to its maker at the start; through this it reaches nobody. Pages on loopback go past it.
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Stage:
    """What a test plays with. `context` is the profile's own."""

    page: CaptchaPage
    chromium: Chromium
    session: Session
    context: Context


@asynccontextmanager
async def open_stage(program: str, profile: Path) -> AsyncIterator[Stage]:
    """All of it, for a bounded time."""
    with trio.fail_after(PATIENCE_SECONDS):
        async with (
            open_captcha_page() as page,
            open_chromium(profile, exit_url=NOWHERE, binary=program) as chromium,
            open_session(chromium.address) as session,
        ):
            yield Stage(page, chromium, session, profile_context(session, chromium))


@asynccontextmanager
async def open_stage_tab(stage: Stage, path: str = "/page", context: Context | None = None) -> AsyncIterator[Tab]:
    """A tab that has loaded one of the pages."""
    async with open_tab(context or stage.context) as tab:
        await tab.load(stage.page.url(path))
        yield tab
