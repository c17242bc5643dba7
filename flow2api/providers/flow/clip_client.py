"""The verbs of Flow's web interface for clips and for what is finished: one method for each call, none ever repeated.

As `client`, but for media: begin, check, enlarge, find, fetch, join, cancel.
"""

from pathlib import Path
from urllib.parse import quote

import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow import links, wire, wire_clips
from flow2api.providers.flow.calls import Calls, captcha_of
from flow2api.providers.flow.clips import Way
from flow2api.providers.flow.failures import Call


class ClipClient:
    """Flow's calls for clips. Holds no credential; each call is given its own."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def begin(self, access_token: str, way: Way, request: wire_clips.GenerateClips) -> wire_clips.ClipsAnswer:
        """Accepted clips, for credits: never call it twice for one order unless the refusal was definite."""
        call = Call.UPSAMPLE_CLIP if way is Way.UPSAMPLE else Call.GENERATE_CLIPS
        path = f"/video:batchAsyncGenerateVideo{way}"
        captcha = captcha_of(request.client_context)
        response = await self._calls.send(self._calls.api(call, path, access_token, wire.encode(request), captcha))
        return wire.decode(response.body, wire_clips.ClipsAnswer, call)

    async def check(self, access_token: str, request: wire_clips.CheckClips) -> wire_clips.ClipsAnswer:
        """How clips stand."""
        path = "/video:batchCheckAsyncVideoGenerationStatus"
        ask = self._calls.api(Call.CHECK_CLIPS, path, access_token, wire.encode(request))
        return wire.decode((await self._calls.send(ask)).body, wire_clips.ClipsAnswer, Call.CHECK_CLIPS)

    async def locate(self, session_token: str, name: str) -> str:
        """A link to a finished picture or clip that needs no credentials."""
        query = f"name={quote(name, safe='')}&mediaUrlType=MEDIA_URL_TYPE_FULL_MEDIA"
        ask = self._calls.labs(Call.LOCATE, f"/trpc/media.getMediaUrlRedirect?{query}", session_token)
        response = await self._calls.exchange(ask)
        if 300 <= response.status < 400 and (link := links.media_link(response.headers.get("location"), ask.url)):
            return link
        if 200 <= response.status < 300:
            raise UpstreamFailure(
                FailureKind.UNREADABLE, "Flow's answer to the lookup of a result is no link.", status=response.status
            )
        raise self._calls.refused(response, ask)

    async def fetch(self, access_token: str, name: str, path: Path) -> None:
        """The raw answer that holds a clip's bytes, as a file: it is too large to be kept in memory twice."""
        if name in {".", ".."}:
            raise UpstreamFailure(FailureKind.REQUEST_REJECTED, "Flow gave this clip a name that cannot be asked for.")
        ask = self._calls.api(Call.FETCH_CLIP, f"/media/{quote(name, safe='')}", access_token)
        await self._calls.download(ask, path)

    async def join(self, access_token: str, request: wire_clips.JoinClips) -> str:
        """The name under which the joining goes on."""
        ask = self._calls.api(Call.JOIN_CLIPS, ":runVideoFxConcatenation", access_token, wire.encode(request))
        return wire.decode((await self._calls.send(ask)).body, wire_clips.JoinAnswer, Call.JOIN_CLIPS).name

    async def check_join(self, access_token: str, name: str) -> wire_clips.JoinStatus:
        """How a joining stands."""
        named = wire_clips.Operation(operation=wire_clips.OperationName(name=name))
        body = wire.encode(wire_clips.CheckJoin(operation=named))
        ask = self._calls.api(Call.CHECK_JOIN, ":runVideoFxCheckConcatenationStatus", access_token, body)
        response = await self._calls.send(ask)
        # A whole clip in base64 takes tens of milliseconds to read.
        return await trio.to_thread.run_sync(wire.decode, response.body, wire_clips.JoinStatus, Call.CHECK_JOIN)

    async def cancel(self, access_token: str, media_id: str) -> None:
        """Give up an unfinished clip."""
        body = wire.encode(wire_clips.CancelClip(media_id=media_id))
        await self._calls.send(self._calls.api(Call.CANCEL_CLIP, "/flowMedia:cancelGeneration", access_token, body))
