"""A valid grey JPEG of any size without an imaging library, in microseconds.

One shade fills the picture, so after the first 8x8 block every block is "no change, end of block": two zero bits. With code
tables made for just that, the scan is a run of zero bytes, a few kilobytes for a usual picture. Different seeds give different
shades, and a comment makes the bytes of any two pictures differ.
"""

import struct
from functools import lru_cache

_SHADES = 64
# The only two symbols for the block's mean: 0 (no change) as code 0, and 6 (a change of six bits) as code 10.
_MEAN_CODES = bytes([0x00, 1, 1, *([0] * 14), 0, 6])
# The only symbol for the rest of a block: its end, as code 0.
_REST_CODES = bytes([0x10, 1, *([0] * 15), 0])
# One step of the mean is 16 / 8 = 2 grey levels, so six bits reach from black to white.
_STEPS = bytes([0, 16, *([1] * 63)])


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


@lru_cache(maxsize=256)
def _head(width: int, height: int) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 1) + bytes([1, 0x11, 0])
    return b"".join(
        [
            _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            _segment(0xDB, _STEPS),
            _segment(0xC0, frame),
            _segment(0xC4, _MEAN_CODES),
            _segment(0xC4, _REST_CODES),
            _segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0])),
        ]
    )


@lru_cache(maxsize=64)
def _tail(width: int, height: int) -> bytes:
    blocks = -(-width // 8) * -(-height // 8)
    zeros = 1 + 2 * (blocks - 1)
    whole, rest = divmod(zeros, 8)
    padding = bytes([0xFF >> rest]) if rest else b""
    return b"\x00" * whole + padding + b"\xff\xd9"


def plain_jpeg(width: int, height: int, seed: int, comment: str) -> bytes:
    """A grey picture whose shade follows from `seed`. `comment` is kept inside."""
    note = _segment(0xFE, comment.encode()[:1000])
    first = bytes([0x80 | seed % _SHADES])
    return b"".join([b"\xff\xd8", note, _head(width, height), first, _tail(width, height)])
