"""An HTTP CONNECT and SOCKS5 proxy on loopback that can misbehave on demand.

It tells the two protocols apart by the first byte. Faults are set on the running double, which can also die and come back in the same
place. It connects every target to `upstream` when one is given, so that names which exist nowhere can be asked for; and it records
what was asked and counts connections.
"""

import base64
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import trio

_SOCKS = 5
_NO_LOGIN, _LOGIN, _NO_METHOD = 0, 2, 0xFF
_IPV4, _NAME, _IPV6 = 1, 3, 4


@dataclass(frozen=True)
class Faults:
    """What goes wrong, for every connection from now on."""

    drop: bool = False
    """Close each connection at once."""
    hang: bool = False
    """Take connections and never answer."""
    refuse: bool = False
    """Let clients in but refuse every target."""
    garbage: bool = False
    """Answer with something that is no proxy's answer."""
    drip: bool = False
    """Send the answer of an HTTP proxy byte by byte."""
    die_after: int | None = None
    """Cut the tunnel after so many bytes from the target."""


@dataclass
class ProxyDouble:
    """What the proxy saw, and its faults."""

    login: tuple[str, str] | None
    upstream: int | None
    port: int = 0
    faults: Faults = Faults()
    accepted: int = 0
    open_now: int = 0
    targets: list[tuple[str, int]] = field(default_factory=list)
    _changed: trio.Event = field(default_factory=trio.Event)
    _clients: set[trio.SocketStream] = field(default_factory=set)
    _asking: set[trio.SocketStream] = field(default_factory=set)
    """Clients that wait for an answer, or have just come."""
    _retired: bool = False
    _listening: trio.CancelScope = field(init=False, repr=False)
    _life: trio.CancelScope = field(init=False, repr=False)
    _ended: trio.Event = field(init=False, repr=False)
    _nursery: trio.Nursery = field(init=False, repr=False)

    def url(self, scheme: str, login: tuple[str, str] | None = None) -> str:
        """How a client names this proxy."""
        credentials = f"{login[0]}:{login[1]}@" if login else ""
        return f"{scheme}://{credentials}127.0.0.1:{self.port}"

    async def wait_open(self, count: int) -> None:
        """Until exactly `count` connections are open, as far as this side has noticed."""
        while self.open_now != count:
            await self._changed.wait()

    async def wait_target(self, count: int) -> None:
        """Until it has been asked for so many targets."""
        while len(self.targets) < count:
            await self._changed.wait()

    async def live(self, *, task_status: trio.TaskStatus[None]) -> None:
        """Take connections until it dies."""
        self._ended, self._retired = trio.Event(), False
        with trio.CancelScope() as self._life:
            listeners = await trio.open_tcp_listeners(self.port, host="127.0.0.1")
            self.port = listeners[0].socket.getsockname()[1]
            async with trio.open_nursery() as serving:
                task_status.started()
                with trio.CancelScope() as self._listening:
                    await trio.serve_listeners(self.serve, listeners, handler_nursery=serving)
        self._ended.set()

    async def kill(self) -> None:
        """Be gone, with every connection, from one moment to the next."""
        self.cut()
        self._life.cancel()
        await self._ended.wait()

    async def retire(self) -> None:
        """Be gone as a server that is told to stop: let nobody in any more, and end each connection when its call is answered."""
        self._listening.cancel()
        self._retired = True
        for stream in self._clients - self._asking:
            stream.socket.close()
        await self._ended.wait()

    async def revive(self) -> None:
        """Be back in the same place."""
        await self._nursery.start(self.live)

    def cut(self) -> None:
        """End every connection."""
        for stream in self._clients:
            stream.socket.close()

    async def serve(self, stream: trio.SocketStream) -> None:
        self.accepted += 1
        self._clients.add(stream)
        self._asking.add(stream)
        self._count(+1)
        try:
            await self._serve(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, EOFError):
            pass  # the client went away: the test looks at the client
        finally:
            stream.socket.close()
            self._clients.discard(stream)
            self._asking.discard(stream)
            self._count(-1)

    async def _serve(self, stream: trio.SocketStream) -> None:
        if self.faults.drop:
            return
        if self.faults.hang:
            await _until_end(stream)
            return
        first = await _exactly(stream, 1)
        if self.faults.garbage:
            await stream.send_all(b"\x00what?\r\n\r\n")
            return
        target = await (self._socks(stream) if first[0] == _SOCKS else self._connect(stream, first))
        if target is not None:
            await self._tunnel(stream, *target)

    async def _connect(self, stream: trio.SocketStream, first: bytes) -> tuple[str, int] | None:
        head = bytearray(first)
        while not head.endswith(b"\r\n\r\n"):
            head += await _exactly(stream, 1)
        line, *headers = head.decode("latin-1").split("\r\n")
        method, place, _ = line.split(" ")
        if method != "CONNECT":
            await self._say(stream, "405 Method Not Allowed")
        elif self.login and f"Proxy-Authorization: Basic {_basic(self.login)}" not in headers:
            await self._say(stream, "407 Proxy Authentication Required")
        elif self.faults.refuse:
            await self._say(stream, "502 Bad Gateway")
        else:
            host, _, port = place.rpartition(":")
            self._lead_to((host, int(port)))
            await self._say(stream, "200 Connection established")
            return self.targets[-1]
        return None

    async def _say(self, stream: trio.SocketStream, status: str) -> None:
        answer = f"HTTP/1.1 {status}\r\nX-Proxy: double\r\n\r\n".encode()
        step = 1 if self.faults.drip else len(answer)
        for start in range(0, len(answer), step):
            await stream.send_all(answer[start : start + step])
            # Lets the other side read, so that the pieces really come one by one.
            await trio.testing.wait_all_tasks_blocked() if self.faults.drip else None

    async def _socks(self, stream: trio.SocketStream) -> tuple[str, int] | None:
        methods = await _exactly(stream, (await _exactly(stream, 1))[0])
        wanted = _LOGIN if self.login else _NO_LOGIN
        if wanted not in methods:
            await stream.send_all(bytes([_SOCKS, _NO_METHOD]))
            return None
        await stream.send_all(bytes([_SOCKS, wanted]))
        if self.login and not await self._socks_login(stream, self.login):
            return None
        target = await _socks_target(stream)
        await stream.send_all(bytes([_SOCKS, int(self.faults.refuse), 0, _IPV4, 0, 0, 0, 0, 0, 0]))
        if self.faults.refuse:
            return None
        self._lead_to(target)
        return target

    async def _socks_login(self, stream: trio.SocketStream, login: tuple[str, str]) -> bool:
        await _exactly(stream, 1)
        name = await _exactly(stream, (await _exactly(stream, 1))[0])
        password = await _exactly(stream, (await _exactly(stream, 1))[0])
        right = (name.decode(), password.decode()) == login
        await stream.send_all(bytes([1, 0 if right else 1]))
        return right

    async def _tunnel(self, client: trio.SocketStream, host: str, port: int) -> None:
        place = ("127.0.0.1", self.upstream) if self.upstream else (host, port)
        target = await trio.open_tcp_stream(*place)
        try:
            async with trio.open_nursery() as nursery:
                asks, answers = partial(self._asks, client), partial(self._answers, client)
                nursery.start_soon(_relay, client, target, asks, None, nursery.cancel_scope)
                nursery.start_soon(_relay, target, client, answers, self.faults.die_after, nursery.cancel_scope)
        finally:
            target.socket.close()

    def _asks(self, client: trio.SocketStream, passed_on: bool) -> None:
        if not passed_on:
            self._asking.add(client)

    def _answers(self, client: trio.SocketStream, passed_on: bool) -> None:
        """The end of an answer, so far as that can be seen from outside: it is taken to come in one piece."""
        if passed_on:
            self._asking.discard(client)
            if self._retired:
                client.socket.close()

    def _lead_to(self, target: tuple[str, int]) -> None:
        self.targets.append(target)
        self._note()

    def _count(self, change: int) -> None:
        self.open_now += change
        self._note()

    def _note(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


@asynccontextmanager
async def open_proxy(
    *, login: tuple[str, str] | None = None, upstream: int | None = None
) -> AsyncIterator[ProxyDouble]:
    """A running proxy. With `login` it lets nobody else in; with `upstream` every tunnel leads to that local port."""
    proxy = ProxyDouble(login, upstream)
    async with trio.open_nursery() as nursery:
        proxy._nursery = nursery
        await proxy.revive()
        yield proxy
        nursery.cancel_scope.cancel()


async def _relay(
    source: trio.SocketStream,
    sink: trio.SocketStream,
    tell: Callable[[bool], None],
    at_most: int | None,
    scope: trio.CancelScope,
) -> None:
    """Copy until either side ends; that ends the whole tunnel. `tell` hears of each piece before and after it is passed on."""
    try:
        while at_most is None or at_most > 0:
            data = await source.receive_some(at_most if at_most is not None else 65536)
            if not data:
                break
            tell(False)
            await sink.send_all(data)
            tell(True)
            at_most = None if at_most is None else at_most - len(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # one side is gone, which is the end of the tunnel
    scope.cancel()


async def _socks_target(stream: trio.SocketStream) -> tuple[str, int]:
    *_, kind = await _exactly(stream, 4)
    if kind == _NAME:
        host = (await _exactly(stream, (await _exactly(stream, 1))[0])).decode()
    elif kind == _IPV4:
        host = str(ipaddress.IPv4Address(await _exactly(stream, 4)))
    else:
        assert kind == _IPV6
        host = str(ipaddress.IPv6Address(await _exactly(stream, 16)))
    return host, int.from_bytes(await _exactly(stream, 2), "big")


async def _exactly(stream: trio.SocketStream, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = await stream.receive_some(size - len(data))
        if not more:
            raise EOFError
        data += more
    return bytes(data)


async def _until_end(stream: trio.SocketStream) -> None:
    while await stream.receive_some(65536):
        pass


def _basic(login: tuple[str, str]) -> str:
    return base64.b64encode(f"{login[0]}:{login[1]}".encode()).decode()
