"""What the catalogue makes of requests for models that are reached with a key: prices by the second, and what is left out."""

from typing import Any

import pytest

from flow2api.domain.catalog import Catalog, Wish
from flow2api.domain.job import Generation
from flow2api.errors import Failure

CATALOG = Catalog.load(None)


def resolve(model: str, pictures: int = 0, **fields: Any) -> Generation:
    names = tuple(f"{number}.png" for number in range(pictures))
    return CATALOG.resolve(Wish(model=model, prompt="waves", pictures=names, **fields))


@pytest.mark.parametrize(
    ("model", "fields", "credits"),
    [
        ("fal/flux-pro-ultra", {"n": 3}, 18),
        ("fal/veo-3-text", {}, 320),
        ("fal/veo-3-text", {"seconds": 4}, 160),
        ("fal/hailuo-02", {"seconds": 6}, 27),
        ("fal/wan-2.5-text", {"resolution": "1080p"}, 75),
        ("fal/seedance-pro-text", {"seconds": 2}, 25),
        ("gateway/sora-2", {"seconds": 12}, 120),
    ],
)
def test_a_price_goes_by_length_and_size_and_is_rounded_up(model: str, fields: dict[str, Any], credits: int) -> None:
    assert resolve(model, **fields).credits == credits


def test_the_list_names_the_least_that_a_clip_costs() -> None:
    model = CATALOG.get("fal/veo-3-text")
    assert model is not None
    assert model.credits == 160


@pytest.mark.parametrize(
    ("model", "pictures", "fields", "warning"),
    [
        ("fal/hailuo-02-text", 0, {"seed": 7}, "seed was left out for fal/hailuo-02-text: it takes no seed."),
        (
            "fal/wan-2.5-image",
            1,
            {"aspect_ratio": "9:16"},
            "aspect_ratio was left out for fal/wan-2.5-image: it has the",
        ),
        (
            "gateway/sora-2",
            0,
            {"options": {"negative_prompt": "rain"}},
            "negative_prompt was left out for gateway/sora-2",
        ),
    ],
)
def test_what_may_be_left_out_is_left_out_and_said(
    model: str, pictures: int, fields: dict[str, Any], warning: str
) -> None:
    wide = {"picture_sizes": ((1600, 900),) * pictures}
    generation = resolve(model, pictures, **wide, **fields)
    [told] = generation.warnings
    assert told.startswith(warning)
    assert (generation.seed, generation.aspect_ratio, generation.options) == (None, "16:9", {})


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("fal/hailuo-02-text", {"camera_fixed": True}, "it takes prompt_optimizer"),
        ("fal/flux-pro-ultra", {"safety_tolerance": "9"}, "must be 1, 2, 3, 4, 5 or 6"),
        ("fal/flux-kontext", {"guidance_scale": 21}, "from 1 up to 20"),
        ("gateway/gpt-image-1", {"raw": True}, "it takes quality and background"),
    ],
)
def test_any_other_parameter_that_a_model_does_not_take_is_refused(
    model: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Failure, match=words) as caught:
        resolve(model, options=options)
    assert caught.value.param == next(iter(options))


def test_what_a_model_takes_is_kept_and_nothing_is_said() -> None:
    generation = resolve("fal/veo-3-text", seed=5, options={"negative_prompt": "rain", "generate_audio": False})
    assert generation.options == {"negative_prompt": "rain", "generate_audio": False}
    assert (generation.seed, generation.warnings) == (5, ())
