"""Admin routes for accounts: a thin layer over the accounts actor, which decides everything."""

import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.account_messages import Change
from flow2api.actors.accounts_messages import (
    AccountExport,
    AddAccount,
    ChangeAccount,
    ExportAccounts,
    ListAccounts,
    RefreshAccount,
    RemoveAccount,
    RenewAccount,
    ReplaceCredential,
    SetEnabled,
)
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.account import AccountView
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask


class NewAccount(msgspec.Struct):
    """The body of `POST /api/accounts`."""

    credential: str
    provider: str | None = None
    base_url: str | None = None
    label: str | None = None
    note: str | None = None
    group: str | None = None
    image_concurrency: int | None = None
    video_concurrency: int | None = None

    def __repr__(self) -> str:
        return f"NewAccount(label={self.label!r})"


class NewCredential(msgspec.Struct):
    """The body of `PUT /api/accounts/{id}/credential`."""

    credential: str

    def __repr__(self) -> str:
        return "NewCredential()"


class Changes(msgspec.Struct):
    """The body of `PATCH /api/accounts/{id}`; what is absent stays."""

    label: str | None = None
    note: str | None = None
    image_concurrency: int | None = None
    video_concurrency: int | None = None
    images_on: bool | None = None
    videos_on: bool | None = None
    group: str | None = None


class Import(msgspec.Struct):
    """The body of `POST /api/accounts/import`: what an export gave."""

    accounts: list[AccountExport]


class Imported(msgspec.Struct, frozen=True):
    """What became of one imported account."""

    label: str
    account: AccountView | None = None
    error: str | None = None


class AccountList(msgspec.Struct, frozen=True):
    """All accounts and how they stand."""

    accounts: list[AccountView]


class ImportResult(msgspec.Struct, frozen=True):
    """What became of each account, in the order in which they came."""

    imported: list[Imported]


class RemovedAccount(msgspec.Struct, frozen=True):
    """An account that is gone."""

    id: str
    deleted: bool = True


_new = wire.decoder(NewAccount)
_credential = wire.decoder(NewCredential)
_changes = wire.decoder(Changes)
_import = wire.decoder(Import)

_GROUP = re.compile(r"[A-Za-z0-9._-]{1,40}")
# What an account's own service can answer with when it is signed in.
_AT_PROVIDER = (
    *(Code.INVALID_VALUE, Code.CONFLICT, Code.UPSTREAM_ERROR, Code.UPSTREAM_UNREACHABLE, Code.NO_ACCOUNT_AVAILABLE),
    *(Code.UNSUPPORTED_OPERATION, Code.CAPTCHA_UNAVAILABLE, Code.GENERATION_TIMEOUT),
)
# Each import signs in at the provider, one after the other.
MAX_IMPORT = 500


def routes(services: Services) -> Table:
    """All of them."""
    views = _Views(services)
    one = "/api/accounts/<account_id>"
    return (
        ("GET", "/api/accounts", views.list_all),
        ("POST", "/api/accounts", views.add),
        ("POST", "/api/accounts/import", views.bring),
        ("GET", "/api/accounts/export", views.export),
        ("PATCH", one, views.change),
        ("DELETE", one, views.remove),
        ("POST", f"{one}/enable", views.enable),
        ("POST", f"{one}/disable", views.disable),
        ("POST", f"{one}/refresh", views.refresh),
        ("POST", f"{one}/renew", views.renew),
        ("PUT", f"{one}/credential", views.replace),
    )


class _Views:
    """Each method is a route."""

    def __init__(self, services: Services) -> None:
        self._ask = services.accounts.ask

    @described("List all accounts", AccountList)
    async def list_all(self, request: GatewayRequest) -> TrioResponse:
        views = await self._ask(ListAccounts())
        return wire.answer(AccountList(views))

    @described(
        "Add an account, or renew the login of one", AccountView, status=201, body=NewAccount, errors=_AT_PROVIDER
    )
    async def add(self, request: GatewayRequest) -> TrioResponse:
        new = wire.decode(await request.body.whole(), _new)
        message = AddAccount(
            provider=new.provider or "",
            credential=new.credential,
            base_url=new.base_url,
            label=new.label or "",
            note=new.note or "",
            group=_group(new.group) or "",
            image_concurrency=_slots(new.image_concurrency, "image_concurrency"),
            video_concurrency=_slots(new.video_concurrency, "video_concurrency"),
        )
        return await self._shown(message, 201)

    @described("Add all accounts of an export", ImportResult, body=Import)
    async def bring(self, request: GatewayRequest) -> TrioResponse:
        given = wire.decode(await request.body.whole(), _import).accounts
        return wire.answer(ImportResult(await bring(self._ask, given)))

    @described("All accounts with their credentials", Import)
    async def export(self, request: GatewayRequest) -> TrioResponse:
        exported = await self._ask(ExportAccounts())
        name = 'attachment; filename="flow2api-accounts.json"'
        return wire.answer(Import(exported), headers={"Content-Disposition": name})

    @described("Change an account", AccountView, body=Changes, errors=(Code.CONFLICT,))
    async def change(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _changes)
        _slots(asked.image_concurrency, "image_concurrency")
        _slots(asked.video_concurrency, "video_concurrency")
        _group(asked.group)
        return await self._shown(ChangeAccount(account_id, Change(**msgspec.structs.asdict(asked))))

    @described("Take an account out", RemovedAccount, errors=(Code.CONFLICT,))
    async def remove(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        await self._ask(RemoveAccount(account_id))
        return wire.answer(RemovedAccount(account_id))

    @described("Let an account work again", AccountView, errors=_AT_PROVIDER)
    async def enable(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        return await self._shown(SetEnabled(account_id, True))

    @described("Give an account no more work", AccountView, errors=_AT_PROVIDER)
    async def disable(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        return await self._shown(SetEnabled(account_id, False))

    @described("Sign in anew, and read credits and tier", AccountView, errors=_AT_PROVIDER)
    async def refresh(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        return await self._shown(RefreshAccount(account_id))

    @described("Take over a newer session from the browser profile", AccountView, errors=_AT_PROVIDER)
    async def renew(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        return await self._shown(RenewAccount(account_id))

    @described("Replace the credential of an account", AccountView, body=NewCredential, errors=_AT_PROVIDER)
    async def replace(self, request: GatewayRequest, account_id: str) -> TrioResponse:
        given = wire.decode(await request.body.whole(), _credential)
        return await self._shown(ReplaceCredential(account_id, given.credential))

    async def _shown(self, message: Ask[AccountView], status: int = 200) -> TrioResponse:
        view = await self._ask(message)
        return wire.answer(view, status)


async def bring(
    ask: Callable[[AddAccount], Awaitable[AccountView]], exports: Sequence[AccountExport]
) -> list[Imported]:
    """Add each account of an export, or renew the one with its e-mail address or key; what became of each."""
    if len(exports) > MAX_IMPORT:
        raise Failure(Code.INVALID_VALUE, f"At most {MAX_IMPORT} accounts can be imported at once.", param="accounts")
    return [await _bring(ask, export) for export in exports]


async def _bring(ask: Callable[[AddAccount], Awaitable[AccountView]], export: AccountExport) -> Imported:
    message = AddAccount(
        provider=export.provider,
        credential=export.credential,
        base_url=export.base_url,
        label=export.label,
        note=export.note,
        group=export.group,
        image_concurrency=export.image_concurrency,
        video_concurrency=export.video_concurrency,
        enabled=export.enabled,
    )
    try:
        view = await ask(message)
    except Failure as failure:
        return Imported(export.label, error=failure.message)
    return Imported(export.label, account=view)


def _group(name: str | None) -> str | None:
    if name and not _GROUP.fullmatch(name):
        message = "group is a word of at most 40 letters, digits, dots, dashes and underscores."
        raise Failure(Code.INVALID_VALUE, message, param="group")
    return name


def _slots(count: int | None, param: str) -> int | None:
    if count is not None and not 1 <= count <= 100:
        raise Failure(Code.INVALID_VALUE, f"{param} must be a number from 1 to 100.", param=param)
    return count
