"""How one model of a gateway is reached, as `how` in the catalogue: its shape, and its words in that shape."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation

Shape = Literal["images", "videos", "sora", "tasks"]


class How(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one model. An empty name means that the model has no such parameter."""

    shape: Shape
    """`images`: `/v1/images/...`; `videos`: `/v1/videos`; `sora`: `/v2/videos/generations`; `tasks`: `/v1/video/<family>/...`."""
    family: str = ""
    """The part of the path that names the model, for `tasks`."""
    sizes: Mapping[str, str] = {}
    """Ratio to the size in pixels that is asked for, for `images` and `videos`; with a class of size, `ratio@class`."""
    ratio: str = ""
    """The parameter for the ratio, where that is asked for instead of a size."""
    resolution: str = ""
    """The parameter for the class of size."""
    seed: str = ""
    count: str = "n"
    fixed: Mapping[str, Any] = {}
    """What is always said."""


def how_of(generation: Generation) -> How:
    """The words of the generation's model.

    Raises:
        UpstreamFailure: `REQUEST_REJECTED`, the catalogue holds something else; nothing was sent."""
    try:
        return msgspec.convert(generation.how, How)
    except msgspec.ValidationError as error:
        message = f"The catalogue's `how` of {generation.model} cannot be used: {error}."
        raise UpstreamFailure(FailureKind.REQUEST_REJECTED, message) from error


def fields_of(generation: Generation, how: How) -> dict[str, Any]:
    """What all shapes say in the same words: the model, the prompt, and what the table adds to them."""
    fields: dict[str, Any] = {"model": generation.upstream_model, "prompt": generation.prompt}
    fields |= {**how.fixed, **generation.options}
    if how.ratio:
        fields[how.ratio] = generation.aspect_ratio
    if size := _size(generation, how):
        fields["size"] = size
    if how.resolution and generation.resolution is not None:
        fields[how.resolution] = generation.resolution
    if how.seed and generation.seed is not None:
        fields[how.seed] = generation.seed
    return fields


def _size(generation: Generation, how: How) -> str | None:
    exact = how.sizes.get(f"{generation.aspect_ratio}@{generation.resolution}")
    return exact or how.sizes.get(generation.aspect_ratio)
