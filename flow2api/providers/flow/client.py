"""The verbs of Flow's web interface: one method for each call, each with its own time and size limit, none ever repeated.

Owns addresses and headers. Promises that only `UpstreamFailure` comes out and that no credential is in its text. Knows nothing of
accounts, pools or what a result is used for.
"""

import time
from collections.abc import Callable

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.errors import NetworkFault
from flow2api.net.http import Http
from flow2api.net.message import Limits, Response
from flow2api.providers.flow import failures, wire
from flow2api.providers.flow.failures import Call

SESSION_COOKIE = "__Secure-next-auth.session-token"

_ORIGIN = "https://labs.google"
_PAGE = (("Origin", _ORIGIN), ("Referer", _ORIGIN + "/"), ("Accept", "*/*"))
_JSON = ("Content-Type", "application/json")

_MIB = 1024 * 1024


class Bases(msgspec.Struct, frozen=True, kw_only=True):
    """Where Flow lives. Paths are appended as they are, since some begin with a colon."""

    labs: str = "https://labs.google/fx/api"
    api: str = "https://aisandbox-pa.googleapis.com/v1"


class Times(msgspec.Struct, frozen=True, kw_only=True):
    """How long each call may take in all, in seconds."""

    session: float = 10.0
    credits: float = 10.0
    project: float = 15.0
    upload: float = 120.0
    generate: float = 120.0
    """Long, because giving up on a paid call that is never repeated loses its pictures."""
    upsample: float = 300.0


class SessionReply(msgspec.Struct, frozen=True):
    """The answer for a session cookie and the `Set-Cookie` headers that came with it."""

    answer: wire.SessionAnswer
    set_cookies: tuple[str, ...]

    def __repr__(self) -> str:
        return f"SessionReply({self.answer!r}, {len(self.set_cookies)} cookies)"


class _Ask(msgspec.Struct, frozen=True):
    """One request; `secrets` are what must not come back in a message."""

    call: Call
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"_Ask({self.call.name})"


class Client:
    """Flow's calls through one exit. Holds no credential; each call is given its own."""

    def __init__(
        self,
        http: Http,
        bases: Bases,
        times: Times,
        exit_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._bases = bases
        self._exit_url = exit_url
        self._clock = clock
        self._limits = _limits(times)

    async def session(self, session_token: str) -> SessionReply:
        """What the session cookie is good for: an access token, or the reason why not."""
        response = await self._send(self._labs(Call.SESSION, "/auth/session", session_token))
        # A dead session is `{}` or `null`, depending on the version of the login library.
        body = b"{}" if response.body.strip() == b"null" else response.body
        answer = wire.decode(body, wire.SessionAnswer, Call.SESSION)
        return SessionReply(answer, tuple(response.headers.get_all("set-cookie")))

    async def credits(self, access_token: str) -> wire.CreditsAnswer:
        """Credits left and the subscription's level."""
        response = await self._send(self._api(Call.CREDITS, "/credits", access_token))
        return wire.decode(response.body, wire.CreditsAnswer, Call.CREDITS)

    async def create_project(self, session_token: str, title: str) -> str:
        """A new project's id."""
        body = wire.encode(wire.CreateProject(wire.ProjectWish(project_title=title)))
        response = await self._send(self._labs(Call.CREATE_PROJECT, "/trpc/project.createProject", session_token, body))
        project_id = wire.decode(response.body, wire.ProjectAnswer, Call.CREATE_PROJECT).project_id
        if not wire.is_id(project_id):
            raise _unreadable(Call.CREATE_PROJECT, "the project's id is none")
        return project_id

    async def upload_image(self, access_token: str, body: bytes) -> str:
        """The media id of an uploaded picture. `body` is an encoded `wire.UploadImage`, which is too large to be made here."""
        response = await self._send(self._api(Call.UPLOAD_IMAGE, "/flow/uploadImage", access_token, body))
        media_id = wire.decode(response.body, wire.UploadAnswer, Call.UPLOAD_IMAGE).media_id
        if media_id is None:
            raise _unreadable(Call.UPLOAD_IMAGE, "it names no media id")
        return media_id

    async def generate_images(self, access_token: str, request: wire.GenerateImages) -> wire.ImagesAnswer:
        """Finished pictures, for credits: never call it twice for one order unless the refusal was definite."""
        context = request.client_context
        path = f"/projects/{context.project_id}/flowMedia:batchGenerateImages"
        ask = self._api(Call.GENERATE_IMAGES, path, access_token, wire.encode(request), _captcha(context))
        response = await self._send(ask)
        return wire.decode(response.body, wire.ImagesAnswer, Call.GENERATE_IMAGES)

    async def upsample_image(self, access_token: str, request: wire.UpsampleImage) -> bytes:
        """The enlarged picture's bytes."""
        captcha = _captcha(request.client_context)
        ask = self._api(Call.UPSAMPLE_IMAGE, "/flow/upsampleImage", access_token, wire.encode(request), captcha)
        response = await self._send(ask)
        picture = wire.decode(response.body, wire.UpscaleAnswer, Call.UPSAMPLE_IMAGE).encoded_image
        if not picture:
            raise UpstreamFailure(
                FailureKind.UPSTREAM_FAULT, "Flow answered the image enlargement without a picture.", status=200
            )
        return picture

    def _labs(self, call: Call, path: str, session_token: str, body: bytes | None = None) -> _Ask:
        cookie = ("Cookie", f"{SESSION_COOKIE}={session_token}")
        return _Ask(call, self._bases.labs + path, (cookie, *_PAGE), body, (session_token,))

    def _api(self, call: Call, path: str, access_token: str, body: bytes | None = None, captcha: str = "") -> _Ask:
        bearer = ("Authorization", f"Bearer {access_token}")
        return _Ask(call, self._bases.api + path, (bearer, *_PAGE), body, (access_token, captcha))

    async def _send(self, ask: _Ask) -> Response:
        """The successful answer to `ask`."""
        try:
            response = await self._http.request(
                "GET" if ask.body is None else "POST",
                ask.url,
                headers=ask.headers if ask.body is None else (*ask.headers, _JSON),
                body=ask.body or b"",
                exit_url=self._exit_url,
                limits=self._limits[ask.call],
            )
        except NetworkFault as fault:
            raise failures.of_fault(fault, ask.call) from fault
        if 200 <= response.status < 300:
            return response
        if 300 <= response.status < 400:
            raise failures.of_redirect(response, ask.call, ask.url)
        raise failures.of_response(response, ask.call, self._clock(), ask.secrets)


def _limits(times: Times) -> dict[Call, Limits]:
    def of(seconds: float, max_mib: int = 1) -> Limits:
        return Limits(connect_seconds=min(10.0, seconds), total_seconds=seconds, max_bytes=max_mib * _MIB)

    return {
        Call.SESSION: of(times.session),
        Call.CREDITS: of(times.credits),
        Call.CREATE_PROJECT: of(times.project),
        Call.UPLOAD_IMAGE: of(times.upload),
        Call.GENERATE_IMAGES: of(times.generate, 8),
        # A picture of 5504 x 3072 is about 10 MB as JPEG and a third more in base64.
        Call.UPSAMPLE_IMAGE: of(times.upsample, 64),
    }


def _captcha(context: wire.ClientContext) -> str:
    recaptcha = context.recaptcha_context
    return recaptcha.token if isinstance(recaptcha, wire.Recaptcha) else ""


def _unreadable(call: Call, why: str) -> UpstreamFailure:
    return UpstreamFailure(FailureKind.UNREADABLE, f"Flow's answer to {call} cannot be read: {why}.", status=200)
