"""Who may administer: who signed in with the administrator's password (and second factor), or holds the token of this start.

A request says who it is by the cookie of a sign-in, or by an `Authorization` header: the token as bearer, or the password alone where
there is no second factor. With a cookie every change needs the token of that sign-in as well, which other pages cannot know.
"""

import base64
import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple, TypeVar

import trio

from flow2api.api.admin.delays import Delays
from flow2api.api.admin.password import Password
from flow2api.api.admin.second_factor import SecondFactor
from flow2api.api.admin.sessions import Sessions, csrf_token
from flow2api.api.links import Caller, Links
from flow2api.config import DashboardConfig
from flow2api.domain.admin import AdminSession
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.store.door import Store

T = TypeVar("T")

COOKIE = "flow2api_session"
_USUAL_PORT = 8000
CSRF_HEADER = b"x-csrf-token"
# A code is one of a million, and three of them are good at a time.
FREE_CODES = 5
CODE_DELAY_SECONDS = 60.0
CHANGE_SECONDS = 20.0
_READING = frozenset({"GET", "HEAD"})
# Whoever sets these passes on somebody else's request, however near the passer-on may be.
_PASSED_ON = (b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"forwarded", b"via")


class Admin(NamedTuple):
    """Who administers."""

    who: Literal["admin", "token"]
    address: str
    session: AdminSession | None = None
    cookie: str = ""
    until: trio.Event | None = None
    """Set once the password that opened, which has no sign-in, opens no more."""

    @property
    def session_id(self) -> str:
        return self.session.id if self.session else ""

    def __repr__(self) -> str:
        return f"Admin({self.who}, {self.session_id})"


class Door:
    """Lets administrators in."""

    def __init__(
        self,
        store: Store,
        admin_token: str,
        links: Links,
        config: DashboardConfig,
        setup_token: str = "",
        bus: EventBus | None = None,
    ) -> None:
        self.password = Password(store, bus)
        self.second_factor = SecondFactor(store, bus)
        self.sessions = Sessions(store, config)
        self._token = admin_token.encode()
        self._setup_token = setup_token.encode()
        self._links = links
        self._delays = Delays()
        # Whoever comes so far knows the password, so the account's owner is not kept out by strangers.
        self._code_delays = Delays(FREE_CODES, CODE_DELAY_SECONDS)
        self._changed = trio.Event()
        # Of two who set up at once, one must find that it is done.
        self._setting_up = trio.Lock()

    async def enter(self, request: Caller, method: str) -> Admin:
        """Who asks, if that is an administrator who may do this.

        Raises:
            Failure: `admin_required`; `forbidden`, a change without the sign-in's own token; or `rate_limit_exceeded`."""
        address = self._links.peer(request)
        scheme, _, given = _text(request, b"authorization").partition(" ")
        if scheme:
            return await self._enter_with(scheme.lower(), given.strip(), request, address)
        value = cookie(request)
        session = self.sessions.find(value) if value else None
        if session is None:
            raise _refusal()
        if method not in _READING:
            self._require_csrf(request, value)
        return Admin("admin", address, session, value)

    async def sign_in(self, request: Caller, password: str, code: str | None) -> Admin:
        """Sign in; the admin has the new cookie.

        Raises:
            Failure: `admin_required` for a wrong password or code, `second_factor_required`, `rate_limit_exceeded`, `forbidden`."""
        self.require_same_origin(request)
        address, changed = self._links.peer(request), self._changed
        async with self._delays.attempt(address) as attempt:
            if not await self.password.fits(password):
                attempt.wrong()
                raise Failure(Code.ADMIN_REQUIRED, "This is not the administrator's password.", param="password")
            if code is None and await self.second_factor.is_on():
                raise Failure(
                    Code.SECOND_FACTOR_REQUIRED, "Enter the code that your authenticator shows.", param="code"
                )
            if code is not None and not await self._code_fits(code):
                attempt.wrong()
                raise Failure(Code.ADMIN_REQUIRED, "This code does not fit, or was used before.", param="code")
            attempt.right()
        admin = await self._open(request, address)
        if changed.is_set():
            # What was looked at is no more what opens, and this sign-in came too late to be ended with the others.
            await self.sessions.end(admin.session_id)
            raise Failure(Code.ADMIN_REQUIRED, "The way in was changed meanwhile. Sign in again.")
        return admin

    async def _code_fits(self, code: str) -> bool:
        async with self._code_delays.attempt("") as attempt:
            fits = await self.second_factor.takes(code)
            (attempt.right if fits else attempt.wrong)()
            return fits

    async def change_way_in(self, change: Callable[[], Awaitable[T]], but: str) -> tuple[T, int]:
        """Do what changes the way in, then end all sign-ins but one, and whatever came in by the password alone; what `change` gave, and
        how many sign-ins were ended. Whoever leaves in the middle leaves no half of it."""
        with trio.fail_after(CHANGE_SECONDS, shield=True):
            changed = await change()
            self._changed.set()
            self._changed = trio.Event()
            return changed, await self.sessions.end_others(but)

    async def wait_over(self, admin: Admin) -> None:
        """Wait until this administrator may stay no longer."""
        if admin.session is not None:
            await self.sessions.wait_ended(admin.session.id)
        elif admin.until is not None:
            await admin.until.wait()
        else:
            await trio.sleep_forever()

    async def prove(self, request: Caller, password: str) -> None:
        """Ask once more for the password of who is signed in already.

        Raises:
            Failure: `forbidden`, it is another one."""
        async with self._delays.attempt(self._links.peer(request)) as attempt:
            if not await self.password.fits(password):
                attempt.wrong()
                raise Failure(Code.FORBIDDEN, "This is not the administrator's password.", param="password")
            attempt.right()

    async def setup_needed(self) -> bool:
        """Whether nobody has set a password yet."""
        return not await self.password.is_set()

    def setup_token_needed(self, request: Caller) -> bool:
        """Whether who asks may be somebody else than who started the program."""
        return not _is_here(request, self._links.peer(request))

    async def set_up(self, request: Caller, password: str, token: str | None) -> Admin:
        """Set the first password and sign in.

        Raises:
            Failure: `conflict`, there is one; `forbidden`, the token is missing or wrong."""
        self.require_same_origin(request)
        address = self._links.peer(request)
        async with self._delays.attempt(address) as attempt, self._setting_up:
            if not await self.setup_needed():
                raise Failure(Code.CONFLICT, "This gateway is set up already. Sign in.")
            if self.setup_token_needed(request) and not self._is_setup_token(token or ""):
                attempt.wrong()
                message = "From another machine the set-up needs the token that flow2api printed at its start."
                raise Failure(Code.FORBIDDEN, message, param="token")
            await self.password.set(password)
            attempt.right()
        return await self._open(request, address)

    async def _open(self, request: Caller, address: str) -> Admin:
        session, value = await self.sessions.open(address, _text(request, b"user-agent"))
        return Admin("admin", address, session, value)

    def _is_setup_token(self, given: str) -> bool:
        return bool(self._setup_token) and hmac.compare_digest(given.strip().encode(), self._setup_token)

    def require_same_origin(self, request: Caller) -> None:
        """
        Raises:
            Failure: `forbidden`, a page of another origin asks."""
        if not self._links.same_origin(request):
            raise Failure(Code.FORBIDDEN, "This comes from a page of another origin. Open the gateway's own dashboard.")

    def _require_csrf(self, request: Caller, value: str) -> None:
        self.require_same_origin(request)
        given = request.header(CSRF_HEADER) or b""
        if not hmac.compare_digest(given, csrf_token(value).encode()):
            raise Failure(
                Code.FORBIDDEN,
                "A change needs the header X-CSRF-Token with the value that GET /api/session gives. Reload the page.",
            )

    async def _enter_with(self, scheme: str, given: str, request: Caller, address: str) -> Admin:
        if not given:
            raise _refusal()
        if scheme == "bearer" and self._token and hmac.compare_digest(given.encode(), self._token):
            return Admin("token", address)
        changed = self._changed
        async with self._delays.attempt(address) as attempt:
            if scheme == "basic" and self._links.same_origin(request) and await self._password_alone_fits(given):
                attempt.right()
                if not changed.is_set():
                    return Admin("admin", address, until=changed)
            else:
                attempt.wrong()
        raise _refusal()

    async def _password_alone_fits(self, given: str) -> bool:
        user, _, password = _decoded(given).partition(":")
        return user == "admin" and await self.password.fits(password) and not await self.second_factor.is_on()


def cookie_name(request: Caller) -> str:
    """Browsers keep the cookies of a host without its port: those of several instances on one machine must differ by name."""
    port = (request.scope.get("server") or ("", None))[1]
    return COOKIE if port in (None, _USUAL_PORT) else f"{COOKIE}_{port}"


def cookie(request: Caller) -> str:
    """The value of the sign-in's cookie, empty without one."""
    own = cookie_name(request)
    for piece in _text(request, b"cookie").split(";"):
        name, _, value = piece.strip().partition("=")
        if name == own:
            return value
    return ""


def _is_here(request: Caller, peer: str) -> bool:
    """Whether the request comes from this machine and was meant for it, and nobody passed it on.

    Reverse proxies that say nothing of themselves speak HTTP/1.0, which no browser does.
    """
    host = _text(request, b"host")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    passed_on = any(request.header(header) is not None for header in _PASSED_ON)
    modern = str(request.scope.get("http_version", "1.1")) != "1.0"
    return modern and not passed_on and _is_loopback(peer) and (name == "localhost" or _is_loopback(name.strip("[]")))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _text(request: Caller, name: bytes) -> str:
    return (request.header(name) or b"").decode("latin-1").strip()


def _decoded(given: str) -> str:
    try:
        return base64.b64decode(given, validate=True).decode()
    except ValueError:  # no base64, not even ASCII, or no UTF-8
        return ""


def _refusal() -> Failure:
    return Failure(
        Code.ADMIN_REQUIRED,
        "This needs an administrator: sign in at the dashboard, or send the admin token as a bearer token.",
    )
