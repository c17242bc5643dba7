"""What a request will make: its files, planned when it is taken in and drawn when somebody fetches them, and what it costs."""

import random
from typing import Any, NamedTuple

from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.fal.endpoints import FIXED_SECONDS, Endpoint, Input
from flow2api.emulator.fal.refusals import ModelRefused
from flow2api.emulator.keyed.studio import Piece, Studio, clip_pixels, pixels
from flow2api.emulator.pictures import PictureSpec

LARGEST_SEED = 2**31 - 1
# A prompt with this word is drawn all the same, but marked as indecent, as some models do instead of refusing.
INDECENT = "[nsfw]"


class Plan(NamedTuple):
    """The answer to be, and the names of the files that it links to."""

    output: dict[str, Any]
    files: tuple[str, ...]


class _Pictures(NamedTuple):
    """The input pictures of a request: their names for specs, and the ratio of the first."""

    names: tuple[str, ...]
    ratio: str | None


def plan(studio: Studio, endpoint: Endpoint, given: Input, base: str, endpoint_id: str) -> Plan:
    """What the request will be answered with.

    Raises:
        ModelRefused: an input picture cannot be had, or is none.
    """
    inputs = _taken(studio, given.links)
    seed = getattr(given, "seed", None)
    seed = random.randrange(LARGEST_SEED) if seed is None else seed
    ratio = _ratio(given, inputs)
    if endpoint.kind == "video":
        clip = _clip(studio, endpoint, given, inputs, ratio, seed, endpoint_id)
        video = {"url": f"{base}/files/{clip.name}", "content_type": clip.mime, "file_name": "output.mp4"}
        return Plan({"video": video, "seed": seed}, (clip.name,))
    width, height = pixels(ratio, 4.0 if getattr(given, "resolution", "") == "2K" else endpoint.size)
    drawn = [
        studio.draw(
            PictureSpec(
                prompt=given.prompt,
                model=endpoint_id,
                aspect=ratio,
                width=width,
                height=height,
                seed=seed + number,
                inputs=inputs.names,
            )
        )
        for number in range(getattr(given, "num_images", 1))
    ]
    images = [
        {"url": f"{base}/files/{one.name}", "content_type": one.mime, "width": width, "height": height} for one in drawn
    ]
    output: dict[str, Any] = {
        "images": images,
        "seed": seed,
        "prompt": given.prompt,
        "has_nsfw_concepts": [INDECENT in given.prompt] * len(images),
        "timings": {},
    }
    return Plan(output, tuple(one.name for one in drawn))


def price_of(endpoint: Endpoint, given: Input) -> float:
    """What a request costs, in dollars."""
    return endpoint.price * (_seconds(given) if endpoint.kind == "video" else getattr(given, "num_images", 1))


def _clip(
    studio: Studio, endpoint: Endpoint, given: Input, inputs: _Pictures, ratio: str, seed: int, endpoint_id: str
) -> Piece:
    resolution = getattr(given, "resolution", None)
    lines = int(resolution.rstrip("pP")) if resolution else int(endpoint.size)
    width, height = clip_pixels(ratio, lines)
    framed = endpoint.input.__struct_fields__
    first = inputs.names[0] if inputs.names and "image_urls" not in framed else ""
    last = inputs.names[1] if len(inputs.names) > 1 and "image_urls" not in framed else ""
    spec = ClipSpec(
        prompt=given.prompt,
        model=endpoint_id,
        aspect=ratio,
        width=width,
        height=height,
        seconds=_seconds(given),
        seed=seed,
        first=first,
        last=last,
        references=inputs.names if "image_urls" in framed else (),
    )
    return studio.film(spec)


def _taken(studio: Studio, links: tuple[str, ...]) -> _Pictures:
    names: list[str] = []
    ratio = None
    for link in links:
        data = studio.behind(link)
        if data is None:
            raise ModelRefused("file_download_error", "The file could not be downloaded.", ["body", "image_url"])
        taken = studio.take_input(data)
        if taken is None:
            raise ModelRefused("image_load_error", "The image could not be loaded.", ["body", "image_url"])
        name, measured = taken
        ratio = ratio or f"{measured.width}:{measured.height}"
        names.append(name)
    return _Pictures(tuple(names), ratio)


def _ratio(given: Input, inputs: _Pictures) -> str:
    asked = getattr(given, "aspect_ratio", None)
    return asked if asked not in (None, "auto") else inputs.ratio or "16:9"


def _seconds(given: Input) -> int:
    return int(str(getattr(given, "duration", FIXED_SECONDS)).rstrip("s"))
