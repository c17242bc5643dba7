"""Input pictures shown small on drawn pictures and clips."""

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageOps, UnidentifiedImageError

from flow2api.emulator.lettering import margin_of

MAX_THUMBNAILS = 5


def show_inputs(picture: Image.Image, inputs: Sequence[bytes]) -> None:
    """A row of thumbnails in the upper right corner."""
    margin = margin_of(picture)
    side = round(min(picture.size) * 0.15)
    x = picture.width - margin - side
    for data in reversed(inputs[:MAX_THUMBNAILS]):
        _tile(picture, fitted(data, (side, side)), (x, margin))
        x -= side + margin // 3


def fitted(data: bytes, size: tuple[int, int]) -> Image.Image:
    """A picture cut and scaled to fill `size`."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            return ImageOps.fit(opened.convert("RGB"), size)
    except (UnidentifiedImageError, OSError, SyntaxError):
        # The service takes pictures by their head alone; what is broken further in is shown as a grey tile.
        return Image.new("RGB", size, (90, 90, 96))


def _tile(picture: Image.Image, tile: Image.Image, corner: tuple[int, int]) -> None:
    """A thumbnail with round corners, a light rim and a shadow."""
    side, rim = tile.width, max(2, tile.width // 40)
    radius = side // 8
    frame = (corner[0] - rim, corner[1] - rim, corner[0] + side + rim, corner[1] + side + rim)
    shadow = Image.new("L", picture.size)
    ImageDraw.Draw(shadow).rounded_rectangle((frame[0], frame[1] + rim * 2, frame[2], frame[3] + rim * 3), radius, 150)
    picture.paste((0, 0, 0), (0, 0), shadow.filter(ImageFilter.GaussianBlur(rim * 3)))
    picture.paste((250, 248, 244), frame[:2], round_mask((side + 2 * rim, side + 2 * rim), radius + rim))
    picture.paste(tile, corner, round_mask((side, side), radius))


def round_mask(size: tuple[int, int], radius: int) -> Image.Image:
    """A rectangle with round corners as a mask."""
    width, height = size
    large = Image.new("L", (width * 3, height * 3))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, width * 3 - 1, height * 3 - 1), radius * 3, 255)
    return large.resize(size, Image.Resampling.BOX)
