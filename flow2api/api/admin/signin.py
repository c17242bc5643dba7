"""Routes of set-up, sign-in and sign-out, the list of sign-ins, the password, and the second factor.

The first three are for everybody and do their own asking; the others are guarded like the rest of the admin interface.
"""

from functools import partial

from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.door import Admin, Door, cookie_name
from flow2api.api.admin.door import cookie as cookie_of
from flow2api.api.admin.sessions import csrf_token
from flow2api.api.admin.shapes import (
    Confirmation,
    NewPassword,
    PasswordChanged,
    Proof,
    RecoveryCodes,
    SecondFactorOffer,
    SecondFactorView,
    SessionEnded,
    SessionList,
    SessionsEnded,
    SessionState,
    SetUp,
    SignIn,
)
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.errors import Code, Failure

_set_up = wire.decoder(SetUp)
_sign_in = wire.decoder(SignIn)
_password = wire.decoder(NewPassword)
_proof = wire.decoder(Proof)
_confirmation = wire.decoder(Confirmation)

# Of whoever is not signed in yet.
_TRYING = (Code.ADMIN_REQUIRED, Code.FORBIDDEN, Code.RATE_LIMIT_EXCEEDED)
_FACTOR = "/api/second-factor"


def open_routes(door: Door, links: Links) -> Table:
    """Those that everybody may ask."""
    views = _SignIn(door, links)
    return (
        ("GET", "/api/session", views.state),
        ("POST", "/api/session", views.sign_in),
        ("GET", "/api/setup", views.state),
        ("POST", "/api/setup", views.set_up),
    )


def routes(door: Door, links: Links) -> Table:
    """Those for administrators."""
    sign_in, own = _SignIn(door, links), _OwnAccount(door)
    return (
        ("DELETE", "/api/session", sign_in.sign_out),
        ("GET", "/api/sessions", own.sessions),
        ("DELETE", "/api/sessions", own.end_others),
        ("DELETE", "/api/sessions/<session_id>", own.end),
        ("PUT", "/api/password", own.set_password),
        ("GET", _FACTOR, own.factor),
        ("POST", _FACTOR, own.offer_factor),
        ("DELETE", _FACTOR, own.end_factor),
        ("POST", f"{_FACTOR}/confirm", own.confirm_factor),
        ("POST", f"{_FACTOR}/recovery-codes", own.renew_codes),
    )


class _SignIn:
    """In and out."""

    def __init__(self, door: Door, links: Links) -> None:
        self._door = door
        self._links = links

    @described("Who asks, and whether the gateway is set up", SessionState, everybody=True)
    async def state(self, request: GatewayRequest) -> TrioResponse:
        door = self._door
        value = cookie_of(request)
        session = door.sessions.find(value) if value else None
        if session is not None:
            return await self._signed_in(Admin("admin", session.address, session, value))
        needed = await door.setup_needed()
        token_needed = needed and door.setup_token_needed(request)
        return wire.answer(SessionState(signed_in=False, setup_needed=needed, setup_token_needed=token_needed))

    @described("Sign in", SessionState, body=SignIn, everybody=True, errors=(*_TRYING, Code.SECOND_FACTOR_REQUIRED))
    async def sign_in(self, request: GatewayRequest) -> TrioResponse:
        given = wire.decode(await request.body.whole(), _sign_in)
        admin = await self._door.sign_in(request, given.password, given.code)
        return self._with_cookie(request, await self._signed_in(admin), admin.cookie)

    @described(
        "Set the first password and sign in",
        SessionState,
        status=201,
        body=SetUp,
        everybody=True,
        errors=(*_TRYING, Code.CONFLICT),
    )
    async def set_up(self, request: GatewayRequest) -> TrioResponse:
        given = wire.decode(await request.body.whole(), _set_up)
        admin = await self._door.set_up(request, given.password, given.token)
        return self._with_cookie(request, await self._signed_in(admin, 201), admin.cookie)

    @described("Sign out", SessionState)
    async def sign_out(self, request: GatewayRequest) -> TrioResponse:
        admin = await self._door.enter(request, request.method)
        await self._door.sessions.end(admin.session_id)
        response = wire.answer(SessionState(signed_in=False))
        secure = self._links.secure(request)
        response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="Strict", secure=secure)
        return response

    async def _signed_in(self, admin: Admin, status: int = 200) -> TrioResponse:
        assert admin.session is not None
        state = SessionState(
            signed_in=True,
            second_factor=await self._door.second_factor.is_on(),
            session=self._door.sessions.view(admin.session, admin.session.id),
            csrf=csrf_token(admin.cookie),
        )
        return wire.answer(state, status)

    def _with_cookie(self, request: GatewayRequest, response: TrioResponse, value: str) -> TrioResponse:
        # Without an age: the browser forgets it with its window, the server by its own limits.
        secure = self._links.secure(request)
        response.set_cookie(cookie_name(request), value, path="/", httponly=True, samesite="Strict", secure=secure)
        return response


class _OwnAccount:
    """What administrators change about their own way in."""

    def __init__(self, door: Door) -> None:
        self._door = door

    @described("List the sign-ins", SessionList)
    async def sessions(self, request: GatewayRequest) -> TrioResponse:
        admin = await self._door.enter(request, request.method)
        return wire.answer(SessionList(self._door.sessions.views(admin.session_id)))

    @described("End one sign-in", SessionEnded)
    async def end(self, request: GatewayRequest, session_id: str) -> TrioResponse:
        if not await self._door.sessions.end(session_id):
            raise Failure(Code.NOT_FOUND, "There is no such sign-in.")
        return wire.answer(SessionEnded(session_id))

    @described("End all other sign-ins", SessionsEnded)
    async def end_others(self, request: GatewayRequest) -> TrioResponse:
        admin = await self._door.enter(request, request.method)
        return wire.answer(SessionsEnded(await self._door.sessions.end_others(admin.session_id)))

    @described("Set the administrator's password", PasswordChanged, body=NewPassword)
    async def set_password(self, request: GatewayRequest) -> TrioResponse:
        admin = await self._door.enter(request, request.method)
        given = wire.decode(await request.body.whole(), _password)
        if admin.who != "token":
            await self._door.prove(request, given.current or "")
        set_password = partial(self._door.password.set, given.password)
        _, ended = await self._door.change_way_in(set_password, admin.session_id)
        return wire.answer(PasswordChanged(ended))

    @described("How the second factor stands", SecondFactorView)
    async def factor(self, request: GatewayRequest) -> TrioResponse:
        return wire.answer(await self._door.second_factor.view())

    @described("Begin to set up the second factor", SecondFactorOffer, body=Proof, errors=(Code.CONFLICT,))
    async def offer_factor(self, request: GatewayRequest) -> TrioResponse:
        owner = await self._proven(request)
        if await self._door.second_factor.is_on():
            raise Failure(Code.CONFLICT, "The second factor is on. Turn it off first to set up another device.")
        return wire.answer(self._door.second_factor.offer(owner))

    @described("Turn the second factor on", RecoveryCodes, body=Confirmation, errors=(Code.CONFLICT,))
    async def confirm_factor(self, request: GatewayRequest) -> TrioResponse:
        admin = await self._door.enter(request, request.method)
        given = wire.decode(await request.body.whole(), _confirmation)
        confirm = partial(self._door.second_factor.confirm, admin.session_id, given.code)
        codes, _ = await self._door.change_way_in(confirm, admin.session_id)
        return wire.answer(RecoveryCodes(codes))

    @described("Make new recovery codes", RecoveryCodes, body=Proof, errors=(Code.CONFLICT,))
    async def renew_codes(self, request: GatewayRequest) -> TrioResponse:
        await self._proven(request)
        return wire.answer(RecoveryCodes(await self._door.second_factor.renew_recovery_codes()))

    @described("Turn the second factor off", SecondFactorView, body=Proof)
    async def end_factor(self, request: GatewayRequest) -> TrioResponse:
        owner = await self._proven(request)
        await self._door.change_way_in(self._door.second_factor.turn_off, owner)
        return wire.answer(await self._door.second_factor.view())

    async def _proven(self, request: GatewayRequest) -> str:
        """The sign-in that asks, once the password was given again. Whoever holds the instance's token needs none: it could set one."""
        admin = await self._door.enter(request, request.method)
        given = wire.decode(await request.body.whole(), _proof)
        if admin.who != "token":
            await self._door.prove(request, given.password)
        return admin.session_id
