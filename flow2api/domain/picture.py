"""Pictures by their bytes: which format, how large, and whether the file is whole.

Reads headers and block structure alone, without a picture library, so that hostile input costs little. Whatever the bytes are,
the outcome is a `PictureInfo` or a `Failure`; nothing is decoded and nothing is kept.
"""

import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from flow2api.errors import Code, Failure

MAX_PIXELS = 64_000_000
"""What a picture may unpack to. More is a mistake or an attempt to use up someone's memory."""

_PNG = b"\x89PNG\r\n\x1a\n"
# Real files have some thousand blocks at most; a flood of empty ones is there to keep the reader busy.
_MAX_BLOCKS = 50_000
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height


class PictureInfo(msgspec.Struct, frozen=True):
    """What a picture's bytes say. Width and height are as people see it, after the EXIF orientation of a JPEG."""

    mime: str
    extension: str
    width: int
    height: int


class _Broken(Exception):
    """The bytes contradict the format that they begin with."""


class _Format(NamedTuple):
    mime: str
    extension: str
    begins: Callable[[bytes], bool]
    size: Callable[[bytes], tuple[int, int]]


def inspect(data: bytes, *, param: str = "image") -> PictureInfo:
    """What kind of picture it is, and its size.

    Raises:
        Failure: `invalid_image` at `param`: unknown format, broken, cut short, without area, or absurdly large.
    """
    for kind in _FORMATS:
        if kind.begins(data):
            break
    else:
        accepted = "PNG, JPEG, WebP, GIF and BMP"
        raise _refusal("is empty" if not data else f"is of no known format; accepted are {accepted}", param)
    try:
        width, height = kind.size(data)
    except (_Broken, struct.error, IndexError):
        raise _refusal(f"is a broken or incomplete {kind.extension.upper()} file", param) from None
    if width <= 0 or height <= 0:
        raise _refusal("has no area", param)
    if width * height > MAX_PIXELS:
        raise _refusal(f"has {width}x{height} pixels; at most {MAX_PIXELS // 1_000_000} million are accepted", param)
    return PictureInfo(kind.mime, kind.extension, width, height)


def _refusal(what: str, param: str) -> Failure:
    return Failure(Code.INVALID_IMAGE, f"The picture {what}.", param=param)


def _png(data: bytes) -> tuple[int, int]:
    length, name, width, height = struct.unpack_from(">I4sII", data, len(_PNG))
    if name != b"IHDR" or length != 13:
        raise _Broken
    at, has_pixels = len(_PNG), False
    for _ in range(_MAX_BLOCKS):
        length, name = struct.unpack_from(">I4s", data, at)
        has_pixels = has_pixels or name == b"IDAT"
        at += 12 + length
        if name == b"IEND":
            break
    if name != b"IEND" or at > len(data) or not has_pixels:
        raise _Broken
    return width, height


def _jpeg(data: bytes) -> tuple[int, int]:
    """The size from the frame header. In a scan 0xFF never stands before 0xD9, so what is found after its start is the end."""
    size, orientation = None, 1
    for marker, at, length in _segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
            size = (width, height)
        if marker == 0xE1 and data[at + 2 : at + 8] == b"Exif\0\0":
            orientation = _orientation(data[at + 8 : at + length])
        if marker == 0xDA and size and data.find(b"\xff\xd9", at + length) >= 0:
            return size[::-1] if orientation in _SIDEWAYS else size
    raise _Broken


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, place and length of each segment up to the first scan."""
    at, marker = 2, 0
    for _ in range(_MAX_BLOCKS):
        if marker == 0xDA or data[at] != 0xFF:
            return
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte: the marker begins one later
            at += 1
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield marker, at + 2, length
        at += 2 + length


def _orientation(exif: bytes) -> int:
    """The orientation tag of the first directory, 1 (upright) where there is none or the block is damaged.

    Damage there does not keep anyone from showing the picture, so it is no reason to refuse it.
    """
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * entry)
            if tag == 0x0112:
                return int(value)
    except struct.error:
        return 1
    return 1


def _webp(data: bytes) -> tuple[int, int]:
    (riff_size,) = struct.unpack_from("<I", data, 4)
    if riff_size + 8 > len(data):
        raise _Broken
    name = data[12:16]
    if name == b"VP8X":
        return _int24(data, 24) + 1, _int24(data, 27) + 1
    if name == b"VP8L" and data[20] == 0x2F:
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise _Broken


def _int24(data: bytes, at: int) -> int:
    return data[at] | data[at + 1] << 8 | data[at + 2] << 16


def _gif(data: bytes) -> tuple[int, int]:
    """The trailer must be the last byte, but for the zeros that some programs pad with."""
    width, height = struct.unpack_from("<HH", data, 6)
    if data.find(b"\x2c", 13) < 0 or not data.rstrip(b"\0").endswith(b"\x3b"):
        raise _Broken
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    """Height is negative where the rows run from the top; a compressed one states how many bytes its pixels take."""
    start, header = struct.unpack_from("<II", data, 10)
    if header == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression, stated = 0, 0
    else:
        width, height, _, bits, compression, stated = struct.unpack_from("<iiHHII", data, 18)
    height = abs(height)
    packed = compression not in (0, 3)
    pixels = stated if packed else (width * bits + 31) // 32 * 4 * height
    if header < 12 or pixels <= 0 < width * height or start + pixels > len(data):
        raise _Broken
    return width, height


_FORMATS = (
    _Format("image/png", "png", lambda data: data.startswith(_PNG), _png),
    _Format("image/jpeg", "jpg", lambda data: data.startswith(b"\xff\xd8\xff"), _jpeg),
    _Format("image/webp", "webp", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _webp),
    _Format("image/gif", "gif", lambda data: data.startswith((b"GIF87a", b"GIF89a")), _gif),
    _Format("image/bmp", "bmp", lambda data: data.startswith(b"BM"), _bmp),
)
