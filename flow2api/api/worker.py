"""Connections of Hypercorn's Trio worker, with the limits and the economy that the gateway needs.

Hypercorn parses, and drives the application. What differs here: a client that stops reading is given up after a while and never
holds up a shutdown (the original shields its writes without a limit); one that leaves is noticed though bytes after its request still
wait to be read; a head that comes too slowly is not waited for; an
answer's head leaves together with the first of its body, which saves a system call; a request that is no HTTP is answered
in the form of all our errors; offers of HTTP/2 are passed over; websockets are not compressed, and
can be handed bytes without waiting; and one timer a connection replaces a task for each request.
"""

import logging
import math
import os
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

import h11
import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.config import Config as HypercornConfig
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H2ProtocolAssumedError, H11Protocol
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.task_group import TaskGroup
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ASGIFramework, ConnectionState, H11SendableEvent
from hypercorn.utils import parse_socket_addr

from flow2api.api.errors import envelope
from flow2api.api.exchange import new_request_id
from flow2api.api.intake import Intake
from flow2api.errors import Code, Failure

log = logging.getLogger("flow2api.api")

# How long a request's head may take once its first byte is here.
HEAD_SECONDS = 15.0
# How long a client may take for one piece of an answer before it counts as gone.
STALL_SECONDS = 60.0
PIECE_BYTES = 64 * 1024
WIRE = "flow2api.wire"
"""Under this name the state of an ASGI scope has the `Connection` that it came over."""
# Of what a client sends before its answer is out so much is read, to notice that it leaves. Who sends more is not watched.
AHEAD_BYTES = 64 * 1024
_ADDRESS = re.compile(rb"https?://[^/?#]*", re.IGNORECASE)


class Gone(Exception):
    """The client left while bytes of its next request waited."""


class Turn:
    """Stands in for the event by which the protocol waits until it may read the next request."""

    def __init__(self, read_ahead: Callable[[], Awaitable[None]]) -> None:
        self._event = trio.Event()
        self._read_ahead = read_ahead

    async def clear(self) -> None:
        self._event = trio.Event()

    async def set(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        """Raises:
        Gone: the client left meanwhile."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch, nursery.cancel_scope)
            await self._event.wait()
            nursery.cancel_scope.cancel()
        if not self._event.is_set():
            raise Gone

    async def _watch(self, waiting: trio.CancelScope) -> None:
        await self._read_ahead()
        waiting.cancel()


class Http1(H11Protocol):
    """HTTP/1.1 on one connection; the answer's head waits for the bytes that follow it."""

    _held = b""
    can_read: Turn  # type: ignore[assignment]

    async def _check_protocol(self, event: h11.Request) -> None:
        """HTTP/2 is not spoken here: an offer to change to it is passed over, as RFC 9110 allows; who begins with it is sent away."""
        if event.method == b"PRI" and event.target == b"*" and event.http_version == b"2.0":
            raise H2ProtocolAssumedError(b"")

    async def _create_stream(self, request: h11.Request) -> None:
        # Compression would cost each websocket work and a window of its own; uncompressed, all share the same bytes.
        headers = [(name, value) for name, value in request.headers if name != b"sec-websocket-extensions"]
        target = _path_of(request.target)
        plain = h11.Request(method=request.method, target=target, headers=headers, http_version=request.http_version)
        same = len(headers) == len(request.headers) and target is request.target
        await super()._create_stream(request if same else plain)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state != h11.ERROR:
                raise
            return
        if isinstance(event, h11.Response):
            self._held = data
            return
        data, self._held = self._held + data, b""
        if data:
            await self.send(RawData(data=data))

    async def _send_error_response(self, status_code: int) -> None:
        """An answer to bytes that are no proper request."""
        body = envelope(Failure(Code.INVALID_VALUE, "This is not a request that the gateway can read."))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", new_request_id().encode()),
            *self.config.response_headers("h11"),
        ]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


def _path_of(target: bytes) -> bytes:
    """What a request asks for, also where it names the whole address as if to a proxy, which RFC 9112 wants understood."""
    address = None if target.startswith(b"/") else _ADDRESS.match(target)
    if address is None:
        return target
    rest = target[address.end() :]
    return rest if rest.startswith(b"/") else b"/" + rest


class Connection(TCPServer):
    """One client's connection, from accept to close."""

    _ended = False
    _idle = True
    _head_begun = False
    _ahead = b""
    _rest = b""

    async def run(self) -> None:
        try:
            client = parse_socket_addr(self.stream.socket.family, self.stream.socket.getpeername())
            server = parse_socket_addr(self.stream.socket.family, self.stream.socket.getsockname())
            async with TaskGroup() as group:
                http1 = Http1(
                    self.app,
                    self.config,
                    self.context,
                    group,
                    ConnectionState({**self.state, WIRE: self}),
                    False,
                    client,
                    server,
                    self.protocol_send,
                )
                # Only an upgrade puts something else in its place, long after this.
                cast("h11.Connection", http1.connection)._receive_buffer = Intake()
                http1.can_read = Turn(self._read_ahead)
                self.protocol = http1  # type: ignore[assignment]
                self._timer = trio.CancelScope(deadline=trio.current_time() + self.config.keep_alive_timeout)
                group.spawn(self._watch_idle)
                await self._read_data()
                self._ended = True
                self._timer.cancel()
        except* (OSError, trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client is gone, which is its right
        except* H2ProtocolAssumedError:
            pass  # HTTP/2 without TLS is not offered
        except* Exception:
            # The boundary of a connection: a mistake in its handling must not end the others.
            log.exception("connection failed unexpectedly")
        finally:
            await trio.aclose_forcefully(self.stream)

    @property
    def unsent(self) -> bool:
        """Whether `send_nowait` left a rest."""
        return bool(self._rest)

    def send_nowait(self, *pieces: bytes) -> bool:
        """Send what the system takes at once, without a turn of other tasks. A rest goes out before anything else does, with `send` at
        the latest. False when nothing was sent, since the client reads too slowly or is gone: then `send` finds out."""
        if self._rest or self.send_lock.locked():
            return False
        try:
            taken = os.writev(self.stream.socket.fileno(), pieces)
        except OSError:
            return False
        if taken < sum(map(len, pieces)):
            self._rest = b"".join(pieces)[taken:]
        return True

    async def send(self, *pieces: bytes) -> None:
        """Send all of it, after the rest of what went before. Cancelling it ends the connection."""
        async with self.send_lock:
            await self._send(b"".join(pieces))

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, RawData):
            async with self.send_lock:
                await self._send(event.data)
        elif isinstance(event, Closed):
            # By now the request may be cancelled, since it is over; closing does not wait for anybody, so a shield is safe.
            with trio.CancelScope(shield=True):
                await self._close()
            await self.protocol.handle(Closed())
        elif isinstance(event, Updated):
            self._idle, self._head_begun = event.idle, False
            wait = self.config.keep_alive_timeout if event.idle else math.inf
            self._timer.deadline = trio.current_time() + wait

    async def _send(self, data: bytes) -> None:
        view, self._rest = memoryview(self._rest + data), b""
        try:
            for start in range(0, len(view), PIECE_BYTES):
                with trio.fail_after(STALL_SECONDS):
                    await self.stream.send_all(view[start : start + PIECE_BYTES])
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await self.protocol.handle(Closed())
        except trio.TooSlowError:
            await trio.aclose_forcefully(self.stream)
            await self.protocol.handle(Closed())
        except trio.Cancelled:
            # A part of it may be out already: nothing sensible can follow on this connection.
            await trio.aclose_forcefully(self.stream)
            raise

    async def _read_data(self) -> None:
        while True:
            try:
                data = await self._next_bytes()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                break
            if self._idle and data and not self._head_begun:
                self._head_begun = True
                self._timer.deadline = min(self._timer.deadline, trio.current_time() + HEAD_SECONDS)
            try:
                await self.protocol.handle(RawData(bytes(data)))
            except Gone:
                break
            if not data:
                break
        await self.protocol.handle(Closed())

    async def _next_bytes(self) -> bytes:
        ahead, self._ahead = self._ahead, b""
        return ahead or bytes(await self.stream.receive_some(MAX_RECV))

    async def _read_ahead(self) -> None:
        """Take in what comes before its turn; returns when the client is gone."""
        while len(self._ahead) < AHEAD_BYTES:
            try:
                data = await self.stream.receive_some(MAX_RECV)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return
            if not data:
                return
            self._ahead += data
        await trio.sleep_forever()

    async def _watch_idle(self) -> None:
        with self._timer:
            await self.context.terminated.wait()
        # A busy connection is closed by the protocol itself, once its answer is out.
        if not self._ended and (self._timer.cancelled_caught or self._idle):
            await self._initiate_server_close()


class _Lent(trio.abc.Listener[trio.SocketStream]):
    """A listener that stays open when its borrower closes it: the next server needs it after a crash."""

    def __init__(self, owned: trio.SocketListener) -> None:
        self._owned = owned

    async def accept(self) -> trio.SocketStream:
        return await self._owned.accept()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def serve_connections(
    app: ASGIFramework,
    settings: HypercornConfig,
    listeners: list[trio.SocketListener],
    wait_stop: Callable[[], Awaitable[None]],
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `wait_stop` returns, then let open requests finish for the configured grace."""
    context = WorkerContext(None)
    state: dict[str, object] = {}
    wrapped = ASGIWrapper(app)
    lifespan = Lifespan(wrapped, settings, state)
    async with trio.open_nursery() as around:
        await around.start(lifespan.handle_lifespan)
        await lifespan.wait_for_startup()
        async with trio.open_nursery() as connections:
            async with trio.open_nursery() as listening:
                accept = partial(_accept, wrapped, settings, context, state)
                lent = [_Lent(listener) for listener in listeners]
                await listening.start(partial(trio.serve_listeners, accept, lent, handler_nursery=connections))
                task_status.started()
                await wait_stop()
                listening.cancel_scope.cancel()
            for listener in listeners:
                # Whoever connects from here on is refused at once, not left waiting.
                listener.socket.close()
            await context.terminated.set()
            connections.cancel_scope.deadline = trio.current_time() + settings.graceful_timeout
        await lifespan.wait_for_shutdown()
        around.cancel_scope.cancel()


async def _accept(
    app: ASGIWrapper,
    settings: HypercornConfig,
    context: WorkerContext,
    state: dict[str, object],
    stream: trio.SocketStream,
) -> None:
    await Connection(app, settings, context, state, stream).run()  # type: ignore[arg-type]
