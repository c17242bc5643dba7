"""Clips: real ones, and what the wire or an attacker makes of them."""

from functools import cache
from random import Random

import av

from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.filming import film
from flow2api.emulator.mp4 import Film, encode, plain_clip


@cache
def plain(seconds: int = 8, width: int = 1280, height: int = 720) -> bytes:
    """A grey clip of one frame a second."""
    return plain_clip(seconds, width, height)


@cache
def drawn(seconds: int = 1, width: int = 320, height: int = 180) -> bytes:
    """A clip in which something is to be seen and moves."""
    spec = ClipSpec(prompt="a ball", model="m", aspect="16:9", width=width, height=height, seconds=seconds, seed=3)
    return film(spec, {})


def brightening(frames: int) -> bytes:
    """A clip that grows brighter from frame to frame by the same amount."""

    def grey(level: int) -> av.VideoFrame:
        frame = av.VideoFrame(64, 64, "yuv420p")
        for index, plane in enumerate(frame.planes):
            plane.update(bytes([level if index == 0 else 128]) * plane.buffer_size)
        return frame

    return encode(
        Film(64, 64, frames_per_second=10, frames=frames), (grey(30 + 3 * number) for number in range(frames))
    )


def damaged(clip: bytes, seed: int) -> bytes:
    """The clip cut short, or with some of its bytes changed: anywhere, or in the index alone."""
    random = Random(seed)
    if seed % 4 == 0:
        return clip[: random.randrange(len(clip))]
    broken = bytearray(clip)
    reach = len(clip) if seed % 4 == 1 else min(len(clip), 3000)
    for _ in range(random.choice((1, 5, 50))):
        broken[random.randrange(reach)] = random.randrange(256)
    return bytes(broken)
