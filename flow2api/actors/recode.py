"""Writes pictures in another file format, PNG, JPEG or WebP, and draws one over another. Synchronous, for a worker thread; knows no store and no name. Imported
when the first such picture is asked for, since the library behind it takes a while to load.

What can be kept is kept: colour profile and metadata, and what is seen through where the format allows that.
"""

import io
from pathlib import Path

from PIL import Image, ImageOps

from flow2api.domain.rendition import Format, Rendition

_MODES = {"png": ("1", "L", "LA", "P", "RGB", "RGBA"), "jpeg": ("L", "RGB"), "webp": ("RGB", "RGBA")}


class Unreadable(Exception):
    """The file is no picture that can be decoded."""


def recode(source: Path | io.BytesIO, form: Rendition) -> bytes:
    """The picture's bytes in that form.

    Raises:
        FileNotFoundError: it is not there.
        Unreadable: see there."""
    out = io.BytesIO()
    try:
        with Image.open(source) as opened:
            picture = ImageOps.exif_transpose(opened)
            kept = {name: value for name in ("icc_profile", "exif") if (value := picture.info.get(name))}
            _in_mode(picture, form.format).save(out, form.format.upper(), **_options(form), **kept)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(str(error)) from error
    return out.getvalue()


def overlay(path: Path, markup: Path) -> bytes | None:
    """A picture with a markup drawn over it, stretched to its size; None where nothing could be seen through the markup.

    Raises:
        FileNotFoundError: one of them is not there.
        Unreadable: see there."""
    out = io.BytesIO()
    try:
        with Image.open(path) as below, Image.open(markup) as above:
            if not above.has_transparency_data:
                return None
            picture = ImageOps.exif_transpose(below).convert("RGBA")
            Image.alpha_composite(picture, above.convert("RGBA").resize(picture.size)).save(out, "PNG")
    except FileNotFoundError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(str(error)) from error
    return out.getvalue()


def is_opaque(path: Path) -> bool:
    """Whether nothing of a picture can be seen through.

    Raises:
        FileNotFoundError: it is not there.
        Unreadable: see there."""
    try:
        with Image.open(path) as picture:
            if not picture.has_transparency_data:
                return True
            return picture.convert("RGBA").getchannel("A").getextrema()[0] == 255
    except FileNotFoundError:
        raise
    except (OSError, ValueError, SyntaxError) as error:
        raise Unreadable(str(error)) from error


def _options(form: Rendition) -> dict[str, object]:
    if form.format == "png":
        return {"compress_level": 6}
    # A quality of 0 is what some libraries take for their default.
    return {"quality": max(1, form.quality)}


def _in_mode(picture: Image.Image, format: Format) -> Image.Image:
    """The picture with the channels that the format has. JPEG has no transparency: it is shown on white there."""
    if format == "jpeg" and picture.has_transparency_data:
        seen = picture.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return Image.alpha_composite(white, seen).convert("RGB")
    if picture.mode in _MODES[format]:
        return picture
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
