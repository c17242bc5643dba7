"""The clips of a caller: found by their id, and shown as video objects. Reads memory and the store alone, never the provider."""

import time
from collections.abc import Sequence
from functools import partial

from flow2api.actors.jobs import Peek
from flow2api.api import results
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.openai.video_object import Video, video_of
from flow2api.api.services import Services
from flow2api.api.sources import job_named
from flow2api.domain import progress
from flow2api.domain.job import Job, JobState
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure
from flow2api.store import clips
from flow2api.store.clips import StoredClip

# Clips under way of which more is known than is stored.
REMEMBERED = 10_000


class Shelf:
    """What is there for whom."""

    def __init__(self, services: Services, links: Links) -> None:
        self._services = services
        self._links = links
        self._told: dict[str, int] = {}
        """The most that providers told of clips which are under way."""

    async def find(self, caller: str, name: str) -> StoredClip:
        """A caller's clip as it stands now.

        Raises:
            Failure: `not_found`, there is none of this id, or it is another caller's."""
        job_id = job_named(name)
        live = await self._services.jobs.ask_again(Peek(job_id))
        clip = await self._services.store.read(clips.find, caller, job_id)
        if clip is None:
            raise Failure(Code.NOT_FOUND, f"There is no video {name[:80]!r}.", param="video_id")
        if live is None or live.job.final:
            return clip
        if live.percent is not None:
            self._told[job_id] = max(progress.told(live.percent), self._told.get(job_id, 0))
            if len(self._told) > REMEMBERED:
                self._told.pop(next(iter(self._told)))
        return StoredClip(live.job, None)

    def show(self, request: GatewayRequest, found: Sequence[StoredClip]) -> list[Video]:
        """Clips as their caller sees them."""
        retention = self._services.config.media.retention_seconds
        link = partial(self._links.media, request)
        return [video_of(clip, self._percent(clip.job), retention, link) for clip in found]

    def _percent(self, job: Job) -> int:
        if job.final:
            self._told.pop(job.id, None)
        return max(progress.percent(job, time.time()), self._told.get(job.id, 0))


def finished(clip: StoredClip) -> MediaFile:
    """The file of a clip that is there.

    Raises:
        Failure: `video_not_ready`, `video_failed` or `expired`."""
    job = clip.job
    if not job.final:
        message = "The video is not ready yet. Ask for its status until that is `completed`."
        raise Failure(Code.VIDEO_NOT_READY, message, param="video_id")
    if job.state is not JobState.SUCCEEDED:
        message = f"There is no video, since it was not made: {results.reason(job).message}"
        raise Failure(Code.VIDEO_FAILED, message, param="video_id")
    if clip.file is None:
        raise Failure(Code.EXPIRED, "The video is no longer kept. Its link ended at `expires_at`.", param="video_id")
    return clip.file
