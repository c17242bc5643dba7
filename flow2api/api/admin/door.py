"""Who may administer: the token of this start, or the administrator's password.

A wrong try makes the next one from the same address wait, longer each time; tries from one address are handled one after the
other and the queue for them is short. The right token is never held up, since nobody can guess it.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict

import trio

from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.passwords import hash_password, verify_password
from flow2api.errors import Code, Failure
from flow2api.store import settings
from flow2api.store.door import Store

PASSWORD_SETTING = "admin.password"
MIN_PASSWORD_LENGTH = 10
MAX_PASSWORD_LENGTH = 1000
FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
# After this long without a wrong try an address is as good as new.
FORGET_SECONDS = 900.0
_ADDRESSES = 1000
_WAITING = 4


class _Suspect:
    """An address from which a wrong try came."""

    def __init__(self) -> None:
        self.failures = 0
        self.last = 0.0
        self.turn = trio.Lock()

    @property
    def delay(self) -> float:
        return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** (self.failures - 1)) if self.failures else 0.0


class Door:
    """Lets administrators in."""

    def __init__(self, store: Store, admin_token: str, links: Links) -> None:
        self._store = store
        self._token = admin_token.encode()
        self._links = links
        self._suspects: OrderedDict[str, _Suspect] = OrderedDict()
        self._salt = secrets.token_bytes(32)
        self._proven: tuple[str, bytes] | None = None
        """The stored hash and a digest of the password that matched it last, so that not each request costs an argon2."""

    async def enter(self, request: GatewayRequest) -> None:
        """Return if the request comes from an administrator.

        Raises:
            Failure: `admin_required`, or `rate_limit_exceeded` while too many tries wait."""
        scheme, _, given = _authorization(request).partition(" ")
        given = given.strip()
        if scheme.lower() == "bearer" and hmac.compare_digest(given.encode(), self._token):
            return
        if not given:
            raise _refusal()
        suspect = self._suspect(self._links.peer(request))
        if suspect.turn.statistics().tasks_waiting >= _WAITING:
            message = "Too many tries are waiting."
            raise Failure(Code.RATE_LIMIT_EXCEEDED, message, retry_after_seconds=suspect.delay)
        async with suspect.turn:
            await trio.sleep(suspect.delay)
            if scheme.lower() == "basic" and _same_origin(request) and await self._password_fits(given):
                suspect.failures = 0
                return
            suspect.failures += 1
            suspect.last = trio.current_time()
        raise _refusal()

    async def set_password(self, password: str) -> None:
        """Set the administrator's password.

        Raises:
            Failure: it is too short or absurdly long."""
        if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
            allowed = f"{MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters"
            raise Failure(Code.INVALID_VALUE, f"A password must have {allowed}.", param="password")
        await self._store.write(settings.put, PASSWORD_SETTING, await hash_password(password))

    async def _password_fits(self, given: str) -> bool:
        user, _, password = _decoded(given).partition(":")
        stored = (await self._store.read(settings.all_settings)).get(PASSWORD_SETTING)
        if user != "admin" or not password or not isinstance(stored, str) or len(password) > MAX_PASSWORD_LENGTH:
            return False
        digest = hmac.digest(self._salt, password.encode(), hashlib.sha256)
        proven = self._proven
        if proven is not None and proven[0] == stored and hmac.compare_digest(proven[1], digest):
            return True
        verdict = await verify_password(stored, password)
        if verdict.outdated:
            stored = await hash_password(password)
            await self._store.write(settings.put, PASSWORD_SETTING, stored)
        if verdict.matches:
            self._proven = (stored, digest)
        return verdict.matches

    def _suspect(self, address: str) -> _Suspect:
        suspect = self._suspects.get(address)
        if suspect is None:
            suspect = self._suspects[address] = _Suspect()
        elif trio.current_time() - suspect.last > FORGET_SECONDS:
            suspect.failures = 0
        self._suspects.move_to_end(address)
        while len(self._suspects) > _ADDRESSES:
            self._suspects.popitem(last=False)
        return suspect


def _authorization(request: GatewayRequest) -> str:
    return (request.header(b"authorization") or b"").decode("latin-1").strip()


def _decoded(given: str) -> str:
    try:
        return base64.b64decode(given, validate=True).decode()
    except ValueError:  # no base64, not even ASCII, or no UTF-8
        return ""


def _same_origin(request: GatewayRequest) -> bool:
    """Browsers add a password that they know to any request, also to one that a foreign page makes; so those do not count."""
    origin = request.header(b"origin")
    return origin is None or origin.partition(b"://")[2] == request.header(b"host")


def _refusal() -> Failure:
    return Failure(
        Code.ADMIN_REQUIRED, "This needs an administrator: the admin token as a bearer token, or the admin password."
    )
