"""How Flow is called: addresses, headers, time and size limits, and what becomes of an answer that is no success.

Promises that only `UpstreamFailure` comes out, that no credential is in its text, and that nothing is repeated here of which a byte
may have gone out. Knows nothing of what is asked.
"""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from flow2api.domain.failure import UpstreamFailure
from flow2api.errors import NetworkFault
from flow2api.net.detour import with_detours
from flow2api.net.exits import ExitChoice, directly
from flow2api.net.http import Http
from flow2api.net.message import Downloaded, Limits, Response
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
    clips: float = 75.0
    """For a call that begins clips; its answer does not wait for them."""
    check: float = 45.0
    locate: float = 10.0
    fetch: float = 120.0
    join: float = 120.0
    check_join: float = 300.0
    """Long, because the answer may hold a whole clip."""
    cancel: float = 10.0


class Ask(msgspec.Struct, frozen=True):
    """One request; `secrets` are what must not come back in a message."""

    call: Call
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Ask({self.call.name})"


class Calls:
    """The way to Flow, over the exit that is right at the time of each call. Holds no credential; each request is given its own."""

    def __init__(
        self,
        http: Http,
        bases: Bases,
        times: Times,
        exit_for: ExitChoice = directly,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._bases = bases
        self._exit_for = exit_for
        self._clock = clock
        self._limits = _limits(times)
        self._agent: tuple[tuple[str, str], ...] = ()

    def bear(self, user_agent: str) -> None:
        """Name this browser in all calls from now on."""
        self._agent = (("User-Agent", user_agent),)

    def labs(self, call: Call, path: str, session_token: str, body: bytes | None = None) -> Ask:
        """A request that the session cookie stands for."""
        cookie = ("Cookie", f"{SESSION_COOKIE}={session_token}")
        return Ask(call, self._bases.labs + path, (cookie, *_PAGE, *self._agent), body, (session_token,))

    def api(self, call: Call, path: str, access_token: str, body: bytes | None = None, captcha: str = "") -> Ask:
        """A request that the access token stands for."""
        bearer = ("Authorization", f"Bearer {access_token}")
        return Ask(call, self._bases.api + path, (bearer, *_PAGE, *self._agent), body, (access_token, captcha))

    async def send(self, ask: Ask) -> Response:
        """The successful answer to `ask`."""
        response = await self.exchange(ask)
        if not 200 <= response.status < 300:
            raise self.refused(response, ask)
        return response

    async def exchange(self, ask: Ask) -> Response:
        """The answer to `ask`, whatever it is."""

        async def over(exit_url: str | None) -> Response:
            return await self._http.request(
                "GET" if ask.body is None else "POST",
                ask.url,
                headers=ask.headers if ask.body is None else (*ask.headers, _JSON),
                body=ask.body or b"",
                exit_url=exit_url,
                # What proxies keep open dies often, and often in silence; a paid call that is lost in it must not be repeated.
                fresh=exit_url is not None and failures.TRAITS[ask.call].paid,
                limits=self._limits[ask.call],
            )

        try:
            return await with_detours(self._exit_for, over)
        except NetworkFault as fault:
            raise failures.of_fault(fault, ask.call) from fault

    async def download(self, ask: Ask, path: Path) -> None:
        """The body of the successful answer to a GET, as a file."""

        async def over(exit_url: str | None) -> Downloaded:
            limits = self._limits[ask.call]
            return await self._http.download(ask.url, path, headers=ask.headers, exit_url=exit_url, limits=limits)

        try:
            answer = await with_detours(self._exit_for, over)
        except NetworkFault as fault:
            raise failures.of_fault(fault, ask.call) from fault
        if answer.status != 200:
            response = Response(status=answer.status, headers=answer.headers, body=answer.body, url=ask.url)
            raise self.refused(response, ask)

    def refused(self, response: Response, ask: Ask) -> UpstreamFailure:
        """The failure that an answer without success is."""
        if 300 <= response.status < 400:
            return failures.of_redirect(response, ask.call, ask.url)
        return failures.of_response(response, ask.call, self._clock(), ask.secrets)


def captcha_of(context: wire.ClientContext) -> str:
    """The captcha token inside a call, empty if there is none."""
    recaptcha = context.recaptcha_context
    return recaptcha.token if isinstance(recaptcha, wire.Recaptcha) else ""


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
        Call.GENERATE_CLIPS: of(times.clips, 8),
        Call.UPSAMPLE_CLIP: of(times.clips, 8),
        Call.CHECK_CLIPS: of(times.check, 8),
        Call.LOCATE: of(times.locate),
        # Goes to disk, not to memory. A clip in 4K may have a hundred megabytes.
        Call.FETCH_CLIP: of(times.fetch, 256),
        Call.JOIN_CLIPS: of(times.join),
        Call.CHECK_JOIN: of(times.check_join, 96),
        Call.CANCEL_CLIP: of(times.cancel),
    }
