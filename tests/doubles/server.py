"""A small raw HTTP/1.1 server on loopback that answers by script, rightly or wrongly.

Each request takes the next scripted answer, then the server's default. It reads requests strictly enough for tests (head, then as
many bytes as Content-Length says), records them, and counts connections, so that a test can see what was reused or left open.
"""

import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import trio


@dataclass(frozen=True)
class Seen:
    """A request as it came. `connection` counts connections from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass
class Visit:
    """One connection while it is being answered."""

    stream: trio.abc.Stream
    socket: trio.socket.SocketType
    request: Seen


Answer = Callable[[Visit], Awaitable[bool]]
"""Writes one answer; True if the connection stays open for the next request."""


def plain(
    body: bytes = b"", *, status: int = 200, headers: Sequence[tuple[str, str]] = (), keep: bool = True
) -> Answer:
    """A good answer with a Content-Length."""
    length = [("Content-Length", str(len(body)))]
    connection = [] if keep else [("Connection", "close")]
    return raw(_head(status, [*length, *connection, *headers]) + body, keep=keep)


def gzipped(body: bytes, *, encoding: str = "gzip") -> Answer:
    """`body` compressed."""
    return plain(gzip.compress(body), headers=[("Content-Encoding", encoding)])


def chunked(pieces: Sequence[bytes], *, finish: bool = True) -> Answer:
    """A body in chunks; without `finish` the connection ends before the last one."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if finish else b"")
    return raw(_head(200, [("Transfer-Encoding", "chunked")]) + body, keep=finish)


def until_close(body: bytes) -> Answer:
    """A body without length: its end is the end of the connection."""
    return raw(_head(200, []) + body, keep=False)


def cut_off(body: bytes, after: int) -> Answer:
    """Announces all of `body` and closes after `after` bytes of it."""
    return raw(_head(200, [("Content-Length", str(len(body)))]) + body[:after], keep=False)


def raw(data: bytes, *, keep: bool = False) -> Answer:
    """Exactly these bytes, good or garbage."""

    async def answer(visit: Visit) -> bool:
        await visit.stream.send_all(data)
        return keep

    return answer


def quiet_close(body: bytes = b"") -> Answer:
    """A good answer that lets the client expect another one, and then closes without a word."""
    return raw(_head(200, [("Content-Length", str(len(body)))]) + body, keep=False)


def nothing() -> Answer:
    """Reads the request and closes without a byte of an answer."""
    return raw(b"")


def reset(before: bytes = b"") -> Answer:
    """Sends `before` and then resets the connection."""

    async def answer(visit: Visit) -> bool:
        if before:
            await visit.stream.send_all(before)
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return answer


def pausing(before: bytes = b"", *, reached: trio.Event | None = None, go_on: trio.Event | None = None) -> Answer:
    """Sends `before`, sets `reached`, waits for `go_on` (for ever if there is none) or the client's end, and closes."""

    async def answer(visit: Visit) -> bool:
        if before:
            await visit.stream.send_all(before)
        if reached is not None:
            reached.set()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_until_gone, visit.socket, nursery.cancel_scope)
            await (go_on or trio.Event()).wait()
            nursery.cancel_scope.cancel()
        return False

    return answer


@dataclass
class Server:
    """What the server saw and what it will answer next."""

    answers: list[Answer]
    default: Answer
    tls: ssl.SSLContext | None
    port: int = 0
    requests: list[Seen] = field(default_factory=list)
    accepted: int = 0
    open_now: int = 0
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def wait_open(self, count: int) -> None:
        """Until exactly `count` connections are open, as far as this side has noticed."""
        while self.open_now != count:
            await self._changed.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        self.accepted += 1
        self._count(+1)
        try:
            await self._serve(stream, self.accepted)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client went away or refused our certificate: the test looks at the client
        finally:
            stream.socket.close()
            self._count(-1)

    async def _serve(self, plain_stream: trio.SocketStream, number: int) -> None:
        stream: trio.abc.Stream = plain_stream
        if self.tls is not None:
            stream = trio.SSLStream(plain_stream, self.tls, server_side=True, https_compatible=True)
        buffer = bytearray()
        while (request := await _read_request(stream, buffer, number)) is not None:
            self.requests.append(request)
            answer = self.answers.pop(0) if self.answers else self.default
            if not await answer(Visit(stream, plain_stream.socket, request)):
                return

    def _count(self, change: int) -> None:
        self.open_now += change
        self._changed.set()
        self._changed = trio.Event()


@asynccontextmanager
async def open_server(
    *answers: Answer, default: Answer | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """A server that gives `answers` one after the other, then always `default` (a plain 200 `ok`)."""
    server = Server(list(answers), default or plain(b"ok"), tls)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, server.serve, 0, host="127.0.0.1"))
        server.port = listeners[0].socket.getsockname()[1]
        yield server
        nursery.cancel_scope.cancel()


async def _read_request(stream: trio.abc.Stream, buffer: bytearray, number: int) -> Seen | None:
    while b"\r\n\r\n" not in buffer:
        if not await _more(stream, buffer):
            return None
    end = buffer.index(b"\r\n\r\n")
    first, *lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    size = int(headers.get("content-length", "0"))
    while len(buffer) < end + 4 + size:
        if not await _more(stream, buffer):
            return None
    body = bytes(buffer[end + 4 : end + 4 + size])
    del buffer[: end + 4 + size]
    method, target, _ = first.split(" ")
    return Seen(method, target, headers, body, number)


async def _more(stream: trio.abc.Stream, buffer: bytearray) -> bool:
    data = await stream.receive_some(65536)
    buffer += data
    return bool(data)


async def _until_gone(sock: trio.socket.SocketType, scope: trio.CancelScope) -> None:
    """Cancel `scope` once the client ends or breaks its connection; it says nothing more while it waits for an answer."""
    with suppress(OSError):
        await sock.recv(1)
    scope.cancel()


def _head(status: int, headers: Sequence[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")
