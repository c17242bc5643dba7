"""The set of account actors: loads them at start, adds, removes, and passes an operator's commands on to the right one.

Each account is an on-demand child of a pool, which parks when it keeps crashing, so one bad account can never bring down the others.
The pool is a part of its own below `supervised`: a bug that is met over an operator's command costs no account its paid calls.
"""

import hmac
import logging
import secrets
from contextlib import suppress
from typing import ClassVar, assert_never

import trio

from flow2api.actors import account_messages as to_account
from flow2api.actors.account import AccountActor, AccountParts
from flow2api.actors.account_messages import AccountMessage
from flow2api.actors.accounts_messages import (
    AccountExport,
    AccountsMessage,
    AddAccount,
    ChangeAccount,
    ExportAccounts,
    ListAccounts,
    RefreshAccount,
    RemoveAccount,
    RenewAccount,
    ReplaceCredential,
    RestAccount,
    SetEnabled,
    StartAccount,
    WakeAccount,
)
from flow2api.actors.roster import Entry
from flow2api.config import AccountsConfig
from flow2api.domain.account import Account, AccountState, AccountView
from flow2api.domain.events import AccountChanged, AccountRemoved
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.kit.errors import ActorError, UnknownChild
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Ask, Mailbox, Ref
from flow2api.kit.supervisor import ChildSpec, DynamicSupervisor, Supervisor
from flow2api.providers.base import Balance, Provider, Session
from flow2api.store import accounts
from flow2api.store.errors import StoreError, StoreFault

log = logging.getLogger("flow2api.accounts")

DRAIN_SECONDS = 5.0


class Accounts(Actor[AccountsMessage]):
    """Owner of the set; each account's own actor owns its record."""

    mailbox_size: ClassVar[int] = 32
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreFault)

    def __init__(self, parts: AccountParts, defaults: AccountsConfig, pool: DynamicSupervisor) -> None:
        self._parts = parts
        self._defaults = defaults
        self._adding = trio.Lock()
        self._pool = pool

    async def start(self) -> None:
        await self.tasks.start(self._watch_lives)
        stored = await self._parts.store.read(accounts.all_with_vaults)
        at_work = {child.name: child for child in self._pool.children()}
        for account, _ in stored:
            child = at_work.get(_child(account.id))
            if child is None:
                await self._start(account.id)
            elif child.state == "parked":
                await self._park(account.id, child.statistics().last_error or "")
        if stored:
            log.info("loaded accounts=%d", len(stored))

    async def handle(self, message: AccountsMessage) -> object:
        match message:
            case ListAccounts():
                return self._views()
            case AddAccount():
                self.answer_in_task(self._add, message)
            case ExportAccounts():
                self.answer_in_task(self._export)
            case RemoveAccount():
                self.answer_in_task(self._remove, message.account_id)
            case SetEnabled():
                command = to_account.Enable() if message.enabled else to_account.Disable()
                self.answer_in_task(self._command, message.account_id, command)
            case RestAccount():
                self.answer_in_task(self._command, message.account_id, to_account.Rest(message.until))
            case WakeAccount():
                self.answer_in_task(self._command, message.account_id, to_account.Wake())
            case StartAccount():
                self.answer_in_task(self._start_anew, message.account_id)
            case RefreshAccount():
                self.answer_in_task(self._command, message.account_id, to_account.Refresh())
            case RenewAccount():
                self.answer_in_task(self._command, message.account_id, to_account.Renew())
            case ReplaceCredential():
                self.answer_in_task(self._replace, message)
            case ChangeAccount():
                self.answer_in_task(self._command, message.account_id, message.change)
            case _:
                assert_never(message)
        return None

    # -- the set -------------------------------------------------------------------------------------------------

    def _views(self) -> list[AccountView]:
        roster = self._parts.roster
        views = [roster.view(account.id) for account in roster.accounts()]
        return sorted(views, key=lambda view: (view.account.created_at, view.account.id))

    async def _start(self, account_id: str) -> None:
        mailbox: Mailbox[AccountMessage] = Mailbox(_child(account_id), AccountActor.mailbox_size)
        await self._pool.start_child(
            ChildSpec(
                _child(account_id),
                lambda: AccountActor(account_id, self._parts, mailbox.ref),
                mailbox=mailbox,
            )
        )

    async def _watch_lives(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """An account whose actor parked cannot be asked, so it must not be chosen either."""
        with self._parts.bus.subscribe(only=Life) as events:
            task_status.started()
            async for event in events:
                if isinstance(event, Life) and event.what == "parked" and event.name.startswith("account "):
                    await self._park(event.name.removeprefix("account "), event.detail)

    async def _park(self, account_id: str, reason: str) -> None:
        """Out of the choice, but not out of sight. From the store: the actor may have crashed before it told of itself."""
        try:
            account, _ = await self._parts.store.read(accounts.get, account_id)
        except StoreError as fault:
            log.error("a parked account cannot be shown account=%s: %s", account_id, fault)
            self._parts.roster.remove(account_id)
            return
        self._parts.roster.park(account, reason)
        self._parts.bus.publish(AccountChanged(view=self._parts.roster.view(account_id), at=self._parts.now()))

    async def _start_anew(self, account_id: str) -> AccountView:
        if not self._parts.roster.is_parked(account_id):
            self._ref(account_id)
        await self._pool.restart_child(_child(account_id))
        return self._parts.roster.view(account_id)

    async def _remove(self, account_id: str) -> None:
        if not self._parts.roster.is_parked(account_id):
            self._ref(account_id)
        with suppress(UnknownChild):  # an earlier removal was broken off after this step
            await self._pool.stop_child(_child(account_id))
        await self._parts.store.write(accounts.delete, account_id)
        self._parts.roster.remove(account_id)
        self._parts.exits.forget(account_id)
        await self._parts.sessions.forget(account_id)
        self._parts.wake()
        self._parts.bus.publish(AccountRemoved(account_id=account_id, at=self._parts.now()))

    async def _replace(self, message: ReplaceCredential) -> AccountView:
        """The credential is read by the account's own provider."""
        entry = self._entry(message.account_id)
        vault = self._parts.providers[entry.account.provider].vault_for(message.credential, entry.account.base_url)
        return await self._command(message.account_id, to_account.ReplaceVault(vault))

    async def _command(self, account_id: str, command: "Ask[AccountView]") -> AccountView:
        try:
            return await self._ref(account_id).ask(command)
        except UpstreamFailure as failure:
            raise told(failure) from None
        except ActorError as error:
            raise Failure(Code.CONFLICT, f"The account's worker is not there to be asked: {error}") from None

    def _ref(self, account_id: str) -> Ref[AccountMessage]:
        return self._entry(account_id).ref

    def _entry(self, account_id: str) -> Entry:
        entry = self._parts.roster.get(account_id)
        if self._parts.roster.is_parked(account_id):
            message = "The account's worker rests after repeated crashes. Start it again first, or remove the account."
            raise Failure(Code.CONFLICT, message)
        if entry is None:
            raise Failure(Code.NOT_FOUND, f"There is no account {account_id}.")
        return entry

    # -- adding --------------------------------------------------------------------------------------------------

    async def _add(self, message: AddAccount) -> AccountView:
        provider = self._parts.providers.get(message.provider or next(iter(self._parts.providers)))
        if provider is None:
            known = ", ".join(sorted(self._parts.providers))
            raise Failure(Code.INVALID_VALUE, f"Unknown provider; known are: {known}.", param="provider")
        vault = provider.vault_for(message.credential, message.base_url)
        account_id = f"acc_{secrets.token_hex(6)}"
        try:
            async with self._adding:
                session, balance = await self._prove(provider, account_id, vault)
                earlier = await self._earlier(provider, message.base_url, session)
                if earlier is not None:
                    return await self._command(earlier, to_account.ReplaceVault(session.vault))
                account = self._new(account_id, provider, message, session, balance)
                await self._parts.store.write(accounts.insert, account, session.vault)
                await self._start(account_id)
        finally:
            if self._parts.roster.get(account_id) is None:
                self._parts.exits.forget(account_id)
        log.info("account added account=%s tier=%s", account_id, account.tier.value)
        if not message.enabled:
            return await self._command(account_id, to_account.Disable())
        return self._parts.roster.view(account_id)

    async def _prove(self, provider: Provider, account_id: str, vault: bytes) -> tuple[Session, Balance]:
        session = provider.open(account_id, vault, self._parts.exits.choice(account_id))
        try:
            await session.sign_in()
            return session, await session.balance()
        except UpstreamFailure as failure:
            raise told(failure) from None

    async def _earlier(self, provider: Provider, base_url: str | None, session: Session) -> str | None:
        """The account that is this one already: by its e-mail, else by its credential."""
        email = session.identity.email
        if email is None:
            return await self._with_credential(provider, base_url, provider.credential_of(session.vault))
        for account in self._parts.roster.accounts():
            if account.provider == provider.name and (account.email or "").lower() == email.lower():
                return account.id
        return None

    async def _with_credential(self, provider: Provider, base_url: str | None, credential: str) -> str | None:
        for account, vault in await self._parts.store.read(accounts.all_with_vaults):
            same_place = account.provider == provider.name and account.base_url == _shown_url(base_url)
            if same_place and hmac.compare_digest(provider.credential_of(vault), credential):
                return account.id
        return None

    def _new(
        self, account_id: str, provider: Provider, message: AddAccount, session: Session, balance: Balance
    ) -> Account:
        defaults = self._defaults
        images, videos = message.image_concurrency, message.video_concurrency
        return Account(
            id=account_id,
            provider=provider.name,
            label=message.label or session.identity.email or _usual_label(provider, session) or account_id,
            email=session.identity.email,
            note=message.note,
            group=message.group,
            base_url=_shown_url(message.base_url),
            tier=balance.tier,
            credits=balance.credits,
            image_concurrency=defaults.default_image_concurrency if images is None else images,
            video_concurrency=defaults.default_video_concurrency if videos is None else videos,
            created_at=self._parts.now(),
            login_expires_at=session.signed_in_until,
        )

    async def _export(self) -> list[AccountExport]:
        stored = await self._parts.store.read(accounts.all_with_vaults)
        return [_exported(self._parts.providers[account.provider], account, vault) for account, vault in stored]


def supervised(parts: AccountParts, defaults: AccountsConfig, mailbox: Mailbox[AccountsMessage]) -> Supervisor:
    """The pool of account actors and the actor that keeps the set, to be put into the tree; a new one for each life."""
    pools: list[DynamicSupervisor] = []

    def pool() -> DynamicSupervisor:
        pools[:] = [DynamicSupervisor("accounts pool", bus=parts.bus, on_exhausted="park")]
        return pools[0]

    children = [
        ChildSpec("accounts pool", pool, drain_seconds=DRAIN_SECONDS),
        ChildSpec("accounts desk", lambda: Accounts(parts, defaults, pools[0]), mailbox=mailbox),
    ]
    return Supervisor("accounts", children, strategy="rest_for_one", bus=parts.bus)


def _child(account_id: str) -> str:
    return f"account {account_id}"


def _usual_label(provider: Provider, session: Session) -> str:
    """What an account without an e-mail address is called: its service, and what tells it from others."""
    return f"{provider.traits.title} {session.identity.name}" if session.identity.name else ""


def _shown_url(base_url: str | None) -> str | None:
    """The address as it is stored with the account."""
    return (base_url or "").strip().rstrip("/") or None


def _exported(provider: Provider, account: Account, vault: bytes) -> AccountExport:
    return AccountExport(
        provider=account.provider,
        credential=provider.credential_of(vault),
        base_url=account.base_url,
        label=account.label,
        note=account.note,
        group=account.group,
        image_concurrency=account.image_concurrency,
        video_concurrency=account.video_concurrency,
        enabled=account.standing.state is not AccountState.DISABLED,
    )


def told(failure: UpstreamFailure) -> Failure:
    """An operator's command failed upstream: the same in the words of the API."""
    code = {
        FailureKind.UNREACHABLE: Code.UPSTREAM_UNREACHABLE,
        FailureKind.NEEDS_LOGIN: Code.INVALID_VALUE,
        FailureKind.KEY_REFUSED: Code.INVALID_VALUE,
        FailureKind.LOGIN_EXPIRED: Code.INVALID_VALUE,
        FailureKind.ACCOUNT_MOVED: Code.INVALID_VALUE,
        FailureKind.WRONG_ACCOUNT: Code.CONFLICT,
    }.get(failure.kind, Code.UPSTREAM_ERROR)
    param = "credential" if code is Code.INVALID_VALUE else None
    return Failure(code, failure.message, param=param, reason=failure.reason)
