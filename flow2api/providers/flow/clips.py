"""Clips on Flow: what is asked for in each mode, to enlarge one, and to join two. How answers are read lies in `clip_answers`.

Pure functions from domain records to wire structs. Knows no connection and no account.
"""

import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from flow2api.domain.job import Generation, Made, Source
from flow2api.providers.flow import wire_clips
from flow2api.providers.flow.place import Marks, Place, client_context, place_of, prompt_of, rejected, seeds


class Way(StrEnum):
    """How a clip is asked for: the last word of the call's path."""

    TEXT = "Text"
    FIRST_FRAME = "StartImage"
    BOTH_FRAMES = "StartAndEndImage"
    REFERENCES = "ReferenceImages"
    EXTEND = "ExtendVideo"
    UPSAMPLE = "UpsampleVideo"


class _Larger(NamedTuple):
    resolution: str
    key: str


_RATIOS = {"16:9": "VIDEO_ASPECT_RATIO_LANDSCAPE", "9:16": "VIDEO_ASPECT_RATIO_PORTRAIT"}
_LARGER = {
    "1080p": _Larger("VIDEO_RESOLUTION_1080P", "veo_3_1_upsampler_1080p"),
    "4k": _Larger("VIDEO_RESOLUTION_4K", "veo_3_1_upsampler_4k"),
}
_WAYS: dict[tuple[str, int], Way] = {
    ("t2v", 0): Way.TEXT,
    ("i2v", 1): Way.FIRST_FRAME,
    ("i2v", 2): Way.BOTH_FRAMES,
    ("r2v", 1): Way.REFERENCES,
    ("r2v", 2): Way.REFERENCES,
    ("r2v", 3): Way.REFERENCES,
    ("extend", 0): Way.EXTEND,
}
# Flow's own page draws seeds up to here; larger ones are folded, so that equal ones stay equal.
_SEEDS = 99_999
_USUAL_SECONDS = 8
# A continuation repeats the last second of what it continues.
_OVERLAP_SECONDS = 1


def check(generation: Generation) -> None:
    """Refuse what Flow cannot be asked for, before anything is sent."""
    if generation.aspect_ratio not in _RATIOS:
        raise rejected(f"it has no clips of {generation.aspect_ratio}, only of {', '.join(_RATIOS)}")
    if (generation.mode, len(generation.inputs)) not in _WAYS:
        raise rejected(f"it has no clips in the mode {generation.mode} from {len(generation.inputs)} pictures")
    if generation.upscale is not None and generation.upscale not in _LARGER:
        raise rejected(f"it cannot enlarge clips to {generation.upscale}, only to {', '.join(_LARGER)}")
    if generation.mode == "extend" and (generation.source is None or not generation.source.media_id):
        raise rejected("it extends a clip, and none is named")


def order(generation: Generation, place: Place, marks: Marks) -> tuple[Way, wire_clips.GenerateClips]:
    """The paid call for `generation.count` clips, each with a seed of its own, and the way to make it."""
    way = _WAYS[generation.mode, len(place.inputs)]
    refs = tuple(wire_clips.MediaRef(media_id=media_id) for media_id in place.inputs)
    plain = wire_clips.ClipRequest(
        aspect_ratio=_RATIOS[generation.aspect_ratio],
        seed=0,
        text_input=wire_clips.TextInput(structured_prompt=prompt_of(generation.prompt)),
        video_model_key=generation.upstream_model,
    )
    match way:
        case Way.FIRST_FRAME:
            plain = replace(plain, start_image=refs[0])
        case Way.BOTH_FRAMES:
            plain = replace(plain, start_image=refs[0], end_image=refs[1])
        case Way.REFERENCES:
            references = tuple(wire_clips.ReferenceImage(media_id=media_id) for media_id in place.inputs)
            plain = replace(plain, reference_images=references)
        case Way.EXTEND:
            plain = replace(
                plain,
                video_input=wire_clips.MediaRef(media_id=source_id(generation)),
                metadata=wire_clips.ClipMetadata(workflow_id=str(uuid.uuid4())),
            )
        case _:
            pass
    requests = tuple(replace(plain, seed=seed) for seed in seeds(generation.seed, generation.count, _SEEDS))
    return way, _call(requests, place, marks)


def enlargement(made: Made, generation: Generation, marks: Marks) -> wire_clips.GenerateClips:
    """The second paid call, for a finished clip of this provider's."""
    larger = _LARGER.get(generation.upscale or "")
    if larger is None:
        raise rejected(f"it cannot enlarge clips to {generation.upscale}, only to {', '.join(_LARGER)}")
    if generation.aspect_ratio not in _RATIOS:
        raise rejected(f"it has no clips of {generation.aspect_ratio}")
    request = wire_clips.ClipRequest(
        aspect_ratio=_RATIOS[generation.aspect_ratio],
        resolution=larger.resolution,
        seed=seeds(generation.seed, 1, _SEEDS)[0],
        video_input=wire_clips.MediaRef(media_id=follow_up_id(made)),
        video_model_key=larger.key,
        metadata=wire_clips.ClipMetadata(scene_id=str(uuid.uuid4())),
    )
    place = replace(place_of(made.context), batch_id=str(uuid.uuid4()))
    return _call((request,), place, marks)


def question(made: Sequence[Made]) -> wire_clips.CheckClips:
    """How all of these stand."""
    return wire_clips.CheckClips(
        media=tuple(
            wire_clips.ClipHandle(name=each.media_id, project_id=place_of(each.context).project_id) for each in made
        )
    )


def joining(source: Source, extension: Made) -> wire_clips.JoinClips:
    """A clip, with all that it continues, and its continuation as one."""
    return wire_clips.JoinClips(input_videos=(*_parts(source), _continuation(follow_up_id(extension))))


def _parts(source: Source) -> tuple[wire_clips.JoinedPart, ...]:
    if source.before is None:
        return (_part(_source_id(source), 0, source.seconds or _USUAL_SECONDS),)
    return (*_parts(source.before), _continuation(_source_id(source)))


def _continuation(media_id: str) -> wire_clips.JoinedPart:
    return _part(media_id, _OVERLAP_SECONDS, _USUAL_SECONDS)


def follow_up_id(made: Made) -> str:
    """The id by which follow-up calls know a finished clip."""
    return place_of(made.context).clip_id or made.media_id


def source_id(generation: Generation) -> str:
    """The id of the clip to continue."""
    if generation.source is None:
        raise rejected("it extends a clip, and none is named")
    return _source_id(generation.source)


def home_of(generation: Generation) -> str | None:
    """The project of the clip to continue, None where there is none or it is not known."""
    source = generation.source
    return place_of(source.context).project_id if source and source.context else None


def _source_id(source: Source) -> str:
    clip_id = place_of(source.context).clip_id if source.context else ""
    return clip_id or source.media_id


def _call(requests: tuple[wire_clips.ClipRequest, ...], place: Place, marks: Marks) -> wire_clips.GenerateClips:
    return wire_clips.GenerateClips(
        media_generation_context=wire_clips.ClipContext(batch_id=place.batch_id),
        client_context=client_context(place, marks),
        requests=requests,
    )


def _part(media_id: str, start: int, end: int) -> wire_clips.JoinedPart:
    # The name of the field speaks of nanoseconds; what Flow's page sends there is milliseconds.
    return wire_clips.JoinedPart(
        media_generation_id=media_id,
        length_nanos=end * 1000,
        start_time_offset=f"{start}s",
        end_time_offset=f"{end}s",
    )
