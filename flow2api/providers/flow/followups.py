"""What a Flow account does with media that it has ordered: ask how clips stand, find, fetch, enlarge, join and cancel them.

Owns no state. Nothing in here is repeated; what a failure means for the account is decided elsewhere.
"""

import logging
import mmap
from collections.abc import Sequence
from pathlib import Path

import trio
from msgspec.structs import replace

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made, Source
from flow2api.providers.base import Begun, Check, Stage
from flow2api.providers.flow import clip_answers, clips, links, wire, wire_clips
from flow2api.providers.flow.access import Access
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.clips import Way
from flow2api.providers.flow.failures import Call
from flow2api.providers.flow.place import context_of, place_of

log = logging.getLogger(__name__)

# Looking up links is no part of the paid call; it must not hold up what was made for long.
LOOKUP_SECONDS = 20.0

# Each holds a clip of up to a hundred megabytes in memory.
_unpackers = trio.CapacityLimiter(1)


class FollowUps:
    """The half of a session that deals with media."""

    def __init__(self, client: Client, access: Access) -> None:
        self._client = client
        self._access = access

    async def check(self, made: Sequence[Made]) -> list[Check]:
        """One call; if Flow does not know one of the clips, one for each half, so that the lost one is told alone."""
        if not made:
            return []
        try:
            with self._access.calling() as token:
                return clip_answers.checks(await self._client.clips.check(token, clips.question(made)), made)
        except UpstreamFailure as failure:
            if failure.kind is not FailureKind.MEDIA_GONE:
                raise
            if len(made) == 1:
                return [Check(made=made[0], stage=Stage.FAILED, failure=failure)]
        middle = len(made) // 2
        return [*await self.check(made[:middle]), *await self.check(made[middle:])]

    async def locate(self, made: Made) -> Made:
        link = await self._client.clips.locate(self._access.session_token, made.media_id)
        clip_id = links.clip_id(link)
        if clip_id is None or clip_id == made.media_id or not made.context:
            return replace(made, url=link)
        return replace(made, url=link, context=context_of(replace(place_of(made.context), clip_id=clip_id)))

    async def fetch(self, made: Made, path: Path) -> None:
        answer = path.with_name(f".{path.name}.answer")
        try:
            await trio.Path(path.parent).mkdir(parents=True, exist_ok=True)
            with self._access.calling() as token:
                await self._client.clips.fetch(token, made.media_id, answer)
            await trio.to_thread.run_sync(_unpack, answer, path, limiter=_unpackers)
        finally:
            answer.unlink(missing_ok=True)

    async def upsample(self, made: Made, generation: Generation, captcha_token: str) -> Begun:
        request = clips.enlargement(made, generation, await self._access.marks(captcha_token))
        with self._access.calling() as token:
            answer = await self._client.clips.begin(token, Way.UPSAMPLE, request)
        return clip_answers.begun(answer, 1, place_of(made.context))

    async def join(self, source: Source, extension: Made) -> Made:
        with self._access.calling() as token:
            name = await self._client.clips.join(token, clips.joining(source, extension))
        return Made(media_id=name, context=extension.context)

    async def check_join(self, made: Made, path: Path) -> Check:
        with self._access.calling() as token:
            answer = await self._client.clips.check_join(token, made.media_id)
        found = clip_answers.joined(answer, made)
        if found.stage is not Stage.DONE or found.made.url or not answer.encoded_video:
            return found
        await trio.to_thread.run_sync(_write, path, answer.encoded_video)
        return replace(found, written=True)

    async def cancel(self, made: Made) -> None:
        with self._access.calling() as token:
            await self._client.clips.cancel(token, made.media_id)

    async def _with_link(self, made: Made) -> Made:
        """The finished result with a link if one can be had; without one it can still be asked for later."""
        if made.url is not None:
            return made
        try:
            return await self.locate(made)
        except UpstreamFailure as failure:
            log.warning("no link to a finished result yet: %s", failure.message)
            return made


def _unpack(answer: Path, path: Path) -> None:
    """Write the clip inside a stored answer. Runs in a worker thread; the answer is mapped, so only the clip takes memory."""
    with answer.open("rb") as file:
        if not answer.stat().st_size:
            raise UpstreamFailure(FailureKind.UNREADABLE, f"Flow's answer to {Call.FETCH_CLIP} is empty.", status=200)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
            clip = wire.decode(body, wire_clips.MediaAnswer, Call.FETCH_CLIP).video.encoded_video
    if not clip:
        raise UpstreamFailure(FailureKind.UPSTREAM_FAULT, "Flow delivered a clip without any bytes.", status=200)
    _write(path, clip)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all. Runs in a worker thread."""
    side = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        side.write_bytes(data)
        side.replace(path)
    finally:
        side.unlink(missing_ok=True)
