"""Pictures without an imaging library, judged by one."""

import io

import pytest
from PIL import Image

from flow2api.emulator.measure import measure
from flow2api.emulator.plain import plain_jpeg


@pytest.mark.parametrize("size", [(1376, 768), (768, 1376), (1, 1), (17, 9), (8, 8), (5504, 3072), (2000, 24)])
def test_a_plain_picture_is_a_real_one_of_one_shade(size: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(plain_jpeg(*size, seed=5, comment="a pear")))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "L", size)
    lowest, highest = picture.getextrema()
    assert lowest == highest


def test_seeds_give_different_shades() -> None:
    shades = set()
    for seed in range(64):
        picture = Image.open(io.BytesIO(plain_jpeg(16, 16, seed, "")))
        shades.add(picture.getpixel((3, 3)))
    assert len(shades) > 60


def test_a_plain_picture_is_small_and_carries_its_comment() -> None:
    data = plain_jpeg(1376, 768, 1, "一只猫 🚀")
    assert len(data) < 8 * 1024
    assert "一只猫 🚀".encode() in data
    assert measure(data) == ("image/jpeg", 1376, 768)
