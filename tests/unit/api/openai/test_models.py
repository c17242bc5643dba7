"""What the list of models tells about each of them."""

import json
from typing import Any

from flow2api.api.openai.models import entry_of
from flow2api.api.wire import encode
from flow2api.domain.catalog import Catalog

CATALOG = Catalog.load(None)


def told(name: str) -> Any:
    model = CATALOG.get(name)
    assert model is not None
    return json.loads(encode(entry_of(model)))


def test_a_model_is_listed_with_what_it_accepts_and_needs() -> None:
    entry = told("veo_3_1_t2v_fast")
    assert (entry["object"], entry["owned_by"], entry["name"], entry["kind"]) == (
        *("model", "flow2api", "Veo 3.1 Fast"),
        "video",
    )
    assert entry["accepts"] == {
        "mode": "t2v",
        "aspect_ratios": ["16:9", "9:16"],
        "resolutions": ["720p", "1080p", "4k"],
        "seconds": [8, 4, 6],
        "images": {"min": 0, "max": 0},
        "n": {"min": 1, "max": 4},
        "options": [],
    }
    assert entry["needs"] == {"tier": "free", "credits": 20, "tier_credits": {"ultra": 10}}


def test_further_parameters_are_listed_by_name() -> None:
    assert told("fal/veo-3-text")["accepts"]["options"] == ["negative_prompt", "generate_audio", "auto_fix"]


def test_an_exact_id_is_listed_with_what_is_left() -> None:
    entry = told("gemini-3.1-flash-image-portrait-2k")
    assert entry["accepts"]["aspect_ratios"] == ["9:16"]
    assert entry["accepts"]["resolutions"] == ["2k"]
    assert entry["accepts"]["seconds"] is None
    assert entry["needs"]["tier"] == "pro"


def test_trap_19_no_words_are_invented_for_what_a_model_can_be_asked_by() -> None:
    allowed = {"openai", "anthropic", "gemini", "openai-response", "image-generation"}
    for model in CATALOG.models():
        types = entry_of(model).supported_endpoint_types
        assert allowed.issuperset(types)
        assert ("image-generation" in types) is (model.kind == "image")


def test_everything_that_is_listed_can_be_encoded() -> None:
    assert len([encode(entry_of(model)) for model in CATALOG.models()]) > 235
