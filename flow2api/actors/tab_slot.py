"""One resident tab of the captcha pool: opened on the page, made ready, used, and closed; its figures.

Lives as one task in the pool. Whoever uses it hears at once when it is lost.
"""

import logging
import time
from collections.abc import Callable

import msgspec
import trio

from flow2api.actors.browser import Connected
from flow2api.browser.context import open_context
from flow2api.browser.errors import BrowserFault, ScriptMissing
from flow2api.browser.tab import Tab, open_tab
from flow2api.domain.captcha import TabState, TabView
from flow2api.net.exits import parse_exit

log = logging.getLogger("flow2api.captcha")

OPEN_SECONDS = 60.0
READY_SECONDS = 20.0
TOKEN_SECONDS = 30.0


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """Where tokens are made."""

    page_url: str
    site_key: str
    script_url: str


class TabSlot:
    """A place for one tab. `run` opens it and keeps it until `close`; `token` may be asked by many at a time."""

    def __init__(
        self,
        id_: int,
        site: Site,
        exit_url: str | None,
        now: Callable[[], float],
        changed: Callable[[TabView], None],
    ) -> None:
        self.id = id_
        self.exit_url = exit_url
        self.opened_at = self.used_at = now()
        self.tokens = 0
        self.failures = 0
        self.users = 0
        self._site = site
        self._now = now
        self._changed = changed
        self._latency = 0.0
        self._tab: Tab | None = None
        self._user_agent = ""
        self._trouble: BrowserFault | None = None
        self._settled = trio.Event()
        self._closing = trio.Event()
        self._unused = trio.Event()
        self._mending = trio.Lock()

    @property
    def usable(self) -> bool:
        """Whether it may be given to another user."""
        lost = self._tab is not None and self._tab.lost is not None
        return not (self._closing.is_set() or self._trouble or lost)

    def close(self) -> None:
        """Take no more users; the tab is closed when the present ones are done."""
        if not self._closing.is_set():
            self._closing.set()
            self._changed(self.view())

    def view(self) -> TabView:
        state: TabState = "busy" if self.users else "ready"
        if not self._settled.is_set():
            state = "opening"
        if not self.usable:
            state = "closing"
        return TabView(
            id=self.id,
            page=self._site.page_url,
            exit=parse_exit(self.exit_url).masked if self.exit_url else "",
            state=state,
            opened_at=self.opened_at,
            used_at=self.used_at,
            tokens=self.tokens,
            failures=self.failures,
            latency_seconds=self._latency,
        )

    async def picture(self) -> bytes:
        """What the page shows, as PNG, once it has loaded.

        Raises:
            BrowserFault: the tab is lost."""
        await self._settled.wait()
        if self._tab is None or self._trouble is not None:
            raise self._trouble or BrowserFault("the tab was closed")
        return await self._tab.screenshot()

    async def run(self, connected: Connected) -> None:
        """Open the tab, keep it until it is closed or lost, close it. Ends without raising what is the tab's own trouble."""
        try:
            async with open_context(connected.session, self.exit_url) as context, open_tab(context) as tab:
                with trio.fail_after(OPEN_SECONDS):
                    await tab.load(self._site.page_url)
                    await tab.ready(self._site.site_key, self._site.script_url)
                    self._user_agent = await tab.user_agent()
                self._tab = tab
                self._settled.set()
                self._changed(self.view())
                await self._stay(tab)
        except BrowserFault as fault:
            self._fail(fault)
        except trio.TooSlowError:
            self._fail(BrowserFault(f"the page did not become ready within {OPEN_SECONDS:.0f} s"))
        finally:
            self._closing.set()
            self._settled.set()

    async def _stay(self, tab: Tab) -> None:
        async with trio.open_nursery() as nursery:

            async def until_lost() -> None:
                self._fail(await tab.wait_lost())
                nursery.cancel_scope.cancel()

            nursery.start_soon(until_lost)
            await self._closing.wait()
            with trio.move_on_after(TOKEN_SECONDS):
                while self.users:
                    self._unused = trio.Event()
                    await self._unused.wait()
            nursery.cancel_scope.cancel()

    def give_up(self, fault: BrowserFault) -> None:
        """There is no browser to open it in."""
        self._fail(fault)
        self._closing.set()
        self._settled.set()

    def _fail(self, fault: BrowserFault) -> None:
        self._trouble = self._trouble or fault
        log.info("tab gone tab=%d: %s", self.id, fault)

    async def token(self, action: str) -> tuple[str, str]:
        """A fresh token and the name under which the tab made it.

        Raises:
            BrowserFault: the tab is of no use now; another may be.
        """
        self.users += 1
        try:
            await self._settled.wait()
            self._changed(self.view())
            if self._tab is None or self._trouble is not None:
                raise self._trouble or BrowserFault("the tab was closed")
            began = time.perf_counter()
            with trio.fail_after(TOKEN_SECONDS):
                token = await self._token(self._tab, action)
            self._latency = time.perf_counter() - began
            self.tokens += 1
            self.used_at = self._now()
            return token, self._user_agent
        except trio.TooSlowError:
            self.failures += 1
            self.close()
            raise BrowserFault(f"the page gave no token within {TOKEN_SECONDS:.0f} s") from None
        except BrowserFault:
            self.failures += 1
            raise
        finally:
            self.users -= 1
            if not self.users:
                self._unused.set()
            self._changed(self.view())

    async def _token(self, tab: Tab, action: str) -> str:
        try:
            return await tab.token(self._site.site_key, action)
        except ScriptMissing:
            log.info("the page lost its script, loading it again tab=%d", self.id)
        async with self._mending:
            try:
                return await tab.token(self._site.site_key, action)  # another user may have mended it
            except ScriptMissing:
                await tab.reload()
                await tab.ready(self._site.site_key, self._site.script_url)
        return await tab.token(self._site.site_key, action)
