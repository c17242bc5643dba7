"""Admin routes for the pool of proxies: a thin layer over its actor. Addresses are shown with their credentials masked."""

from collections.abc import Mapping

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.proxy_messages import (
    AddedProxies,
    AddProxies,
    ListHomes,
    ListProxies,
    ProxyTest,
    RemoveProxy,
    SetProxyEnabled,
    TestProxy,
)
from flow2api.api import wire
from flow2api.api.admin.account_acts import move
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.proxy import ProxyHome, ProxyView, Role
from flow2api.errors import Code


class ProxyList(msgspec.Struct, frozen=True):
    """All proxies, oldest first."""

    proxies: list[ProxyView]
    homes: Mapping[str, ProxyHome]
    """Which proxy each account stays with, by the id of the account."""


class AccountProxy(msgspec.Struct, frozen=True):
    """Which proxy an account is fixed to; null lets the pool choose."""

    proxy_id: str | None


class NewProxies(msgspec.Struct, kw_only=True):
    """The body of `POST /api/proxies`: one proxy a line, in any of the usual notations."""

    text: str
    role: Role = "requests"

    def __repr__(self) -> str:
        return f"NewProxies(role={self.role!r})"


class RemovedProxy(msgspec.Struct, frozen=True):
    """A proxy that is gone."""

    id: str
    deleted: bool = True


_new = wire.decoder(NewProxies)
_account = wire.decoder(AccountProxy)


def routes(services: Services) -> Table:
    """All of them."""
    ask = services.proxies.ask

    @described("List the proxies", ProxyList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer(ProxyList(await ask(ListProxies()), await ask(ListHomes())))

    @described("Add proxies, one a line", AddedProxies, body=NewProxies, status=201)
    async def add(request: GatewayRequest) -> TrioResponse:
        new = wire.decode(await request.body.whole(), _new)
        return wire.answer(await ask(AddProxies(text=new.text, role=new.role)), 201)

    @described("Take a proxy out", RemovedProxy, errors=(Code.CONFLICT,))
    async def remove(request: GatewayRequest, proxy_id: str) -> TrioResponse:
        await ask(RemoveProxy(proxy_id))
        return wire.answer(RemovedProxy(proxy_id))

    @described("Let a proxy be used; ends its rest", ProxyView)
    async def enable(request: GatewayRequest, proxy_id: str) -> TrioResponse:
        return wire.answer(await ask(SetProxyEnabled(proxy_id, True)))

    @described("Use a proxy no more", ProxyView)
    async def disable(request: GatewayRequest, proxy_id: str) -> TrioResponse:
        return wire.answer(await ask(SetProxyEnabled(proxy_id, False)))

    @described("Check a proxy now", ProxyTest)
    async def test(request: GatewayRequest, proxy_id: str) -> TrioResponse:
        return wire.answer(await ask(TestProxy(proxy_id)))

    @described("Fix an account to a proxy, or let the pool choose", AccountProxy, body=AccountProxy)
    async def settle(request: GatewayRequest, account_id: str) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _account)
        await move(services, asked.proxy_id, account_id)
        return wire.answer(asked)

    one = "/api/proxies/<proxy_id>"
    return (
        ("GET", "/api/proxies", list_all),
        ("POST", "/api/proxies", add),
        ("DELETE", one, remove),
        ("POST", f"{one}/enable", enable),
        ("POST", f"{one}/disable", disable),
        ("POST", f"{one}/test", test),
        ("PUT", "/api/accounts/<account_id>/proxy", settle),
    )
