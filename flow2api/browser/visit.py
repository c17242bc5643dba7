"""A browser on a kept profile with one page open, and the cookies that it holds for that page.

For signing in by hand and for looking after it. Nothing is typed, clicked or changed in the page from here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from flow2api.browser.cdp import Session, open_session
from flow2api.browser.chromium import Chromium, open_chromium
from flow2api.browser.context import profile_context, unmake
from flow2api.browser.tab import Tab, open_tab


class Visit:
    """An open browser. Its user may close the tab or the window at any time."""

    def __init__(self, chromium: Chromium, session: Session, tab: Tab, url: str) -> None:
        self.tab = tab
        self.version = chromium.version
        self.url = url
        self._chromium = chromium
        self._session = session

    async def load(self) -> None:
        """Load the page and wait until it has loaded.

        Raises:
            PageFailed: it cannot be had."""
        await self.tab.load(self.url)

    async def cookies(self) -> str:
        """All cookies that are kept for the page's host, those hidden from scripts included, written as in a request. Secret.

        Asked of the browser, not of the tab, which may be gone."""
        host = urlsplit(self.url).hostname or ""
        found = await self._session.call(self._session.cdp.storage.get_cookies())
        return "; ".join(f"{one.name}={one.value}" for one in found if _is_for(one.domain, host))

    async def wait_closed(self) -> str:
        """Wait until the browser has ended; says how."""
        return await self._chromium.wait_exited()


@asynccontextmanager
async def open_visit(
    folder: Path, url: str, *, visible: bool = False, exit_url: str | None = None
) -> AsyncIterator[Visit]:
    """Start a browser on the profile in `folder`, with one tab, which is empty until `load`.

    Raises:
        BrowserUnavailable: it cannot be started, or the profile is in use.
        ConnectionLost, TabLost: it went away meanwhile."""
    async with (
        open_chromium(folder, visible=visible, exit_url=exit_url) as chromium,
        open_session(chromium.address) as session,
        open_tab(profile_context(session, chromium)) as tab,
    ):
        await _close_others(session, tab)
        yield Visit(chromium, session, tab, url)


async def _close_others(session: Session, tab: Tab) -> None:
    """Close the empty tab that every browser starts with: its user would wonder about it."""
    target = session.cdp.target
    for one in await session.call(target.get_targets()):
        if one.type_ == "page" and one.target_id != tab.target_id:
            await unmake(session, target.close_target(one.target_id))


def _is_for(domain: str, host: str) -> bool:
    """Whether a cookie of this domain goes to the host; a leading dot stands for all hosts below."""
    bare = domain.lstrip(".")
    return host == bare or (domain.startswith(".") and host.endswith("." + bare))
