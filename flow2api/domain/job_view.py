"""A job as its caller sees it: in answers of the job routes, in their events, and in webhooks. Pure translation."""

import mimetypes
from collections.abc import Mapping
from typing import Literal

import msgspec

from flow2api.domain.job import Job, JobError, JobState, Progress
from flow2api.domain.media import MediaFile
from flow2api.errors import KINDS

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
Upstream = Literal["nothing_sent", "asked_to_stop", "not_stopped"]

# Getting ready is free of charge and begins anew after a restart, so to a caller it is a part of the waiting.
_STATUS: dict[JobState, Status] = {
    JobState.QUEUED: "queued",
    JobState.STARTING: "queued",
    JobState.SUBMITTING: "running",
    JobState.RUNNING: "running",
    JobState.FETCHING: "running",
    JobState.SUCCEEDED: "succeeded",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "cancelled",
}


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A result, or what exists although the job failed."""

    url: str
    mime: str
    size_bytes: int | None
    width: int | None
    height: int | None
    seconds: float | None
    """Of a clip, as far as known."""
    expires_at: float | None
    available: bool
    """False once its time is over."""


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job did not succeed. `retry`: whether the same request, sent again later, can succeed without being paid twice."""

    code: str
    type: str
    message: str
    param: str | None
    retry: bool
    retry_after_seconds: float | None
    reason: str | None


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on; no client needs to build these itself."""

    status: str
    result: str
    events: str
    cancel: str
    deliveries: str


class JobView(msgspec.Struct, frozen=True, kw_only=True):
    """One job."""

    id: str
    object: str = "job"
    status: Status
    stage: str
    """What is happening to it right now; empty when nothing is known of that."""
    progress: int | None
    """In percent, where the provider tells of it."""
    queue_position: int | None
    """1 is next; None when it does not wait."""
    model: str
    """The exact model, whatever name it was asked by."""
    route: str | None
    """By which provider, group of accounts and upstream model; None as long as no route is taken."""
    kind: Literal["image", "video"]
    count: int
    origin: str
    """By which part of the API it came."""
    warnings: tuple[str, ...]
    """What was asked for and left out, since the model does not take it."""
    metadata: Mapping[str, str]
    created_at: float
    submitted_at: float | None
    """When the paid call first went out; None: nothing was sent."""
    finished_at: float | None
    start_deadline: float
    deadline: float
    results: list[FileView]
    originals: list[FileView]
    """What exists although the job failed, such as the picture whose enlargement was not delivered."""
    expires_at: float | None
    """When the first of the files goes."""
    error: ErrorView | None
    upstream: Upstream | None
    """For a cancelled job: what could be done at the provider."""
    urls: Addresses


def status_of(state: JobState) -> Status:
    """The word that callers know."""
    return _STATUS[state]


def states_of(status: Status) -> frozenset[JobState]:
    """The states that a caller knows by one word."""
    return frozenset(state for state, word in _STATUS.items() if word == status)


def job_view(seen: Progress, base: str, files: Mapping[str, MediaFile]) -> JobView:
    """How a job is shown to a caller who knows us as `base`; `files` are the records of those of its files that are still there."""
    job, error = seen.job, seen.job.error
    results = [_file(name, base, files.get(name)) for name in job.results]
    originals = [_file(name, base, files.get(name)) for name in (error.originals if error else ())]
    ends = [file.expires_at for file in (*results, *originals) if file.expires_at is not None]
    return JobView(
        id=job.id,
        status=status_of(job.state),
        stage=seen.stage,
        progress=100 if job.state is JobState.SUCCEEDED else seen.percent,
        queue_position=seen.position if job.state is JobState.QUEUED else None,
        model=job.generation.model,
        route=job.generation.route if job.submits else None,
        kind=job.generation.kind,
        count=job.generation.count,
        origin=job.origin,
        warnings=job.generation.warnings,
        metadata=job.metadata,
        created_at=job.created_at,
        submitted_at=job.submitted_at,
        finished_at=job.finished_at,
        start_deadline=job.queue_deadline,
        deadline=job.deadline,
        results=results,
        originals=originals,
        expires_at=min(ends, default=None),
        error=None if error is None else _error(error),
        upstream=_upstream(job),
        urls=_addresses(base, job.id),
    )


def files_of(job: Job) -> tuple[str, ...]:
    """The names of all files that the view of a job may show."""
    return (*job.results, *(job.error.originals if job.error else ()))


def _upstream(job: Job) -> Upstream | None:
    if job.state is not JobState.CANCELLED:
        return None
    if job.submitted_at is None or job.error is None or job.error.stopped is None:
        return "nothing_sent"
    return "asked_to_stop" if job.error.stopped else "not_stopped"


def _file(name: str, base: str, file: MediaFile | None) -> FileView:
    url = f"{base}/media/{name}"
    if file is None:
        mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return FileView(
            url=url, mime=mime, size_bytes=None, width=None, height=None, seconds=None, expires_at=None, available=False
        )
    return FileView(
        url=url,
        mime=file.mime,
        size_bytes=file.size_bytes,
        width=file.width or None,
        height=file.height or None,
        seconds=file.seconds or None,
        expires_at=file.expires_at,
        available=True,
    )


def _error(error: JobError) -> ErrorView:
    kind = KINDS[error.code]
    return ErrorView(
        code=error.code.value,
        type=kind.type,
        message=error.message,
        param=error.param,
        retry=kind.retry,
        retry_after_seconds=error.retry_after_seconds,
        reason=error.reason,
    )


def _addresses(base: str, job_id: str) -> Addresses:
    status = f"{base}/v1/jobs/{job_id}"
    return Addresses(
        status=status,
        result=f"{status}/result",
        events=f"{status}/events",
        cancel=f"{status}/cancel",
        deliveries=f"{status}/deliveries",
    )
