"""What services have in common that are called with a key: a vault of key and address, and sessions without login, captcha and
second steps.

A new service of this kind derives from both classes and writes what is its own: how to test a key, how to begin, how to check.
Knows no service.
"""

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec
import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made, Source
from flow2api.domain.present import present
from flow2api.domain.service import Traits
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure
from flow2api.net.exits import ExitChoice
from flow2api.net.guard import NOTHING_PRIVATE, Guard
from flow2api.net.http import Http
from flow2api.net.url import parse_url
from flow2api.providers.base import Balance, Begun, Check, Identity, Order, Prepared, Session
from flow2api.providers.calls import Calls, Way

log = logging.getLogger("flow2api.keyed")

# Where every unfinished result takes its own call, so many are made at a time.
_CHECKS_AT_A_TIME = 4
_LONGEST_KEY = 4096
# Many gateways write a balance without end as an absurdly large one.
_MOST_DOLLARS = 1e12
# Of a shorter one nothing is shown, since the end would be a good part of it.
_HINTED_LENGTH = 16


class KeyVault(msgspec.Struct, frozen=True, kw_only=True):
    """What is secret about an account with a key, and the address that the key is for; None means the usual one."""

    key: str
    base_url: str | None = None

    @property
    def hint(self) -> str:
        """Enough of the key to tell it from others, for its owner."""
        return f"…{self.key[-4:]}" if len(self.key) >= _HINTED_LENGTH else "key"

    def __repr__(self) -> str:
        return f"KeyVault(base_url={self.base_url!r})"


class KeySession:
    """The parts of a `Session` that are the same for all keys. `sign_in`, `begin` and `check` are the service's own."""

    def __init__(self, vault: bytes) -> None:
        self._vault = vault

    @property
    def identity(self) -> Identity:
        """A key does not say whose it is; its end tells it from others."""
        return Identity(name=load(self._vault).hint)

    @property
    def vault(self) -> bytes:
        return self._vault

    @property
    def signed_in_until(self) -> float | None:
        return None

    def bear(self, user_agent: str) -> None:
        """Calls with a key are no browser's."""

    async def balance(self) -> Balance:
        """Most services do not say what is left."""
        return Balance(credits=None, tier=Tier.UNKNOWN)

    async def prepare(self, order: Order) -> Prepared:
        """Nothing to do where inputs travel with the order."""
        return Prepared(order=order, context="")

    async def locate(self, made: Made) -> Made:
        return made

    async def fetch(self, made: Made, path: Path) -> None:
        raise not_offered("the delivery of results")

    async def cancel(self, made: Made) -> None:
        raise not_offered("cancelling")

    async def enlarge(self, made: Made, upscale: str, captcha_token: str) -> bytes:
        raise not_offered("enlarging")

    async def upsample(self, made: Made, generation: Generation, captcha_token: str) -> Begun:
        raise not_offered("enlarging")

    async def join(self, source: Source, extension: Made) -> Made:
        raise not_offered("joining")

    async def check_join(self, made: Made, path: Path) -> Check:
        raise not_offered("joining")


class KeySettings(Protocol):
    """What an operator may choose about any service with keys."""

    @property
    def poll_interval(self) -> float: ...

    @property
    def request_timeout(self) -> float:
        """Seconds for one ordinary call."""

    @property
    def image_timeout(self) -> float: ...

    @property
    def video_timeout(self) -> float: ...


S = TypeVar("S", bound=KeySettings)


class KeyProvider(Generic[S]):
    """The parts of a `Provider` that are the same for all keys. A service names itself and writes `session`."""

    name: str
    title: str
    own_base_url: bool = False
    """An account may name its own address of the service."""

    def __init__(
        self, http: Http, settings: S, clock: Callable[[], float] = time.time, guard: Guard = NOTHING_PRIVATE
    ) -> None:
        self._http = http
        self._guard = guard
        self.settings = settings
        self.clock = clock
        self.traits = present(
            lambda: Traits(
                title=self.title,
                credential="API key",
                base_url=self.base_url,
                own_base_url=self.own_base_url,
                poll_seconds=settings.poll_interval,
                image_seconds=settings.image_timeout,
                video_seconds=settings.video_timeout,
            )
        )

    @property
    def base_url(self) -> str:
        """The usual address; empty where each account names its own."""
        return ""

    def calls(self, way: Callable[[], Way], exit_for: ExitChoice) -> Calls:
        """The way to the service, which follows the settings also in sessions that are open."""
        return Calls(self._http, present(way), exit_for, self._guard)

    def open(self, account_id: str, vault: bytes, exit_for: ExitChoice) -> Session:
        """A session for the stored vault; `UpstreamFailure(KEY_REFUSED)` for one that cannot be read."""
        return self.session(load(vault), vault, exit_for)

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        """The service's own session."""
        raise NotImplementedError

    def captcha_action(self, generation: Generation) -> str | None:
        return None

    def vault_for(self, credential: str, base_url: str | None = None) -> bytes:
        """The vault for a pasted key: one word of visible characters."""
        key = credential.strip()
        if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
            message = (
                f"This is no {self.traits.credential} of {self.traits.title}: one word without blanks is expected."
            )
            raise Failure(Code.INVALID_VALUE, message, param="credential")
        return msgspec.json.encode(KeyVault(key=key, base_url=self._address(base_url)))

    def _address(self, base_url: str | None) -> str | None:
        given = (base_url or "").strip().rstrip("/")
        if not given:
            if not self.traits.base_url:
                message = (
                    f"An account of {self.traits.title} needs the address of its service, such as https://host/v1."
                )
                raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="base_url")
            return None
        if not self.traits.own_base_url:
            message = f"{self.traits.title} has one address for all accounts; leave base_url out."
            raise Failure(Code.INVALID_VALUE, message, param="base_url")
        return _checked(given)

    def renewed_vault(self, old: bytes, new: bytes) -> bytes:
        return new

    def credential_of(self, vault: bytes) -> str:
        return load(vault).key


def load(vault: bytes) -> KeyVault:
    """The stored vault.

    Raises:
        UpstreamFailure: it cannot be read."""
    try:
        return msgspec.json.decode(vault, type=KeyVault)
    except msgspec.DecodeError as error:
        message = "The stored key cannot be read; give the account its key anew."
        raise UpstreamFailure(FailureKind.KEY_REFUSED, message) from error


async def check_each(made: Sequence[Made], check: Callable[[Made], Awaitable[Check]]) -> list[Check]:
    """Ask about each with a call of its own, a few at a time, as `Session.check` has to answer."""
    found: dict[str, Check] = {}
    failures: list[UpstreamFailure] = []
    limiter = trio.CapacityLimiter(_CHECKS_AT_A_TIME)

    async def one(handle: Made) -> None:
        async with limiter:
            try:
                found[handle.media_id] = await check(handle)
            except UpstreamFailure as failure:
                log.warning(
                    "status call failed id=%s kind=%s: %s", handle.media_id, failure.kind.value, failure.message
                )
                failures.append(failure)

    async with trio.open_nursery() as nursery:
        for handle in made:
            nursery.start_soon(one, handle)
    if failures and not found:
        raise failures[0]
    return [found[handle.media_id] for handle in made if handle.media_id in found]


def cents(dollars: float) -> int:
    """What is left on an account, in whole cents; that is what credits are where a service counts money."""
    return int(round(min(max(dollars, 0.0), _MOST_DOLLARS) * 100, 4))


def not_offered(what: str) -> UpstreamFailure:
    """The service has no such thing; a catalogue that is right never leads here."""
    return UpstreamFailure(FailureKind.REQUEST_REJECTED, f"This service does not offer {what}.")


def _checked(url: str) -> str:
    try:
        parse_url(url)
        parts = urlsplit(url)
    except ValueError as error:
        raise Failure(Code.INVALID_VALUE, f"base_url cannot be used: {error}", param="base_url") from None
    if parts.query or parts.fragment or "@" in parts.netloc:
        message = "base_url is an address such as https://host/v1, without user, query and fragment."
        raise Failure(Code.INVALID_VALUE, message, param="base_url")
    return url
