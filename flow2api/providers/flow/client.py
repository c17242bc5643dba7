"""The verbs of Flow's web interface for accounts and pictures: one method for each call, none ever repeated.

Owns paths and which answer belongs to which call. Promises that only `UpstreamFailure` comes out. Knows nothing of accounts,
pools or what a result is used for.
"""

import time
from collections.abc import Callable

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.exits import ExitChoice, directly
from flow2api.net.http import Http
from flow2api.providers.flow import wire
from flow2api.providers.flow.calls import Bases, Calls, Times, captcha_of
from flow2api.providers.flow.clip_client import ClipClient
from flow2api.providers.flow.failures import Call


class SessionReply(msgspec.Struct, frozen=True):
    """The answer for a session cookie and the `Set-Cookie` headers that came with it."""

    answer: wire.SessionAnswer
    set_cookies: tuple[str, ...]

    def __repr__(self) -> str:
        return f"SessionReply({self.answer!r}, {len(self.set_cookies)} cookies)"


class Client:
    """Flow's calls for accounts and pictures, and in `clips` those for clips. Holds no credential; each call is given its own."""

    def __init__(
        self,
        http: Http,
        bases: Bases,
        times: Times,
        exit_for: ExitChoice = directly,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._calls = Calls(http, bases, times, exit_for, clock)
        self.clips = ClipClient(self._calls)

    def bear(self, user_agent: str) -> None:
        """Name this browser in all calls from now on."""
        self._calls.bear(user_agent)

    async def session(self, session_token: str) -> SessionReply:
        """What the session cookie is good for: an access token, or the reason why not."""
        response = await self._calls.send(self._calls.labs(Call.SESSION, "/auth/session", session_token))
        # A dead session is `{}` or `null`, depending on the version of the login library.
        body = b"{}" if response.body.strip() == b"null" else response.body
        answer = wire.decode(body, wire.SessionAnswer, Call.SESSION)
        return SessionReply(answer, tuple(response.headers.get_all("set-cookie")))

    async def credits(self, access_token: str) -> wire.CreditsAnswer:
        """Credits left and the subscription's level."""
        response = await self._calls.send(self._calls.api(Call.CREDITS, "/credits", access_token))
        return wire.decode(response.body, wire.CreditsAnswer, Call.CREDITS)

    async def create_project(self, session_token: str, title: str) -> str:
        """A new project's id."""
        body = wire.encode(wire.CreateProject(wire.ProjectWish(project_title=title)))
        response = await self._calls.send(
            self._calls.labs(Call.CREATE_PROJECT, "/trpc/project.createProject", session_token, body)
        )
        project_id = wire.decode(response.body, wire.ProjectAnswer, Call.CREATE_PROJECT).project_id
        if not wire.is_id(project_id):
            raise _unreadable(Call.CREATE_PROJECT, "the project's id is none")
        return project_id

    async def upload_image(self, access_token: str, body: bytes) -> str:
        """The media id of an uploaded picture. `body` is an encoded `wire.UploadImage`, which is too large to be made here."""
        response = await self._calls.send(self._calls.api(Call.UPLOAD_IMAGE, "/flow/uploadImage", access_token, body))
        media_id = wire.decode(response.body, wire.UploadAnswer, Call.UPLOAD_IMAGE).media_id
        if media_id is None:
            raise _unreadable(Call.UPLOAD_IMAGE, "it names no media id")
        return media_id

    async def generate_images(self, access_token: str, request: wire.GenerateImages) -> wire.ImagesAnswer:
        """Finished pictures, for credits: never call it twice for one order unless the refusal was definite."""
        context = request.client_context
        path = f"/projects/{context.project_id}/flowMedia:batchGenerateImages"
        ask = self._calls.api(Call.GENERATE_IMAGES, path, access_token, wire.encode(request), captcha_of(context))
        response = await self._calls.send(ask)
        return wire.decode(response.body, wire.ImagesAnswer, Call.GENERATE_IMAGES)

    async def upsample_image(self, access_token: str, request: wire.UpsampleImage) -> bytes:
        """The enlarged picture's bytes."""
        captcha = captcha_of(request.client_context)
        ask = self._calls.api(Call.UPSAMPLE_IMAGE, "/flow/upsampleImage", access_token, wire.encode(request), captcha)
        response = await self._calls.send(ask)
        picture = wire.decode(response.body, wire.UpscaleAnswer, Call.UPSAMPLE_IMAGE).encoded_image
        if not picture:
            raise UpstreamFailure(
                FailureKind.UPSTREAM_FAULT, "Flow answered the image enlargement without a picture.", status=200
            )
        return picture


def _unreadable(call: Call, why: str) -> UpstreamFailure:
    return UpstreamFailure(FailureKind.UNREADABLE, f"Flow's answer to {call} cannot be read: {why}.", status=200)
