"""Kept connections: which may be used again, how many, how long.

Every method is synchronous: the choice of a connection is one step that nothing can come between, and closing one cannot be
cancelled. Only idle connections are held; one in use belongs to its user, who gives it back whole or closes it.
"""

from collections import OrderedDict
from typing import NamedTuple

import msgspec
import trio
from anyio import EndOfStream

from flow2api.net.dial import socket_under

RECEIVE_BYTES = 64 * 1024
# The kernel takes this much into an empty send buffer at once or, on a dead connection, not at all.
WHOLE_WRITE_BYTES = 8 * 1024


class PoolLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many connections there may be."""

    connections: int = 4096
    """In use at a time; further calls wait."""
    idle_per_key: int = 256
    idle_total: int = 512
    idle_seconds: float = 60.0


class Key(NamedTuple):
    """What two calls must have in common to share a connection."""

    scheme: str
    host: str
    port: int
    exit_url: str | None
    addresses: tuple[str, ...] | None


class Connection:
    """One open connection, in the shape that asks expects of its sockets (`host`, `port`, `_active` and the methods).

    Also knows what decides on repeating a request: whether a byte of it may have gone out, and whether an answer has begun."""

    def __init__(self, stream: trio.abc.Stream, key: Key) -> None:
        self.stream = stream
        self.key = key
        self.host = key.host
        self.port = str(key.port)
        self._active = True
        self.reused = False
        self.idle_since = 0.0
        self.touched = False
        """Whether a byte of the present request may have gone out."""
        self.answered = False
        """Whether a byte of the present answer has come in."""
        self.ended = False
        """Whether the other side ended the stream in an orderly way."""

    async def send(self, data: bytes) -> None:
        # It may have died since it was taken; what is sent into a dead connection counts as sent.
        if self.reused and not self.touched and self.is_dead():
            raise trio.BrokenResourceError
        first, self.touched = not self.touched, True
        try:
            await self.stream.send_all(data)
        except trio.BrokenResourceError:
            self.touched = not (first and len(data) <= WHOLE_WRITE_BYTES)
            raise

    async def receive(self) -> bytes:
        data = await self.stream.receive_some(RECEIVE_BYTES)
        if not data:
            self.ended = True
            raise EndOfStream
        self.answered = True
        return bytes(data)

    async def aclose(self) -> None:
        self.close()
        await trio.lowlevel.checkpoint()

    def close(self) -> None:
        """Close the socket without waiting. TLS gets no goodbye, as is usual for HTTP."""
        self._active = False
        socket_under(self.stream).close()

    def renew(self) -> None:
        """Make ready for the next request."""
        self.reused = True
        self.touched = self.answered = False

    def is_dead(self) -> bool:
        """Whether an idle connection can no longer be used: it is closed or broken, or bytes have come that nobody asked for."""
        if isinstance(self.stream, trio.SSLStream) and self.stream.pending():
            return True
        return socket_under(self.stream).is_readable()


class PoolStatistics(msgspec.Struct, frozen=True):
    idle: int
    reused: int
    found_dead: int
    """Idle connections that the other side had given up."""
    aged: int
    """Idle connections closed by the limits of age and number."""


class Pool:
    """The idle connections."""

    def __init__(self, limits: PoolLimits) -> None:
        self._limits = limits
        self._by_key: dict[Key, list[Connection]] = {}
        self._oldest_first: OrderedDict[Connection, None] = OrderedDict()
        self._closed = False
        self._reused = 0
        self._found_dead = 0
        self._aged = 0

    def take(self, key: Key) -> Connection | None:
        """The kept connection that was used last (the one most likely alive), or None. Closes dead ones on the way."""
        self._drop_aged()
        while kept := self._by_key.get(key):
            connection = kept[-1]
            self._remove(connection)
            if not connection.is_dead():
                connection.renew()
                self._reused += 1
                return connection
            connection.close()
            self._found_dead += 1
        return None

    def put(self, connection: Connection) -> None:
        """Keep `connection`, or close it when it cannot be kept."""
        if self._closed:
            connection.close()
            return
        connection.idle_since = trio.current_time()
        self._oldest_first[connection] = None
        kept = self._by_key.setdefault(connection.key, [])
        kept.append(connection)
        self._drop_aged()
        if len(kept) > self._limits.idle_per_key:
            self._drop(kept[0])
        if len(self._oldest_first) > self._limits.idle_total:
            self._drop(next(iter(self._oldest_first)))

    def close(self) -> None:
        """Close what is idle, and from now on whatever comes back."""
        self._closed = True
        for connection in list(self._oldest_first):
            self._remove(connection)
            connection.close()

    def statistics(self) -> PoolStatistics:
        return PoolStatistics(len(self._oldest_first), self._reused, self._found_dead, self._aged)

    def _drop_aged(self) -> None:
        born_before = trio.current_time() - self._limits.idle_seconds
        while self._oldest_first:
            oldest = next(iter(self._oldest_first))
            if oldest.idle_since >= born_before:
                return
            self._drop(oldest)

    def _drop(self, connection: Connection) -> None:
        self._remove(connection)
        connection.close()
        self._aged += 1

    def _remove(self, connection: Connection) -> None:
        del self._oldest_first[connection]
        kept = self._by_key[connection.key]
        kept.remove(connection)
        if not kept:
            del self._by_key[connection.key]
