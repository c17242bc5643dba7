"""What a catalogue says of a model is checked when it is loaded, by the provider that would have to follow it."""

from pathlib import Path

import pytest

from flow2api.domain.catalog import Catalog, CatalogError, Wish
from flow2api.domain.job import Generation
from flow2api.providers.registry import check_model
from flow2api.providers.words import worded

PICTURE = """
[models.own]
title = "Own"
kind = "image"
upstream = "own"
ratios = ["16:9", "1:1"]
"""
CLIP = PICTURE.replace('"image"', '"video"') + "seconds = [5, 10]\n"
FAL, RELAY, GEMINI, FLOW = (
    'provider = "fal"\n',
    'provider = "gateway"\n',
    'provider = "gemini"\n',
    'provider = "flow"\n',
)


def load(tmp_path: Path, text: str) -> Catalog:
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return Catalog.load(path, check_model)


def test_the_models_that_come_with_the_program_can_all_be_followed() -> None:
    assert len(Catalog.load(None, check_model).models()) > 50


@pytest.mark.parametrize(
    "text",
    [
        PICTURE + FAL + 'inputs = [0, 9]\nhow = { ratio = "size", all_pictures = "image_urls", fixed = { steps = 4 } }',
        CLIP + FAL + 'how = { seconds = "{}s" }',
        PICTURE + RELAY + 'plain = "2k"\nmasks = true\nhow = { shape = "images", sizes = { "1:1@2k" = "2048x2048" } }',
        CLIP + RELAY + 'inputs = [0, 2]\nhow = { shape = "tasks", family = "veo" }',
        CLIP + GEMINI + 'mode = "extend"\nhow = { call = "clip" }',
        PICTURE + FLOW,
    ],
)
def test_a_model_of_an_operator_that_makes_sense_is_taken(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).get("own") is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (PICTURE + 'provider = "fla"', 'provider must be one of flow, gemini, fal or gateway, not "fla"'),
        (PICTURE + FAL + 'how = { rato = "x" }', 'how has no "rato" (did you mean ratio?); allowed are ratio, seed,'),
        (PICTURE + FAL + "how = { ratio = 5 }", "how.ratio must be a text, not 5"),
        (PICTURE + FAL + 'how = { pictures = "image_url" }', 'how.pictures must be a list of texts, not "image_url"'),
        (PICTURE + FAL + "how = { sizes = [1] }", "how.sizes must be a table of texts, not [1]"),
        (
            PICTURE + FAL + 'how = { sizes = { 2K = "2K" } }',
            'how.sizes has "2K", which is never asked for; there are no',
        ),
        (
            PICTURE + FAL + 'upscales = { 2k = {} }\nat_once = true\nhow = { sizes = { 2K = "2K" } }',
            'how.sizes has "2K", which is never asked for; allowed are 2k',
        ),
        (PICTURE + FAL + 'inputs = [0, 2]\nhow = { pictures = ["a"] }', "how.pictures must name a parameter for each"),
        (PICTURE + FAL + "how = { fixed = { sync_mode = true } }", "sync_mode must not be said"),
        (CLIP + FAL, "how.seconds must say how the length is written"),
        (CLIP + FAL + 'mode = "extend"\nhow = { seconds = "{}" }', "fal goes on with no clip"),
        (PICTURE + FAL + "upscales = { 2k = {} }", "upscales needs at_once = true"),
        (PICTURE.replace('"image"', '"video"') + FAL, "seconds is missing"),
        (PICTURE + RELAY, 'how.shape is missing; it must be one of "images", "videos", "sora" or "tasks"'),
        (
            PICTURE + RELAY + 'how = { shape = "image" }',
            'how.shape must be one of "images", "videos", "sora" or "tasks", not "image"',
        ),
        (CLIP + RELAY + 'how = { shape = "images" }', 'how.shape must not be "images" for a model of kind "video"'),
        (CLIP + RELAY + 'how = { shape = "tasks" }', "how.family is missing"),
        (CLIP + RELAY + 'inputs = [0, 3]\nhow = { shape = "tasks", family = "x" }', "inputs must allow at most 2"),
        (CLIP + RELAY + 'masks = true\nhow = { shape = "sora" }', "masks must not be true"),
        (
            PICTURE + RELAY + 'how = { shape = "images", sizes = { "4:3" = "1x1" } }',
            'how.sizes has "4:3", which is never asked for; allowed are 16:9 and 1:1',
        ),
        (PICTURE + GEMINI + 'how = { call = "generate" }', 'one of "content", "predict" or "clip", not "generate"'),
        (PICTURE + GEMINI + 'how = { call = "clip" }', 'how.call must not be "clip" for a model of kind "image"'),
        (PICTURE + GEMINI + 'inputs = [0, 1]\nhow = { call = "predict" }', "inputs must be [0, 0]"),
        (PICTURE + GEMINI + 'masks = true\nhow = { call = "content" }', "masks must not be true"),
        (PICTURE + FLOW + "ratois = []", 'there is no field "ratois" (did you mean ratios?); allowed are title,'),
        (PICTURE + FLOW + 'inputs = ["a"]', "inputs"),
        (PICTURE + FLOW + "suffixes = 5", "suffixes must be true or false, not 5"),
        (PICTURE + FLOW + "upscales = { 3k = {} }", 'upscales has "3k"; allowed is one of "480p", "580p",'),
        (
            PICTURE.replace('upstream = "own"', "") + FLOW + 'upstream = [{ keys = "x" }]',
            'upstream, number 1 has no "keys" (did you mean key?)',
        ),
        (PICTURE + FLOW + 'how = { call = "clip" }', 'how has "call", but nothing stands there; leave it out'),
    ],
)
def test_a_slip_in_an_own_model_is_told_with_its_file_model_field_and_what_is_allowed(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, text)
    assert f"{tmp_path}/models.toml: models.own: " in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ('{ type = "integer", choices = ["1"] }', "choices must hold values of type integer, not '1'"),
        ('{ type = "text", least = 1 }', "least and most go with type integer or number, not with text"),
        ('{ type = "number", least = 2, most = 1 }', "least may not exceed most"),
        ('{ type = "textt" }', 'options.raw.type must be one of "text", "integer", "number" or "boolean", not "textt"'),
        (
            '{ typ = "text" }',
            'options.raw has no "typ" (did you mean type?); allowed are type, name, choices, least and most',
        ),
    ],
)
def test_an_option_that_nothing_could_fit_is_told(tmp_path: Path, option: str, told: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, PICTURE + FAL + f"options = {{ raw = {option} }}")
    assert told in str(caught.value)
    assert "models.own" in str(caught.value)


def test_a_slip_in_a_known_model_that_an_own_file_changes_is_told_with_that_file(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"models.toml: models.gateway/sora-2: how.shape must be one of"):
        load(tmp_path, '[models."gateway/sora-2"]\nhow = { shape = "video" }')


def test_an_option_goes_out_by_the_name_that_the_service_has_for_it(tmp_path: Path) -> None:
    options = '{ calm = { type = "boolean", name = "calmMode" }, raw = { type = "boolean" } }'
    catalog = load(tmp_path, f"{PICTURE}{FAL}options = {options}")
    found: Generation = catalog.resolve(Wish(model="own", prompt="x", options={"calm": True, "raw": False}))
    assert worded(found) == {"calmMode": True, "raw": False}
    assert found.options == {"calm": True, "raw": False}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[model.own]\ntitle = "x"', 'there is no field "model" (did you mean models?); allowed are models, families,'),
        ('[routes.x]\nto = [{ modl = "y" }]', 'routes.x.to, number 1 has no "modl" (did you mean model?)'),
        ('[routes.x]\nto = [{ model = "y", when = { ratio = ["1:1"] } }]', 'has no "ratio" (did you mean ratios?)'),
        ('[families.x]\nmodels = ["y"]', "families.x.title is missing"),
        ("[aliases]\nx = 5", "aliases.x must be a text, not 5"),
        ('off = "x"', 'off must be a list of texts, not "x"'),
    ],
)
def test_a_slip_outside_of_models_is_told_with_its_place_too(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load(tmp_path, text)
    assert f"{tmp_path}/models.toml: " in str(caught.value)
    assert told in str(caught.value)
