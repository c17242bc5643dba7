"""The least HTTP/1.1 client that can tell a whole answer from a broken one, so that measuring costs little processor time.

One request at a time on a kept connection. Plain asyncio protocols: no stream objects, no tasks, no headers as objects.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

Clock = time.perf_counter


class Broken(Exception):
    """The connection ended, or what came is no answer."""


class Answer:
    """A whole answer and when it came."""

    __slots__ = ("body", "first_byte", "status")

    def __init__(self) -> None:
        self.status = 0
        self.body = bytearray()
        self.first_byte = 0.0


class Connection(asyncio.Protocol):
    """A kept connection. `on_first` is called when the first bytes of an answer are there."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._answer = Answer()
        self._raw = bytearray()
        self._left: int | None = None
        self._chunked = False
        self._last = False
        self.on_first: Callable[[], None] = lambda: None

    @property
    def over(self) -> bool:
        """Whether the server takes no further request on it."""
        return self._last or self._transport is None or self._transport.is_closing()

    @property
    def answering(self) -> bool:
        """Whether the present or last answer has begun."""
        return self._answer.status != 0

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and wait for its whole answer.

        Raises:
            Broken: the connection ended before that.
        """
        self._answer, self._left, self._chunked = Answer(), None, False
        if self._transport is None or self._transport.is_closing():
            raise Broken("not connected")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"connection ended: {error or 'closed by the server'}")

    def data_received(self, data: bytes) -> None:
        self._raw += data
        try:
            if self._answer.status == 0 and not self._read_head():
                return
            done = self._read_chunks() if self._chunked else self._read_plain()
        except ValueError as error:
            self._fail(f"no HTTP: {error}")
            self.close()
            return
        if done and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._answer)

    def _fail(self, why: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Broken(why))

    def _read_head(self) -> bool:
        end = self._raw.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._raw[:end]).lower()
        del self._raw[: end + 4]
        lines = head.split(b"\r\n")
        self._answer.status = int(lines[0].split(b" ", 2)[1])
        self._answer.first_byte = Clock()
        fields = dict(line.split(b":", 1) for line in lines[1:])
        self._chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        self._left = int(fields.get(b"content-length", b"0"))
        self._last = b"close" in fields.get(b"connection", b"")
        self.on_first()
        return True

    def _read_plain(self) -> bool:
        assert self._left is not None
        part = self._raw[: self._left]
        self._answer.body += part
        del self._raw[: len(part)]
        self._left -= len(part)
        return self._left == 0

    def _read_chunks(self) -> bool:
        while (end := self._raw.find(b"\r\n")) >= 0:
            size = int(self._raw[:end], 16)
            whole = end + 2 + size + 2
            if len(self._raw) < whole:
                return False
            self._answer.body += self._raw[end + 2 : whole - 2]
            del self._raw[:whole]
            if size == 0:
                return True
        return False


async def connect(host: str, port: int) -> Connection:
    """A new connection.

    Raises:
        Broken: it could not be made.
    """
    try:
        _, connection = await asyncio.get_running_loop().create_connection(Connection, host, port)
    except OSError as error:
        raise Broken(f"no connection: {error}") from error
    return connection


def request(method: str, url: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> bytes:
    """The bytes of a request on a kept connection."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"{method} {target} HTTP/1.1", f"host: {parts.netloc}", "accept: */*"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
