"""Admin routes for API keys: what there are, what each may do and has spent. The plain key is told once, when it is made."""

import time

import msgspec
from msgspec import UNSET, UnsetType
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import CountSpending
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.charge import Spending
from flow2api.domain.key import ApiKey, AtOnce, Credits, Limits, Patterns, PerMinute, Scope
from flow2api.errors import Code, Failure

MAX_NAME_LENGTH = 100


class NewKey(Limits, frozen=True, kw_only=True):
    """The body of `POST /api/keys`; a limit that is not named is none."""

    name: str
    expires_at: float | None = None


class KeyChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `PATCH /api/keys/{id}`: what is absent stays, null takes a limit or the expiry away."""

    name: str | UnsetType = UNSET
    expires_at: float | UnsetType | None = UNSET
    scopes: tuple[Scope, ...] | UnsetType | None = UNSET
    models: Patterns | UnsetType | None = UNSET
    requests_per_minute: PerMinute | UnsetType | None = UNSET
    concurrent_jobs: AtOnce | UnsetType | None = UNSET
    daily_credits: Credits | UnsetType | None = UNSET
    total_credits: Credits | UnsetType | None = UNSET


class KeyView(Limits, frozen=True, kw_only=True):
    """A key without its digest, with its limits and what it has spent."""

    id: str
    name: str
    hint: str
    created_at: float
    last_used_at: float | None
    revoked_at: float | None
    expires_at: float | None
    spent_today: int = 0
    """Credits that its jobs of this day of UTC have spent or reserved."""
    spent_total: int = 0


class KeyList(msgspec.Struct, frozen=True):
    """Every key, oldest first, revoked ones included."""

    keys: list[KeyView]


class MadeKey(msgspec.Struct, frozen=True):
    """A new key and, this once, the key itself."""

    key: KeyView
    secret: str

    def __repr__(self) -> str:
        return f"MadeKey({self.key!r})"


class Revoked(msgspec.Struct, frozen=True):
    """A key that opens nothing any more."""

    id: str
    revoked: bool = True


_new = wire.decoder(NewKey)
_changes = wire.decoder(KeyChanges)


def routes(services: Services) -> Table:
    """All of them."""
    ring = services.keys

    @described("List all API keys", KeyList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        spent = await services.jobs.ask_again(CountSpending())
        return wire.answer(KeyList([view_of(key, spent.get(key.id, Spending())) for key in ring.listed()]))

    @described("Make an API key", MadeKey, status=201, body=NewKey)
    async def create(request: GatewayRequest) -> TrioResponse:
        new = wire.decode(await request.body.whole(), _new)
        limits = Limits(**{name: getattr(new, name) for name in Limits.__struct_fields__})
        key, plain = await ring.create(_name(new.name), _expiry(new.expires_at), limits)
        return wire.answer(MadeKey(view_of(key), plain), 201)

    @described("Change the name, the end or the limits of a key", KeyView, body=KeyChanges)
    async def change(request: GatewayRequest, key_id: str) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _changes)
        changed = await ring.change(key_id, lambda key: _changed(key, asked))
        if changed is None:
            raise Failure(Code.NOT_FOUND, "There is no such key.")
        spent = await services.jobs.ask_again(CountSpending())
        return wire.answer(view_of(changed, spent.get(key_id, Spending())))

    @described("Refuse a key from now on", Revoked)
    async def revoke(request: GatewayRequest, key_id: str) -> TrioResponse:
        if not await ring.revoke(key_id):
            raise Failure(Code.NOT_FOUND, "There is no such key in use.")
        return wire.answer(Revoked(key_id))

    return (
        ("GET", "/api/keys", list_all),
        ("POST", "/api/keys", create),
        ("PATCH", "/api/keys/<key_id>", change),
        ("DELETE", "/api/keys/<key_id>", revoke),
    )


def view_of(key: ApiKey, spent: Spending | None = None) -> KeyView:
    """How a key is shown."""
    spent = spent or Spending()
    return KeyView(
        id=key.id,
        name=key.name,
        hint=key.hint,
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        spent_today=spent.today,
        spent_total=spent.total,
        **msgspec.structs.asdict(key.limits),
    )


def _changed(key: ApiKey, asked: KeyChanges) -> ApiKey:
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not UNSET}
    name = _name(given.pop("name", key.name))
    expires_at = _expiry(given.pop("expires_at")) if "expires_at" in given else key.expires_at
    # No name among these is the same as none being excluded.
    lists = {name: () for name in ("scopes", "models") if name in given and given[name] is None}
    limits = msgspec.structs.replace(key.limits, **(given | lists))
    return msgspec.structs.replace(key, name=name, expires_at=expires_at, limits=limits)


def _name(given: str) -> str:
    name = given.strip()
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise Failure(Code.INVALID_VALUE, f"A name needs 1 to {MAX_NAME_LENGTH} characters.", param="name")
    return name


def _expiry(given: float | None) -> float | None:
    if given is not None and given <= time.time():
        raise Failure(Code.INVALID_VALUE, "expires_at must lie in the future.", param="expires_at")
    return given
