"""Admin routes for API keys. The plain key is told once, when it is made."""

import time

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.key import ApiKey
from flow2api.errors import Code, Failure

MAX_NAME_LENGTH = 100


class NewKey(msgspec.Struct):
    """The body of `POST /api/keys`."""

    name: str
    expires_at: float | None = None


class KeyView(msgspec.Struct, frozen=True):
    """A key without its digest."""

    id: str
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    revoked_at: float | None
    expires_at: float | None


class MadeKey(msgspec.Struct, frozen=True):
    """A new key and, this once, the key itself."""

    key: KeyView
    secret: str

    def __repr__(self) -> str:
        return f"MadeKey({self.key!r})"


_new = wire.decoder(NewKey)


def routes(services: Services) -> Table:
    """All of them."""
    ring = services.keys

    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer({"keys": [_view(key) for key in ring.listed()]})

    async def create(request: GatewayRequest) -> TrioResponse:
        new = wire.decode(await request.body.whole(), _new)
        name = new.name.strip()
        if not 0 < len(name) <= MAX_NAME_LENGTH:
            raise Failure(Code.INVALID_VALUE, f"A name needs 1 to {MAX_NAME_LENGTH} characters.", param="name")
        if new.expires_at is not None and new.expires_at <= time.time():
            raise Failure(Code.INVALID_VALUE, "expires_at must lie in the future.", param="expires_at")
        key, plain = await ring.create(name, new.expires_at)
        return wire.answer(MadeKey(_view(key), plain), 201)

    async def revoke(request: GatewayRequest, key_id: str) -> TrioResponse:
        if not await ring.revoke(key_id):
            raise Failure(Code.NOT_FOUND, "There is no such key in use.")
        return wire.answer({"id": key_id, "revoked": True})

    return (
        ("GET", "/api/keys", list_all),
        ("POST", "/api/keys", create),
        ("DELETE", "/api/keys/<key_id>", revoke),
    )


def _view(key: ApiKey) -> KeyView:
    return KeyView(key.id, key.name, key.hint, key.created_at, key.last_used_at, key.revoked_at, key.expires_at)
