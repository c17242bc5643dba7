"""Makes the emulated clips: plain ones once per length and size, drawn ones in a worker thread, both kept for a while.

Clips are real MP4 files. The libraries that make them are loaded when the first one is made, since they add two tenths of a
second to the start of every command.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import trio

from flow2api.emulator.plain import plain_jpeg

# A drawn clip is about half a megabyte, one in 4K a few.
KEPT_CLIPS = 48


class ClipSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that a clip depends on. Pictures go by their media names."""

    prompt: str
    model: str
    aspect: str
    """The ratio in people's words: `16:9` or `9:16`."""
    width: int
    height: int
    seconds: int
    seed: int
    first: str = ""
    last: str = ""
    references: tuple[str, ...] = ()
    before: "ClipSpec | None" = None
    """The clip that this one goes on from."""

    @property
    def pictures(self) -> tuple[str, ...]:
        """The media names of all pictures that can be seen in it."""
        own = (self.first, self.last, *self.references)
        return tuple(name for name in (*own, *(self.before.pictures if self.before else ())) if name)

    @property
    def comment(self) -> str:
        return f"{self.model} {self.aspect} seed {self.seed}: {self.prompt}"


class Part(NamedTuple):
    """A stretch of a clip, in seconds."""

    clip: bytes
    start: float
    end: float


class Clips:
    """Makes clips and keeps those that were used last. `threads` limits the work that goes on at the same time."""

    def __init__(self, threads: trio.CapacityLimiter) -> None:
        self._kept: OrderedDict[object, bytes] = OrderedDict()
        self._threads = threads
        self._making = trio.Lock()

    async def make(self, spec: ClipSpec, mode: Literal["plain", "drawn"], pictures: Mapping[str, bytes]) -> bytes:
        """The clip as MP4. `pictures` are those of `spec.pictures`, shown in drawn clips only."""
        if mode == "plain":
            bare = await self._plain(spec)
            # Lazy on purpose, here and below, for the start of commands that make no clip.
            from flow2api.emulator.mp4 import commented

            return commented(bare, spec.comment)
        return await self._once(spec, lambda: self._film(spec, dict(pictures)))

    async def still(self, spec: ClipSpec, mode: Literal["plain", "drawn"], pictures: Mapping[str, bytes]) -> bytes:
        """The clip's first frame as JPEG."""
        if mode == "plain":
            return plain_jpeg(spec.width, spec.height, spec.seed, spec.comment)
        clip = await self.make(spec, mode, pictures)
        from flow2api.emulator.mp4 import first_frame

        return await self._once(("still", spec), lambda: trio.to_thread.run_sync(first_frame, clip))

    async def join(self, parts: Sequence[Part]) -> bytes:
        """One clip of several, which have the same size."""
        from flow2api.emulator.mp4 import join

        return await trio.to_thread.run_sync(join, tuple(parts), limiter=self._threads)

    async def _plain(self, spec: ClipSpec) -> bytes:
        from flow2api.emulator.mp4 import plain_clip

        shape = (spec.seconds, spec.width, spec.height)
        return await self._once(shape, lambda: trio.to_thread.run_sync(plain_clip, *shape, limiter=self._threads))

    async def _film(self, spec: ClipSpec, pictures: dict[str, bytes]) -> bytes:
        from flow2api.emulator.filming import film

        return await trio.to_thread.run_sync(film, spec, pictures, limiter=self._threads)

    async def _once(self, key: object, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What is kept under `key`, made now when it is not: once, however many wait for it."""
        if key not in self._kept:
            async with self._making:
                if key not in self._kept:
                    self._kept[key] = await make()
                    while len(self._kept) > KEPT_CLIPS:
                        self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]
