"""Still pictures on Flow: what is asked for, how the answer is read, what enlarging needs to know later.

Pure functions between domain records and wire structs. Knows no connection and no account.
"""

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.providers.base import Begun
from flow2api.providers.flow import wire
from flow2api.providers.flow.failures import Call
from flow2api.providers.flow.place import Marks, Place, client_context, context_of, place_of, prompt_of, rejected, seeds

_RATIOS = {
    "16:9": "IMAGE_ASPECT_RATIO_LANDSCAPE",
    "9:16": "IMAGE_ASPECT_RATIO_PORTRAIT",
    "1:1": "IMAGE_ASPECT_RATIO_SQUARE",
    "4:3": "IMAGE_ASPECT_RATIO_LANDSCAPE_FOUR_THREE",
    "3:4": "IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR",
}
_RESOLUTIONS = {"2k": "UPSAMPLE_IMAGE_RESOLUTION_2K", "4k": "UPSAMPLE_IMAGE_RESOLUTION_4K"}


def check(generation: Generation) -> None:
    """Refuse what Flow cannot be asked for, before anything is sent."""
    if generation.kind != "image":
        raise rejected(f"this provider does not make a {generation.kind}")
    if generation.aspect_ratio not in _RATIOS:
        raise rejected(f"it has no aspect ratio {generation.aspect_ratio}, only {', '.join(_RATIOS)}")


def order(generation: Generation, place: Place, captcha_token: str) -> wire.GenerateImages:
    """The paid call for `generation.count` pictures, each with a seed of its own."""
    context = client_context(place, Marks(captcha_token=captcha_token))
    prompt = prompt_of(generation.prompt)
    inputs = tuple(wire.ImageInput(name=media_id) for media_id in place.inputs)
    requests = tuple(
        wire.ImageRequest(
            client_context=context,
            seed=seed,
            image_model_name=generation.upstream_model,
            image_aspect_ratio=_RATIOS[generation.aspect_ratio],
            structured_prompt=prompt,
            image_inputs=inputs,
        )
        for seed in seeds(generation.seed, generation.count)
    )
    return wire.GenerateImages(
        client_context=context,
        media_generation_context=wire.MediaGenerationContext(batch_id=place.batch_id),
        requests=requests,
    )


def read(answer: wire.ImagesAnswer, generation: Generation, place: Place) -> Begun:
    """The finished pictures, at most as many as were asked for; fewer when Flow made fewer.

    Raises:
        UpstreamFailure: `UNREADABLE` when there is none, since they may have been made and paid all the same.
    """
    context = context_of(Place(project_id=place.project_id, session_id=place.session_id))
    made = [picture for entry in answer.media if (picture := _made(entry, context))]
    if not made:
        raise UpstreamFailure(
            FailureKind.UNREADABLE, "Flow accepted the image generation but its answer names no picture.", status=200
        )
    return Begun(made=tuple(made[: generation.count]), finished=True, credits_left=wire.whole(answer.remaining_credits))


def enlargement(made: Made, upscale: str, marks: Marks) -> wire.UpsampleImage:
    """The call that enlarges a picture which this provider made."""
    if upscale not in _RESOLUTIONS:
        raise rejected(f"it cannot enlarge to {upscale}, only to {', '.join(_RESOLUTIONS)}")
    if not made.media_id:
        raise rejected("it gave this picture no id, so it cannot be enlarged")
    return wire.UpsampleImage(
        media_id=made.media_id,
        target_resolution=_RESOLUTIONS[upscale],
        client_context=client_context(place_of(made.context), marks),
    )


def _made(entry: msgspec.Raw, context: str) -> Made | None:
    """One picture; its link may have to be looked up. None for an entry that has neither a link nor a name to ask by."""
    try:
        media = wire.decode(entry, wire.ImageMedia, Call.GENERATE_IMAGES)
    except UpstreamFailure:
        return None
    picture = media.image.generated_image
    url = wire.text(picture.fife_url)
    url = url if url and url.startswith(("https://", "http://")) else None
    media_id = wire.text(media.name) or wire.text(picture.media_id) or ""
    if url is None and not media_id:
        return None
    size = wire.decode_loose(media.image.dimensions)
    return Made(
        media_id=media_id,
        url=url,
        width=wire.whole(wire.field(size, "width")) or 0,
        height=wire.whole(wire.field(size, "height")) or 0,
        context=context,
    )
