"""The pool of resident captcha tabs: which tab serves whom, how many there may be, and when one is replaced.

One tab for each exit as a rule, opened on demand up to a bound, closed when idle, replaced after so many tokens or by age. A lost tab
or browser costs those who wait a short retry and nothing else.
"""

import itertools
import logging
from collections.abc import Callable
from typing import ClassVar, assert_never

import msgspec
import trio

from flow2api.actors.browser import BrowserMessage, Connect
from flow2api.actors.tab_slot import Site, TabSlot
from flow2api.browser.errors import BrowserFault, BrowserUnavailable
from flow2api.domain.captcha import TabView
from flow2api.domain.events import TabChanged, TabClosed
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorError
from flow2api.kit.mailbox import Ask, Ref
from flow2api.providers.base import CaptchaToken

log = logging.getLogger("flow2api.captcha")

TRIES = 3
RETRY_SECONDS = 0.2
# So many may wait for tokens of one tab before another one is opened for the same exit.
USERS_PER_TAB = 8
# A browser that has to be started first, and a page that loads slowly.
TEST_SECONDS = 90.0
# Any word will do: no call of a service is made with the token.
TEST_ACTION = "SELF_TEST"
PICTURE_SECONDS = 15.0


class PoolRules(msgspec.Struct, frozen=True, kw_only=True):
    """How the pool is kept within bounds."""

    max_tabs: int = 4
    idle_seconds: float = 600.0
    max_tokens: int = 200
    max_age_seconds: float = 6 * 3600.0


class Solve(Ask[CaptchaToken], frozen=True):
    """A fresh token for one call of an account, from a tab behind its exit. `BrowserFault` says why there is none."""

    action: str
    exit_url: str | None


class LookAtTabs(Ask[list[TabView]], frozen=True):
    """How each tab is."""


class CloseIdle(Ask[int], frozen=True):
    """Close the tabs that nobody used for long; how many there were."""


class RecycleTab(Ask[bool], frozen=True):
    """Close one tab, to be opened anew when it is needed; False when there is none of that id."""

    tab_id: int


class ShowTab(Ask[bytes | None], frozen=True):
    """What one tab shows, as PNG; None when there is none of that id. `Failure` conflict says why it cannot be shown now."""

    tab_id: int


class TokenTest(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a token could be had, and how long it took. The token itself is thrown away."""

    ok: bool
    seconds: float
    error: str = ""


class TestTokens(Ask[TokenTest], frozen=True):
    """Try the whole way to a token, without an exit: browser, page, script."""

    # Pytest would take it for a test by its name.
    __test__ = False


TabPoolMessage = Solve | LookAtTabs | CloseIdle | RecycleTab | ShowTab | TestTokens


class TabPool(Actor[TabPoolMessage]):
    """Owner of the tabs."""

    mailbox_size: ClassVar[int] = 256
    expected: ClassVar[tuple[type[Exception], ...]] = (BrowserFault, Failure)

    def __init__(
        self, browser: Ref[BrowserMessage], site: Site, rules: PoolRules, bus: EventBus, now: Callable[[], float]
    ) -> None:
        self._browser = browser
        self._site = site
        self._rules = rules
        self._bus = bus
        self._now = now
        self._slots: dict[int, TabSlot] = {}
        self._ids = itertools.count(1)
        self._room = trio.Event()

    async def handle(self, message: TabPoolMessage) -> object:
        match message:
            case Solve():
                self.answer_in_task(self._solve, message)
            case LookAtTabs():
                return [slot.view() for slot in self._slots.values()]
            case CloseIdle():
                return self._close_idle()
            case RecycleTab():
                return self._recycle(message.tab_id)
            case ShowTab():
                self.answer_in_task(self._show, message.tab_id)
            case TestTokens():
                self.answer_in_task(self._test)
            case _:
                assert_never(message)
        return None

    async def _solve(self, message: Solve) -> CaptchaToken:
        for tries_left in reversed(range(TRIES)):
            try:
                slot = await self._slot_for(message.exit_url)
                try:
                    token, user_agent = await slot.token(message.action)
                finally:
                    self._signal_room()
            except BrowserUnavailable:
                raise
            except BrowserFault as fault:
                if not tries_left:
                    raise
                log.info("no token, trying again: %s", fault)
                await trio.sleep(RETRY_SECONDS)
            else:
                self._retire_if_worn(slot)
                return CaptchaToken(value=token, user_agent=user_agent)
        raise BrowserFault("no token could be had")

    async def _show(self, tab_id: int) -> bytes | None:
        slot = self._slots.get(tab_id)
        if slot is None:
            return None
        try:
            with trio.fail_after(PICTURE_SECONDS):
                return await slot.picture()
        except (BrowserFault, trio.TooSlowError) as trouble:
            why = str(trouble) or f"it did not answer within {PICTURE_SECONDS:.0f} seconds"
            raise Failure(Code.CONFLICT, f"The tab cannot be shown now: {why}.") from None

    async def _test(self) -> TokenTest:
        began, error = trio.current_time(), ""
        try:
            with trio.fail_after(TEST_SECONDS):
                await self._solve(Solve(TEST_ACTION, None))
        except BrowserFault as fault:
            error = str(fault)
        except trio.TooSlowError:
            error = f"there was no token within {TEST_SECONDS:.0f} seconds"
        return TokenTest(ok=not error, seconds=trio.current_time() - began, error=error)

    async def _slot_for(self, exit_url: str | None) -> TabSlot:
        """A tab behind the exit: one that is there, a new one, or the first that there is room for."""
        while True:
            slot = self._choose(exit_url)
            if slot is not None:
                return slot
            await self._room.wait()

    def _choose(self, exit_url: str | None) -> TabSlot | None:
        """The choice, in one step. None when all places are taken by tabs in use behind other exits."""
        usable = [slot for slot in self._slots.values() if slot.usable]
        same = [slot for slot in usable if slot.exit_url == exit_url]
        best = min(same, key=lambda slot: slot.users, default=None)
        if best is not None and (best.users < USERS_PER_TAB or len(self._slots) >= self._rules.max_tabs):
            return best
        if len(self._slots) < self._rules.max_tabs:
            return self._open(exit_url)
        idle = [slot for slot in usable if not slot.users]
        if idle:
            # Least recently used; its place is free once it is closed.
            min(idle, key=lambda slot: slot.used_at).close()
        return None

    def _open(self, exit_url: str | None) -> TabSlot:
        slot = TabSlot(next(self._ids), self._site, exit_url, self._now, self._tell)
        self._slots[slot.id] = slot
        self._tell(slot.view())
        self.tasks.start_soon(self._keep, slot, name=f"captcha tab {slot.id}")
        return slot

    async def _keep(self, slot: TabSlot) -> None:
        try:
            connected = await self._browser.ask(Connect())
            await slot.run(connected)
        except (BrowserFault, ActorError) as fault:
            slot.give_up(fault if isinstance(fault, BrowserFault) else BrowserFault(str(fault)))
        finally:
            del self._slots[slot.id]
            self._bus.publish(TabClosed(tab_id=slot.id, at=self._now()))
            self._signal_room()

    def _tell(self, view: TabView) -> None:
        self._bus.publish(TabChanged(view=view, at=self._now()))

    def _signal_room(self) -> None:
        """A tab has become idle or is gone: whoever waits for a place looks again."""
        self._room.set()
        self._room = trio.Event()

    def _retire_if_worn(self, slot: TabSlot) -> None:
        worn = slot.tokens >= self._rules.max_tokens
        if worn or self._now() - slot.opened_at > self._rules.max_age_seconds:
            slot.close()

    def _close_idle(self) -> int:
        before = self._now() - self._rules.idle_seconds
        idle = [slot for slot in self._slots.values() if slot.usable and not slot.users and slot.used_at < before]
        for slot in idle:
            slot.close()
        return len(idle)

    def _recycle(self, tab_id: int) -> bool:
        slot = self._slots.get(tab_id)
        if slot is None:
            return False
        slot.close()
        return True
