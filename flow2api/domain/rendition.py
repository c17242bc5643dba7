"""The form in which a picture's file is written. Pure data."""

from typing import Literal, NamedTuple

Format = Literal["png", "jpeg", "webp"]
MIMES: dict[Format, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
FORMATS: dict[str, Format] = {mime: format for format, mime in MIMES.items()}
FULL_QUALITY = 100


class Rendition(NamedTuple):
    """How a picture is to be written."""

    format: Format
    quality: int = FULL_QUALITY
    """From 0 to 100; without meaning for PNG, which loses nothing."""

    def fits(self, mime: str) -> bool:
        """Whether a file of this type is written so already, and need not be touched."""
        return mime == MIMES[self.format] and (self.format == "png" or self.quality == FULL_QUALITY)
