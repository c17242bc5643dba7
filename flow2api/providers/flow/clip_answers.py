"""What Flow says about clips, in the present form (`media`), the older one (`operations`) or both: handles, stages, reasons.

Pure functions from wire structs to the provider's records. A word that is not known is told as such and never guessed at.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.base import Begun, Check, Stage
from flow2api.providers.flow import failures, wire, wire_clips
from flow2api.providers.flow.place import Place, context_of

_STATUS = "MEDIA_GENERATION_STATUS_"
_STAGES = {
    "PENDING": Stage.WAITING,
    "SCHEDULED": Stage.WAITING,
    "ACTIVE": Stage.RUNNING,
    "IN_PROGRESS": Stage.RUNNING,
    "SUCCESSFUL": Stage.DONE,
    "COMPLETE": Stage.DONE,
    "FAILED": Stage.FAILED,
    "CANCELED": Stage.FAILED,
    "CANCELLED": Stage.FAILED,
}


class Entry(NamedTuple):
    """One clip of an answer, whatever form it came in."""

    name: str
    project_id: str | None
    status: object
    error: object
    reasons: object


def begun(answer: wire_clips.ClipsAnswer, count: int, place: Place) -> Begun:
    """Handles of the accepted clips, at most `count`; fewer when Flow took fewer.

    Raises:
        UpstreamFailure: `UNREADABLE` when there is none, since they may have been accepted and paid all the same.
    """
    made = tuple(
        Made(
            media_id=entry.name,
            context=context_of(Place(project_id=entry.project_id or place.project_id, session_id=place.session_id)),
        )
        for entry in entries(answer)
    )
    if not made:
        raise UpstreamFailure(
            FailureKind.UNREADABLE, "Flow accepted the video generation but its answer names no clip.", status=200
        )
    return Begun(made=made[:count], finished=False, credits_left=wire.whole(answer.remaining_credits))


def checks(answer: wire_clips.ClipsAnswer, made: Sequence[Made]) -> list[Check]:
    """How each of `made` stands by the answer to their `question`."""
    found = {entry.name: entry for entry in entries(answer)}
    return [_check(each, found.get(each.media_id)) for each in made]


def entries(answer: wire_clips.ClipsAnswer) -> list[Entry]:
    """The clips of an answer in either form or in both. What the present form leaves out is taken from the older one."""
    found: dict[str, Entry] = {}
    for entry in (*map(_of_media, _listed(answer.media)), *map(_of_operation, _listed(answer.operations))):
        if entry is not None:
            found[entry.name] = _completed(found.get(entry.name), entry)
    return list(found.values())


def stage_of(status: object, error: object = None) -> Stage:
    """What a status word means; none at all is the state of a clip that has just come in."""
    if status is None:
        return Stage.FAILED if error else Stage.WAITING
    word = (wire.text(status) or "").removeprefix(_STATUS)
    return Stage.FAILED if word.startswith("ERROR") else _STAGES.get(word, Stage.UNKNOWN)


def failure_of(stage: Stage, status: object, error: object, reasons: object = None) -> UpstreamFailure | None:
    """Why something failed, or that its state is not known."""
    if stage is Stage.UNKNOWN:
        return _unreadable(f"a clip's status is {str(status)[:60]!r}, which is not known")
    if stage is not Stage.FAILED:
        return None
    if (wire.text(status) or "").removeprefix(_STATUS).startswith("CANCEL"):
        return UpstreamFailure(FailureKind.REQUEST_REJECTED, "The clip was cancelled at Flow.", reason="CANCELED")
    return failures.of_clip(error, reasons)


def _check(made: Made, entry: Entry | None) -> Check:
    if entry is None:
        return Check(
            made=made, stage=Stage.UNKNOWN, failure=_unreadable("it does not mention a clip that was asked about")
        )
    stage = stage_of(entry.status, entry.error)
    return Check(made=made, stage=stage, failure=failure_of(stage, entry.status, entry.error, entry.reasons))


def _of_media(media: object) -> Entry | None:
    name = wire.text(wire.field(media, "name")) or wire.text(wire.field(media, "video", "operation", "name"))
    if not name:
        return None
    standing = wire.field(media, "mediaMetadata", "mediaStatus") or wire.field(media, "mediaStatus")
    status = wire.field(standing, "mediaGenerationStatus") or wire.field(standing, "status")
    return Entry(
        name=name,
        project_id=wire.text(wire.field(media, "projectId")),
        status=status or wire.field(media, "status"),
        error=wire.field(standing, "error") or wire.field(media, "video", "operation", "error"),
        reasons=wire.field(standing, "failureReasons"),
    )


def _of_operation(operation: object) -> Entry | None:
    name = wire.text(wire.field(operation, "operation", "name")) or wire.text(wire.field(operation, "mediaName"))
    if not name:
        return None
    return Entry(
        name=name,
        project_id=wire.text(wire.field(operation, "projectId")),
        status=wire.field(operation, "status"),
        error=wire.field(operation, "operation", "error") or wire.field(operation, "error"),
        reasons=wire.field(operation, "failureReasons"),
    )


def _completed(held: Entry | None, more: Entry) -> Entry:
    """What is known of a clip already, with gaps filled from another mention of it."""
    if held is None:
        return more
    return Entry(
        name=held.name,
        project_id=held.project_id or more.project_id,
        status=held.status or more.status,
        error=held.error or more.error,
        reasons=held.reasons or more.reasons,
    )


def _listed(value: object) -> Iterator[object]:
    yield from value if isinstance(value, list) else ()


def joined(answer: wire_clips.JoinStatus, made: Made) -> Check:
    """How a joining stands; its bytes, if it came with any, are still in the answer."""
    link = wire.text(answer.output_uri)
    link = link if link and link.startswith(("https://", "http://")) else None
    has_result = bool(link or answer.encoded_video)
    stage = stage_of(answer.status, answer.error)
    if stage is Stage.WAITING and answer.status is None and has_result:
        stage = Stage.DONE
    if stage is Stage.DONE and not has_result:
        missing = _unreadable("joined clips are done, but there is neither a link nor a clip")
        return Check(made=made, stage=Stage.UNKNOWN, failure=missing)
    failure = failure_of(stage, answer.status, answer.error)
    return Check(made=replace(made, url=link), stage=stage, failure=failure)


def _unreadable(why: str) -> UpstreamFailure:
    return UpstreamFailure(FailureKind.UNREADABLE, f"Flow's answer about clips cannot be read: {why}.", status=200)
