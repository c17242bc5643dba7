"""Where a URL given by a caller or by a service may lead: by default to the public internet alone.

A name is resolved once and the addresses found are the ones dialled, so that a name cannot mean one thing when checked and
another when asked. Only an exit that resolves names itself is given the name, which then means what it means over there; names that
are not of the internet are refused for it too. Every redirect is checked like the first URL. What operators allow besides is listed by
them; and a service may always be asked at the very origin to which its calls go anyway.
"""

import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urljoin

import msgspec
import trio

from flow2api.errors import AddressForbidden, ResponseUnreadable, TimedOut, Unreachable
from flow2api.net.addresses import Address, inner_ipv4, is_public
from flow2api.net.exits import is_loopback, parse_exit
from flow2api.net.http import Http
from flow2api.net.message import Downloaded, Limits, Response
from flow2api.net.url import Url, clean_host, parse_url

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_LOW_PORTS = (80, 443)
# Endings of names that mean something in one network alone.
_LOCAL_NAMES = (".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa")
# Ports above 1023 that browsers refuse, since the services there can be tricked by what looks like HTTP, and usual databases.
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    | {3306, 5432, 6379, 11211, 27017}
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
A = TypeVar("A", Response, Downloaded)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Target(msgspec.Struct, frozen=True):
    """A checked URL, with the addresses that were checked: dial these and no others. No addresses where the exit is to resolve the name, or
    where it does not matter what it means."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


# The system takes up to half a minute for a name whose servers do not answer, and callers choose the names: in the common threads they
# could keep all files and pictures of others waiting.
_RESOLVERS = 16
_limiter: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("names of callers")


def _resolvers() -> trio.CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = trio.CapacityLimiter(_RESOLVERS)
        _limiter.set(limiter)
        return limiter


async def resolve_name(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as the system resolves it; an address is its own."""
    found = await trio.to_thread.run_sync(
        partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM), abandon_on_cancel=True, limiter=_resolvers()
    )
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Guard:
    """Checks and fetches URLs given by others.

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

    async def check(self, url: str, *, own: Sequence[str] = (), exit_url: str | None = None) -> Target:
        """Resolve `url` and decide on it. `own` are addresses of the service that gave it, whose very origins may be anywhere;
        `exit_url` is the exit through which it is to be asked.

        Raises:
            AddressForbidden: it may not be reached.
            Unreachable: its name cannot be resolved."""
        parsed = _parsed(url)
        if any(same_origin(parsed, one) for one in own):
            return Target(parsed.text, parsed.host, parsed.port, ())
        if (parsed.port < 1024 and parsed.port not in _LOW_PORTS) or parsed.port in _BAD_PORTS:
            raise AddressForbidden(f"port {parsed.port} may not be asked; use 80, 443 or one above 1023")
        if self._is_resolved_at(exit_url, parsed.host):
            if _is_local_name(parsed.host) and parsed.host not in self._hosts:
                raise AddressForbidden(f"{parsed.host} is no name of the public internet")
            return Target(parsed.text, parsed.host, parsed.port, ())
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
            return await self.follow(
                url, lambda target: http.request("GET", target.url, limits=limits, addresses=target.addresses)
            )
        raise TimedOut(f"no complete answer within {limits.total_seconds:g} s")

    async def follow(
        self,
        url: str,
        ask: Callable[[Target], Awaitable[A]],
        *,
        own: Sequence[str] = (),
        exit_url: str | None = None,
    ) -> A:
        """The answer at the end of at most three redirects, of which each is checked before `ask` is called for it; see `check`.

        Raises:
            NetworkFault: it may not or cannot be had."""
        for _ in range(MAX_REDIRECTS + 1):
            target = await self.check(url, own=own, exit_url=exit_url)
            answer = await ask(target)
            location = answer.headers.get("location")
            if location is None or answer.status not in _REDIRECTS:
                return answer
            url = _joined(target.url, location)
        raise ResponseUnreadable(f"{target.host} redirects more than {MAX_REDIRECTS} times")

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

    @staticmethod
    def _is_resolved_at(exit_url: str | None, host: str) -> bool:
        """Whether the exit resolves this name; an address needs no resolving, and this machine is no exit's to reach."""
        if not exit_url or _is_address(host) or is_loopback(host):
            return False
        try:
            return parse_exit(exit_url).scheme != "socks5"
        except ValueError:
            return False

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


NOTHING_PRIVATE = Guard()
"""Lets nothing but the public internet be asked."""


def same_origin(url: Url, base_url: str) -> bool:
    """Whether `url` is at the very origin of an address that is known."""
    try:
        base = parse_url(base_url)
    except ValueError:
        return False
    return (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_local_name(host: str) -> bool:
    return "." not in host or host.endswith(_LOCAL_NAMES)


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
