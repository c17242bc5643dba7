"""The public ids of a catalogue table: its own, and further ones that fix ratio, enlargement or length.

Further ids are listed in the table or follow from its patterns, in which `[...]` may be left out. Pure functions.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import TypeVar

from msgspec.structs import replace

from flow2api.domain import ratio as ratios
from flow2api.domain.job import Size
from flow2api.domain.model import PLAIN, Family, Fixed, Model, Routes, Table, shown
from flow2api.domain.tier import Tier

T = TypeVar("T")

_SUFFIXES = "{id}-{ratio}[-{upscale}]"
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def expand(base: str, table: Table) -> Iterator[Model]:
    """All public ids of a table: its own, then those that fix something."""
    yield _model(base, base, table, None)
    for name, fixed in fixed_names(base, table).items():
        yield _model(name, base, table, fixed)


def fixed_names(base: str, table: Table) -> dict[str, Fixed]:
    """The ids of a table that fix something: those that it lists, then those that follow from patterns."""
    names = dict(table.names)
    for pattern in ((_SUFFIXES,) if table.suffixes else ()) + table.patterns:
        for text in _spellings(pattern):
            for name, fixed in _filled(text, base, table):
                names.setdefault(name, fixed)
    names.pop(base, None)
    return names


def joined(name: str, family: Family, members: list[Model]) -> Model:
    """A family as callers see it: its first member, with room for as many pictures as any of them takes."""
    return replace(
        members[0],
        id=name,
        base=name,
        title=family.title,
        description=family.description,
        mode="omni",
        family=family.models,
        max_inputs=max(member.max_inputs for member in members),
        max_count=min(member.max_count for member in members),
    )


def routed(name: str, routes: Routes, members: list[Model]) -> Model:
    """A model with several ways as callers see it: whatever one of them can do is on offer."""
    first = members[0]
    return replace(
        first,
        id=name,
        base=name,
        title=routes.title or first.title,
        description=routes.description or first.description,
        mode=first.mode if len({member.mode for member in members}) == 1 else "omni",
        routes=routes.to,
        family=(),
        fixed=None,
        ratios=_all(member.ratios for member in members),
        seconds=_all(member.seconds for member in members),
        upscales=_all(member.upscales for member in members),
        masks=any(member.masks for member in members),
        options=_all(member.options for member in members),
        min_inputs=min(member.min_inputs for member in members),
        max_inputs=max(member.max_inputs for member in members),
        max_count=max(member.max_count for member in members),
    )


def _all(offers: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    """Everything on offer, each once, in the order in which it is met."""
    return tuple(dict.fromkeys(item for offer in offers for item in offer))


def _spellings(pattern: str) -> Iterator[str]:
    """The pattern with and without each of its optional parts."""
    pieces = _OPTIONAL.split(pattern)
    for chosen in product(*(("", piece) if place % 2 else (piece,) for place, piece in enumerate(pieces))):
        yield "".join(chosen)


def _filled(text: str, base: str, table: Table) -> Iterator[tuple[str, Fixed]]:
    """Names by `text` for everything that the table offers."""

    def choices(field: str, offered: Iterable[object]) -> tuple[object, ...]:
        return tuple(offered) if f"{{{field}}}" in text else (None,)

    spoken = [ratio for ratio in table.ratios if ratio in ratios.WORDS]
    for ratio, upscale, seconds in product(
        choices("ratio", spoken), choices("upscale", table.upscales), choices("seconds", table.seconds)
    ):
        fixed = Fixed(ratio, upscale, seconds)  # type: ignore[arg-type]  # each is of its own table
        if fixed.upscale is None or table.upscales[fixed.upscale].fits(fixed.seconds or table.usual_seconds):
            word = ratios.WORDS.get(fixed.ratio or "")
            yield text.format(id=base, ratio=word, upscale=upscale, seconds=seconds), fixed


def _model(name: str, base: str, table: Table, fixed: Fixed | None) -> Model:
    held = fixed or Fixed()
    shape = table.shape_of(held)
    seconds = shape.seconds if shape else held.seconds
    credits, tier_credits = _prices(table, held.upscale, seconds or min(table.seconds, default=None))
    return Model(
        id=name,
        base=base,
        title=table.title + _choice(held),
        description=table.description,
        kind=table.kind,
        mode=table.way,
        provider=table.provider,
        created=table.created,
        ratios=(shape.ratio,) if shape else table.ratios,
        seconds=(seconds,) if seconds else table.seconds,
        upscales=_upscales(table, held),
        fixed=fixed,
        min_inputs=table.inputs[0],
        max_inputs=table.inputs[1],
        max_count=table.max_count,
        seeds=table.seeds,
        min_tier=table.tier_for(held.upscale),
        credits=credits,
        tier_credits=tier_credits,
        plain=table.plain or PLAIN[table.kind],
        masks=table.masks,
        options=tuple(table.options),
    )


def _upscales(table: Table, fixed: Fixed) -> tuple[Size, ...]:
    """The enlargements that a name leaves possible."""
    if fixed.upscale:
        return (fixed.upscale,)
    if fixed.ratio:
        return ()
    return tuple(size for size, upscale in table.upscales.items() if not fixed.seconds or upscale.fits(fixed.seconds))


def _prices(table: Table, upscale: Size | None, seconds: int | None) -> tuple[int, Mapping[Tier, int]]:
    """What one result of this size and length costs: usually, and where the tier makes a difference."""
    more = table.length_credits(seconds) + table.size_credits(upscale, seconds)
    return table.credits + more, {tier: credits + more for tier, credits in table.tier_credits.items()}


def _choice(fixed: Fixed) -> str:
    """What a name fixes, in words for its title."""
    seconds = f"{fixed.seconds} s" if fixed.seconds else None
    words = [word for word in (fixed.ratio, seconds, fixed.upscale and shown(fixed.upscale)) if word]
    return f" ({', '.join(words)})" if words else ""
