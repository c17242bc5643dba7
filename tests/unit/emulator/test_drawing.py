"""Drawn pictures."""

import io

import pytest
from PIL import Image

from flow2api.emulator.drawing import draw
from flow2api.emulator.pictures import PictureSpec
from flow2api.emulator.plain import plain_jpeg


def spec(prompt: str = "a red apple", **more: object) -> PictureSpec:
    facts = {"model": "NARWHAL", "aspect": "4:3", "width": 300, "height": 224, "seed": 7} | more
    return PictureSpec(prompt=prompt, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["GEM_PIX_2", "NARWHAL", "IMAGEN_3_5", "HARBOR_SEAL", "GEM_PIX"])
def test_every_model_draws_a_jpeg_of_the_right_size(model: str) -> None:
    picture = Image.open(io.BytesIO(draw(spec(model=model), (), 1)))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (300, 224))


def test_an_enlarged_drawing_is_as_many_times_as_large() -> None:
    assert Image.open(io.BytesIO(draw(spec(), (), 2))).size == (600, 448)


def test_seed_and_model_and_prompt_change_the_picture() -> None:
    variants = [spec(), spec(seed=8), spec(model="GEM_PIX_2"), spec("a green pear")]
    assert len({draw(variant, (), 1) for variant in variants}) == 4


@pytest.mark.parametrize(
    "prompt",
    [
        "一只戴着宇航员头盔的猫在月球上喝咖啡，背景是地球。" * 8,
        "👩‍🚀🚀🌕 emoji",
        "עברית العربية हिन्दी",
        "Donaudampfschifffahrtsgesellschaftskapitän" * 5,
        "word " * 400,
        "line\nbreaks\tand\x00control\x1bsigns",
        ".",
    ],
)
def test_any_prompt_can_be_drawn(prompt: str) -> None:
    assert draw(spec(prompt), (), 1)[:2] == b"\xff\xd8"


def test_input_pictures_show_and_broken_ones_do_no_harm() -> None:
    alone = draw(spec(), (), 1)
    with_inputs = draw(spec(), (plain_jpeg(64, 48, 60, ""), b"\xff\xd8\xff broken"), 1)
    assert with_inputs != alone
