"""A relay on loopback between two that talk, which can be cut: a session and its browser, or a browser and the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import urlsplit

import trio
import trio.testing


class Relay:
    """Passes bytes to and from whoever listens at `address`."""

    def __init__(self, address: str) -> None:
        self._to = urlsplit(address)
        self._scopes: list[trio.CancelScope] = []
        self._away = False
        self.port = 0

    @property
    def address(self) -> str:
        """The same, by way of this relay."""
        return f"ws://127.0.0.1:{self.port}{self._to.path}"

    async def cut(self) -> None:
        """End all connections without a word, once everybody waits for something."""
        await trio.testing.wait_all_tasks_blocked(0.2)
        for scope in self._scopes:
            scope.cancel()

    async def leave(self) -> None:
        """End all connections and take no new ones."""
        self._away = True
        await self.cut()

    def come_back(self) -> None:
        self._away = False

    async def serve(self, near: trio.SocketStream) -> None:
        if self._away:
            await near.aclose()
            return
        far = await trio.open_tcp_stream("127.0.0.1", self._to.port or 0)
        async with near, far, trio.open_nursery() as nursery:
            self._scopes.append(nursery.cancel_scope)
            nursery.start_soon(_pass, near, far, nursery.cancel_scope)
            nursery.start_soon(_pass, far, near, nursery.cancel_scope)


@asynccontextmanager
async def open_relay(address: str) -> AsyncIterator[Relay]:
    """A running relay to the server at `address`."""
    relay = Relay(address)
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, relay.serve, 0, host="127.0.0.1"))
        relay.port = listeners[0].socket.getsockname()[1]
        yield relay
        nursery.cancel_scope.cancel()


async def _pass(source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope) -> None:
    try:
        async for data in source:
            await sink.send_all(data)
    except (trio.BrokenResourceError, trio.ClosedResourceError):
        pass  # one side is gone: that ends the relay too
    scope.cancel()
