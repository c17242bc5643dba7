"""Sessions from the browser profiles in which an operator signed in: one look at a time, bounded, and nothing typed or clicked there.

A plain object, shared by all accounts. It finds a session other than the one that the account has; whether that is good and whose it
is, is found out by the account itself before it takes it over.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

import trio

from flow2api.browser.errors import BrowserFault, BrowserUnavailable
from flow2api.browser.logins import Logins, ProfileInUse, held
from flow2api.browser.visit import open_visit
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.timing import every
from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Provider

log = logging.getLogger("flow2api.sessions")

# A start on a small, busy machine, a slow page, and the end of the browser.
VISIT_SECONDS = 120.0
LOAD_SECONDS = 45.0
# A page that renews its session does so by a call of its own, soon after it has loaded.
SETTLE_SECONDS = 5.0
LOOK_SECONDS = 0.25


class SameSession(Failure):
    """The browser holds the session that the account has already: nothing was gained, and nothing is wrong yet."""

    def __init__(self, account_id: str) -> None:
        super().__init__(
            Code.CONFLICT,
            "The browser holds the same session as the account, so there is nothing to renew it from. "
            f"If that session has ended, sign in anew: {_login(account_id)}",
        )


class Visited(Protocol):
    """An open browser, as far as sessions care; see `flow2api.browser.visit`."""

    async def load(self) -> None: ...

    async def cookies(self) -> str: ...


class OpenVisit(Protocol):
    """Opens a browser on a profile; see `flow2api.browser.visit`."""

    def __call__(
        self, folder: Path, url: str, *, exit_url: str | None = None
    ) -> AbstractAsyncContextManager[Visited]: ...


class SessionRefresh:
    """The kept profiles, as a source of sessions."""

    def __init__(self, logins: Logins, open_visit: OpenVisit = open_visit) -> None:
        self._logins = logins
        self._open_visit = open_visit
        self._turn = trio.Lock()

    def kept(self, account_id: str) -> bool:
        """Whether a profile is kept for the account."""
        return self._logins.kept(account_id)

    async def forget(self, account_id: str) -> None:
        """The account is gone: remove its profile."""
        await self._logins.remove(account_id)

    async def fresh(
        self, account_id: str, provider: Provider, vault: Callable[[], bytes], exit_for: ExitChoice
    ) -> bytes:
        """A vault with the session that the account's browser holds, another one than in `vault`, which is asked when that is known.
        Cancelled, the browser ends.

        Raises:
            SameSession: the browser holds that very one.
            Failure: there is no profile, no session in it, or no browser to be had; the message says what to do.
        """
        page_url = provider.traits.login_page
        if page_url is None:
            message = f"A {provider.traits.credential} of {provider.traits.title} is not renewed from a browser."
            raise Failure(Code.UNSUPPORTED_OPERATION, message)
        if not self.kept(account_id):
            message = f"No browser profile is kept for this account. Sign in with one: {_login(account_id)}"
            raise Failure(Code.CONFLICT, message)
        async with self._turn:
            try:
                with trio.fail_after(VISIT_SECONDS):
                    found = await self._look(account_id, provider, page_url, vault, exit_for())
            except ProfileInUse as fault:
                raise Failure(Code.CONFLICT, f"Not now: {fault}.") from None
            except BrowserUnavailable as fault:
                raise Failure(Code.UNSUPPORTED_OPERATION, f"There is no browser to renew it with: {fault}.") from None
            except (BrowserFault, NetworkFault) as fault:
                raise Failure(Code.UPSTREAM_UNREACHABLE, f"The browser could not be looked into: {fault}.") from None
            except trio.TooSlowError:
                message = f"The browser was not done within {VISIT_SECONDS:.0f} s."
                raise Failure(Code.UPSTREAM_UNREACHABLE, message) from None
        log.info("the browser holds another session account=%s", account_id)
        return found

    async def _look(
        self, account_id: str, provider: Provider, page_url: str, vault: Callable[[], bytes], exit_url: str | None
    ) -> bytes:
        folder, found = self._logins.folder(account_id), None
        with held(folder):
            async with self._open_visit(folder, page_url, exit_url=exit_url) as visit:
                with trio.move_on_after(LOAD_SECONDS):
                    await visit.load()
                with trio.move_on_after(SETTLE_SECONDS):
                    async for _ in every(LOOK_SECONDS):
                        found = _vault_in(provider, await visit.cookies())
                        if found is not None and provider.credential_of(found) != provider.credential_of(vault()):
                            return found
        if found is not None:
            raise SameSession(account_id)
        message = f"The browser of this account is signed out; somebody must sign in there: {_login(account_id)}"
        raise Failure(Code.CONFLICT, message)


def _vault_in(provider: Provider, cookies: str) -> bytes | None:
    """The vault for a session among the cookies, None without one."""
    try:
        return provider.vault_for(cookies) if cookies else None
    except Failure:
        return None


def _login(account_id: str) -> str:
    return f"flow2api account login --account {account_id}"
