"""Makes the emulated pictures: plain ones on the spot, drawn ones in a worker thread, kept for a while.

The imaging library is loaded when the first picture is drawn, since it adds a tenth of a second to the start of every command.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import msgspec
import trio

from flow2api.emulator.plain import plain_jpeg

# Some two hundred kilobytes each.
KEPT_DRAWINGS = 64
# Drawing takes a few tenths of a second of processor time; one core is left to the program under test.
DRAWING_THREADS = 1


class PictureSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that a picture depends on."""

    prompt: str
    model: str
    aspect: str
    """The ratio in people's words, such as `16:9`."""
    width: int
    height: int
    seed: int
    inputs: tuple[str, ...] = ()
    """Media names of the input pictures."""


class Pictures:
    """Makes pictures and keeps the drawn ones that were used last. `threads` limits how many are drawn at the same time."""

    def __init__(self, threads: trio.CapacityLimiter) -> None:
        self._kept: OrderedDict[PictureSpec, bytes] = OrderedDict()
        self._threads = threads

    async def make(self, spec: PictureSpec, mode: Literal["plain", "drawn"], inputs: Sequence[bytes] = ()) -> bytes:
        """The picture as JPEG; `inputs` are the input pictures' bytes, shown small in drawn ones."""
        if mode == "plain":
            return _plain(spec, 1)
        if spec not in self._kept:
            self._keep(spec, await self._in_thread(spec, tuple(inputs), 1))
        self._kept.move_to_end(spec)
        return self._kept[spec]

    async def enlarge(
        self, spec: PictureSpec, factor: int, mode: Literal["plain", "drawn"], inputs: Sequence[bytes] = ()
    ) -> bytes:
        """The same picture, `factor` times as wide and high."""
        if mode == "plain":
            return _plain(spec, factor)
        return await self._in_thread(spec, tuple(inputs), factor)

    async def _in_thread(self, spec: PictureSpec, inputs: tuple[bytes, ...], factor: int) -> bytes:
        # Lazy on purpose, for the start of commands that draw nothing.
        from flow2api.emulator.drawing import draw

        return await trio.to_thread.run_sync(draw, spec, inputs, factor, limiter=self._threads)

    def _keep(self, spec: PictureSpec, data: bytes) -> None:
        self._kept[spec] = data
        while len(self._kept) > KEPT_DRAWINGS:
            self._kept.popitem(last=False)


def _plain(spec: PictureSpec, factor: int) -> bytes:
    comment = f"{spec.model} {spec.aspect} seed {spec.seed}: {spec.prompt}"
    return plain_jpeg(spec.width * factor, spec.height * factor, spec.seed, comment)
