"""A client of bare bytes, for tests in which it matters how a connection ends."""

from collections.abc import Mapping
from typing import Any

import msgspec
import trio


class Reply(msgspec.Struct, kw_only=True):
    """What came back. `complete` False: the connection ended before the announced length was reached."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class NoReply(Exception):
    """The connection ended before an answer began."""


class RawClient:
    """One connection, kept open between requests."""

    def __init__(self, stream: trio.abc.Stream, host: str) -> None:
        self.stream = stream
        self.host = host
        self._ahead = b""

    @classmethod
    async def open(cls, base: str) -> "RawClient":
        host, _, port = base.removeprefix("http://").rpartition(":")
        return cls(await trio.open_tcp_stream(host, int(port)), f"{host}:{port}")

    async def ask(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request and read its answer, as far as it comes."""
        await self.send(method, target, body, headers)
        status, fields = await self._read_head()
        length = int(fields.get("content-length", "0"))
        while len(self._ahead) < length and await self._read_more():
            pass
        content, self._ahead = self._ahead[:length], self._ahead[length:]
        return Reply(status=status, headers=fields, body=content, complete=len(content) == length)

    async def send(self, method: str, target: str, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        """Send a request and read nothing."""
        content = b"" if body is None else msgspec.json.encode(body)
        fields = {"Host": self.host, "Content-Type": "application/json", "Content-Length": str(len(content))}
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in (fields | dict(headers or {})).items()),
        ]
        await self.stream.send_all("\r\n".join([*lines, "", ""]).encode() + content)

    async def ended(self) -> bool:
        """Whether the other side has ended the connection; waits for it or for more bytes."""
        return not self._ahead and not await self._read_more()

    async def _read_head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer, behind interim answers if there are any."""
        while True:
            while b"\r\n\r\n" not in self._ahead:
                if not await self._read_more():
                    raise NoReply
            head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin1").split("\r\n")
            status = int(first.split(" ")[1])
            if status >= 200:
                return status, {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }

    async def _read_more(self) -> bool:
        try:
            data = await self.stream.receive_some(65536)
        except trio.BrokenResourceError:
            return False
        self._ahead += data
        return bool(data)
