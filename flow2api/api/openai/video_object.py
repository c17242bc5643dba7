"""A job as the video object of OpenAI's routes: four words for its state, a length that is text, and the size of what was made.

Pure data. What is not known before the clip is there (size, length) is what was asked for until then.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from flow2api.api import results
from flow2api.api.served import Served, served
from flow2api.api.sources import video_id
from flow2api.domain.job import Generation, Job, JobState, Size, Source
from flow2api.store.clips import StoredClip

Status = Literal["queued", "in_progress", "completed", "failed"]
_S = JobState
_WAITING = frozenset({_S.QUEUED, _S.STARTING})
_USUAL_SIDE = 720
_SHORT_SIDES: dict[Size, int] = {
    "480p": 480,
    "580p": 580,
    "720p": 720,
    "768p": 768,
    "1080p": 1080,
    "2k": 1440,
    "4k": 2160,
}


class VideoError(msgspec.Struct, frozen=True):
    """Why a clip was not made."""

    code: str
    message: str


class Video(msgspec.Struct, frozen=True, kw_only=True):
    """One clip as clients know it, by the name of the model that its caller used. `url` is ours: where it can be had without a key,
    once it is there; so are `warnings`, what was asked for and left out, and `x_flow2api`."""

    id: str
    object: Literal["video"] = "video"
    model: str
    status: Status
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: int | None
    size: str
    seconds: str
    prompt: str
    remixed_from_video_id: str | None
    error: VideoError | None
    url: str | None
    warnings: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    x_flow2api: Served


class VideoList(msgspec.Struct, frozen=True, kw_only=True):
    """One page of clips."""

    object: Literal["list"] = "list"
    data: list[Video]
    has_more: bool
    first_id: str | None
    last_id: str | None


class VideoDeleted(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that is gone."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: bool = True


def video_of(clip: StoredClip, progress: int, retention_seconds: float, link: Callable[[str], str]) -> Video:
    """The object for a job that is so far; `link` makes the public link of a file."""
    job, file = clip
    done = job.state is _S.SUCCEEDED
    return Video(
        id=video_id(job.id),
        model=job.name,
        status=_status(job),
        progress=progress,
        created_at=int(job.created_at),
        completed_at=int(job.finished_at or 0) if done else None,
        expires_at=_expires_at(clip, retention_seconds) if done else None,
        size=f"{file.width}x{file.height}" if file and file.width else expected_size(job.generation),
        seconds=str(round(file.seconds) if file and file.seconds else round(expected_seconds(job.generation))),
        prompt=job.generation.prompt,
        remixed_from_video_id=video_id(job.remix_of) if job.remix_of else None,
        error=_error(job, link),
        url=link(file.name) if file else None,
        warnings=job.generation.warnings or msgspec.UNSET,
        x_flow2api=served([job]),
    )


def page_of(videos: list[Video], *, has_more: bool) -> VideoList:
    """A page in both of the ways in which clients ask for the next one."""
    first, last = (videos[0].id, videos[-1].id) if videos else (None, None)
    return VideoList(data=videos, has_more=has_more, first_id=first, last_id=last)


def expected_size(generation: Generation) -> str:
    """The pixels that a clip of this ratio and class has."""
    across, down = map(int, generation.aspect_ratio.split(":"))
    asked = generation.upscale or generation.resolution
    short = _SHORT_SIDES.get(asked, _USUAL_SIDE) if asked else _USUAL_SIDE
    long = round(short * max(across, down) / min(across, down) / 2) * 2
    return f"{long}x{short}" if across >= down else f"{short}x{long}"


def expected_seconds(generation: Generation) -> float:
    """How long the clip will be, with all that it continues."""
    return (generation.seconds or 0) + _before(generation.source)


def _before(source: Source | None) -> float:
    if source is None:
        return 0
    return source.whole_seconds or (source.seconds or 0) + _before(source.before)


def _status(job: Job) -> Status:
    if job.state in _WAITING:
        return "queued"
    if not job.final:
        return "in_progress"
    return "completed" if job.state is _S.SUCCEEDED else "failed"


def _expires_at(clip: StoredClip, retention_seconds: float) -> int:
    """When the file goes, at the latest; a sweep takes the retention that is set now."""
    made_at = clip.file.created_at if clip.file else clip.job.finished_at or clip.job.created_at
    ends = made_at + retention_seconds
    return int(min(ends, clip.file.expires_at or ends) if clip.file else ends)


def _error(job: Job, link: Callable[[str], str]) -> VideoError | None:
    if not job.final or job.state is _S.SUCCEEDED:
        return None
    failure = results.reason(job)
    results.name_originals(job, failure, link)
    return VideoError(failure.code.value, failure.message)
