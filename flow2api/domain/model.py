"""Models: the form of one table in a catalogue file, and of one public id as callers see it.

Both are pure data. Which ids follow from a table is found in `domain.naming`; what a request makes of them is decided in
`domain.catalog`.
"""

import math
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from flow2api.domain.job import Mode, OptionValue, Size, Way
from flow2api.domain.tier import RANK, Tier

Ratio = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,2}:[1-9][0-9]{0,2}$")]
Least = Annotated[int, msgspec.Meta(ge=0)]
Price = Annotated[float, msgspec.Meta(ge=0)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=3600)]
Word = Annotated[str, msgspec.Meta(min_length=1)]
_PIECE = r"(?:[A-Za-z0-9._-]|\{(?:id|ratio|upscale|seconds)\})"
Pattern = Annotated[str, msgspec.Meta(pattern=rf"^(?:{_PIECE}|\[{_PIECE}+\])+$")]
Kind = Literal["image", "video"]
PLAIN: Mapping[Kind, Size] = {"image": "1k", "video": "720p"}
"""The class of size that models of a kind make when none is asked for, unless their table names another."""
MadeFrom = Literal["image", "t2v", "i2v", "r2v", "omni", "extend"]
"""What a model makes its results from. `omni`: from text alone or from pictures too, and each request is one or the other."""


class Upscale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An enlargement that a model offers."""

    tier: Tier = Tier.FREE
    credits: Least = 0
    second_credits: Price = 0
    """What each second costs besides."""
    seconds: tuple[Seconds, ...] = ()
    """The lengths that it is offered for; none named means all."""

    def fits(self, seconds: int | None) -> bool:
        """Whether it is offered for results of this length."""
        return not self.seconds or seconds in self.seconds


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An upstream key and when it is the right one; what is None does not matter."""

    key: Word
    ratio: Ratio | None = None
    inputs: Least | None = None
    """The most input pictures that the key takes."""
    seconds: Seconds | None = None
    mode: Mode | None = None
    """What the key makes its results from, where that is not the same for the whole table."""
    tiers: Mapping[Tier, Word] = {}
    """Other keys that take the place of `key` on accounts of these tiers."""


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further parameter that a model takes."""

    type: Literal["text", "integer", "number", "boolean"]
    name: str = ""
    """What the provider calls it, where that is another word."""
    choices: tuple[OptionValue, ...] = ()
    least: float | None = None
    most: float | None = None


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a name leaves no choice about: everything if it fixes the ratio, else only what is not None."""

    ratio: Ratio | None = None
    upscale: Size | None = None
    seconds: Seconds | None = None


class Shape(msgspec.Struct, frozen=True):
    """What a result looks like."""

    ratio: str
    upscale: Size | None = None
    seconds: int | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model as a catalogue file describes it."""

    title: Word
    description: str = ""
    kind: Kind
    mode: MadeFrom | None = None
    provider: Word
    upstream: Word | Annotated[tuple[Route, ...], msgspec.Meta(min_length=1)]
    ratios: Annotated[tuple[Ratio, ...], msgspec.Meta(min_length=1)]
    seconds: tuple[Seconds, ...] = ()
    upscales: Mapping[Size, Upscale] = {}
    at_once: bool = False
    """The sizes in `upscales` are made at once, without a second step."""
    plain: Size | None = None
    """The class of what it makes when no size is asked for; None for the usual one of its kind."""
    options: Mapping[str, Option] = {}
    masks: bool = False
    """Whether a mask can say which part of the first input picture is to change."""
    drops: Mapping[str, Word] = {}
    """Parameters that it does not take and that are left out all the same, each with the reason that callers are told."""
    how: Mapping[str, object] = {}
    """What its provider must know of it besides, in that provider's own words."""
    inputs: tuple[Least, Least] = (0, 0)
    max_count: Annotated[int, msgspec.Meta(ge=1)] = 1
    min_tier: Tier = Tier.FREE
    credits: Least = 0
    second_credits: Price = 0
    """What each second costs besides."""
    tier_credits: Mapping[Tier, Least] = {}
    seeds: tuple[int, int] = (1, 999_999)
    created: int = 0
    suffixes: bool = True
    patterns: tuple[Pattern, ...] = ()
    names: Mapping[str, Fixed] = {}

    def tier_for(self, upscale: Size | None) -> Tier:
        """The least tier that may have it in this size."""
        if upscale is None:
            return self.min_tier
        return max(self.min_tier, self.upscales[upscale].tier, key=RANK.__getitem__)

    def length_credits(self, seconds: int | None) -> int:
        """What the length of one result adds to its price, in whole credits."""
        return _whole(self.second_credits * (seconds or 0))

    def size_credits(self, upscale: Size | None, seconds: int | None) -> int:
        """What the size of one result adds to its price, in whole credits."""
        if upscale is None:
            return 0
        offer = self.upscales[upscale]
        return offer.credits + _whole(offer.second_credits * (seconds or 0))

    def route_for(self, shape: Shape, inputs: int) -> Route | None:
        """The way to this shape from this number of input pictures, None when there is none."""
        if isinstance(self.upstream, str):
            return Route(self.upstream)
        for route in self.upstream:
            fits = route.ratio in (None, shape.ratio) and route.seconds in (None, shape.seconds)
            if fits and (route.inputs is None or inputs <= route.inputs):
                return route
        return None

    def shape_of(self, fixed: Fixed) -> Shape | None:
        """The only shape that a name can mean, None when it leaves a choice."""
        if fixed.ratio is None:
            return None
        return Shape(fixed.ratio, fixed.upscale, fixed.seconds or self.usual_seconds)

    @property
    def way(self) -> MadeFrom:
        """Its mode, also where the file leaves that open."""
        if self.mode is not None:
            return self.mode
        if self.kind == "image":
            return "image"
        return "omni" if self.inputs[1] else "t2v"

    @property
    def usual_seconds(self) -> int | None:
        """The length when none is asked for, None where there is no such thing."""
        return self.seconds[0] if self.seconds else None

    def mode_for(self, route: Route, inputs: int) -> Mode:
        """What a request with this number of input pictures is made from."""
        if route.mode is not None:
            return route.mode
        if self.way != "omni":
            return self.way
        with_pictures: Mode = "r2v" if self.mode == "omni" else "i2v"
        return with_pictures if inputs else "t2v"


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One public id with what it offers."""

    id: str
    base: str
    """Id of the table that it comes from."""
    title: str
    description: str
    kind: Kind
    mode: MadeFrom
    provider: str
    created: int
    ratios: tuple[str, ...]
    seconds: tuple[int, ...]
    """Lengths on offer, the usual one first; empty for pictures."""
    upscales: tuple[Size, ...]
    fixed: Fixed | None
    """Set for an id that names more than its table: what it fixes is not changed by a request."""
    family: tuple[str, ...] = ()
    """Set for an id that stands for several: the one for no input picture, for one, and so on; the last also for more."""
    routes: tuple["Detour", ...] = ()
    """Set for an id that may be served in several ways."""
    plain: Size = "1k"
    """The class of size when none is asked for."""
    masks: bool = False
    options: tuple[str, ...] = ()
    """Names of the further parameters that it takes."""
    min_inputs: int
    max_inputs: int
    max_count: int
    seeds: tuple[int, int]
    min_tier: Tier
    """The least tier for the smallest thing that the id can mean."""
    credits: int
    """What one of that costs, as far as known; `tier_credits` where the tier makes a difference."""
    tier_credits: Mapping[Tier, int]

    @property
    def resolutions(self) -> tuple[str, ...]:
        """The classes of size that it makes, in the words of requests; the one without enlarging first."""
        plain = () if self.fixed and self.fixed.upscale else (self.plain,)
        return (*plain, *self.upscales)


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name for several models, of which the number of input pictures picks one."""

    title: Word
    description: str = ""
    models: Annotated[tuple[Word, ...], msgspec.Meta(min_length=1)]


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests a route is for; what is empty does not matter."""

    ratios: tuple[Ratio, ...] = ()
    resolutions: tuple[str, ...] = ()
    seconds: tuple[Seconds, ...] = ()
    inputs: tuple[Least, Least] | None = None
    """Fewest and most input pictures."""

    def fits(self, way: Way, inputs: int, plain: str) -> bool:
        """Whether it is for a request that would be served in this way."""
        return (
            (not self.ratios or way.aspect_ratio in self.ratios)
            and (not self.resolutions or (way.upscale or way.resolution or plain) in self.resolutions)
            and (not self.seconds or way.seconds in self.seconds)
            and (self.inputs is None or self.inputs[0] <= inputs <= self.inputs[1])
        )


class Detour(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the ways in which a public model may be served: another model, on all accounts of its provider or on one group."""

    model: Word
    group: str = ""
    order: Least = 1
    weight: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    when: When = When()


class Routes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public model that has several ways."""

    title: str = ""
    description: str = ""
    to: Annotated[tuple[Detour, ...], msgspec.Meta(min_length=1)]


def _whole(credits: float) -> int:
    """Rounded up, but for what floating point adds to a whole number."""
    return math.ceil(round(credits, 6))


def shown(size: str) -> str:
    """A size class as people write it: 2K, 4K, 1080p."""
    return size.upper() if size.endswith("k") else size
