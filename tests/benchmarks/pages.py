"""Open dashboards, a process of their own: reads a crowd as JSON from standard input, prints a line when all are open, and what they
got when standard input has ended.

They take in what comes without understanding it, so that they cost little processor time; one page alone would read on all the same.
"""

import asyncio
import base64
import os
import sys

import msgspec

_LINE = msgspec.json.Encoder()
_PING_SECONDS = 10.0
_OPEN_SECONDS = 30.0
_BUFFER_BYTES = 256 * 1024


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Who looks at what."""

    host: str
    port: int
    token: str
    count: int
    topics: tuple[str, ...]


class Got(msgspec.Struct, frozen=True, kw_only=True):
    """What they got."""

    bytes: int
    lost: int
    """Pages whose connection ended before they left."""


class _Page(asyncio.BufferedProtocol):
    """One of them. All share the buffer, since nothing in it is looked at after the handshake."""

    def __init__(self, crowd: Crowd, buffer: bytearray) -> None:
        self._crowd = crowd
        self._buffer = buffer
        self._transport: asyncio.Transport
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.bytes = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            "GET /api/live HTTP/1.1",
            f"host: {self._crowd.host}:{self._crowd.port}",
            f"authorization: Bearer {self._crowd.token}",
            "upgrade: websocket",
            "connection: Upgrade",
            "sec-websocket-version: 13",
            f"sec-websocket-key: {key}",
        )
        transport.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.bytes += nbytes
        if self.open.done():
            return
        if not self._buffer.startswith(b"HTTP/1.1 101"):
            self.open.set_exception(ConnectionError(bytes(self._buffer[:200]).decode(errors="replace")))
            return
        self.open.set_result(None)
        self._say({"type": "subscribe", "topics": self._crowd.topics})

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True
        if not self.open.done():
            self.open.set_exception(ConnectionError(f"ended in the handshake: {error}"))

    def ping(self) -> None:
        if not self.lost:
            self._say({"type": "ping"})

    def _say(self, frame: object) -> None:
        text = _LINE.encode(frame)
        # Masked with zeros, which change nothing.
        self._transport.write(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)


async def _look(crowd: Crowd) -> Got:
    loop = asyncio.get_running_loop()
    buffer = bytearray(_BUFFER_BYTES)
    pages: list[_Page] = []
    for _ in range(crowd.count):
        _, page = await loop.create_connection(lambda: _Page(crowd, buffer), crowd.host, crowd.port)
        await asyncio.wait_for(page.open, _OPEN_SECONDS)
        pages.append(page)
    print(flush=True)
    leaving = asyncio.ensure_future(asyncio.to_thread(sys.stdin.buffer.read))
    while not leaving.done():
        await asyncio.wait([leaving], timeout=_PING_SECONDS)
        for page in pages:
            page.ping()
    return Got(bytes=sum(page.bytes for page in pages), lost=sum(page.lost for page in pages))


def main() -> None:
    """Look until standard input ends."""
    crowd = msgspec.json.decode(sys.stdin.buffer.readline(), type=Crowd)
    got = asyncio.run(_look(crowd))
    sys.stdout.buffer.write(_LINE.encode(got))


if __name__ == "__main__":
    main()
