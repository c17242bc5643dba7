"""Where captcha tokens come from: the tabs of a browser on this machine, or nowhere where the upstream asks for none.

Browser and tab pool stand under a supervisor of their own that parks them when they keep crashing, so that no trouble with a browser
ever stops the API: whoever needs a token is told why there is none.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Never

import trio

from flow2api.actors.browser import Browser, BrowserMessage
from flow2api.actors.captcha_source import CaptchaSource
from flow2api.actors.tab_pool import PoolRules, Solve, TabPool, TabPoolMessage
from flow2api.actors.tab_slot import Site
from flow2api.browser.errors import BrowserFault
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import ProxyRefused
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorError
from flow2api.kit.mailbox import Mailbox, Ref
from flow2api.kit.spec import NodeStatistics
from flow2api.kit.supervisor import ChildSpec, DynamicSupervisor
from flow2api.providers.base import CaptchaToken

log = logging.getLogger("flow2api.captcha")

# A browser that has to be started, a page that has to be loaded, and a retry of both.
TOKEN_SECONDS = 120.0
# The browser is asked to close, then told to, then killed.
BROWSER_DRAIN_SECONDS = 10.0


class NoCaptcha:
    """For an upstream that asks for none."""

    async def token(self, account_id: str, action: str) -> CaptchaToken:
        return CaptchaToken()


class ChosenCaptcha:
    """The one of two sources that the settings choose, for each token anew."""

    def __init__(self, tabs: CaptchaSource, wanted: Callable[[], bool]) -> None:
        self._tabs = tabs
        self._wanted = wanted

    async def token(self, account_id: str, action: str) -> CaptchaToken:
        source = self._tabs if self._wanted() else NoCaptcha()
        return await source.token(account_id, action)


class TabCaptcha:
    """Tokens from the pool of tabs, each from a tab behind the exit of the account that needs it."""

    def __init__(self, pool: Ref[TabPoolMessage], exit_for: Callable[[str], str | None]) -> None:
        self._pool = pool
        self._exit_for = exit_for

    async def token(self, account_id: str, action: str) -> CaptchaToken:
        try:
            with trio.fail_after(TOKEN_SECONDS):
                return await self._pool.ask_again(Solve(action, self._exit_for(account_id)))
        except (BrowserFault, ProxyRefused) as fault:
            why = str(fault)
        except ActorError as error:
            why = f"the tab pool is not running: {error}"
        except trio.TooSlowError:
            why = f"the page gave none within {TOKEN_SECONDS:.0f} s"
        raise UpstreamFailure(FailureKind.CAPTCHA_UNAVAILABLE, why)


@dataclass(frozen=True)
class CaptchaParts:
    """What the captcha branch works with."""

    profile: Path
    site: Site
    rules: PoolRules
    bus: EventBus
    now: Callable[[], float]


class Captcha(Actor[Never]):
    """Keeps browser and tab pool under their own supervisor."""

    mailbox_size: ClassVar[int] = 1

    def __init__(self, parts: CaptchaParts, browser: Mailbox[BrowserMessage], pool: Mailbox[TabPoolMessage]) -> None:
        self._parts = parts
        self._browser = browser
        self._pool = pool
        self._branch = DynamicSupervisor("captcha branch", bus=parts.bus, on_exhausted="park")

    async def start(self) -> None:
        parts = self._parts
        await self.tasks.start(self._branch.run)
        await self._branch.start_child(
            ChildSpec(
                "captcha browser",
                lambda: Browser(parts.profile, parts.bus, parts.now),
                mailbox=self._browser,
                drain_seconds=BROWSER_DRAIN_SECONDS,
            )
        )
        await self._branch.start_child(
            ChildSpec(
                "captcha tabs",
                lambda: TabPool(self._browser.ref, parts.site, parts.rules, parts.bus, parts.now),
                mailbox=self._pool,
            )
        )

    def below(self) -> Sequence[NodeStatistics]:
        return self._branch.nodes()

    def restart_below(self, path: Sequence[str]) -> None:
        self._branch.begin_restart(path)

    async def drain(self) -> None:
        await self._branch.stop()
