"""Where a URL given by a caller may lead: by default to the public internet alone.

A name is resolved once and the addresses found are the ones dialled, so that a name cannot mean one thing when checked and
another when asked. Every redirect is checked like the first URL. What operators allow besides is listed by them.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urljoin

import msgspec
import trio

from flow2api.errors import AddressForbidden, ResponseUnreadable, TimedOut, Unreachable
from flow2api.net.addresses import Address, inner_ipv4, is_public
from flow2api.net.http import Http
from flow2api.net.message import Limits, Response
from flow2api.net.url import Url, clean_host, parse_url

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_LOW_PORTS = (80, 443)
# Ports above 1023 that browsers refuse, since the services there can be tricked by what looks like HTTP, and usual databases.
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    | {3306, 5432, 6379, 11211, 27017}
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Target(msgspec.Struct, frozen=True):
    """A checked URL, with the addresses that were checked: dial these and no others."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system resolves it; an address is its own."""
    found = await trio.socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guard:
    """Checks and fetches URLs given by callers.

    `allow_private` lists networks (`10.0.0.0/8`), addresses (`127.0.0.1`) and host names (`nas.local`) that may be reached although
    they are not public.

    Raises:
        ValueError: an entry is none of these."""

    def __init__(self, allow_private: Sequence[str] = (), *, resolve: Resolve = resolve_name) -> None:
        self._networks: list[Network] = []
        self._hosts: set[str] = set()
        self._resolve = resolve
        for entry in allow_private:
            self._allow(entry.strip())

    async def check(self, url: str) -> Target:
        """Resolve `url` and decide on it.

        Raises:
            AddressForbidden: it may not be reached.
            Unreachable: its name cannot be resolved."""
        parsed = _parsed(url)
        if (parsed.port < 1024 and parsed.port not in _LOW_PORTS) or parsed.port in _BAD_PORTS:
            raise AddressForbidden(f"port {parsed.port} may not be asked; use 80, 443 or one above 1023")
        addresses = await self._addresses(parsed)
        for address in addresses:
            if not self._allowed(parsed.host, address):
                raise AddressForbidden(f"{parsed.host} leads to an address that is not public")
        return Target(parsed.text, parsed.host, parsed.port, tuple(str(address) for address in addresses))

    async def fetch(self, http: Http, url: str, limits: Limits) -> Response:
        """GET `url`, following at most three redirects; the limits hold for all of it together.

        Raises:
            NetworkFault: it may not or cannot be had."""
        with trio.move_on_after(limits.total_seconds):
            for _ in range(MAX_REDIRECTS + 1):
                target = await self.check(url)
                response = await http.request("GET", target.url, limits=limits, addresses=target.addresses)
                location = response.headers.get("location")
                if location is None or response.status not in _REDIRECTS:
                    return response
                url = _joined(target.url, location)
            raise ResponseUnreadable(f"{target.host} redirects more than {MAX_REDIRECTS} times")
        raise TimedOut(f"no complete answer within {limits.total_seconds:g} s")

    def _allow(self, entry: str) -> None:
        try:
            self._networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            try:
                self._hosts.add(clean_host(entry))
            except ValueError:
                raise ValueError(f"{entry!r} is neither a network, an address nor a host name") from None

    def _allowed(self, host: str, address: Address) -> bool:
        if is_public(address) or host in self._hosts:
            return True
        candidates = [address, inner_ipv4(address)]
        return any(one in network for one in candidates if one is not None for network in self._networks)

    async def _addresses(self, url: Url) -> list[Address]:
        try:
            return [ipaddress.ip_address(url.host)]
        except ValueError:
            pass
        try:
            found = await self._resolve(url.host, url.port)
        except OSError as exc:
            raise Unreachable(f"the name {url.host} cannot be resolved") from exc
        if not found:
            raise Unreachable(f"the name {url.host} has no address")
        return [ipaddress.ip_address(address.partition("%")[0]) for address in found]


def _parsed(url: str) -> Url:
    try:
        return parse_url(url)
    except ValueError as exc:
        raise AddressForbidden(str(exc)) from None


def _joined(base: str, location: str) -> str:
    try:
        return urljoin(base, location)
    except ValueError:
        raise AddressForbidden("the server redirects to something that is not a URL") from None
