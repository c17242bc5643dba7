"""API keys: who may ask, which routes, which models and how often. Keys are known by their SHA-256 digest alone, which is fit for 160 random bits and more.

All keys are held in memory, so a request is let in without touching the store. When a key was last used is noted in memory and
written seldom. How many jobs a key may have, and how many credits it may spend, is decided where jobs are admitted.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import parse_qs

import msgspec
import trio

from flow2api.api.exchange import GatewayRequest
from flow2api.api.rates import RequestRates
from flow2api.domain.catalog import Catalog
from flow2api.domain.events import KeyChanged
from flow2api.domain.key import UNLIMITED, ApiKey, Limits, Scope
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.kit.timing import every
from flow2api.store import keys
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

PREFIX = "f2a_"
FLUSH_SECONDS = 60.0
_FLUSH_AT_END_SECONDS = 3.0
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LENGTH = 32  # 62 ** 32 is more than 190 bits
# Each costs a look; nobody sends a second one.
_MAX_QUERY_KEYS = 4
_HEADERS = (b"x-goog-api-key", b"x-api-key", b"api-key")


class KeyRing:
    """All keys of the gateway. Shared by the routes; changed only through its own methods."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time, bus: EventBus | None = None) -> None:
        self._store = store
        self._now = now
        self._bus = bus or EventBus()
        self._by_digest: dict[str, ApiKey] = {}
        self._lent: dict[str, ApiKey] = {}
        self._used: dict[str, float] = {}
        self._rates = RequestRates()
        self._changing = trio.Lock()

    async def load(self) -> None:
        """Read all keys from the store; to be done before the first request."""
        self._by_digest = {key.digest: key for key in await self._store.read(keys.all_keys)}

    def listed(self) -> list[ApiKey]:
        """Every key, oldest first, revoked ones included, with the newest known time of use."""
        known = sorted(self._by_digest.values(), key=lambda key: (key.created_at, key.id))
        return [msgspec.structs.replace(key, last_used_at=self._used.get(key.id, key.last_used_at)) for key in known]

    def find(self, plain: str) -> ApiKey | None:
        """The key if it is good now; notes its use."""
        digest = hashlib.sha256(plain.encode()).hexdigest()
        key = self._by_digest.get(digest) or self._lent.get(digest)
        now = self._now()
        if key is None or not hmac.compare_digest(key.digest, digest) or not _good(key, now):
            return None
        if digest not in self._lent:
            self._used[key.id] = now
        return key

    def lend(self, plain: str, name: str) -> None:
        """Let a token of this process pass as a key named `name`; it is neither stored nor listed."""
        digest = hashlib.sha256(plain.encode()).hexdigest()
        self._lent[digest] = ApiKey(id=name, name=name, digest=digest, hint="", created_at=self._now())

    def caller(self, request: GatewayRequest, scope: Scope | None = None) -> ApiKey:
        """The key that a request brings, in any of the five ways in which clients send one, if it may use the routes of `scope`
        now. To be called once for each request, which counts towards the key's requests per minute.

        Raises:
            Failure: `invalid_api_key`, the same for a missing and a wrong one; `route_not_allowed`; `rate_limit_exceeded`."""
        key = self._known(request)
        if scope is not None and not key.limits.opens(scope):
            raise _closed(key, scope)
        if key.limits.requests_per_minute is not None:
            wait = self._rates.take(key.id, key.limits.requests_per_minute, trio.current_time())
            if wait:
                raise _too_often(key.limits.requests_per_minute, wait)
        return key

    def limits(self, key_id: str) -> Limits:
        """What a key may do as it stands now, also for a job that was asked for before; unlimited for one that is not stored."""
        key = self._stored(key_id)
        return UNLIMITED if key is None else key.limits

    def _known(self, request: GatewayRequest) -> ApiKey:
        for plain in presented(request):
            key = self.find(plain)
            if key is not None:
                return key
        raise Failure(
            Code.INVALID_API_KEY,
            "A valid API key is needed: send it as the header 'Authorization: Bearer <key>', or 'x-goog-api-key'.",
        )

    async def create(
        self, name: str, expires_at: float | None = None, limits: Limits = UNLIMITED
    ) -> tuple[ApiKey, str]:
        """Make a key. The plain key is told here and never again."""
        plain = PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        return await self._add(plain, name, expires_at, limits), plain

    async def ensure(self, plain: str, name: str) -> ApiKey:
        """The key with this plain text, made if it is not known. A revoked one stays revoked."""
        digest = hashlib.sha256(plain.encode()).hexdigest()
        return self._by_digest.get(digest) or await self._add(plain, name, None, UNLIMITED)

    async def _add(self, plain: str, name: str, expires_at: float | None, limits: Limits) -> ApiKey:
        key = ApiKey(
            id=f"key_{secrets.token_hex(8)}",
            name=name,
            digest=hashlib.sha256(plain.encode()).hexdigest(),
            hint=f"{plain[:6]}…{plain[-2:]}",
            created_at=self._now(),
            expires_at=expires_at,
            limits=limits,
        )
        await self._store.write(keys.insert, key)
        self._by_digest[key.digest] = key
        self._say_changed(key.id)
        return key

    async def change(self, key_id: str, change: Callable[[ApiKey], ApiKey]) -> ApiKey | None:
        """Change name, expiry or limits of a key, from the next request on; None when there is no such key."""
        async with self._changing:
            key = self._stored(key_id)
            if key is None:
                return None
            changed = change(key)
            await self._store.write(keys.change, changed)
            if changed.limits.requests_per_minute is None:
                self._rates.forget(key_id)
            # A flush may have told a newer time of use meanwhile.
            used = self._by_digest[key.digest].last_used_at
            self._by_digest[key.digest] = msgspec.structs.replace(changed, last_used_at=used)
            self._say_changed(key_id)
            return changed

    async def revoke(self, key_id: str) -> bool:
        """Refuse a key from now on; False when there is no such key or it was revoked before."""
        async with self._changing:
            now = self._now()
            revoked = await self._store.write(keys.revoke, key_id, now)
            key = self._stored(key_id)
            if revoked and key is not None:
                self._by_digest[key.digest] = msgspec.structs.replace(key, revoked_at=now)
                self._say_changed(key_id)
        return revoked

    def _say_changed(self, key_id: str) -> None:
        self._bus.publish(KeyChanged(key_id=key_id, at=self._now()))

    def _stored(self, key_id: str) -> ApiKey | None:
        return next((key for key in self._by_digest.values() if key.id == key_id), None)

    async def ensure_first_key(self) -> str | None:
        """A plain key if there was none at all, so that a new installation can be used; else None."""
        if self._by_digest:
            return None
        _, plain = await self.create("first key")
        return plain

    async def flush(self) -> None:
        """Write the times of last use; what could not be written is kept for the next time."""
        used = dict(self._used)
        for key_id, at in used.items():
            await self._store.write(keys.touch, key_id, at)
            if self._used.get(key_id) == at:
                del self._used[key_id]
        for digest, key in self._by_digest.items():
            if key.id in used:
                self._by_digest[digest] = msgspec.structs.replace(key, last_used_at=used[key.id])

    async def keep_flushed(self) -> None:
        """Flush now and then, and once more when it is cancelled."""
        try:
            async for _ in every(FLUSH_SECONDS):
                with suppress(StoreFault):  # the times of use are told again at the next beat
                    await self.flush()
        finally:
            with trio.move_on_after(_FLUSH_AT_END_SECONDS, shield=True):
                await self.flush()


def model_for(catalog: Catalog, limits: Limits, name: str) -> Model:
    """The model that a caller with these limits names.

    Raises:
        Failure: `model_not_found`; `model_not_allowed`, the key may not use it."""
    model = catalog.find(name)
    if not _may_use(catalog, limits, model):
        message = f"This API key may not use the model {name!r}. GET /v1/models lists those that it may."
        raise Failure(Code.MODEL_NOT_ALLOWED, message, param="model")
    return model


def models_for(catalog: Catalog, limits: Limits) -> list[Model]:
    """The models that a caller with these limits may use, in the catalogue's order."""
    return [model for model in catalog.models() if _may_use(catalog, limits, model)]


def _may_use(catalog: Catalog, limits: Limits, model: Model) -> bool:
    return not limits.models or limits.allows(*catalog.names(model))


def presented(request: GatewayRequest) -> Iterator[str]:
    """Every key that a request brings: bearer token, three headers, and the query."""
    scheme, _, token = _text(request.header(b"authorization")).partition(" ")
    if scheme.lower() == "bearer" and token:
        yield token.strip()
    for name in _HEADERS:
        if value := _text(request.header(name)):
            yield value
    query: bytes = request.scope["query_string"]
    if b"key=" in query:
        for value in parse_qs(query.decode("latin-1")).get("key", [])[:_MAX_QUERY_KEYS]:
            yield value.strip()


def _closed(key: ApiKey, scope: Scope) -> Failure:
    opened = ", ".join(key.limits.scopes)
    return Failure(Code.ROUTE_NOT_ALLOWED, f"This API key is not for the {scope} routes; it opens these: {opened}.")


def _too_often(limit: int, wait: float) -> Failure:
    message = f"This API key may send {limit} requests a minute. The next one is taken in {wait:.1f} s."
    return Failure(Code.RATE_LIMIT_EXCEEDED, message, retry_after_seconds=wait)


def _good(key: ApiKey, now: float) -> bool:
    return key.revoked_at is None and (key.expires_at is None or now < key.expires_at)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").strip()
