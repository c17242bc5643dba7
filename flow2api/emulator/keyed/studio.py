"""The files of a keyed service: uploaded ones, and made ones that are drawn when somebody fetches them.

Names are the service's; links to them need no credential, as with the real services.
"""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

import msgspec
import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.clips import Clips, ClipSpec
from flow2api.emulator.measure import Measured, measure
from flow2api.emulator.memory import KEPT_SECONDS, Memory
from flow2api.emulator.pictures import DRAWING_THREADS, Pictures, PictureSpec

Mode = Literal["plain", "drawn"]
# Input pictures are only looked at when a result that shows them is drawn.
KEPT_INPUTS = 64


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One file: what was uploaded, or what will be drawn."""

    name: str
    mime: str
    content: bytes | None = None
    picture: PictureSpec | None = None
    clip: ClipSpec | None = None
    made_at: float = 0.0


class Input(msgspec.Struct, frozen=True):
    """An input picture."""

    data: bytes


class Studio:
    """All files of one service."""

    def __init__(self, memory: Memory | None = None, now: Callable[[], float] = time.time) -> None:
        memory, oldest = memory or Memory(), now() - KEPT_SECONDS
        threads = trio.CapacityLimiter(DRAWING_THREADS)
        self._pictures, self._clips = Pictures(threads), Clips(threads)
        self._pieces = memory.table("pieces", Piece, lambda piece: piece.made_at > oldest)
        self._inputs = memory.table("inputs", Input)
        self._now = now

    def __len__(self) -> int:
        return len(self._pieces)

    def get(self, name: str) -> Piece | None:
        return self._pieces.get(name)

    def remove(self, name: str) -> None:
        self._pieces.pop(name, None)

    def put(self, ending: str, mime: str, content: bytes | None = None, name: str = "") -> Piece:
        """Keep an uploaded file under `name`, or a new one; None: its bytes are still to come."""
        return self._keep(Piece(name=name or f"{new_id()}.{ending}", mime=mime, content=content))

    def draw(self, spec: PictureSpec) -> Piece:
        """A picture to be."""
        return self._keep(Piece(name=f"{new_id()}.jpg", mime="image/jpeg", picture=spec))

    def film(self, spec: ClipSpec) -> Piece:
        """A clip to be."""
        return self._keep(Piece(name=f"{new_id()}.mp4", mime="video/mp4", clip=spec))

    def take_input(self, data: bytes) -> tuple[str, Measured] | None:
        """Note an input picture; its name for specs and its measures, or None when it is no picture."""
        measured = measure(data)
        if measured is None:
            return None
        name = hashlib.sha256(data).hexdigest()
        self._inputs[name] = Input(data)
        while len(self._inputs) > KEPT_INPUTS:
            del self._inputs[next(iter(self._inputs))]
        return name, measured

    async def content(self, piece: Piece, mode: Mode) -> bytes:
        """The bytes of a file."""
        if piece.picture is not None:
            shown = [self._inputs[name].data for name in piece.picture.inputs if name in self._inputs]
            return await self._pictures.make(piece.picture, mode, shown)
        if piece.clip is not None:
            known = {name: self._inputs[name].data for name in piece.clip.pictures if name in self._inputs}
            return await self._clips.make(piece.clip, mode, known)
        return piece.content or b""

    async def still(self, piece: Piece, mode: Mode) -> bytes:
        """The first frame of a clip."""
        if piece.clip is None:
            raise ValueError(f"{piece.name} is no clip")
        known = {name: self._inputs[name].data for name in piece.clip.pictures if name in self._inputs}
        return await self._clips.still(piece.clip, mode, known)

    def behind(self, link: str) -> bytes | None:
        """The bytes behind a data URL or a link to a file of this service; None for anything else: nobody else is asked."""
        if link.startswith("data:"):
            return _data(link)
        piece = self._pieces.get(urlsplit(link).path.rpartition("/")[2])
        return piece.content if piece is not None else None

    def _keep(self, piece: Piece) -> Piece:
        piece = msgspec.structs.replace(piece, made_at=self._now())
        self._pieces[piece.name] = piece
        return piece


def _data(link: str) -> bytes | None:
    head, _, encoded = link.partition(",")
    if not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return None


def pixels(ratio: str, megapixels: float, step: int = 16) -> tuple[int, int]:
    """Width and height of that ratio with about so many million pixels, in whole steps."""
    across, down = (int(side) for side in ratio.split(":"))
    unit = (megapixels * 1_000_000 / (across * down)) ** 0.5
    return max(1, round(across * unit / step)) * step, max(1, round(down * unit / step)) * step


def clip_pixels(ratio: str, lines: int) -> tuple[int, int]:
    """Width and height of a clip whose shorter side has so many lines; even, as the encoder wants it."""
    across, down = (int(side) for side in ratio.split(":"))
    longer = round(lines * max(across, down) / min(across, down) / 2) * 2
    return (longer, lines) if across >= down else (lines, longer)
