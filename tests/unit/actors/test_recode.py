import io
from pathlib import Path

import pytest
from PIL import Image

from flow2api.actors.recode import Unreadable, is_opaque, recode
from flow2api.domain.rendition import Format, Rendition


def written(folder: Path, mode: str, form: str = "PNG", **options: object) -> Path:
    path = folder / f"picture-{mode}.{form.lower()}"
    Image.new("RGBA", (40, 30), (200, 30, 60, 128)).convert(mode).save(path, form, **options)
    return path


def read(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_pictures_of_every_kind_can_be_written_in_every_format(tmp_path: Path, mode: str, format: Format) -> None:
    picture = read(recode(written(tmp_path, mode), Rendition(format, 50)))
    assert (picture.format, picture.size) == (format.upper(), (40, 30))


def test_what_can_be_seen_through_stays_so_where_the_format_allows_and_is_white_elsewhere(tmp_path: Path) -> None:
    path = written(tmp_path, "RGBA")
    assert not is_opaque(path)
    assert read(recode(path, Rendition("webp"))).convert("RGBA").getpixel((5, 5))[3] == 128  # type: ignore[index]
    red, green, blue = read(recode(path, Rendition("jpeg"))).getpixel((5, 5))  # type: ignore[misc]
    assert (abs(red - 228), abs(green - 143), abs(blue - 158)) < (3, 3, 3)
    assert is_opaque(written(tmp_path, "RGB"))


@pytest.mark.parametrize("format", ["jpeg", "webp"])
def test_less_quality_makes_a_smaller_file_and_none_is_the_smallest(tmp_path: Path, format: Format) -> None:
    path = tmp_path / "noise.png"
    Image.effect_noise((64, 64), 60).convert("RGB").save(path)
    sizes = [len(recode(path, Rendition(format, quality))) for quality in (0, 30, 90, 100)]
    assert sizes == sorted(set(sizes))


def test_a_picture_that_lies_on_its_side_is_written_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = written(tmp_path, "RGB", "JPEG", exif=exif)
    assert read(recode(path, Rendition("png"))).size == (30, 40)


def test_bytes_that_are_no_picture_are_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(written(tmp_path, "RGB").read_bytes()[:60])
    with pytest.raises(Unreadable):
        recode(path, Rendition("jpeg"))
    with pytest.raises(FileNotFoundError):
        recode(tmp_path / "y.png", Rendition("jpeg"))
