"""One account's session and its login: renewed before it ends, once for all who need it, its vault stored when it changed.

Belongs to that account's actor. It draws no consequences from failures; it tells of a good login.
"""

import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.kit.timing import Backoff
from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Balance, Provider, Session
from flow2api.store import accounts
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.account")

R = TypeVar("R")

# A token that ends within this time is renewed before it is used for something paid.
LOGIN_MARGIN_SECONDS = 300.0
# Where a service does not say how long its token lives, it is trusted for this long; a refusal is believed at any time.
UNKNOWN_LOGIN_SECONDS = 45 * 60.0
LAST_WRITE_SECONDS = 5.0
# Between tries to renew a login ahead of its end that fail; work that needs the login tries at any time.
_AFTER_FAILURE = Backoff(first=60.0, factor=2.0, limit=3600.0)


class KeptSessions(Protocol):
    """Sessions that an operator's browser holds; see `flow2api.actors.session_refresh`."""

    def kept(self, account_id: str) -> bool: ...

    async def forget(self, account_id: str) -> None: ...

    async def fresh(
        self, account_id: str, provider: Provider, vault: Callable[[], bytes], exit_for: ExitChoice
    ) -> bytes: ...


@dataclass(frozen=True)
class LoginParts:
    """What a login works with."""

    store: Store
    provider: Provider
    exit_for: ExitChoice
    now: Callable[[], float]
    signed_in: Callable[[Session, Balance], Awaitable[None]]
    """Told of each good login, with what the account has left."""
    sessions: KeptSessions
    ended: Callable[[], object]
    """Told once of each session that turns out to have ended."""
    unsaved: Callable[[], object]
    """Told when `save_vault` must be called again after a while."""


class AccountLogin:
    """The session of one account, kept signed in."""

    def __init__(self, account_id: str, parts: LoginParts, vault: bytes) -> None:
        self._id = account_id
        self._parts = parts
        self._lock = trio.Lock()
        self._failures = 0
        self._left_alone_until = -math.inf
        self._has_ended = False
        self.session = self._opened(vault)
        self._stored_vault = vault
        self._signed_in_at = -math.inf

    def _opened(self, vault: bytes) -> Session:
        return self._parts.provider.open(self._id, vault, self._parts.exit_for)

    def good(self) -> bool:
        """Whether the access token will hold for a while; a credential that needs none is taken for good."""
        if not self._parts.provider.traits.signs_in:
            return True
        now = self._parts.now()
        until = self.session.signed_in_until
        if until is None:
            return now < self._signed_in_at + UNKNOWN_LOGIN_SECONDS
        return now < until - LOGIN_MARGIN_SECONDS or now < self._signed_in_at + LOGIN_MARGIN_SECONDS

    async def ensure(self) -> None:
        """Sign in unless that is good."""
        if self.good():
            return
        async with self._lock:
            if not self.good():
                await self._sign_in()

    async def keep_fresh(self, ahead_seconds: float) -> bool:
        """Sign in anew if the token ends within that time; whether it did.

        After a failure nothing is tried for a while, each time longer: what wants a person is not cured by asking again.
        """
        async with self._lock:
            now = self._parts.now()
            if now < self._left_alone_until or not self._ends_within(ahead_seconds):
                return False
            try:
                await self._sign_in()
            except UpstreamFailure:
                self._left_alone_until = now + _AFTER_FAILURE.delay(self._failures)
                self._failures += 1
                raise
        return True

    async def balance(self) -> Balance | None:
        """Credits and tier as they are now; None when that took a new login, which is told of anyway."""
        seen = self._signed_in_at
        await self.ensure()
        if self._signed_in_at != seen:
            return None
        return await self.renewing(lambda: self.session.balance())

    async def renew(self) -> None:
        """Sign in anew, whatever the age of the token."""
        async with self._lock:
            await self._sign_in()

    async def replace(self, vault: bytes, owner: str | None) -> None:
        """Go on with a newly given credential of the account's owner, by his e-mail. One that does not sign in, or is another
        person's, is refused, and everything stays as it was.

        Raises:
            UpstreamFailure: it was refused; `WRONG_ACCOUNT`, it is not the owner's or does not tell whose it is."""
        async with self._lock:
            given = self._opened(vault)
            await given.sign_in()
            if self._parts.provider.traits.signs_in:  # keys do not say whose they are
                _check_owner(given.identity.email, owner)
            self.session = self._opened(self._parts.provider.renewed_vault(self.session.vault, given.vault))
            await self._take_stock()

    async def renew_from_browser(self, owner: str | None) -> None:
        """Go on with the session that the owner's browser holds.

        Raises:
            Failure: it holds no other one, or cannot be looked into.
            UpstreamFailure: as for `replace`."""
        parts = self._parts
        found = await parts.sessions.fresh(self._id, parts.provider, lambda: self.session.vault, parts.exit_for)
        await self.replace(found, owner)

    async def renewing(self, call: Callable[[], Awaitable[R]]) -> R:
        """Run a call; when the access token is refused, renew it once and run the call once more.

        A refused token means that nothing was accepted, so this holds for the paid call too."""
        seen = self._signed_in_at
        try:
            return await call()
        except UpstreamFailure as failure:
            if failure.kind is not FailureKind.LOGIN_EXPIRED:
                raise
        async with self._lock:
            if self._signed_in_at == seen:  # else another task has renewed it meanwhile
                await self._renew_for_a_call()
        return await call()

    async def _renew_for_a_call(self) -> None:
        """Sign in because a call was refused. An answer to this that cannot be read must not be taken for one to the call: that
        was not accepted, and may be made again."""
        try:
            await self._sign_in()
        except UpstreamFailure as failure:
            if failure.kind is not FailureKind.UNREADABLE:
                raise
            raise UpstreamFailure(FailureKind.UPSTREAM_FAULT, failure.message, status=failure.status) from failure

    async def save_vault(self) -> None:
        """Store the vault if it changed; also when whoever changed it is being cancelled. What the database does not take holds in
        memory, and `unsaved` is told."""
        vault = self.session.vault
        if vault == self._stored_vault:
            return
        try:
            with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
                await self._parts.store.write(accounts.save_vault, self._id, vault)
                self._stored_vault = vault
        except StoreFault as fault:
            log.error("a renewed credential could not be stored, trying again account=%s: %s", self._id, fault)
        if vault != self._stored_vault:
            self._parts.unsaved()

    def _ends_within(self, seconds: float) -> bool:
        if not self._parts.provider.traits.signs_in:
            return False
        now, until = self._parts.now(), self.session.signed_in_until
        if until is None:
            until = self._signed_in_at + UNKNOWN_LOGIN_SECONDS
        # A token that never lives long is renewed when it is needed, not all the time.
        return now >= until - seconds and now >= self._signed_in_at + LOGIN_MARGIN_SECONDS

    async def _sign_in(self) -> None:
        """The lock is held."""
        try:
            await self.session.sign_in()
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.NEEDS_LOGIN and not self._has_ended:
                self._has_ended = True
                self._parts.ended()
            raise
        await self._take_stock()

    async def _take_stock(self) -> None:
        """The session has just signed in: keep its vault and tell of it."""
        self._signed_in_at, self._failures, self._has_ended = self._parts.now(), 0, False
        try:
            balance = await self.session.balance()
        finally:
            await self.save_vault()
        await self._parts.signed_in(self.session, balance)


def _check_owner(email: str | None, owner: str | None) -> None:
    """Raise `WRONG_ACCOUNT` unless both are known and the same."""
    if not email or not owner:
        message = "It is not known whose session this is, so it cannot take the place of this account's."
    elif email.casefold() != owner.casefold():
        message = f"This session belongs to {email}, but the account is {owner}. Sign in as {owner}, or add {email} on its own."
    else:
        return
    raise UpstreamFailure(FailureKind.WRONG_ACCOUNT, message)
