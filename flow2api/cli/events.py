"""Reads an answer that arrives bit by bit: one POST whose response is a stream of server-sent events.

Only the commands need this, and only towards the own gateway, so it is one connection without pool, proxy or repeats.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import h11
import trio

from flow2api.errors import ConnectionBroken, ResponseUnreadable
from flow2api.net.dial import open_stream

_READ_BYTES = 65536
# An answer that is no stream of events is an error message; nobody needs more of it.
_MAX_BYTES = 1024 * 1024


async def post_events(
    url: str, headers: Sequence[tuple[str, str]], body: bytes, on_event: Callable[[bytes], None]
) -> tuple[int, bytes]:
    """POST `body`; `on_event` gets the data of each event. Gives the status and, unless it was a stream of events, the
    beginning of the answer.

    Raises:
        NetworkFault: there is no connection, or no complete answer.
    """
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    stream = await open_stream(parts.hostname or "", parts.port or (443 if tls else 80), tls=tls)
    async with stream:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return await exchange(stream, parts.netloc, target, headers, body, on_event)


async def exchange(
    stream: trio.abc.Stream,
    host: str,
    target: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    on_event: Callable[[bytes], None],
) -> tuple[int, bytes]:
    """The same over a stream that is open."""
    connection = h11.Connection(h11.CLIENT)
    framing = [("Host", host), ("Content-Length", str(len(body))), ("Connection", "close")]
    request = h11.Request(method="POST", target=target, headers=[*framing, *headers])
    try:
        for event in (request, h11.Data(data=body), h11.EndOfMessage()):
            await stream.send_all(connection.send(event) or b"")
        return await _receive(stream, connection, on_event)
    except trio.BrokenResourceError:
        raise ConnectionBroken(f"the connection to {host} ended before the answer was complete") from None
    except h11.RemoteProtocolError:
        raise ResponseUnreadable(f"what {host} answers is not HTTP, or is cut short") from None


async def _receive(
    stream: trio.abc.Stream, connection: h11.Connection, on_event: Callable[[bytes], None]
) -> tuple[int, bytes]:
    status, frames, whole = 0, None, bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(bytes(await stream.receive_some(_READ_BYTES)))
        elif isinstance(event, h11.Response):
            status = event.status_code
            if dict(event.headers).get(b"content-type", b"").startswith(b"text/event-stream"):
                frames = Frames(on_event)
        elif isinstance(event, h11.Data):
            if frames is not None:
                frames.feed(bytes(event.data))
            elif len(whole) < _MAX_BYTES:
                whole += event.data
        elif isinstance(event, h11.EndOfMessage):
            return status, bytes(whole)


class Frames:
    """Cuts a stream of bytes into events and hands on the data of each; comments and other fields are passed over."""

    def __init__(self, on_event: Callable[[bytes], None]) -> None:
        self._on_event = on_event
        self._rest = bytearray()
        self._data: list[bytes] = []

    def feed(self, piece: bytes) -> None:
        """Take the next bytes, cut anywhere."""
        self._rest += piece
        if b"\n" not in piece:
            return
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            self._line(line.removesuffix(b"\r"))

    def _line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            self._on_event(b"\n".join(self._data))
            self._data = []
