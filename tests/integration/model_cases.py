"""Requests for every public id, and what must reach the service for each; told by the facts, not by the catalogue.

Only the base name of an id is taken from the catalogue, for requests that say with parameters what the id says by its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from flow2api.domain.catalog import Catalog
from tests.unit.domain.clip_ids import FACTS, OPEN, Fact
from tests.unit.domain.test_catalog import FLASH, IMAGEN, PRO, ROWS

CATALOG = Catalog.load(None)
BY_NAME = {fact.name: fact for fact in FACTS}
WAYS = {
    ("t2v", 0): "Text",
    ("i2v", 1): "StartImage",
    ("i2v", 2): "StartAndEndImage",
    ("r2v", 1): "ReferenceImages",
    ("r2v", 3): "ReferenceImages",
    ("omni", 0): "Text",
    ("omni", 3): "ReferenceImages",
    ("extend", 0): "ExtendVideo",
}
# Continuations add seven seconds to a clip; what the service makes for that has the usual eight.
CONTINUATION_SECONDS = 8
# One id in so many is asked for by its base name and parameters too.
SAMPLE = 7


@dataclass(frozen=True)
class Case:
    """One request for a model, and what the service must be asked for."""

    name: str
    key: str
    ratio: str
    way: str = ""
    pictures: int = 0
    seconds: int = 0
    upscale: str | None = None
    fields: Mapping[str, object] = field(default_factory=dict)
    source: str = ""
    """How the clip to continue is named."""

    @property
    def prompt(self) -> str:
        """Different for each case of a group, and words for a failure."""
        asked = ", ".join(f"{name} {value}" for name, value in self.fields.items())
        return f"{self.name}: {self.pictures} pictures, {self.source or 'no clip'}, {self.ratio} {asked}".strip()


def case(name: str, fact: Fact, top: bool, pictures: int, **fields: object) -> Case:
    """What `name` must lead to if it means the same as the id of the fact."""
    few, many = fact.keys[0], fact.keys[-1]
    keys = few if pictures <= least(fact) else many
    return Case(
        name=name,
        key=keys[top],
        ratio=fact.ratio,
        way=WAYS[fact.mode, pictures],
        pictures=pictures,
        seconds=CONTINUATION_SECONDS if fact.mode == "extend" else fact.seconds,
        upscale=fact.upscale,
        fields=fields,
    )


def least(fact: Fact) -> int:
    """The fewest pictures with which an id is what its name says."""
    return max(fact.inputs[0], 1 if fact.mode == "r2v" else 0)


def clip_cases(mode: str, *, top: bool) -> list[Case]:
    """All ids of a mode that an account of the paid tier may use; with `top` those that need the top tier or are another model
    there."""
    of_mode = [fact for fact in FACTS if fact.mode == mode]
    mine = [
        fact
        for fact in of_mode
        if (fact.tier == "ultra") is top or (top and any(usual != best for usual, best in fact.keys))
    ]
    names = {fact.name for fact in mine}
    return [*_by_id(mine, top), *_by_open_id(names, top), *_by_parameters(mine, top)]


def _by_id(facts: list[Fact], top: bool) -> Iterator[Case]:
    for fact in facts:
        for pictures in sorted({least(fact), fact.inputs[1]}):
            yield case(fact.name, fact, top, pictures)


def _by_open_id(names: set[str], top: bool) -> Iterator[Case]:
    """Ids that leave the ratio open, and some the resolution."""
    for alias in OPEN:
        if alias.landscape not in names:
            continue
        landscape, portrait = BY_NAME[alias.landscape], BY_NAME[alias.portrait]
        if alias.name != alias.landscape:
            yield case(alias.name, landscape, top, least(landscape))
        yield case(alias.name, portrait, top, least(portrait), aspect_ratio="9:16")
        for resolution, target in alias.sizes.items():
            if target in names:
                yield case(alias.name, BY_NAME[target], top, least(landscape), resolution=resolution)


def _by_parameters(facts: list[Fact], top: bool) -> Iterator[Case]:
    for fact in facts[::SAMPLE]:
        model = CATALOG.get(fact.name)
        assert model is not None
        resolution = {"resolution": fact.upscale} if fact.upscale else {}
        fields = {"aspect_ratio": fact.ratio, "seconds": str(fact.seconds)} | resolution
        yield case(model.base, fact, top, least(fact), extra_body=fields)


def image_cases() -> list[Case]:
    """All ids for pictures, and the three base names without and with parameters."""
    exact = [Case(name, key, ratio, upscale=None if size == "-" else size) for name, key, ratio, size, _ in ROWS]
    keys = {FLASH: "NARWHAL", PRO: "GEM_PIX_2", IMAGEN: "IMAGEN_3_5"}
    bare = [Case(name, key, "16:9", pictures=number) for number, (name, key) in enumerate(keys.items())]
    sample = [
        Case(base, one.key, one.ratio, upscale=one.upscale, fields=_image_fields(one))
        for one in exact[::3]
        for base in keys
        if one.name.startswith(base)
    ]
    return [*exact, *bare, *sample]


def _image_fields(one: Case) -> dict[str, object]:
    size = {"imageSize": one.upscale.upper()} if one.upscale else {}
    return {"generationConfig": {"imageConfig": {"aspectRatio": one.ratio} | size}}
