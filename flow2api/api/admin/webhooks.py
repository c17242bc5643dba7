"""Admin routes for webhooks: how deliveries go, sending one again, and the secrets that sign them. A secret is told once, when it is set."""

import secrets
import time
from typing import Annotated
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.actors.webhooks import Resend
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.webhook import SECRET_BYTES, Delivery, DeliveryState, raw_secret, secret_of
from flow2api.errors import Code, Failure
from flow2api.store import webhooks

# The token of this start passes as a key of this name; it may ask for webhooks like any other.
_HOLDERS = frozenset({webhooks.DEFAULT_SECRET, "admin"})


class Page(msgspec.Struct, frozen=True):
    """Which deliveries are asked for: the query of `GET /api/webhooks/deliveries`."""

    caller: str | None = None
    state: DeliveryState | None = None
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class DeliveryPage(msgspec.Struct, frozen=True):
    """One page of deliveries, newest first."""

    deliveries: list[Delivery]
    has_more: bool


class Holder(msgspec.Struct, frozen=True):
    """Who has a signing secret, and since when."""

    holder: str
    """The id of an API key, or `default` for all without a secret of their own."""
    created_at: float


class HolderList(msgspec.Struct, frozen=True):
    """Everyone who has a signing secret."""

    secrets: list[Holder]


class RemovedSecret(msgspec.Struct, frozen=True):
    """Who has no secret any more."""

    holder: str
    removed: bool = True


class NewSecret(msgspec.Struct):
    """The body of `POST /api/webhooks/secrets/{holder}`; without a secret one is made."""

    secret: str | None = None

    def __repr__(self) -> str:
        return "NewSecret()"


class SetSecret(msgspec.Struct, frozen=True):
    """A secret, told this once. The one before it goes on signing beside it for a day."""

    holder: str
    secret: str

    def __repr__(self) -> str:
        return f"SetSecret({self.holder!r})"


_new = wire.decoder(NewSecret)


def routes(services: Services) -> Table:
    """All of them."""
    store = services.store

    @described("List the deliveries of webhooks, newest first", DeliveryPage, query=Page)
    async def deliveries(request: GatewayRequest) -> TrioResponse:
        page = _page(request)
        found = await store.read(
            webhooks.page, caller=page.caller, state=page.state, after=page.after, limit=page.limit + 1
        )
        return wire.answer(DeliveryPage(found[: page.limit], len(found) > page.limit))

    @described("Send a delivery again", Delivery, status=202, errors=(Code.CONFLICT,))
    async def resend(request: GatewayRequest, delivery_id: str) -> TrioResponse:
        return wire.answer(await services.webhooks.ask(Resend(delivery_id)), 202)

    @described("Who has a signing secret", HolderList)
    async def holders(request: GatewayRequest) -> TrioResponse:
        found = await store.read(webhooks.secret_holders)
        return wire.answer(HolderList([Holder(*one) for one in found]))

    @described("Set the secret that signs webhooks", SetSecret, status=201, body=NewSecret)
    async def set_secret(request: GatewayRequest, holder: str) -> TrioResponse:
        if holder not in _HOLDERS and all(key.id != holder for key in services.keys.listed()):
            raise Failure(Code.NOT_FOUND, f"There is no API key {holder[:80]!r}.")
        body = await request.body.whole()
        secret = _secret(wire.decode(body, _new).secret if body else None)
        await store.write(webhooks.put_secret, holder, secret, time.time())
        return wire.answer(SetSecret(holder, secret), 201)

    @described("Forget a signing secret", RemovedSecret)
    async def remove_secret(request: GatewayRequest, holder: str) -> TrioResponse:
        if not await store.write(webhooks.remove_secret, holder):
            raise Failure(Code.NOT_FOUND, f"{holder[:80]!r} has no secret of its own.")
        return wire.answer(RemovedSecret(holder))

    return (
        ("GET", "/api/webhooks/deliveries", deliveries),
        ("POST", "/api/webhooks/deliveries/<delivery_id>/resend", resend),
        ("GET", "/api/webhooks/secrets", holders),
        ("POST", "/api/webhooks/secrets/<holder>", set_secret),
        ("DELETE", "/api/webhooks/secrets/<holder>", remove_secret),
    )


def _secret(given: str | None) -> str:
    if given is None:
        return secret_of(secrets.token_bytes(SECRET_BYTES))
    try:
        raw_secret(given)
    except ValueError as error:
        raise Failure(Code.INVALID_VALUE, f"This is no signing secret: {error}.", param="secret") from None
    return given


def _page(request: GatewayRequest) -> Page:
    query = parse_qs(request.scope["query_string"].decode("latin-1"))
    given = {name: values[-1] for name, values in query.items() if values[-1]}
    try:
        return msgspec.convert(given, Page, strict=False)
    except msgspec.ValidationError as error:
        raise wire.field_failure(str(error)) from None
