"""What is asked for and what comes back: limits of a call, headers of both ways, answers.

Plain records. Their reprs show sizes and names only: bodies and header values may hold tokens.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from flow2api import __version__
from flow2api.net.url import Url

# What frames the message is ours to say.
_OWN_HEADERS = frozenset(("host", "connection", "content-length", "transfer-encoding"))
_USER_AGENT = ("User-Agent", f"flow2api/{__version__}")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a call may take and how much it may bring."""

    connect_seconds: float = 10.0
    """For name lookup, connection, proxy and TLS together."""
    total_seconds: float = 120.0
    """From the call to the last byte of the answer."""
    max_bytes: int = 32 * 1024 * 1024
    """Of the body, after decompression."""


class Headers:
    """The headers of an answer: in order, names in lower case, looked up in any case."""

    __slots__ = ("_pairs",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = [(name.lower(), value) for name, value in pairs]

    @classmethod
    def from_wire(cls, raw: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Headers as bytes with lower-case names. Every byte is a character (Latin-1), so that nothing can be undecodable."""
        headers = cls()
        headers._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
        return headers

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value of `name`."""
        name = name.lower()
        return next((value for key, value in self._pairs if key == name), default)

    def get_all(self, name: str) -> list[str]:
        """Every value of `name`, in order (`Set-Cookie` may come many times)."""
        name = name.lower()
        return [value for key, value in self._pairs if key == name]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __repr__(self) -> str:
        return f"Headers({', '.join(name for name, _ in self._pairs)})"


class Head(msgspec.Struct, frozen=True):
    """An answer before its body. `bodiless`: by the rules of HTTP no body follows, whatever the headers say."""

    status: int
    headers: Headers
    bodiless: bool


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, its body decoded from gzip or deflate."""

    status: int
    headers: Headers
    body: bytes
    url: str

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} bytes)"


class Downloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a download. A file was written only if `status` is 200."""

    status: int
    mime: str
    """Type without parameters, in lower case; empty if none was given."""
    size_bytes: int
    """Size of the file; 0 where none was written."""
    headers: Headers
    head: bytes
    """The first 64 KiB of the file, or all of it."""
    body: bytes = b""
    """For a status other than 200: the first 64 KiB of what came instead."""

    def __repr__(self) -> str:
        return f"Downloaded({self.status}, {self.mime or 'no type'}, {self.size_bytes} bytes)"


def request_headers(url: Url, given: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What asks is to send besides its own: it would close the connection, and misspells hosts that are IPv6 addresses."""
    headers = dict([("Host", url.authority), ("Connection", "keep-alive"), _USER_AGENT])
    for name, value in given:
        if name.lower() not in _OWN_HEADERS:
            headers[name] = f"{headers[name]}, {value}" if name in headers and name != "User-Agent" else value
    return headers
