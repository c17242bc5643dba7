"""Orders of clips and how operations stand. A finished clip's handle holds the link to its file, which is good for two days and with
the key alone. Pure functions.
"""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.providers.base import Begun, Check, Stage
from flow2api.providers.gemini import failures, wire
from flow2api.providers.gemini.failures import Call
from flow2api.providers.gemini.pictures import Input
from flow2api.providers.words import worded

USUAL_RESOLUTION = "720p"
_NAME = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
_FILE = re.compile(r"(?:.*/)?files/([a-z0-9]+)(?:[:/?].*)?")


def order(generation: Generation, inputs: Sequence[Input]) -> wire.Order:
    """One clip from text, from its first and last frame, from references, or going on from another clip."""
    images = [wire.Image(bytes_base64_encoded=data, mime_type=mime) for mime, data in inputs]
    instance = wire.Instance(prompt=generation.prompt)
    if generation.mode == "r2v":
        references = tuple(wire.Reference(image=image, reference_type="asset") for image in images)
        instance = replace(instance, reference_images=references)
    elif generation.source is not None:
        instance = replace(instance, video=wire.Video(uri=generation.source.context))
    elif images:
        instance = replace(instance, image=images[0], last_frame=images[1] if len(images) > 1 else None)
    parameters = wire.Parameters(
        sample_count=generation.count,
        aspect_ratio=generation.aspect_ratio,
        resolution=generation.resolution or USUAL_RESOLUTION,
        duration_seconds=generation.seconds,
        seed=generation.seed,
    )
    return wire.Order(instances=(instance,), parameters=wire.with_options(parameters, worded(generation)))


def begun(body: bytes) -> Begun:
    """The handle of an accepted order."""
    name = wire.decode(body, wire.Operation, Call.CLIP).name
    if not _NAME.fullmatch(name):
        raise UpstreamFailure(FailureKind.UNREADABLE, "The Gemini API named no operation for the clip.", status=200)
    return Begun(made=(Made(media_id=name),), finished=False)


def checked(made: Made, body: bytes) -> Check:
    """How a clip stands."""
    operation = wire.decode(body, wire.Operation, Call.OPERATION)
    if not operation.done:
        return Check(made=made, stage=Stage.RUNNING)
    if operation.error is not None:
        failure = failures.of_operation(operation.error.code, operation.error.message)
        return Check(made=made, stage=Stage.FAILED, failure=failure)
    response = operation.response.generate_video_response
    for sample in response.generated_samples:
        if sample.video.uri:
            return Check(made=replace(made, context=sample.video.uri), stage=Stage.DONE)
    if response.rai_media_filtered_count or response.rai_media_filtered_reasons:
        why = "; ".join(response.rai_media_filtered_reasons)
        failure = failures.of_content("RAI_MEDIA_FILTERED", f": {why}" if why else "")
        return Check(made=made, stage=Stage.FAILED, failure=failure)
    message = "The Gemini API says that the clip is done, but names none."
    return Check(made=made, stage=Stage.UNKNOWN, failure=UpstreamFailure(FailureKind.UNREADABLE, message, status=200))


def file_path(link: str) -> str:
    """The path under which the account's own base address has the file of a link.

    Raises:
        UpstreamFailure: the link leads to no file."""
    found = _FILE.fullmatch(link)
    if found is None:
        raise UpstreamFailure(FailureKind.MEDIA_GONE, "The link to the clip leads to no file of the Gemini API.")
    return f"/files/{found[1]}:download?alt=media"
