"""Addresses as the caller sees them: the base of the links that we hand out, and who is asking.

What a proxy in front says is only believed when the connection comes from a trusted one. A `Host` that is no host name never
reaches an answer.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


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
        """Whether no foreign page is behind the request: browsers add what they know, passwords and cookies, to those as well.

        Which scheme a page has is only asked where it is known that ours is https: a proxy that nobody trusts does not tell."""
        origin = _text(request.header(b"origin"))
        if not origin:
            return True
        scheme, _, place = origin.partition("://")
        own_scheme, _, own_address = self.base(request).partition("://")
        place = place.removesuffix(_USUAL_PORTS.get(scheme, ""))
        own_place = own_address.partition("/")[0].removesuffix(_USUAL_PORTS.get(own_scheme, ""))
        if not place or (place == own_place and own_scheme == "https" and scheme != "https"):
            return False
        return place in (own_place, _text(request.header(b"host")))

    def secure(self, request: Caller) -> bool:
        """Whether the caller's browser reaches this gateway by https; its page says so where it asks."""
        return (_text(request.header(b"origin")) or self.base(request)).startswith("https://")

    def media(self, request: Caller, name: str) -> str:
        """The public link of a stored file."""
        return f"{self.base(request)}/media/{name}"

    def peer(self, request: Caller) -> str:
        """The caller's address: the last one in X-Forwarded-For that is no trusted proxy, else the connection's own. What is no
        address in there counts as not said."""
        client = _client(request)
        if not self._trusted:
            return client
        # Some proxies add a header of their own behind the one that the caller sent, instead of to it.
        said = b",".join(value for name, value in request.scope["headers"] if name == b"x-forwarded-for")
        hops = [hop.strip() for hop in said.decode("latin-1").split(",") if hop.strip()]
        while hops and self._trusts(client) and (hop := _address(hops.pop())):
            client = hop
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


def _address(hop: str) -> str:
    """The address of a hop, which some proxies name with its port; empty when it is none."""
    host = hop[1:].partition("]")[0] if hop.startswith("[") else hop
    if hop.count(":") == 1:
        host = hop.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return ""


def _bound(request: Caller) -> str:
    """Where the connection came in, for a caller that names no usable host."""
    host, port = request.scope.get("server") or ("localhost", None)
    shown = f"[{host}]" if ":" in str(host) else str(host)
    return f"{shown}:{port}" if port else shown


def _text(value: bytes | None) -> str:
    return (value or b"").decode("latin-1").strip()


def _first(value: bytes | None) -> str:
    return _text(value).split(",")[0].strip()
