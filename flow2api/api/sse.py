"""Server-sent events: frames written in one piece, and a line that is never silent for long.

A frame is `data: ` with JSON and an empty line; never `id:`, `retry:` or an event without data, which break the SDKs.
"""

from collections.abc import Awaitable, Callable

import msgspec
import trio

from flow2api.api.errors import envelope
from flow2api.api.exchange import Write
from flow2api.errors import Failure

DONE = b"data: [DONE]\n\n"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
CONTENT_TYPE = "text/event-stream; charset=utf-8"

_encode = msgspec.json.Encoder().encode


def frame(value: object) -> bytes:
    """One event."""
    return b"data: " + _encode(value) + b"\n\n"


def event(kind: str, value: object) -> bytes:
    """One event with its type in a line of its own, for streams whose clients expect that."""
    return b"event: " + kind.encode() + b"\n" + frame(value)


def error_frame(failure: Failure) -> bytes:
    """The event that ends a stream which failed, and the end mark."""
    return b"data: " + envelope(failure) + b"\n\n" + DONE


class Line:
    """An outgoing stream that sends `beat()` whenever nothing else was sent for `beat_seconds`."""

    def __init__(self, write: Write, beat: Callable[[], bytes], beat_seconds: float) -> None:
        self._write = write
        self._beat = beat
        self._beat_seconds = beat_seconds
        self._due = trio.current_time() + beat_seconds
        self._lock = trio.Lock()

    async def send(self, data: bytes) -> None:
        """Send now; frames that are ready together belong into one call."""
        async with self._lock:
            await self._write(data)
            self._due = trio.current_time() + self._beat_seconds

    async def run(self, fill: Callable[["Line"], Awaitable[None]]) -> None:
        """Run `fill(self)` with signs of life in its pauses; raises what it raises."""
        failure: Failure | None = None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_alive)
            try:
                await fill(self)
            except Failure as caught:
                # Taken out by hand, so that it does not arrive wrapped in a group.
                failure = caught
            # A beat that is being written ends first: half a frame would spoil the connection.
            async with self._lock:
                nursery.cancel_scope.cancel()
        if failure is not None:
            raise failure

    async def _keep_alive(self) -> None:
        while True:
            await trio.sleep_until(self._due)
            if trio.current_time() >= self._due:
                await self.send(self._beat())
