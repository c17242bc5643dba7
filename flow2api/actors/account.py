"""One account: keeps its login good, does its free and its paid calls, and draws the consequences of how they end.

The account's record in the store is the truth; each life of this actor starts from it. Everything that takes a network call runs
beside the mailbox, as many at a time as the dispatcher hands out leases. It knows no job and no wire.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeVar, assert_never

import msgspec
import trio

from flow2api.actors.account_login import AccountLogin, KeptSessions, LoginParts
from flow2api.actors.account_messages import (
    AccountMessage,
    Begin,
    ByHand,
    CheckJoin,
    Enlarge,
    FetchClip,
    Follow,
    Join,
    KeepFresh,
    Locate,
    Look,
    Observe,
    Prepare,
    Refresh,
    Renew,
    ReplaceVault,
    Revive,
    RollDay,
    Stop,
    Upsample,
)
from flow2api.actors.captcha_source import CaptchaSource
from flow2api.actors.exits import ExitBook
from flow2api.actors.poller import Poller, failure_of
from flow2api.actors.roster import Entry, Roster
from flow2api.domain import balance, rest
from flow2api.domain.account import Account, AccountView, RestPolicy
from flow2api.domain.events import AccountChanged
from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.job import Generation, Made, upstream_key
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ref
from flow2api.providers.base import Balance, Begun, Check, Order, Prepared, Provider, Session, Stage
from flow2api.store import accounts
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.account")

R = TypeVar("R")


# Counters of finished work are written this often; a standing is written at once.
FLUSH_SECONDS = 2.0


@dataclass(frozen=True)
class AccountParts:
    """What every account actor works with."""

    store: Store
    providers: Mapping[str, Provider]
    captcha: CaptchaSource
    roster: Roster
    wake: Callable[[], object]
    """Tells the dispatcher that the roster changed. May be dropped when one is waiting already: the news is in the roster."""
    bus: EventBus
    policy: RestPolicy
    exits: ExitBook
    sessions: KeptSessions
    now: Callable[[], float]


class AccountActor(Actor[AccountMessage]):
    """The only writer of one account's record, vault and roster entry."""

    mailbox_size: ClassVar[int] = 64
    expected: ClassVar[tuple[type[Exception], ...]] = (UpstreamFailure, Failure)

    def __init__(self, account_id: str, parts: AccountParts, ref: Ref[AccountMessage]) -> None:
        self._id = account_id
        self._parts = parts
        self._ref = ref
        self._rests_changed = trio.Event()
        self._job_in_error = ""
        self._unsaved = trio.Event()
        self._account: Account
        self._login: AccountLogin
        self._poller: Poller

    async def start(self) -> None:
        parts = self._parts
        self._account, vault = await parts.store.read(accounts.get, self._id)
        self._login = AccountLogin(self._id, self._login_parts(), vault)
        self._poller = Poller(self._id, self._check, lambda: self._provider.traits.poll_seconds)
        self._announce()
        self.tasks.start_soon(self._poller.run)
        self.tasks.start_soon(self._return_from_rest)
        self.tasks.start_soon(self._flush_now_and_then)

    async def handle(self, message: AccountMessage) -> object:
        match message:
            case Prepare():
                self.answer_in_task(self._prepare, message.order)
            case Begin():
                self.answer_in_task(self._begin, message.prepared)
            case Enlarge():
                self.answer_in_task(self._enlarge, message)
            case Follow():
                self.answer_in_task(self._follow, message)
            case Upsample():
                self.answer_in_task(self._upsample, message)
            case Locate():
                self.answer_in_task(self._free_call, lambda: self._login.session.locate(message.made))
            case FetchClip():
                self.answer_in_task(self._free_call, lambda: self._login.session.fetch(message.made, message.path))
            case Join():
                self.answer_in_task(
                    self._free_call, lambda: self._login.session.join(message.source, message.extension)
                )
            case CheckJoin():
                self.answer_in_task(self._free_call, lambda: self._login.session.check_join(message.made, message.path))
            case Stop():
                self.answer_in_task(self._stop, message.made)
            case Refresh():
                self.answer_in_task(self._noting, self._refresh)
            case KeepFresh():
                self.answer_in_task(self._noting, partial(self._login.keep_fresh, message.ahead_seconds))
            case Observe():
                self.answer_in_task(self._noting, self._observe)
            case Revive():
                return await self._set_if_other(rest.revived(self._account, self._parts.now()))
            case RollDay():
                return await self._set_if_other(rest.rolled_over(self._account, self._parts.now()))
            case Renew():
                self.answer_in_task(self._noting, self._renew)
            case ReplaceVault():
                self.answer_in_task(self._replace_vault, message.vault)
            case Look():
                return self._view()
            case ByHand():
                return await self._set_and_view(message.of(self._account, self._parts.now()))
            case _:
                assert_never(message)
        return None

    async def drain(self) -> None:
        await self._flush()

    # -- the free part -------------------------------------------------------------------------------------------

    async def _prepare(self, order: Order) -> Prepared:
        try:
            await self._login.ensure()
            return await self._login.renewing(lambda: self._login.session.prepare(order))
        except UpstreamFailure as failure:
            await self._failed(failure, order.generation, order.job_id)
            raise
        finally:
            await self._login.save_vault()

    async def _refresh(self) -> AccountView:
        await self._login.renew()
        return self._view()

    async def _observe(self) -> AccountView:
        left = await self._login.balance()
        if left is not None:
            await self._set(rest.after_sign_in(self._account, left.tier, left.credits, self._parts.now()))
        return self._view()

    async def _look_at_balance(self) -> None:
        """Find out by a free call whether an account without money has some again."""
        await self._set(balance.looking(self._account, self._parts.now()))
        try:
            await self._free_call(self._observe)
        except UpstreamFailure as failure:
            log.warning("its balance could not be read account=%s: %s", self._id, failure)

    async def _noting(self, call: Callable[[], Awaitable[R]]) -> R:
        """A call for upkeep: that it failed is recorded, but the account's standing is not touched."""
        try:
            return await call()
        except UpstreamFailure as failure:
            await self._set(rest.noted(self._account, failure, self._parts.now()))
            raise

    async def _replace_vault(self, vault: bytes) -> AccountView:
        await self._login.replace(vault, self._account.email)
        return await self._set_and_view(rest.enabled_by_hand(self._account, self._parts.now()))

    async def _renew(self) -> AccountView:
        await self._login.renew_from_browser(self._account.email)
        return self._view()

    def _on_session_ended(self) -> None:
        if self._parts.sessions.kept(self._id):
            self.tasks.start_soon(self._renew_unasked)

    async def _renew_unasked(self) -> None:
        try:
            await self._noting(self._renew)
        except (UpstreamFailure, Failure) as failure:
            log.warning("its session ended and its browser has no other account=%s: %s", self._id, failure)

    # -- the paid part -------------------------------------------------------------------------------------------

    async def _begin(self, prepared: Prepared) -> Begun:
        generation = prepared.order.generation
        try:
            begun = await self._login.renewing(lambda: self._begin_once(prepared))
        except UpstreamFailure as failure:
            await self._failed(failure, generation, prepared.order.job_id)
            raise
        self._account = rest.after_success(self._account, generation, self._parts.now(), begun.credits_left)
        self._unsaved.set()
        self._announce()
        return begun

    async def _begin_once(self, prepared: Prepared) -> Begun:
        token = await self._captcha(prepared.order.generation)
        return await self._login.session.begin(prepared, token)

    async def _enlarge(self, message: Enlarge) -> bytes:
        return await self._costly_call(message, partial(self._enlarge_once, message))

    async def _enlarge_once(self, message: Enlarge) -> bytes:
        token = await self._captcha(message.generation)
        upscale = message.generation.upscale
        if upscale is None:
            raise ValueError("a generation without an upscale has nothing to enlarge")
        return await self._login.session.enlarge(message.made, upscale, token)

    async def _upsample(self, message: Upsample) -> Begun:
        return await self._costly_call(message, partial(self._upsample_once, message))

    async def _upsample_once(self, message: Upsample) -> Begun:
        token = await self._captcha(message.generation)
        return await self._login.session.upsample(message.made, message.generation, token)

    async def _costly_call(self, message: Enlarge | Upsample, call: Callable[[], Awaitable[R]]) -> R:
        try:
            await self._login.ensure()
            return await self._login.renewing(call)
        except UpstreamFailure as failure:
            await self._failed(failure, message.generation, message.job_id)
            raise

    async def _captcha(self, generation: Generation) -> str:
        action = self._provider.captcha_action(generation)
        if action is None:
            return ""
        token = await self._parts.captcha.token(self._id, action)
        if token.user_agent is not None:
            self._login.session.bear(token.user_agent)
        return token.value

    # -- what runs upstream --------------------------------------------------------------------------------------

    async def _follow(self, message: Follow) -> list[Check]:
        checks: dict[str, Check] = {}

        async def one(made: Made) -> None:
            checks[made.media_id] = await self._poller.wait_ended(made, message.tell)

        async with trio.open_nursery() as nursery:
            for made in message.made:
                nursery.start_soon(one, made)
        for check in checks.values():
            if check.stage is not Stage.DONE:
                await self._failed(failure_of(check), message.generation, message.job_id)
        return [checks[made.media_id] for made in message.made]

    async def _check(self, made: Sequence[Made]) -> list[Check]:
        return await self._free_call(lambda: self._login.session.check(made))

    async def _stop(self, made: Sequence[Made]) -> None:
        for one in made:
            await self._free_call(partial(self._login.session.cancel, one))

    async def _free_call(self, call: Callable[[], Awaitable[R]]) -> R:
        """A call that costs nothing and whose failure says nothing about the account, but for its login."""
        try:
            await self._login.ensure()
            return await self._login.renewing(call)
        except OSError as error:
            raise Failure(Code.INTERNAL_ERROR, f"The clip could not be written ({error.strerror}).") from error
        except UpstreamFailure as failure:
            if failure.kind in rest.LOGIN_FAILURES:
                await self._set(rest.after_failure(self._account, failure, "", self._parts.now(), self._parts.policy))
            raise

    async def _on_signed_in(self, session: Session, left: Balance) -> None:
        account = msgspec.structs.replace(
            self._account,
            email=session.identity.email or self._account.email,
            login_expires_at=session.signed_in_until,
        )
        await self._set(rest.after_sign_in(account, left.tier, left.credits, self._parts.now()))
        log.info("signed in account=%s tier=%s credits=%s", self._id, left.tier.value, left.credits)

    # -- the record ----------------------------------------------------------------------------------------------

    @property
    def _provider(self) -> Provider:
        return self._parts.providers[self._account.provider]

    def _login_parts(self) -> LoginParts:
        parts = self._parts
        told = (self._on_signed_in, parts.sessions, self._on_session_ended, lambda: self._unsaved.set())
        return LoginParts(parts.store, self._provider, parts.exits.choice(self._id), parts.now, *told)

    async def _failed(self, failure: UpstreamFailure, generation: Generation, job_id: str) -> None:
        parts = self._parts
        before = self._account.standing
        key = upstream_key(generation, self._account.tier)
        if failure.kind in rest.ERRORS and job_id == self._job_in_error:
            # The tries of one job are one error: else a single job could disable an account.
            after = rest.noted(self._account, failure, parts.now())
        else:
            after = rest.after_failure(self._account, failure, key, parts.now(), parts.policy)
        if failure.kind in rest.ERRORS:
            self._job_in_error = job_id
        if after is self._account:
            return
        if after.standing != before:
            log.warning(
                "account changes account=%s from=%s to=%s code=%s detail=%s",
                *(self._id, before.state.value, after.standing.state.value, after.standing.code, after.standing.detail),
            )
        with trio.move_on_after(5, shield=True):
            await self._set(after)

    async def _set(self, account: Account) -> None:
        self._account = account
        self._announce()
        try:
            await self._parts.store.write(accounts.save, account)
        except StoreFault as fault:
            # What is known holds in memory; it is written when the database can be written again.
            log.error("the account could not be stored, trying again account=%s: %s", self._id, fault)
            self._unsaved.set()

    async def _set_and_view(self, account: Account) -> AccountView:
        await self._set(account)
        return self._view()

    async def _set_if_other(self, account: Account) -> bool:
        if account is self._account:
            return False
        await self._set(account)
        return True

    def _view(self) -> AccountView:
        return self._parts.roster.view(self._id)

    def _announce(self) -> None:
        parts = self._parts
        parts.roster.put(Entry(self._account, self._login.good(), self._ref))
        parts.wake()
        parts.bus.publish(AccountChanged(view=self._view(), at=parts.now()))
        self._rests_changed.set()

    async def _flush(self) -> None:
        if self._unsaved.is_set():
            self._unsaved = trio.Event()
            await self._login.save_vault()
            await self._set(self._account)

    async def _flush_now_and_then(self) -> None:
        while True:
            await self._unsaved.wait()
            await trio.sleep(FLUSH_SECONDS)
            await self._flush()

    async def _return_from_rest(self) -> None:
        """Put rests to an end when their time comes."""
        while True:
            self._rests_changed = trio.Event()
            revived = rest.revived(self._account, self._parts.now())
            if revived is not self._account:
                log.info("account returns account=%s", self._id)
                await self._set(revived)
                continue
            if balance.wants_look(self._account, self._parts.now()):
                await self._look_at_balance()
                continue
            wait = rest.next_return(self._account) - self._parts.now()
            # Bounded, so that a wall clock that is set back or a sleeping machine costs an hour at most.
            with trio.move_on_after(min(max(wait, 0.05), 3600.0)):
                await self._rests_changed.wait()
