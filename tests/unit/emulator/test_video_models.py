"""The list of video models."""

import pytest

from flow2api.emulator.video_models import LANDSCAPE, PORTRAIT, TOP, VIDEO_MODELS


def test_a_key_names_its_length() -> None:
    for key, model in VIDEO_MODELS.items():
        named = [word for word in key.split("_") if word in {"4s", "6s", "8s", "10s"}]
        assert model.seconds == (int(named[0][:-1]) if named else 8)


def test_keys_that_name_an_orientation_are_tied_to_it() -> None:
    for key, model in VIDEO_MODELS.items():
        assert (model.aspect == PORTRAIT) == ("portrait" in key)
        if "landscape" in key:
            assert model.aspect == LANDSCAPE


def test_ultra_keys_are_for_the_top_tier() -> None:
    tops = {key for key, model in VIDEO_MODELS.items() if model.tier == TOP}
    assert tops == {key for key in VIDEO_MODELS if "ultra" in key} | {"veo_3_1_upsampler_4k"}


@pytest.mark.parametrize(
    ("key", "calls", "images"),
    [
        ("veo_3_1_t2v_lite_6s", {"text"}, (0, 0)),
        ("veo_3_1_i2v_s_portrait", {"start"}, (1, 1)),
        ("veo_3_1_i2v_s_fast_portrait_ultra_fl", {"start_end"}, (2, 2)),
        ("veo_3_1_i2v_s_fast_ultra_relaxed", {"start", "start_end"}, (1, 2)),
        ("veo_3_1_i2v_s_lite_4s_fl", {"start_end"}, (2, 2)),
        ("veo_3_1_interpolation_lite", {"start_end"}, (2, 2)),
        ("veo_3_1_r2v_fast_portrait_ultra_relaxed", {"reference"}, (1, 3)),
        ("abra_r2v_8s", {"reference"}, (1, 3)),
    ],
)
def test_each_model_is_for_its_calls(key: str, calls: set[str], images: tuple[int, int]) -> None:
    assert (set(VIDEO_MODELS[key].calls), VIDEO_MODELS[key].images) == (calls, images)
