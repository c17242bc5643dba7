"""The two forms of a streamed answer: server-sent events, or one JSON array that grows.

Events are `data: ` with JSON and an empty line, and nothing else: a comment, an event name or an end mark breaks Google's clients.
A sign of life is an empty line, which both forms allow.
"""

from typing import Protocol

from flow2api.api import sse
from flow2api.api.gemini.dialect import envelope
from flow2api.api.wire import encode
from flow2api.errors import Failure

BEAT = b"\n"


class Pieces(Protocol):
    """How the pieces of one stream are written."""

    content_type: str

    @property
    def end(self) -> bytes:
        """What closes the stream."""

    def piece(self, value: object) -> bytes:
        """One answer."""

    def failure(self, failure: Failure) -> bytes:
        """The end of a stream that failed."""


class Events:
    """`alt=sse`."""

    content_type = sse.CONTENT_TYPE
    end = b""

    def piece(self, value: object) -> bytes:
        return sse.frame(value)

    def failure(self, failure: Failure) -> bytes:
        return b"data: " + envelope(failure) + b"\n\n"


class Array:
    """The form without `alt=sse`. Its state is whether anything was written yet."""

    content_type = "application/json"

    def __init__(self) -> None:
        self._before = b"["

    @property
    def end(self) -> bytes:
        return b"]" if self._before == b"," else b"[]"

    def piece(self, value: object) -> bytes:
        return self._joined(encode(value))

    def failure(self, failure: Failure) -> bytes:
        return self._joined(envelope(failure)) + b"]"

    def _joined(self, data: bytes) -> bytes:
        before, self._before = self._before, b","
        return before + data
