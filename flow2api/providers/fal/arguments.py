"""What a generation becomes for one of fal's models. Which parameter has which name there is data of the catalogue.

What a model does not take is not known here either: the catalogue refuses or drops it before, by a rule for each parameter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation
from flow2api.domain.model import Table
from flow2api.domain.reading import Misfit
from flow2api.providers.words import (
    check_names,
    how_of,
    read_plainly,
    sizes_of,
    worded,
)


class How(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one model, as `how` in the catalogue. An empty name means that the model has no such parameter."""

    ratio: str = "aspect_ratio"
    seed: str = "seed"
    count: str = "num_images"
    seconds: str = ""
    """What `duration` looks like, such as `{}s`."""
    sizes: Mapping[str, str] = {}
    """Class of size to the word for it in `resolution`, where that is another."""
    plain: str = ""
    """The word for the usual class, where the model's own choice would be another."""
    pictures: tuple[str, ...] = ()
    """The parameters for input pictures, one for each picture, in order."""
    more_pictures: tuple[str, ...] = ()
    """The same for more pictures than these."""
    all_pictures: str = ""
    """The parameter that takes any number of input pictures."""
    fixed: Mapping[str, Any] = {}
    """What is always said."""


def check_model(table: Table) -> None:
    """Refuse a model of the catalogue of which parts could never be asked for.

    Raises:
        Misfit: so it is."""
    how = read_plainly(table, How)
    check_names("how.sizes", how.sizes, sizes_of(table))
    most = table.inputs[1]
    if not how.all_pictures and max(len(how.pictures), len(how.more_pictures)) < most:
        raise Misfit(f"how.pictures must name a parameter for each of {most} pictures, or how.all_pictures one for all")
    if "sync_mode" in how.fixed or "sync_mode" in table.options:
        raise Misfit("sync_mode must not be said, since results are fetched by their links")
    if len(table.seconds) > 1 and "{}" not in how.seconds:
        raise Misfit('how.seconds must say how the length is written, such as "{}s", since seconds names several')


def arguments(generation: Generation, links: Sequence[str]) -> dict[str, Any]:
    """The arguments of a request; `links` are those of the input pictures."""
    how = how_of(generation, How)
    given: dict[str, Any] = {"prompt": generation.prompt, **how.fixed, **worded(generation)}
    if how.ratio:
        given[how.ratio] = generation.aspect_ratio
    if how.seed and generation.seed is not None:
        given[how.seed] = generation.seed
    if how.count and generation.kind == "image" and generation.count > 1:
        given[how.count] = generation.count
    if how.seconds and generation.seconds is not None:
        given["duration"] = how.seconds.replace("{}", str(generation.seconds))
    if generation.resolution is not None:
        given["resolution"] = how.sizes.get(generation.resolution, generation.resolution)
    elif how.plain:
        given["resolution"] = how.plain
    return given | _pictures(generation, how, links)


def _pictures(generation: Generation, how: How, links: Sequence[str]) -> dict[str, Any]:
    for names in (how.pictures, how.more_pictures):
        if len(links) <= len(names):
            return dict(zip(names, links, strict=False))
    if links and not how.all_pictures:
        message = f"The catalogue's table of {generation.model} names no parameter for {len(links)} pictures."
        raise UpstreamFailure(FailureKind.REQUEST_REJECTED, message)
    return {how.all_pictures: list(links)} if links else {}
