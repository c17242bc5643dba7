"""Admin routes for what is done to accounts beyond their record: rests by hand, a new life of the worker, and one act on many."""

import math
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.actors.accounts_messages import (
    ListAccounts,
    RefreshAccount,
    RemoveAccount,
    RestAccount,
    SetEnabled,
    StartAccount,
    WakeAccount,
)
from flow2api.actors.proxy_messages import MoveAccount
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.account import AccountView
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask

MOST = 500
LONGEST_REST_SECONDS = 366 * 86400.0

Steering = Literal["enable", "disable", "refresh", "rest", "wake", "remove"]
Action = Steering | Literal["proxy"]
Do = Callable[[str], Awaitable[AccountView | None]]


class RestUntil(msgspec.Struct):
    """The body of `POST /api/accounts/{id}/rest`."""

    until: float
    """Unix seconds."""


class Bulk(msgspec.Struct):
    """The body of `POST /api/accounts/bulk`."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=MOST)]
    action: Action
    until: float | None = None
    """For `rest`, in Unix seconds."""
    proxy_id: str | None = None
    """For `proxy`: which one they are fixed to; null lets the pool choose."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one account."""

    id: str
    ok: bool
    account: AccountView | None = None
    """As it stands now; absent when it is gone or the act failed."""
    error: str = ""


class BulkResult(msgspec.Struct, frozen=True):
    """What became of each, in the order in which they were named."""

    results: list[Done]


_rest = wire.decoder(RestUntil)
_bulk = wire.decoder(Bulk)


def routes(services: Services, now: Callable[[], float] = time.time) -> Table:
    """All of them."""
    ask: Callable[[Ask[Any]], Awaitable[Any]] = services.accounts.ask

    @described("Leave an account alone until a time", AccountView, body=RestUntil, errors=(Code.CONFLICT,))
    async def rest(request: GatewayRequest, account_id: str) -> TrioResponse:
        until = _until(wire.decode(await request.body.whole(), _rest).until, now())
        return wire.answer(await ask(RestAccount(account_id, until)))

    @described("End all rests of an account", AccountView, errors=(Code.CONFLICT,))
    async def wake(request: GatewayRequest, account_id: str) -> TrioResponse:
        return wire.answer(await ask(WakeAccount(account_id)))

    @described("Start the worker of an account anew", AccountView, errors=(Code.CONFLICT,))
    async def start(request: GatewayRequest, account_id: str) -> TrioResponse:
        return wire.answer(await ask(StartAccount(account_id)))

    @described("Do the same to many accounts", BulkResult, body=Bulk)
    async def bulk(request: GatewayRequest) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _bulk)
        action: Action = asked.action
        if action == "proxy":
            do: Do = partial(move, services, asked.proxy_id)
        else:
            do = _steered(action, _until(asked.until, now()) if action == "rest" else 0.0)
        ids = list(dict.fromkeys(asked.ids))
        request.act_subject = f"{action} {len(ids)}: {' '.join(ids)}"
        # One after the other: a refresh of each signs in, which a service should not see from all at once.
        results = [await _one(account_id, do) for account_id in ids]
        refused = [one.id for one in results if not one.ok]
        if refused:
            request.act_detail = f"{len(refused)} of {len(ids)} did not go through: {' '.join(refused)}"
        return wire.answer(BulkResult(results))

    def _steered(action: Steering, until: float) -> Do:
        async def do(account_id: str) -> AccountView | None:
            view: AccountView | None = await ask(_message(account_id, action, until))
            return view

        return do

    one = "/api/accounts/<account_id>"
    return (
        ("POST", "/api/accounts/bulk", bulk),
        ("POST", f"{one}/rest", rest),
        ("POST", f"{one}/wake", wake),
        ("POST", f"{one}/start", start),
    )


async def move(services: Services, proxy_id: str | None, account_id: str) -> AccountView:
    """Fix an account to a proxy; None lets the pool choose.

    Raises:
        Failure: `not_found`, or `invalid_value` for a proxy that cannot be used."""
    views = await services.accounts.ask_again(ListAccounts())
    view = next((one for one in views if one.account.id == account_id), None)
    if view is None:
        raise Failure(Code.NOT_FOUND, "There is no such account.")
    await services.proxies.ask_again(MoveAccount(account_id, proxy_id))
    return view


async def _one(account_id: str, do: Do) -> Done:
    try:
        return Done(id=account_id, ok=True, account=await do(account_id))
    except Failure as failure:
        return Done(id=account_id, ok=False, error=failure.message)


def _message(account_id: str, action: Steering, until: float) -> Ask[Any]:
    match action:
        case "enable" | "disable":
            return SetEnabled(account_id, action == "enable")
        case "refresh":
            return RefreshAccount(account_id)
        case "rest":
            return RestAccount(account_id, until)
        case "wake":
            return WakeAccount(account_id)
        case "remove":
            return RemoveAccount(account_id)


def _until(until: float | None, now: float) -> float:
    if until is None or not math.isfinite(until) or not now < until <= now + LONGEST_REST_SECONDS:
        message = "until is a time in Unix seconds that lies ahead, by a year at most."
        raise Failure(Code.INVALID_VALUE, message, param="until")
    return until
