"""Exits: the proxies through which calls may leave, as operators write them down.

A password stands in `Exit.url` and `Exit.password` alone; reprs and error messages never show one.
"""

import hashlib
import ipaddress
import os
import re
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import quote, unquote

import msgspec

from flow2api.errors import NetworkFault
from flow2api.log import MASK
from flow2api.net.url import clean_host

SCHEMES = ("http", "socks5", "socks5h")
_FORMS = "use http://user:password@host:port, socks5://..., socks5h://..., host:port or host:port:user:password"
_PLACE = re.compile(r"(\[[^\]]*\]|[^\[\]:]*):([0-9]{1,5})(?::(.*))?")
_VISIBLE = re.compile(r"[\x21-\x7e]*")
# SOCKS5 gives each of them one byte for its length.
_MAX_CREDENTIAL = 255
# New in every process, so that a key tells nothing about a password to whoever guesses at it.
_KEY_OF_KEYS = os.urandom(32)


class Exit(msgspec.Struct, frozen=True, kw_only=True):
    """One proxy. With `socks5` names are resolved here, with `socks5h` and `http` at the proxy."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: str = ""

    @property
    def place(self) -> str:
        """Scheme, host and port: how it is shown."""
        return f"{self.scheme}://{_bracketed(self.host)}:{self.port}"

    @property
    def masked(self) -> str:
        """The address with a mask in place of the credentials, for whoever is to see that there are some."""
        return self.place.replace("://", f"://{MASK}@") if self.username else self.place

    @property
    def key(self) -> str:
        """Tells exits apart, credentials included, without showing any; for this process alone."""
        return hashlib.blake2b(self.url.encode(), key=_KEY_OF_KEYS, digest_size=16).hexdigest()

    @property
    def url(self) -> str:
        """The one spelling of this exit, with its credentials."""
        if not self.username:
            return self.place
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}"
        return f"{self.scheme}://{credentials}@{_bracketed(self.host)}:{self.port}"

    def __repr__(self) -> str:
        return f"Exit({self.place}{', with password' if self.username else ''})"


class ExitUse(msgspec.Struct, frozen=True):
    """One call that went out, or was to go out, through an exit."""

    exit: Exit
    seconds: float
    """How long the call took, from its turn to its end."""
    fault: NetworkFault | None
    """What ended it before there was a complete answer; None for any answer."""


class ExitChoice(Protocol):
    """Chooses the exit of one call; asked anew for each, since exits come and go."""

    def __call__(self, avoid: Collection[str] = ()) -> str | None:
        """The URL of the exit, None for direct. One of `avoid` only where there is no other.

        Raises:
            ProxyRefused: there are exits and none may be used, which does not mean that calls may go out directly."""


def directly(avoid: Collection[str] = ()) -> None:
    """The `ExitChoice` of whoever has no exits."""


class _Credentials(NamedTuple):
    username: str
    password: str


@lru_cache(maxsize=512)
def parse_exit(text: str) -> Exit:
    """Read a proxy in any of the usual notations; without a scheme it is an HTTP proxy.

    Raises:
        ValueError: it cannot be used; the message says why and shows nothing of it but a wrong scheme."""
    scheme, rest = _scheme(text.strip())
    credentials, at, place = rest.rstrip("/").rpartition("@")
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ValueError(f"the proxy has no host and port ({_FORMS})")
    host, port, trailing = match.groups()
    if at and trailing is not None:
        raise ValueError(f"the proxy names its user twice ({_FORMS})")
    user = _quoted(credentials) if at else _plain(trailing)
    return Exit(scheme=scheme, host=_host(host), port=_port(port), username=user.username, password=user.password)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, which no proxy could reach."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or bool(address.version == 6 and address.ipv4_mapped and address.ipv4_mapped.is_loopback)


def _scheme(text: str) -> tuple[str, str]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "http", text
    if scheme.lower() not in SCHEMES:
        named = scheme if scheme.isalnum() and len(scheme) < 12 else "this"
        raise ValueError(f"{named} is not a kind of proxy that can be used ({_FORMS})")
    return scheme.lower(), rest


def _quoted(text: str) -> _Credentials:
    username, _, password = text.partition(":")
    return _checked(unquote(username), unquote(password))


def _plain(text: str | None) -> _Credentials:
    if text is None:
        return _Credentials("", "")
    username, _, password = text.partition(":")
    return _checked(username, password)


def _checked(username: str, password: str) -> _Credentials:
    if not username or not password:
        raise ValueError("a proxy that asks for a login needs both user name and password")
    if ":" in username:
        raise ValueError("the proxy's user name must not hold a colon")
    for value in (username, password):
        if len(value) > _MAX_CREDENTIAL or not _VISIBLE.fullmatch(value):
            raise ValueError("the proxy's user name and password must be at most 255 visible ASCII characters")
    return _Credentials(username, password)


def _host(text: str) -> str:
    try:
        return clean_host(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError("the proxy's host is not a valid name or address") from None


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError("the proxy's port is not between 1 and 65535")
    return port


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
