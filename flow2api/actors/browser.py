"""The browser for captcha tabs: one Chromium, started when it is first needed, watched, and started anew when it ends.

A browser that cannot be had is a state with a reason in words, not a crash: whoever asks is told, and it is tried again after a while.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import ClassVar, assert_never

import msgspec
import trio

from flow2api.browser.cdp import Session, open_session
from flow2api.browser.chromium import Chromium, open_chromium
from flow2api.browser.errors import BrowserFault, BrowserUnavailable
from flow2api.domain.captcha import BrowserState, BrowserView
from flow2api.domain.events import BrowserChanged
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ask, Reply

log = logging.getLogger("flow2api.browser")

# After a browser that ended by itself, and after one that could not be had at all.
AGAIN_SECONDS = 1.0
UNAVAILABLE_SECONDS = 60.0
# The proxy of the browser itself, where nobody listens: what it would tell its maker by itself never leaves the machine. The
# captcha tabs have contexts of their own, with the exits of their accounts.
NOWHERE = "http://127.0.0.1:9"


class Connected(msgspec.Struct, frozen=True):
    """A browser that is up. It may end at any time; `session` says so to whoever uses it."""

    session: Session
    chromium: Chromium


class Connect(Ask[Connected], frozen=True):
    """The browser, started if need be. `BrowserUnavailable` when none can be had."""


class LookAtBrowser(Ask[BrowserView], frozen=True):
    """How the browser is."""


BrowserMessage = Connect | LookAtBrowser


class Browser(Actor[BrowserMessage]):
    """Owner of the process and of the connection to it."""

    mailbox_size: ClassVar[int] = 64
    expected: ClassVar[tuple[type[Exception], ...]] = (BrowserFault,)

    def __init__(self, profile: Path, bus: EventBus, now: Callable[[], float]) -> None:
        self._profile = profile
        self._bus = bus
        self._now = now
        self._wanted = trio.Event()
        self._waiting: list[Reply[Connected]] = []
        self._up: Connected | None = None
        self._view = BrowserView(state="idle", since=now())

    async def start(self) -> None:
        self.tasks.start_soon(self._keep)

    async def handle(self, message: BrowserMessage) -> object:
        match message:
            case Connect():
                return self._connect()
            case LookAtBrowser():
                return self._view
            case _:
                assert_never(message)

    async def drain(self) -> None:
        """Whoever still waits is told by the end of this life; the process ends with its context."""

    def _connect(self) -> Connected | None:
        if self._up is not None and self._up.session.lost is None:
            return self._up
        if self._view.state == "waiting":
            raise BrowserUnavailable(self._view.trouble)
        self._waiting.append(self.later())
        self._wanted.set()
        return None

    async def _keep(self) -> None:
        while True:
            # Whoever asked while the last one ended goes on waiting for the next.
            if not self._waiting:
                await self._wanted.wait()
            await trio.sleep(await self._one_life())

    async def _one_life(self) -> float:
        """Start the browser and stay until it is no more; how long to wait before the next."""
        self._show("starting")
        try:
            async with AsyncExitStack() as stack:
                opening = open_chromium(self._profile, visible=False, exit_url=NOWHERE)
                chromium = await stack.enter_async_context(opening)
                session = await stack.enter_async_context(open_session(chromium.address))
                self._is_up(Connected(session, chromium))
                reason = await _first(chromium.wait_exited, session.wait_lost)
                log.warning("the browser ended: %s", reason)
                self._is_down("idle", f"it ended: {reason}")
                return AGAIN_SECONDS
        except BrowserUnavailable as fault:
            log.warning("no browser: %s", fault)
            self._is_down("waiting", str(fault))
            self._refuse(fault)
            await trio.sleep(UNAVAILABLE_SECONDS)
            self._show("idle")
            return 0.0
        except BrowserFault as fault:
            log.warning("the browser failed: %s", fault)
            self._is_down("idle", str(fault))
            self._refuse(fault)
            return AGAIN_SECONDS

    def _is_up(self, connected: Connected) -> None:
        self._up = connected
        chromium = connected.chromium
        self._show("up", version=chromium.version, pid=chromium.pid, starts=self._view.starts + 1, trouble="")
        log.info("browser up version=%s pid=%s", chromium.version, chromium.pid)
        waiting, self._waiting = self._waiting, []
        for reply in waiting:
            reply.set(connected)

    def _is_down(self, state: BrowserState, trouble: str) -> None:
        self._up = None
        self._wanted = trio.Event()
        self._show(state, pid=None, trouble=trouble)

    def _refuse(self, fault: BrowserFault) -> None:
        waiting, self._waiting = self._waiting, []
        for reply in waiting:
            reply.fail(type(fault)(str(fault)) if type(fault) is BrowserUnavailable else BrowserFault(str(fault)))

    def _show(self, state: BrowserState, **changes: object) -> None:
        self._view = msgspec.structs.replace(self._view, state=state, since=self._now(), **changes)
        self._bus.publish(BrowserChanged(view=self._view, at=self._view.since))


async def _first(*waits: Callable[[], Awaitable[object]]) -> object:
    """What the first of several waits gives."""
    results: list[object] = []

    async def one(wait: Callable[[], Awaitable[object]]) -> None:
        results.append(await wait())
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for wait in waits:
            nursery.start_soon(one, wait)
    return results[0]
