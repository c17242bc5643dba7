"""Reading kind and size from the head of a picture."""

import io

import pytest
from PIL import Image

from flow2api.emulator.measure import measure


@pytest.mark.parametrize(
    ("form", "mime", "options"),
    [
        ("PNG", "image/png", {}),
        ("GIF", "image/gif", {}),
        ("BMP", "image/bmp", {}),
        ("JPEG", "image/jpeg", {}),
        ("JPEG", "image/jpeg", {"progressive": True}),
        ("WEBP", "image/webp", {}),
        ("WEBP", "image/webp", {"lossless": True}),
    ],
)
def test_the_usual_formats_are_measured(form: str, mime: str, options: dict[str, bool]) -> None:
    out = io.BytesIO()
    Image.new("RGB", (37, 21), (200, 30, 30)).save(out, form, **options)
    assert measure(out.getvalue()) == (mime, 37, 21)


def test_a_webp_with_transparency_is_measured() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (37, 21), (200, 30, 30, 90)).save(out, "WEBP", exif=b"Exif\0\0")
    assert measure(out.getvalue()) == ("image/webp", 37, 21)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF____WEBPVP8L", b"BM"]
)
def test_anything_else_is_no_picture(data: bytes) -> None:
    assert measure(data) is None
