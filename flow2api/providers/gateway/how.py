"""How one model of a gateway is reached, as `how` in the catalogue: its shape, and its words in that shape."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flow2api.domain.job import Generation
from flow2api.domain.model import Table
from flow2api.domain.reading import Misfit
from flow2api.providers.words import check_names, read_plainly, sizes_of, worded

Shape = Literal["images", "videos", "sora", "tasks"]
MOST_FRAMES = 2
"""As many pictures as `tasks` has words for."""


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


def check_model(table: Table) -> None:
    """Refuse a model of the catalogue of which parts could never be asked for.

    Raises:
        Misfit: so it is."""
    how = read_plainly(table, How)
    if (how.shape == "images") is not (table.kind == "image"):
        raise Misfit(f'how.shape must not be "{how.shape}" for a model of kind "{table.kind}"')
    if how.shape == "tasks" and not how.family:
        raise Misfit('how.family is missing; with shape "tasks" it must be the part of the path that names the model')
    if how.shape == "tasks" and table.inputs[1] > MOST_FRAMES:
        raise Misfit(f'inputs must allow at most {MOST_FRAMES} pictures with shape "tasks"')
    if table.masks and how.shape != "images":
        raise Misfit(f'masks must not be true with shape "{how.shape}"')
    classes = sizes_of(table)
    allowed = [*table.ratios, *(f"{ratio}@{size}" for ratio in table.ratios for size in classes)]
    check_names("how.sizes", how.sizes, allowed)


def fields_of(generation: Generation, how: How) -> dict[str, Any]:
    """What all shapes say in the same words: the model, the prompt, and what the table adds to them."""
    fields: dict[str, Any] = {"model": generation.upstream_model, "prompt": generation.prompt}
    fields |= {**how.fixed, **worded(generation)}
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
