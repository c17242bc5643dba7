"""Clips in the catalogue: every public id means what the facts say, and parameters reach the same without it."""

from pathlib import Path
from typing import Any

import pytest

from flow2api.domain.catalog import Catalog, CatalogError, Wish
from flow2api.domain.job import Generation, Source, enlargement, price, upstream_key
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure
from tests.unit.domain.clip_ids import FACTS, OPEN, Fact, Open

CATALOG = Catalog.load(None)
BY_NAME = {fact.name: fact for fact in FACTS}
FAST, QUALITY, LITE = "veo_3_1_t2v_fast", "veo_3_1_t2v", "veo_3_1_t2v_lite"
FRAMES, ONE_FRAME, TWO_FRAMES = "veo_3_1_i2v_s", "veo_3_1_i2v_lite", "veo_3_1_interpolation_lite"
REFERENCES = "veo_3_1_r2v_fast"
EXTEND = "veo_3_1_extend"
FAMILIES = {"veo-3.1", "veo-3.1-fast", "veo-3.1-lite"}


def resolve(model: str, pictures: int = 0, **fields: Any) -> Generation:
    if model.startswith(EXTEND):
        fields = {"source": Source(media_id="9e41", account_id="a1")} | fields
    names = tuple(f"{number}.png" for number in range(pictures))
    return CATALOG.resolve(Wish(model=model, prompt="waves at dusk", pictures=names, **fields))


def refusal(model: str, pictures: int = 0, **fields: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        resolve(model, pictures, **fields)
    return caught.value


def least(fact: Fact) -> int:
    """The fewest pictures with which the id is what its name says."""
    return max(fact.inputs[0], 1 if fact.mode == "r2v" else 0)


def test_exactly_the_known_ids_are_on_offer() -> None:
    assert (len(FACTS), len({fact.name for fact in FACTS}), len(OPEN)) == (182, 182, 56)
    clips = {model.id for model in CATALOG.models() if (model.kind, model.provider) == ("video", "flow")}
    assert clips == {fact.name for fact in FACTS} | {alias.name for alias in OPEN} | FAMILIES


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_an_id_means_what_the_facts_say(fact: Fact) -> None:
    few, many = resolve(fact.name, least(fact)), resolve(fact.name, fact.inputs[1])
    for generation, (usual, top) in ((few, fact.keys[0]), (many, fact.keys[-1])):
        assert upstream_key(generation, Tier.ULTRA) == top
        assert {upstream_key(generation, tier) for tier in (Tier.UNKNOWN, Tier.FREE, Tier.PRO)} == {usual}
        found = (generation.aspect_ratio, generation.seconds, generation.min_tier.value, generation.upscale)
        assert found == (fact.ratio, fact.seconds, fact.tier, fact.upscale)
    model = CATALOG.get(fact.name)
    assert model is not None
    assert ((model.min_inputs, model.max_inputs), model.mode) == (fact.inputs, fact.mode)
    assert (few.kind, few.provider) == ("video", "flow")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_an_id_takes_no_fewer_and_no_more_pictures_than_the_facts_say(fact: Fact) -> None:
    for count in range(5):
        if fact.inputs[0] <= count <= fact.inputs[1]:
            resolve(fact.name, count)
        else:
            assert refusal(fact.name, count).param == "image"


@pytest.mark.parametrize("alias", OPEN, ids=lambda alias: alias.name)
def test_an_id_without_a_ratio_follows_the_request(alias: Open) -> None:
    pictures = least(BY_NAME[alias.landscape])
    assert resolve(alias.name, pictures) == resolve(alias.landscape, pictures)
    assert resolve(alias.name, pictures, aspect_ratio="16:9") == resolve(alias.landscape, pictures)
    assert resolve(alias.name, pictures, aspect_ratio="9:16") == resolve(alias.portrait, pictures)
    assert resolve(alias.name, pictures, size="720x1280") == resolve(alias.portrait, pictures)
    for resolution, target in alias.sizes.items():
        for ratio in ("16:9", "9:16"):
            asked = resolve(alias.name, pictures, aspect_ratio=ratio, resolution=resolution)
            assert asked == resolve(target, pictures, aspect_ratio=ratio)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_a_base_name_with_parameters_reaches_the_same(fact: Fact) -> None:
    model = CATALOG.get(fact.name)
    assert model is not None
    pictures = least(fact)
    by_name = resolve(fact.name, pictures)
    fields = {"aspect_ratio": fact.ratio, "seconds": fact.seconds, "resolution": fact.upscale or "720p"}
    assert resolve(model.base, pictures, **fields) == by_name
    assert resolve(by_name.model, pictures) == by_name


@pytest.mark.parametrize(
    "name", sorted({fact.name for fact in FACTS} - {alias.name for alias in OPEN}), ids=lambda name: name
)
def test_parameters_do_not_change_what_an_exact_id_fixes(name: str) -> None:
    pictures = least(BY_NAME[name])
    plain = resolve(name, pictures)
    assert resolve(name, pictures, aspect_ratio="9:16", resolution="4k", seconds=6) == plain
    assert resolve(name, pictures, aspect_ratio="16:9", size="720x1280") == plain


def test_an_id_that_names_a_length_leaves_the_rest_open() -> None:
    assert resolve("veo_3_1_t2v_4s", seconds=8, resolution="4k").model == "veo_3_1_t2v_landscape_4s_4k"
    assert resolve("veo_3_1_t2v_4k", seconds=6, aspect_ratio="9:16").model == "veo_3_1_t2v_portrait_6s_4k"


@pytest.mark.parametrize(("asked", "made"), [(8, 8), (4, 4), (6, 6), (10, 8), (3, 4), (2, 4), (5, 6), (7, 8)])
def test_a_length_that_is_near_goes_to_one_that_the_model_has(asked: int, made: int) -> None:
    assert resolve(FAST, seconds=asked).seconds == made


@pytest.mark.parametrize("asked", [12, 11, 1, 0, -8, 10**9])
def test_a_length_that_is_not_near_is_refused_with_those_on_offer(asked: int) -> None:
    failure = refusal(FAST, seconds=asked)
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "seconds")
    assert "4, 6 or 8 seconds" in failure.message


def test_a_picture_has_no_length() -> None:
    assert refusal("gemini-3.1-flash-image", seconds=8).param == "seconds"


def test_an_enlargement_that_is_not_offered_for_the_length_is_refused() -> None:
    assert resolve(FAST, resolution="1080p").model == "veo_3_1_t2v_fast_1080p"
    failure = refusal(FAST, resolution="1080p", seconds=4)
    assert failure.param == "seconds"
    assert "8 seconds" in failure.message


@pytest.mark.parametrize("model", [LITE, REFERENCES, "omni", EXTEND])
def test_an_enlargement_that_the_model_does_not_have_is_refused(model: str) -> None:
    failure = refusal(model, resolution="1080p")
    assert failure.param == "resolution"
    assert "720p" in failure.message


@pytest.mark.parametrize("word", ["720p", "720P", "1k", "auto", None])
def test_the_plain_resolution_has_a_name_too(word: str | None) -> None:
    assert resolve(QUALITY, resolution=word).upscale is None


def test_the_first_picture_decides_between_landscape_and_portrait() -> None:
    assert resolve(FRAMES, 1, picture_sizes=((800, 1000),)).aspect_ratio == "9:16"
    assert resolve(FRAMES, 1, picture_sizes=((1000, 1000),)).aspect_ratio == "16:9"


@pytest.mark.parametrize(
    ("model", "pictures", "code", "allowed"),
    [
        (FAST, 1, Code.INVALID_VALUE, "no input pictures"),
        (EXTEND, 1, Code.INVALID_VALUE, "no input pictures"),
        (FRAMES, 0, Code.MISSING_REQUIRED_PARAMETER, "1 to 2 input pictures"),
        (FRAMES, 3, Code.INVALID_VALUE, "1 to 2 input pictures"),
        (ONE_FRAME, 2, Code.INVALID_VALUE, "exactly 1 input picture;"),
        (TWO_FRAMES, 1, Code.MISSING_REQUIRED_PARAMETER, "exactly 2 input pictures"),
        (REFERENCES, 4, Code.INVALID_VALUE, "at most 3 input pictures"),
        ("omni", 4, Code.INVALID_VALUE, "at most 3 input pictures"),
    ],
)
def test_a_wrong_number_of_pictures_is_told_with_what_is_allowed(
    model: str, pictures: int, code: Code, allowed: str
) -> None:
    failure = refusal(model, pictures)
    assert (failure.code, failure.param) == (code, "image")
    assert allowed in failure.message
    assert f"{pictures} were given" in failure.message


@pytest.mark.parametrize(
    ("model", "pictures", "mode"),
    [
        *((FAST, 0, "t2v"), (FRAMES, 1, "i2v"), (FRAMES, 2, "i2v"), (REFERENCES, 3, "r2v"), ("omni", 0, "t2v")),
        *(("omni", 1, "r2v"), (EXTEND, 0, "extend"), ("gemini-3.1-flash-image", 1, "image")),
    ],
)
def test_a_generation_says_what_it_is_made_from(model: str, pictures: int, mode: str) -> None:
    assert resolve(model, pictures).mode == mode


@pytest.mark.parametrize(
    ("name", "usual", "top"),
    [
        ("veo_3_1_r2v_fast", "veo_3_1_t2v_fast", "veo_3_1_t2v_fast_ultra"),
        ("veo_3_1_r2v_fast_portrait", "veo_3_1_t2v_fast_portrait", "veo_3_1_t2v_fast_portrait_ultra"),
        ("veo_3_1_r2v_fast_ultra_relaxed", "veo_3_1_t2v_fast_ultra_relaxed", "veo_3_1_t2v_fast_ultra_relaxed"),
    ],
)
def test_references_that_are_not_there_leave_the_text_for_a_model_that_takes_text(
    name: str, usual: str, top: str
) -> None:
    generation = resolve(name)
    assert (generation.mode, upstream_key(generation, Tier.PRO)) == ("t2v", usual)
    assert upstream_key(generation, Tier.ULTRA) == top


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_is_the_model_for_the_number_of_pictures(family: str) -> None:
    model = CATALOG.get(family)
    assert model is not None
    for pictures in range(model.max_inputs + 1):
        member = model.family[pictures]
        assert resolve(family, pictures, aspect_ratio="9:16") == resolve(member, pictures, aspect_ratio="9:16")
    assert refusal(family, model.max_inputs + 1).param == "image"


# -- prices -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields", "usual", "top"),
    [
        (FAST, {}, 20, 10),
        (FAST, {"n": 3}, 60, 30),
        (FAST, {"resolution": "1080p"}, 20, 10),
        (FAST, {"resolution": "4k", "n": 2}, 140, 120),
        (QUALITY, {}, 100, 100),
        (LITE, {}, 10, 10),
        ("veo_3_1_t2v_fast_ultra", {}, 10, 10),
        ("omni", {}, 12, 12),
        (EXTEND, {}, 0, 0),
    ],
)
def test_a_price_may_depend_on_the_tier(name: str, fields: dict[str, Any], usual: int, top: int) -> None:
    generation = resolve(name, **fields)
    assert [price(generation, tier) for tier in Tier] == [usual, usual, usual, top]


def test_the_second_step_costs_what_the_enlargement_costs() -> None:
    assert price(enlargement(resolve(FAST, resolution="4k", n=2)), Tier.ULTRA) == 100
    assert price(enlargement(resolve(FAST, resolution="1080p")), Tier.PRO) == 0


def test_a_listed_clip_shows_what_its_id_leaves_open() -> None:
    base, exact = CATALOG.get(QUALITY), CATALOG.get("veo_3_1_t2v_portrait_6s_4k")
    part = CATALOG.get("veo_3_1_t2v_4s")
    assert base is not None
    assert exact is not None
    assert part is not None
    assert (base.ratios, base.seconds, base.upscales) == (("16:9", "9:16"), (8, 4, 6), ("1080p", "4k"))
    assert (exact.ratios, exact.seconds, exact.upscales) == (("9:16",), (6,), ("4k",))
    assert (part.ratios, part.seconds, part.upscales) == (("16:9", "9:16"), (4,), ("1080p", "4k"))
    assert (exact.title, exact.credits, exact.min_tier) == ("Veo 3.1 Quality (9:16, 6 s, 4K)", 150, Tier.ULTRA)


# -- extending ----------------------------------------------------------------------------------------------------


def test_a_clip_to_extend_goes_along_and_gives_its_ratio() -> None:
    source = Source(media_id="9e41", account_id="a1", aspect_ratio="9:16", seconds=8, context="{}")
    generation = resolve(EXTEND, source=source)
    assert (generation.source, generation.model) == (source, "veo_3_1_extend_portrait")
    assert generation.upstream_model == "veo_3_1_extend_portrait"


def test_a_clip_is_extended_in_its_own_ratio_alone() -> None:
    source = Source(media_id="9e41", aspect_ratio="9:16")
    assert refusal(EXTEND, source=source, aspect_ratio="16:9").param == "aspect_ratio"


def test_extending_needs_a_clip_and_nothing_else_takes_one() -> None:
    failure = refusal(EXTEND, source=None)
    assert (failure.code, failure.param) == (Code.MISSING_REQUIRED_PARAMETER, "video")
    assert refusal(FAST, source=Source(media_id="9e41")).param == "video"


# -- the operator's own file --------------------------------------------------------------------------------------

OWN = """
[models.film]
title = "Film"
kind = "video"
provider = "flow"
upstream = "film"
ratios = ["16:9", "9:16"]
seconds = [8, 16]
upscales = { 1080p = { seconds = [16] } }
inputs = [0, 1]
"""


def load(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return Catalog.load(path)


def test_one_table_is_enough_for_a_new_model(tmp_path: Path) -> None:
    catalog = load(tmp_path, OWN.replace("inputs", "patterns = ['{id}[_{ratio}]_{seconds}s[_{upscale}]']\ninputs"))
    ids = [model.id for model in catalog.models() if model.base == "film"]
    words = "", "-landscape", "-portrait", "_8s", "_16s", "_16s_1080p"
    turned = [f"_{word}{length}" for word in ("landscape", "portrait") for length in ("_8s", "_16s", "_16s_1080p")]
    assert sorted(ids) == sorted(f"film{word}" for word in (*words, *turned))
    plain = catalog.resolve(Wish(model="film", prompt="x"))
    assert (plain.mode, plain.seconds, plain.upstream_model) == ("t2v", 8, "film")
    assert catalog.resolve(Wish(model="film", prompt="x", pictures=("a.png",))).mode == "i2v"


def test_a_family_loses_its_name_with_a_member(tmp_path: Path) -> None:
    catalog = load(tmp_path, f'off = ["{LITE}"]')
    assert catalog.get("veo-3.1-lite") is None
    assert catalog.get(f"{LITE}_4s_portrait") is None
    assert catalog.get("veo-3.1-fast") is not None


def test_an_own_family_and_an_alias_of_one(tmp_path: Path) -> None:
    catalog = load(
        tmp_path,
        f'[families.clip]\ntitle = "Clip"\nmodels = ["{LITE}", "{ONE_FRAME}"]\n[aliases]\nsora-2 = "clip"',
    )
    assert catalog.resolve(Wish(model="sora-2", prompt="x", pictures=("a.png",))).upstream_model == ONE_FRAME


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (OWN + 'patterns = ["{id}_{colour}"]', "patterns"),
        (OWN + 'patterns = ["[{id}"]', "patterns"),
        (OWN + 'names = { long = { ratio = "16:9", seconds = 9 } }', "names.long"),
        (OWN + 'names = { big = { ratio = "16:9", upscale = "1080p" } }', "names.big"),
        (OWN + 'mode = "image"', "film: mode image"),
        (OWN.replace('"video"', '"image"') + 'mode = "t2v"', "film: mode t2v"),
        (OWN + f'names = {{ {FAST}_4s = {{ ratio = "16:9" }} }}', f"{FAST}_4s"),
        ('[families.clip]\ntitle = "Clip"\nmodels = ["nothing"]', "families.clip"),
        ('[families.clip]\ntitle = "Clip"\nmodels = ["veo-3.1"]', "families.clip"),
        ('[families.clip]\ntitle = "Clip"\nmodels = []', "families"),
    ],
)
def test_a_mistake_in_an_own_file_is_named(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(CatalogError, match=place):
        load(tmp_path, text)


@pytest.mark.parametrize(("asked", "made", "told"), [(8, 8, 0), (9, 8, 1), (5, 6, 1), (None, 8, 0)])
def test_a_length_that_is_not_offered_goes_to_the_nearest_and_is_told(asked: int | None, made: int, told: int) -> None:
    found = Catalog.load(None).resolve(Wish(model="veo-3.1-fast", prompt="x", seconds=asked))
    assert (found.seconds, len(found.warnings)) == (made, told)
