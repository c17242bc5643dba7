"""URLs as we send them: parsed once, strictly, into what dialling, pooling and the request line need.

Refuses what different programs read differently (user names, backslashes, addresses in octal or hexadecimal), so that the
host which is checked is the host which is asked. Knows nothing of addresses that may be forbidden, nor of connections.
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# A last label of this form makes resolvers read the whole host as a number: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_VISIBLE = re.compile(r"[\x21-\x7e]*")
# Everything visible stays as it was given (a signed URL must not be rewritten); only blanks and other letters are quoted.
_KEEP = "".join(map(chr, range(0x21, 0x7F)))


class Url(NamedTuple):
    """A usable http(s) URL. `host` is a lower-case ASCII name or an address without brackets."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query, as the request line has it."""

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: the `Host` header."""
        return _bracketed(self.host) if self.port == DEFAULT_PORTS[self.scheme] else self.place

    @property
    def place(self) -> str:
        """Host and port, for messages: it holds nothing of path or query, where secrets may stand."""
        return f"{_bracketed(self.host)}:{self.port}"

    @property
    def text(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


@lru_cache(maxsize=512)
def parse_url(text: str) -> Url:
    """Take a URL apart.

    Raises:
        ValueError: it is not a plain http(s) URL; the message says why and quotes nothing of it."""
    text = text.strip(" ")
    if _CONTROL.search(text):
        raise ValueError("the URL holds control characters")
    parts = urlsplit(text)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("the URL must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("the URL must not hold a user name or password")
    if not parts.hostname:
        raise ValueError("the URL names no host")
    return Url(parts.scheme, clean_host(parts.hostname), _port(parts), _target(parts))


def clean_host(host: str) -> str:
    """The one spelling of a host name or address.

    Raises:
        ValueError: it is neither."""
    if ":" in host:
        return _ipv6(host)
    name = host.lower().removesuffix(".") if host.isascii() else host.encode("idna").decode("ascii").removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError("the host is not a valid name")
    if _NUMBER.fullmatch(name):
        return _ipv4(name)
    return name


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError("the host is not a valid IPv6 address") from None
    if address.scope_id is not None:
        raise ValueError("an IPv6 address must not name a zone")
    return str(address)


def _ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise ValueError("the host is a number; an IPv4 address is written as four decimal numbers") from None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        raise ValueError("the port is not a number between 1 and 65535") from None
    if port == 0:
        raise ValueError("the port is not a number between 1 and 65535")
    return port or DEFAULT_PORTS[parts.scheme]


def _target(parts: SplitResult) -> str:
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return target if _VISIBLE.fullmatch(target) else quote(target, safe=_KEEP)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
