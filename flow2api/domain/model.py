"""Models: the form of one table in a catalogue file, and the public ids that follow from it.

A table is what an operator writes; a `Model` is one public id as callers see it. Both are pure data. What a request makes of
them is decided in `domain.catalog`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from flow2api.domain import ratio as ratios
from flow2api.domain.tier import RANK, Tier

Size = Literal["2k", "4k"]
Ratio = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,2}:[1-9][0-9]{0,2}$")]
Least = Annotated[int, msgspec.Meta(ge=0)]
Word = Annotated[str, msgspec.Meta(min_length=1)]


class Upscale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An enlargement that a model offers."""

    tier: Tier = Tier.FREE
    credits: Least = 0


class Route(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An upstream key and when it is the right one; what is None does not matter."""

    key: Word
    ratio: Ratio | None = None
    inputs: Least | None = None
    """The most input pictures that the key takes."""


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an exact id leaves no choice about."""

    ratio: Ratio
    upscale: Size | None = None


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model as a catalogue file describes it."""

    title: Word
    description: str = ""
    kind: Literal["image", "video"]
    provider: Word
    upstream: Word | Annotated[tuple[Route, ...], msgspec.Meta(min_length=1)]
    ratios: Annotated[tuple[Ratio, ...], msgspec.Meta(min_length=1)]
    upscales: Mapping[Size, Upscale] = {}
    inputs: tuple[Least, Least] = (0, 0)
    max_count: Annotated[int, msgspec.Meta(ge=1)] = 1
    min_tier: Tier = Tier.FREE
    credits: Least = 0
    seeds: tuple[int, int] = (1, 999_999)
    created: int = 0
    suffixes: bool = True
    names: Mapping[str, Fixed] = {}

    def tier_for(self, upscale: Size | None) -> Tier:
        """The least tier that may have it in this size."""
        if upscale is None:
            return self.min_tier
        return max(self.min_tier, self.upscales[upscale].tier, key=RANK.__getitem__)

    def key_for(self, ratio: str, inputs: int) -> str | None:
        """The upstream key for this shape and number of input pictures, None when no route fits."""
        if isinstance(self.upstream, str):
            return self.upstream
        for route in self.upstream:
            if route.ratio in (None, ratio) and (route.inputs is None or inputs <= route.inputs):
                return route.key
        return None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One public id with what it offers."""

    id: str
    base: str
    """Id of the table that it comes from."""
    title: str
    description: str
    kind: Literal["image", "video"]
    provider: str
    created: int
    ratios: tuple[str, ...]
    upscales: tuple[Size, ...]
    fixed: Fixed | None
    """Set for an exact id: then ratio and size of a request have no effect."""
    min_inputs: int
    max_inputs: int
    max_count: int
    min_tier: Tier
    """The least tier for the smallest thing that the id can mean."""


def expand(base: str, table: Table) -> Iterator[Model]:
    """All public ids of a table: its own, then the exact ones."""
    yield _model(base, base, table, None)
    for name, fixed in exact_names(base, table).items():
        yield _model(name, base, table, fixed)


def exact_names(base: str, table: Table) -> dict[str, Fixed]:
    """The ids of a table that fix ratio and size, derived and listed ones."""
    names: dict[str, Fixed] = {}
    if table.suffixes:
        for size in (None, *table.upscales):
            for ratio in table.ratios:
                if word := ratios.WORDS.get(ratio):
                    names["-".join(filter(None, (base, word, size)))] = Fixed(ratio, size)
    return names | dict(table.names)


def _model(name: str, base: str, table: Table, fixed: Fixed | None) -> Model:
    size = fixed.upscale if fixed else None
    choice = f" ({fixed.ratio}{', ' + size.upper() if size else ''})" if fixed else ""
    return Model(
        id=name,
        base=base,
        title=table.title + choice,
        description=table.description,
        kind=table.kind,
        provider=table.provider,
        created=table.created,
        ratios=(fixed.ratio,) if fixed else table.ratios,
        upscales=((size,) if size else ()) if fixed else tuple(table.upscales),
        fixed=fixed,
        min_inputs=table.inputs[0],
        max_inputs=table.inputs[1],
        max_count=table.max_count,
        min_tier=table.tier_for(size),
    )
