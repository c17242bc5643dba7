"""Kind and size of a picture, read from its first bytes; decodes nothing."""

import struct
from typing import NamedTuple


class Measured(NamedTuple):
    """What the head of a picture tells."""

    mime: str
    width: int
    height: int


def measure(data: bytes) -> Measured | None:
    """What picture it is; None when it is none of the formats that the service takes, or broken."""
    try:
        return _measure(data)
    except (struct.error, IndexError):
        return None


def _measure(data: bytes) -> Measured | None:
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return Measured("image/png", *struct.unpack(">II", data[16:24]))
    if data[:6] in {b"GIF87a", b"GIF89a"}:
        return Measured("image/gif", *struct.unpack("<HH", data[6:10]))
    if data[:2] == b"BM":
        width, height = struct.unpack("<ii", data[18:26])
        return Measured("image/bmp", width, abs(height))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    return None


def _webp(data: bytes) -> Measured | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
        return Measured("image/webp", width, height)
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", data[21:25])
        return Measured("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return Measured("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _jpeg(data: bytes) -> Measured | None:
    at = 2
    while data[at] == 0xFF:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        # C0 to CF are the frame headers, but for three that share the range: tables (C4, CC) and a reserved one (C8).
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Measured("image/jpeg", width, height)
        at += 2 + length
    return None
