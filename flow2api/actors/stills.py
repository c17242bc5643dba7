"""Looks into clips: how large and how long they are, a picture of their beginning, and a sheet of pictures from all of them.

Synchronous, for the process of `looking`. What a provider delivered is not trusted: it is read as an MP4 file and as nothing else, through a
reader that can open no other file, within limits of pixels, codecs and time. Whatever the bytes are, the outcome is a result or
`Unshowable`; what the library itself makes of them may be a crash.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from PIL import Image

from flow2api.domain.clip_facts import ClipFacts, Unshowable

MAX_PIXELS = 4096 * 2304
"""What a frame may unpack to; decoders keep up to sixteen."""
# What clips are made in. Each further decoder is one more that hostile bytes can reach.
_CODECS = frozenset({"h264", "hevc", "av1", "libdav1d", "vp9", "mpeg4"})
MEASURE_SECONDS = 3.0
STILL_SECONDS = 10.0
SHEET_SECONDS = 30.0
THUMBNAIL_SIDE = 640
TILE_SIDE = 256
COLUMNS = 5
ROWS = 5
_JPEG_QUALITY = 82
_WEBP_QUALITY = 75


def measure(path: Path) -> ClipFacts:
    """Size and length, from the file's index; no frame is decoded.

    Raises:
        Unshowable: see there."""
    with _opened(path, MEASURE_SECONDS) as clip:
        return ClipFacts(clip.stream.width, clip.stream.height, clip.seconds)


def thumbnail(path: Path) -> bytes:
    """The first frame as a JPEG, at most `THUMBNAIL_SIDE` pixels long.

    Raises:
        Unshowable: see there."""
    with _opened(path, STILL_SECONDS) as clip:
        for frame in clip.frames():
            return _encoded(_picture(frame, THUMBNAIL_SIDE), "JPEG", _JPEG_QUALITY)
    raise Unshowable("it holds no frame")


def spritesheet(path: Path) -> bytes:
    """`COLUMNS` by `ROWS` frames from evenly over the clip, row by row, as a WebP.

    Raises:
        Unshowable: see there."""
    with _opened(path, SHEET_SECONDS) as clip:
        tiles = list(_tiles(clip))
    if not tiles:
        raise Unshowable("it holds no frame")
    width, height = tiles[0].size
    sheet = Image.new("RGB", (width * COLUMNS, height * ROWS))
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * width, number // COLUMNS * height))
    return _encoded(sheet, "WEBP", _WEBP_QUALITY)


class _Reader:
    """A file that can be read for a limited time; the library calls it for every piece that it needs."""

    def __init__(self, file: BinaryIO, seconds: float) -> None:
        self._file = file
        self._deadline = time.monotonic() + seconds

    def check(self) -> None:
        if time.monotonic() > self._deadline:
            raise Unshowable("looking at it takes too long")

    def read(self, size: int) -> bytes:
        self.check()
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


class _Clip(NamedTuple):
    """An open clip."""

    reader: _Reader
    container: InputContainer
    stream: VideoStream

    @property
    def seconds(self) -> float:
        return max(0, self.container.duration or 0) / av.time_base

    def frames(self) -> Iterator[av.VideoFrame]:
        for frame in self.container.decode(self.stream):
            # A few bytes may stand for very many frames.
            self.reader.check()
            yield frame


@contextmanager
def _opened(path: Path, seconds: float) -> Iterator[_Clip]:
    limits = {"max_pixels": str(MAX_PIXELS)}
    try:
        with path.open("rb") as file:
            reader = _Reader(file, seconds)
            with av.open(reader, "r", format="mp4", options=limits) as container:
                stream = container.streams.video[0]
                _limit(stream.codec_context, limits)
                yield _Clip(reader, container, stream)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        raise Unshowable(str(error)) from error


def _limit(context: VideoCodecContext | None, limits: dict[str, str]) -> None:
    """Refuse what is beyond the limits. The context is None where the library knows no decoder."""
    if context is None or context.name not in _CODECS:
        raise Unshowable("its frames are in a format that is not accepted")
    if not 0 < context.width * context.height <= MAX_PIXELS:
        raise Unshowable(f"its frames have {context.width}x{context.height} pixels")
    # The file's index may name another size than its frames have.
    context.options = limits
    context.thread_count = 1


def _tiles(clip: _Clip) -> Iterator[Image.Image]:
    """A frame for each point of time; where a clip has fewer frames than points, one frame stands for several."""
    wanted, apart = 0, clip.seconds / (COLUMNS * ROWS)
    for frame in clip.frames():
        at = frame.time or 0.0
        tile: Image.Image | None = None
        while wanted < COLUMNS * ROWS and at >= wanted * apart:
            tile = tile or _picture(frame, TILE_SIDE)
            yield tile
            wanted += 1
        if wanted == COLUMNS * ROWS:
            return


def _picture(frame: av.VideoFrame, side: int) -> Image.Image:
    """The frame, scaled so that its longer side has at most so many pixels."""
    scale = min(1.0, side / max(frame.width, frame.height))
    width, height = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    small = frame.reformat(width=width, height=height, format="rgb24")
    picture: Image.Image = small.to_image()  # type: ignore[no-untyped-call]
    return picture


def _encoded(picture: Image.Image, form: str, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, quality=quality)
    return out.getvalue()
