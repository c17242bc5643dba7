"""The built-in models as the facts say, and what a request's parameters select."""

from pathlib import Path
from typing import Any

import pytest

from flow2api.domain.catalog import Catalog, CatalogError, Wish
from flow2api.domain.job import Generation
from flow2api.domain.tier import Tier
from flow2api.errors import Code, Failure

FLASH = "gemini-3.1-flash-image"
PRO = "gemini-3.0-pro-image"
IMAGEN = "imagen-4.0-generate-preview"

EXACT_IDS = """
gemini-3.0-pro-image-landscape         GEM_PIX_2  16:9 -  free
gemini-3.0-pro-image-portrait          GEM_PIX_2  9:16 -  free
gemini-3.0-pro-image-square            GEM_PIX_2  1:1  -  free
gemini-3.0-pro-image-four-three        GEM_PIX_2  4:3  -  free
gemini-3.0-pro-image-three-four        GEM_PIX_2  3:4  -  free
gemini-3.0-pro-image-landscape-2k      GEM_PIX_2  16:9 2k pro
gemini-3.0-pro-image-portrait-2k       GEM_PIX_2  9:16 2k pro
gemini-3.0-pro-image-square-2k         GEM_PIX_2  1:1  2k pro
gemini-3.0-pro-image-four-three-2k     GEM_PIX_2  4:3  2k pro
gemini-3.0-pro-image-three-four-2k     GEM_PIX_2  3:4  2k pro
gemini-3.0-pro-image-landscape-4k      GEM_PIX_2  16:9 4k ultra
gemini-3.0-pro-image-portrait-4k       GEM_PIX_2  9:16 4k ultra
gemini-3.0-pro-image-square-4k         GEM_PIX_2  1:1  4k ultra
gemini-3.0-pro-image-four-three-4k     GEM_PIX_2  4:3  4k ultra
gemini-3.0-pro-image-three-four-4k     GEM_PIX_2  3:4  4k ultra
gemini-3.1-flash-image-landscape       NARWHAL    16:9 -  free
gemini-3.1-flash-image-portrait        NARWHAL    9:16 -  free
gemini-3.1-flash-image-square          NARWHAL    1:1  -  free
gemini-3.1-flash-image-four-three      NARWHAL    4:3  -  free
gemini-3.1-flash-image-three-four      NARWHAL    3:4  -  free
gemini-3.1-flash-image-landscape-2k    NARWHAL    16:9 2k pro
gemini-3.1-flash-image-portrait-2k     NARWHAL    9:16 2k pro
gemini-3.1-flash-image-square-2k       NARWHAL    1:1  2k pro
gemini-3.1-flash-image-four-three-2k   NARWHAL    4:3  2k pro
gemini-3.1-flash-image-three-four-2k   NARWHAL    3:4  2k pro
gemini-3.1-flash-image-landscape-4k    NARWHAL    16:9 4k ultra
gemini-3.1-flash-image-portrait-4k     NARWHAL    9:16 4k ultra
gemini-3.1-flash-image-square-4k       NARWHAL    1:1  4k ultra
gemini-3.1-flash-image-four-three-4k   NARWHAL    4:3  4k ultra
gemini-3.1-flash-image-three-four-4k   NARWHAL    3:4  4k ultra
imagen-4.0-generate-preview-landscape  IMAGEN_3_5 16:9 -  free
imagen-4.0-generate-preview-portrait   IMAGEN_3_5 9:16 -  free
"""
ROWS = [line.split() for line in EXACT_IDS.split("\n") if line]
CATALOG = Catalog.load(None)


def resolve(model: str = FLASH, **fields: Any) -> Generation:
    return CATALOG.resolve(Wish(model=model, prompt="a red apple", **fields))


def refusal(model: str = FLASH, **fields: Any) -> Failure:
    with pytest.raises(Failure) as caught:
        resolve(model, **fields)
    return caught.value


def test_exactly_the_known_ids_are_on_offer() -> None:
    assert len(ROWS) == 32
    pictures = {model.id for model in CATALOG.models() if (model.kind, model.provider) == ("image", "flow")}
    assert pictures == {row[0] for row in ROWS} | {FLASH, PRO, IMAGEN}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_an_exact_id_selects_what_the_facts_say(row: list[str]) -> None:
    name, key, ratio, upscale, tier = row
    generation = resolve(name)
    found = (generation.upstream_model, generation.aspect_ratio, generation.upscale or "-", generation.min_tier.value)
    assert found == (key, ratio, upscale, tier)
    assert (generation.model, generation.kind, generation.provider, generation.credits) == (name, "image", "flow", 0)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_base_name_with_parameters_selects_the_same_as_the_exact_id(row: list[str]) -> None:
    name, _, ratio, upscale, _ = row
    base = next(base for base in (FLASH, PRO, IMAGEN) if name.startswith(base))
    size = None if upscale == "-" else upscale.upper()
    assert resolve(base, aspect_ratio=ratio, size=size) == resolve(name)


def test_a_listed_model_shows_what_its_id_leaves_open() -> None:
    base, exact = CATALOG.get(FLASH), CATALOG.get(f"{FLASH}-portrait-2k")
    assert base is not None
    assert exact is not None
    assert (base.ratios, base.upscales, base.fixed) == (("16:9", "9:16", "1:1", "4:3", "3:4"), ("2k", "4k"), None)
    assert (exact.ratios, exact.upscales, exact.min_tier) == (("9:16",), ("2k",), Tier.PRO)
    assert (exact.base, exact.max_inputs, exact.max_count) == (FLASH, 10, 4)
    assert exact.title == "Gemini 3.1 Flash Image (9:16, 2K)"


def test_listed_times_are_the_same_at_every_start() -> None:
    again = Catalog.load(None)
    assert [model.created for model in again.models()] == [model.created for model in CATALOG.models()]
    assert all(model.created > 1_700_000_000 for model in again.models())


@pytest.mark.parametrize(
    ("size", "ratio"),
    [
        ("1024x1792", "9:16"),
        ("1792x1024", "16:9"),
        ("512x512", "1:1"),
        ("1024X1024", "1:1"),
        ("1536x1024", "4:3"),
        ("1024x1536", "3:4"),
        ("3840*2160", "16:9"),
        ("1 x 5000", "9:16"),
        ("16:9", "16:9"),
        ("portrait", "9:16"),
        ("auto", "16:9"),
        ("", "16:9"),
    ],
)
def test_a_size_goes_to_the_nearest_ratio_and_never_enlarges(size: str, ratio: str) -> None:
    generation = resolve(size=size)
    assert (generation.aspect_ratio, generation.upscale) == (ratio, None)


def test_a_size_goes_to_the_nearest_of_the_ratios_that_the_model_has() -> None:
    assert resolve(IMAGEN, size="1024x1536").aspect_ratio == "9:16"
    assert resolve(IMAGEN, size="1024x1024").aspect_ratio == "16:9"


@pytest.mark.parametrize("text", ["9:16", "9/16", "9x16", " 9 : 16 ", "portrait", "PORTRAIT", "1080:1920"])
def test_a_ratio_may_be_written_in_many_ways(text: str) -> None:
    assert resolve(aspect_ratio=text).aspect_ratio == "9:16"


@pytest.mark.parametrize("text", ["four-three", "four_three", "4:3"])
def test_a_ratio_has_the_words_of_the_model_ids(text: str) -> None:
    assert resolve(aspect_ratio=text).aspect_ratio == "4:3"


def test_a_ratio_outweighs_a_size_in_pixels() -> None:
    assert resolve(aspect_ratio="1:1", size="1024x1792").aspect_ratio == "1:1"


@pytest.mark.parametrize("text", ["21:9", "0:9", "banana", "16:-9", "٣:٤"])
def test_a_ratio_that_the_model_does_not_have_is_refused_with_those_it_has(text: str) -> None:
    failure = refusal(aspect_ratio=text)
    assert (failure.code, failure.param, failure.kind.status) == (Code.INVALID_VALUE, "aspect_ratio", 400)
    assert "16:9, 9:16, 1:1, 4:3 and 3:4" in failure.message


@pytest.mark.parametrize("size", ["banana", "0x512", "512x", "-1x5", "8k", "1024", "1x2x3", "1e3x1e3", "999999x1"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    failure = refusal(size=size)
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "size")


def test_nonsense_is_refused_for_an_exact_id_too() -> None:
    assert refusal(f"{FLASH}-portrait", size="banana").param == "size"
    assert refusal(f"{FLASH}-portrait", aspect_ratio="banana").param == "aspect_ratio"


def test_parameters_do_not_change_what_an_exact_id_fixes() -> None:
    exact = f"{FLASH}-portrait"
    plain = resolve(exact)
    assert resolve(exact, aspect_ratio="21:9", size="4k") == plain
    assert resolve(exact, size="1792x1024", resolution="2k", picture_sizes=((900, 100),)) == plain


def test_count_and_seed_work_for_an_exact_id() -> None:
    generation = resolve(f"{FLASH}-square-4k", n=3, seed=77)
    assert (generation.count, generation.seed, generation.upscale) == (3, 77, "4k")


@pytest.mark.parametrize("quality", ["auto", "low", "medium", "high", "hd", "standard", "max", "4k"])
def test_quality_never_enlarges(quality: str) -> None:
    assert resolve(quality=quality).upscale is None
    assert resolve(quality=quality).min_tier is Tier.FREE


def test_the_resolution_outweighs_the_class_in_size() -> None:
    assert resolve(size="4k", resolution="1K").upscale is None
    assert resolve(size="1024x1024", resolution="2K").upscale == "2k"


@pytest.mark.parametrize(("field", "value"), [("size", "2k"), ("resolution", "4K")])
def test_an_enlargement_that_the_model_does_not_have_is_refused(field: str, value: str) -> None:
    failure = refusal(IMAGEN, **{field: value})
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, field)
    assert "1K" in failure.message


def test_an_unknown_resolution_is_refused() -> None:
    assert refusal(resolution="8k").param == "resolution"


def test_the_first_input_picture_gives_the_ratio_when_nothing_else_does() -> None:
    pictures: dict[str, Any] = {"pictures": ("a.png", "b.png"), "picture_sizes": ((800, 1000), (1600, 900))}
    assert resolve(**pictures).aspect_ratio == "3:4"
    assert resolve(**pictures, aspect_ratio="16:9").aspect_ratio == "16:9"
    assert resolve(**pictures, size="1024x1024").aspect_ratio == "1:1"
    assert resolve(**pictures).inputs == ("a.png", "b.png")


@pytest.mark.parametrize("n", [0, -1, 5, 1000])
def test_a_count_out_of_range_is_refused(n: int) -> None:
    failure = refusal(n=n)
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "n")
    assert "1 to 4" in failure.message


@pytest.mark.parametrize("seed", [0, -1, 1_000_000])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    failure = refusal(seed=seed)
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "seed")


def test_one_picture_too_many_is_refused() -> None:
    assert len(resolve(pictures=("a.png",) * 10).inputs) == 10
    failure = refusal(pictures=("a.png",) * 11)
    assert (failure.code, failure.param) == (Code.INVALID_VALUE, "image")


def test_an_unknown_model_is_refused_with_near_names() -> None:
    failure = refusal("gemini-3.1-flash-imag")
    assert (failure.code, failure.param, failure.kind.status) == (Code.MODEL_NOT_FOUND, "model", 404)
    assert FLASH in failure.message
    assert failure.message.count("gemini-3.1-flash-image") >= 2


def test_a_name_like_no_other_is_refused_briefly() -> None:
    failure = refusal("z" * 100_000)
    assert "/v1/models" in failure.message
    assert len(failure.message) < 200


# -- the operator's own file --------------------------------------------------------------------------------------

CLIP = """
[models.veo]
title = "Veo"
kind = "video"
provider = "flow"
upstream = [
  { key = "veo_portrait", ratio = "9:16", inputs = 0 },
  { key = "veo_text", inputs = 0 },
  { key = "veo_first_frame", inputs = 1 },
]
ratios = ["16:9", "9:16"]
upscales = { 4k = { tier = "ultra", credits = 50 } }
inputs = [0, 2]
max_count = 2
credits = 20
min_tier = "pro"
suffixes = false
names = { "veo_portrait_4k" = { ratio = "9:16", upscale = "4k" } }
"""


def load(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return Catalog.load(path)


def test_an_own_file_adds_a_model(tmp_path: Path) -> None:
    catalog = load(tmp_path, CLIP)
    assert [model.id for model in catalog.models() if model.base == "veo"] == ["veo", "veo_portrait_4k"]
    generation = catalog.resolve(Wish(model="veo", prompt="rain", n=2))
    assert (generation.kind, generation.upstream_model, generation.credits) == ("video", "veo_text", 40)
    assert (generation.model, generation.min_tier) == ("veo", Tier.PRO)


def test_the_upstream_key_may_depend_on_ratio_and_pictures(tmp_path: Path) -> None:
    catalog = load(tmp_path, CLIP)
    tall = catalog.resolve(Wish(model="veo_portrait_4k", prompt="rain"))
    assert (tall.upstream_model, tall.upscale, tall.credits, tall.min_tier) == ("veo_portrait", "4k", 70, Tier.ULTRA)
    framed = catalog.resolve(Wish(model="veo", prompt="rain", pictures=("a.png",), aspect_ratio="9:16"))
    assert framed.upstream_model == "veo_first_frame"
    with pytest.raises(Failure) as caught:
        catalog.resolve(Wish(model="veo", prompt="rain", pictures=("a.png", "b.png")))
    assert caught.value.param == "image"


def test_a_listed_id_is_the_one_under_which_equal_wishes_are_known(tmp_path: Path) -> None:
    catalog = load(tmp_path, CLIP)
    assert catalog.resolve(Wish(model="veo", prompt="x", aspect_ratio="9:16", size="4k")).model == "veo_portrait_4k"


def test_a_model_that_needs_pictures_says_so(tmp_path: Path) -> None:
    catalog = load(tmp_path, CLIP.replace("inputs = [0, 2]", "inputs = [1, 2]"))
    with pytest.raises(Failure) as caught:
        catalog.resolve(Wish(model="veo", prompt="rain"))
    assert (caught.value.code, caught.value.param) == (Code.MISSING_REQUIRED_PARAMETER, "image")


def test_an_own_file_changes_only_the_fields_that_it_names(tmp_path: Path) -> None:
    model = load(tmp_path, f'[models."{FLASH}"]\nmax_count = 1\n').get(FLASH)
    assert model is not None
    assert (model.max_count, model.title) == (1, "Gemini 3.1 Flash Image")


def test_an_own_file_switches_a_model_off_with_all_its_ids(tmp_path: Path) -> None:
    catalog = load(tmp_path, f'off = ["{PRO}"]')
    assert len(catalog.models()) == len(CATALOG.models()) - 16
    assert catalog.get(f"{PRO}-square-2k") is None


def test_an_alias_stands_for_a_base_name_or_an_exact_id(tmp_path: Path) -> None:
    catalog = load(tmp_path, f'[aliases]\ngpt-image-1 = "{FLASH}"\ndall-e-3 = "{PRO}-square-2k"')
    assert catalog.resolve(Wish(model="gpt-image-1", prompt="x", size="512x512")).model == f"{FLASH}-square"
    assert catalog.resolve(Wish(model="dall-e-3", prompt="x", size="1024x1792")).model == f"{PRO}-square-2k"
    assert [model.id for model in catalog.models()][-2:] == ["gpt-image-1", "dall-e-3"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("models = 3", "models"),
        ("[models.new]\ntitle = 'New'", "models.new"),
        (f'[models."{FLASH}"]\nration = ["1:1"]', "ration"),
        (f'[models."{FLASH}"]\nratios = ["wide"]', "ratios"),
        (f'[models."{FLASH}"]\ninputs = [3, 1]', "inputs"),
        (f'[models."{IMAGEN}"]\nnames = {{ big = {{ ratio = "16:9", upscale = "4k" }} }}', "names.big"),
        ('off = ["nothing"]', "nothing"),
        ('[aliases]\nmine = "nothing"', "nothing"),
        (f'[aliases]\n"{PRO}" = "{FLASH}"', PRO),
        ("[models", r"Expected"),
        ('[[routes.mine.to]]\nmodl = "x"', r"routes\.mine\.to, number 1 .*modl"),
        (
            f'[[routes.mine.to]]\nmodel = "{FLASH}"\nweight = 0',
            r"routes\.mine\.to, number 1, weight must be a whole number from 1 up to 1000, not 0",
        ),
        (f'[routes.mine]\nto = [{{ model = "{FLASH}", when = {{ inputs = [3, 1] }} }}]', r"routes\.mine: .*inputs"),
        (
            f'[routes.mine]\nto = [{{ model = "{FLASH}" }}, {{ model = "fal/hailuo-02-text" }}]',
            r"routes\.mine: .*pictures, or all clips",
        ),
        (
            "[families.mine]\ntitle = 'x'\nmodels = []",
            r"families\.mine\.models must be a list of texts that is not empty",
        ),
        ("[aliases]\nmine = 3", r"aliases\.mine must be a text, not 3"),
    ],
)
def test_a_mistake_in_an_own_file_is_named(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(CatalogError, match=rf"models\.toml: .*{place}"):
        load(tmp_path, text)


def test_an_own_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"absent\.toml"):
        Catalog.load(tmp_path / "absent.toml")


ROUTED = """
[models.other]
title = "Other"
kind = "image"
provider = "keyed"
upstream = "OTHER"
ratios = ["1:1", "16:9", "21:9"]
upscales = { 2k = {} }
at_once = true
inputs = [0, 1]
max_count = 2
credits = 4
how = { shape = "plain" }
options = { guidance = { type = "number", least = 1, most = 20 }, style = { type = "text", choices = ["ink", "oil"] } }

[routes."gemini-3.1-flash-image"]
to = [
  { model = "gemini-3.1-flash-image", when = { inputs = [0, 2] } },
  { model = "other", group = "paid", order = 2, weight = 3 },
]

[aliases]
drawer = "gemini-3.1-flash-image"
"""


def test_a_routed_model_goes_every_way_that_can_make_what_is_asked_for(tmp_path: Path) -> None:
    catalog = load(tmp_path, ROUTED)

    def routes(**fields: Any) -> list[tuple[str, int, int]]:
        generation = catalog.resolve(Wish(model="drawer", prompt="x", **fields))
        assert generation.model == "drawer"
        return [(way.route, way.order, way.weight) for way in generation.ways or (generation,)]

    first, second = ("flow/NARWHAL", 1, 1), ("keyed@paid/OTHER", 2, 3)
    assert routes() == [first, second]
    assert routes(pictures=("a", "b")) == [first]
    assert routes(aspect_ratio="21:9") == [second]
    assert routes(n=4) == [first]
    assert routes(options={"style": "ink"}) == [second]


def test_each_way_has_its_own_shape_and_price(tmp_path: Path) -> None:
    generation = load(tmp_path, ROUTED).resolve(Wish(model="gemini-3.1-flash-image", prompt="x", size="2K", n=2))
    assert [(way.upscale, way.resolution, way.credits) for way in generation.ways] == [("2k", None, 0), (None, "2k", 8)]
    assert generation.ways[1].how == {"shape": "plain"}


def test_what_no_way_can_make_is_refused_in_the_words_of_the_first(tmp_path: Path) -> None:
    catalog = load(tmp_path, ROUTED)
    with pytest.raises(Failure, match=r"gemini-3\.1-flash-image draws") as caught:
        catalog.resolve(Wish(model="drawer", prompt="x", aspect_ratio="2:1"))
    assert caught.value.param == "aspect_ratio"
    narrow = '[routes.wide]\nto = [{ model = "gemini-3.1-flash-image", when = { ratios = ["16:9"] } }]'
    with pytest.raises(Failure, match="No route of wide"):
        load(tmp_path, narrow).resolve(Wish(model="wide", prompt="x", aspect_ratio="1:1"))


def test_a_routed_model_offers_what_any_of_its_ways_can_do(tmp_path: Path) -> None:
    model = load(tmp_path, ROUTED).get("drawer")
    assert model is not None
    assert (model.max_inputs, model.max_count, "21:9" in model.ratios) == (10, 4, True)
    assert model.options == ("guidance", "style")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"guidance": 21}, "from 1 up to 20"),
        ({"guidance": True}, "a number"),
        ({"style": "chalk"}, "ink or oil"),
        ({"strength": 1}, "it takes guidance and style"),
    ],
)
def test_a_further_parameter_that_a_model_does_not_take_is_refused(
    tmp_path: Path, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(Failure, match=why) as caught:
        load(tmp_path, ROUTED).resolve(Wish(model="other", prompt="x", options=options))
    assert caught.value.param in options


def test_a_route_to_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"routes\.x: there is no model 'nope'"):
        load(tmp_path, '[routes.x]\nto = [{ model = "nope" }]')
