"""Addresses as the caller sees them: the base of the links that we hand out, and who is asking.

What a proxy in front says is only believed when the connection comes from a trusted one. A `Host` that is no host name never
reaches an answer.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")


class Caller(Protocol):
    """What is known of who asks, be it for a page, an answer or a websocket."""

    scope: Any

    def header(self, name: bytes) -> bytes | None:
        """The first header of this lower-case name, as it came."""


class Links:
    """Builds absolute links for one gateway."""

    def __init__(self, public_url: str, trusted_proxies: Iterable[str]) -> None:
        self._public = public_url.rstrip("/")
        self._trusted = [ip_network(network, strict=False) for network in trusted_proxies]

    def base(self, request: Caller) -> str:
        """Scheme, host and port of this gateway for this caller, without a slash at the end."""
        if self._public:
            return self._public
        scheme, host = str(request.scope["scheme"]), _text(request.header(b"host"))
        if self._trusted and self._trusts(_client(request)):
            forwarded = _first(request.header(b"x-forwarded-proto")).lower()
            scheme = forwarded if forwarded in ("http", "https") else scheme
            host = _first(request.header(b"x-forwarded-host")) or host
        if not _HOST.fullmatch(host):
            host = _bound(request)
        return f"{scheme}://{host}"

    def same_origin(self, request: Caller) -> bool:
        """Whether no foreign page is behind the request: browsers add what they know, passwords and cookies, to those as well."""
        origin = _text(request.header(b"origin"))
        own = (_text(request.header(b"host")), self.base(request).partition("://")[2])
        return not origin or origin.partition("://")[2] in own

    def secure(self, request: Caller) -> bool:
        """Whether the caller's browser reaches this gateway by https; its page says so where it asks."""
        return (_text(request.header(b"origin")) or self.base(request)).startswith("https://")

    def media(self, request: Caller, name: str) -> str:
        """The public link of a stored file."""
        return f"{self.base(request)}/media/{name}"

    def peer(self, request: Caller) -> str:
        """The caller's address: the last one in X-Forwarded-For that is no trusted proxy, else the connection's own."""
        client = _client(request)
        if not self._trusted:
            return client
        hops = [hop.strip() for hop in _text(request.header(b"x-forwarded-for")).split(",") if hop.strip()]
        while hops and self._trusts(client):
            client = hops.pop()
        return client

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed.version == network.version and parsed in network for network in self._trusted)


def _client(request: Caller) -> str:
    client = request.scope.get("client")
    return str(client[0]) if client else ""


def _bound(request: Caller) -> str:
    """Where the connection came in, for a caller that names no usable host."""
    host, port = request.scope.get("server") or ("localhost", None)
    shown = f"[{host}]" if ":" in str(host) else str(host)
    return f"{shown}:{port}" if port else shown


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").strip()


def _first(value: bytes | None) -> str:
    return _text(value).split(",")[0].strip()
