"""Writing and reading MP4 files: H.264 by the encoder that comes inside PyAV, index first so that players need not wait.

Synchronous: it runs in a worker thread. The cheapest settings are used, and a key frame stands at every full second, so that clips
can be cut and joined there without encoding anything again.
"""

import io
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import av
from av.video.stream import VideoStream

from flow2api.emulator.clips import Part

JPEG_QUALITY = 85
GREY = 96
# What the index needs besides its entries, and what it needs for each frame.
INDEX_BYTES, INDEX_BYTES_PER_FRAME = 1600, 12


class Film(NamedTuple):
    """What the encoder has to know before the first frame."""

    width: int
    height: int
    frames_per_second: int
    frames: int
    preset: str = "ultrafast"


def encode(film: Film, frames: Iterable[av.VideoFrame]) -> bytes:
    """The frames, all in `yuv420p`, as a file."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4", options=_index_first(film.frames)) as container:
        stream = container.add_stream("libx264", rate=film.frames_per_second, options=_settings(film))
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for number, frame in enumerate(frames):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def _settings(film: Film) -> dict[str, str]:
    # One thread: the emulator must not take the machine away from the program under test.
    return {"preset": film.preset, "crf": "28", "g": str(film.frames_per_second), "bf": "0", "threads": "1"}


def _index_first(frames: int) -> dict[str, str]:
    """Room for the index before the frames. (The muxer's own way, `faststart`, needs a file that it can open twice.)"""
    return {"moov_size": str(INDEX_BYTES + INDEX_BYTES_PER_FRAME * frames)}


def plain_clip(seconds: int, width: int, height: int) -> bytes:
    """A grey clip of one frame a second: a few kilobytes."""
    frame = av.VideoFrame(width, height, "yuv420p")
    for index, plane in enumerate(frame.planes):
        plane.update(bytes([GREY if index == 0 else 128]) * plane.buffer_size)
    # This preset knows a shorter code for "nothing here" than the fastest one.
    film = Film(width, height, frames_per_second=1, frames=seconds, preset="veryfast")
    return encode(film, (frame for _ in range(seconds)))


def commented(clip: bytes, comment: str) -> bytes:
    """The file with a note at its end, which players pass over."""
    text = comment.encode(errors="replace")[:1000]
    return clip + struct.pack(">I4s", 8 + len(text), b"free") + text


def first_frame(clip: bytes) -> bytes:
    """The first frame as JPEG."""
    with av.open(io.BytesIO(clip), "r") as container:
        frame = next(container.decode(video=0))
    out = io.BytesIO()
    frame.to_image().save(out, "JPEG", quality=JPEG_QUALITY)  # type: ignore[no-untyped-call]
    return out.getvalue()


def join(parts: Sequence[Part]) -> bytes:
    """The parts one after the other. They must be of one size and made by this module; cuts fall on full seconds."""
    out = io.BytesIO()
    frames = sum(_count_frames(part.clip) for part in parts)
    with av.open(out, "w", format="mp4", options=_index_first(frames)) as container:
        stream: VideoStream | None = None
        end = 0
        for part in parts:
            with av.open(io.BytesIO(part.clip), "r") as source:
                if stream is None:
                    stream = container.add_stream_from_template(source.streams.video[0])
                end = _append(container, stream, source, part, end)
    return out.getvalue()


def _append(
    container: av.container.OutputContainer,
    stream: VideoStream,
    source: av.container.InputContainer,
    part: Part,
    end: int,
) -> int:
    """Copy the part behind what is there, and tell where it ends now."""
    shift: int | None = None
    for packet in source.demux(source.streams.video[0]):
        if packet.pts is None or packet.duration is None or packet.time_base is None:
            continue
        at = float(packet.pts * packet.time_base)
        if at < part.start or at >= part.end or (shift is None and not packet.is_keyframe):
            continue
        if shift is None:
            shift = end - packet.pts
        packet.pts += shift
        packet.dts = packet.pts
        end = packet.pts + packet.duration
        packet.stream = stream
        container.mux(packet)
    return end


def _count_frames(clip: bytes) -> int:
    with av.open(io.BytesIO(clip), "r") as container:
        return container.streams.video[0].frames
