"""Pictures of all accepted formats are recognised, and everything else is refused as `invalid_image`."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from flow2api.domain.picture import PictureInfo, inspect
from flow2api.errors import Code, Failure

MIMES = {
    "PNG": ("image/png", "png"),
    "JPEG": ("image/jpeg", "jpg"),
    "WEBP": ("image/webp", "webp"),
    "GIF": ("image/gif", "gif"),
    "BMP": ("image/bmp", "bmp"),
}


def draw(form: str, size: tuple[int, int] = (40, 25), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120).save(out, form, **options)
    return out.getvalue()


def refusal(data: bytes, param: str = "image") -> Failure:
    with pytest.raises(Failure) as caught:
        inspect(data, param=param)
    assert caught.value.code is Code.INVALID_IMAGE
    return caught.value


def inspected(data: bytes) -> PictureInfo | Code:
    try:
        return inspect(data)
    except Failure as failure:
        return failure.code


@pytest.mark.parametrize(
    ("form", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {"compress_level": 0}),
        ("PNG", "P", {}),
        ("JPEG", "RGB", {}),
        ("JPEG", "L", {"progressive": True}),
        ("JPEG", "CMYK", {"optimize": True}),
        ("WEBP", "RGB", {}),
        ("WEBP", "RGBA", {}),
        ("WEBP", "RGB", {"lossless": True}),
        ("WEBP", "RGB", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
        ("GIF", "P", {}),
        ("BMP", "RGB", {}),
        ("BMP", "1", {}),
        ("BMP", "P", {}),
    ],
)
def test_a_picture_is_recognised(form: str, mode: str, options: dict[str, object]) -> None:
    assert inspect(draw(form, (40, 25), mode, **options)) == PictureInfo(*MIMES[form], 40, 25)


def test_an_animated_picture_is_recognised() -> None:
    frames = [Image.new("RGB", (31, 17), color) for color in ("red", "green", "blue")]
    for form in ("GIF", "WEBP"):
        out = io.BytesIO()
        frames[0].save(out, form, save_all=True, append_images=frames[1:])
        assert inspect(out.getvalue()) == PictureInfo(*MIMES[form], 31, 17)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_that_lies_on_its_side_is_measured_as_people_see_it(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    info = inspect(draw("JPEG", (40, 25), exif=exif))
    assert (info.width, info.height) == ((25, 40) if orientation >= 5 else (40, 25))


@pytest.mark.parametrize("exif", [b"", b"II", b"XX*\0\0\0\0\0", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff"])
def test_damaged_camera_data_does_not_spoil_a_photo(exif: bytes) -> None:
    block = b"Exif\0\0" + exif
    data = draw("JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    assert (inspect(data).width, inspect(data).height) == (40, 25)


def test_fill_bytes_before_a_marker_are_allowed() -> None:
    data = draw("JPEG")
    assert inspect(data[:2] + b"\xff\xff\xff" + data[2:]).width == 40


@pytest.mark.parametrize("form", MIMES)
def test_bytes_after_the_end_do_not_matter(form: str) -> None:
    padding = b"\0" * 10 if form == "GIF" else b"trailing"
    assert inspect(draw(form) + padding).width == 40


@pytest.mark.parametrize("form", MIMES)
def test_a_picture_that_is_cut_short_is_refused(form: str) -> None:
    data = draw(form)
    for length in range(1, len(data) - 1):
        refusal(data[:length])


def test_a_jpeg_whose_only_end_is_that_of_its_thumbnail_is_refused() -> None:
    thumbnail = draw("JPEG", (8, 8))
    block = b"Exif\0\0" + thumbnail
    data = draw("JPEG")
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    assert inspect(data).width == 40
    refusal(data[:-2])


def test_a_png_without_pixels_is_refused() -> None:
    data = draw("PNG")
    start = data.index(b"IDAT") - 4
    (length,) = struct.unpack_from(">I", data, start)
    refusal(data[:start] + data[start + 12 + length :])


def test_a_flood_of_empty_blocks_is_refused() -> None:
    png, jpeg = draw("PNG"), draw("JPEG")
    refusal(png[:33] + (b"\0\0\0\0tEXt\0\0\0\0") * 60_000 + png[33:])
    refusal(jpeg[:2] + b"\xff\xfe\0\2" * 60_000 + jpeg[2:])


def png_of(width: int, height: int) -> bytes:
    data = bytearray(draw("PNG"))
    struct.pack_into(">II", data, 16, width, height)
    return bytes(data)


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_area_is_refused(size: tuple[int, int]) -> None:
    assert "area" in refusal(png_of(*size)).message


def test_a_picture_of_64_megapixels_is_the_largest() -> None:
    assert inspect(png_of(8000, 8000)).width == 8000
    assert "64 million" in refusal(png_of(8001, 8000)).message
    assert "64 million" in refusal(png_of(2**32 - 1, 2**32 - 1)).message


def test_a_bitmap_may_run_from_the_top_and_have_an_old_or_a_packed_form() -> None:
    pixels = b"\0" * (8 * 5)
    old = b"BM" + struct.pack("<IHHIIHHHH", 0, 0, 0, 26, 12, 2, 5, 1, 24) + pixels
    assert (inspect(old).width, inspect(old).height) == (2, 5)
    fields = (0, 0, 0, 54, 40, 2, -5, 1, 24, 0, 0, 0, 0, 0, 0)
    top_down = b"BM" + struct.pack("<IHHIIiiHHIIiiII", *fields) + pixels
    assert (inspect(top_down).width, inspect(top_down).height) == (2, 5)
    packed = b"BM" + struct.pack("<IHHIIiiHHIIiiII", *fields[:9], 1, 8, 0, 0, 0, 0) + pixels[:8]
    assert inspect(packed).height == 5
    refusal(packed[:-1])


@pytest.mark.parametrize("data", [b"", b"BM", b"GIF89a", b"RIFF", b"\xff\xd8\xff", b"<svg/>", b"II*\0", b"\0" * 99])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    refusal(data)


def test_the_refusal_names_the_callers_field() -> None:
    assert refusal(b"text", "messages[0].content[1]").param == "messages[0].content[1]"


@pytest.mark.parametrize("form", MIMES)
@given(st.data())
def test_arbitrary_bytes_raise_nothing_but_a_failure(form: str, data: st.DataObject) -> None:
    good = draw(form)
    at = data.draw(st.integers(0, len(good)))
    junk = data.draw(st.binary(max_size=60))
    keep = data.draw(st.integers(at, len(good)))
    outcome = inspected(good[:at] + junk + good[keep:])
    if isinstance(outcome, PictureInfo):
        assert 0 < outcome.width * outcome.height <= 64_000_000
    else:
        assert outcome is Code.INVALID_IMAGE


@given(st.binary(max_size=200))
def test_bytes_of_no_origin_raise_nothing_but_a_failure(junk: bytes) -> None:
    for head in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\0\0\0WEBPVP8 ", b"GIF89a", b"BM"):
        outcome = inspected(head + junk)
        assert isinstance(outcome, PictureInfo) or outcome is Code.INVALID_IMAGE
