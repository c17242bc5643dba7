"""A session with a browser over its DevTools connection: commands and their answers, events, and sessions with single tabs.

The commands are those of the package nodriver, which is optional, under a licence of its own, and slow to import: it is imported
here alone, when first needed, in a worker thread. Promises that every call is settled when the connection or the tab ends.
"""

import importlib
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import trio
import trio_websocket

from flow2api.browser.errors import AnswerUnknown, BrowserFault, BrowserUnavailable, ConnectionLost
from flow2api.browser.lane import Events, Lane
from flow2api.browser.unwrapped import unwrapped
from flow2api.browser.wire import Wire

T = TypeVar("T")
Command = Generator[dict[str, Any], dict[str, Any], T]
"""A command of the protocol package: it yields what to send, takes what came back, and returns that as an object."""

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
"""A screenshot of a large page, in base64, is some megabytes."""
CONNECT_SECONDS = 10
# Read in one go what the kernel has; the library's own default would cut a screenshot into a thousand pieces.
_RECEIVE_BYTES = 64 * 1024
_MISSING = (
    "tabs need the package nodriver, which is not installed: install flow2api with its extra `browser` (nodriver is under the "
    "AGPL-3.0)"
)

_importing = trio.CapacityLimiter(1)


class Session:
    """Commands to the browser, or to one tab. Methods may run side by side."""

    def __init__(self, wire: Wire, lane: Lane, cdp: Any) -> None:
        self.cdp = cdp
        """The commands: `session.call(session.cdp.page.navigate(url))`."""
        self._wire = wire
        self._lane = lane

    @property
    def lost(self) -> BrowserFault | None:
        """Why the session has ended, None while it lives."""
        return self._lane.fault

    async def wait_lost(self) -> BrowserFault:
        """Wait for the end: `ConnectionLost`, or for a tab also `TabLost`. Returned, not raised."""
        await self._lane.over.wait()
        assert self._lane.fault is not None
        return self._lane.fault

    async def call(self, command: Command[T]) -> T:
        """Run a command. Cancelled, it does not wait for the answer; the browser may still act on it.

        Raises:
            CommandRefused: the browser answered with an error.
            ConnectionLost, TabLost: the session has ended, before or meanwhile.
            AnswerUnknown: the protocol package does not understand the answer."""
        request = next(command)
        result = await self._wire.exchange(self._lane, request["method"], request.get("params", {}))
        try:
            command.send(result)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # its type is the command's, which StopIteration does not carry
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            raise AnswerUnknown(f"the answer to {request['method']} is not as nodriver knows it ({exc!r})") from exc
        raise AnswerUnknown(f"the command {request['method']} wants more than one answer")

    def events(self, *methods: str) -> Events:
        """Subscribe to events by their protocol names. Enter it before doing what makes them happen."""
        return Events(self._lane, methods)

    async def attach(self, target_id: str) -> "Session":
        """A session with one tab."""
        target = self.cdp.target
        session_id = await self.call(target.attach_to_target(target.TargetID(target_id), flatten=True))
        return Session(self._wire, self._wire.lane(session_id), self.cdp)


async def load_commands() -> Any:
    """The module of all commands. The first call takes a second or two, in a worker thread.

    Raises:
        BrowserUnavailable: the package is not installed."""
    return await trio.to_thread.run_sync(_import_commands, limiter=_importing)


@asynccontextmanager
async def open_session(address: str) -> AsyncIterator[Session]:
    """Connect to the DevTools websocket at `address`; the session is the browser's own.

    When the connection ends meanwhile, whoever uses the session hears of it; the body is not cancelled.

    Raises:
        BrowserUnavailable: the protocol package is missing.
        ConnectionLost: nobody answers there."""
    cdp, wire = await load_commands(), Wire()
    with unwrapped():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_carry, wire, address, name=f"devtools connection to {address}")
            await wire.opened.wait()
            session = Session(wire, wire.root, cdp)
            wire.root.check()
            # So that the crash of a tab is told to the browser's session too, whatever the tab's own has been asked to tell.
            await session.call(cdp.target.set_discover_targets(True))
            yield session
            nursery.cancel_scope.cancel()


def _import_commands() -> Any:
    try:
        return importlib.import_module("nodriver.cdp")
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] != "nodriver":
            raise
        raise BrowserUnavailable(_MISSING) from exc


async def _carry(wire: Wire, address: str) -> None:
    """Connect and move frames until either side ends. Raises nothing: what went wrong is how the wire has ended."""
    try:
        await _connected(wire, address)
    except* (OSError, trio.TooSlowError, trio_websocket.HandshakeError, trio_websocket.ConnectionClosed) as group:
        cause = group.exceptions[0]
        wire.end(ConnectionLost(f"no DevTools connection to {urlsplit(address).netloc} ({cause!r})"))
    finally:
        wire.end(ConnectionLost("the DevTools connection has ended"))


async def _connected(wire: Wire, address: str) -> None:
    url = urlsplit(address)
    with trio.fail_after(CONNECT_SECONDS) as limit:
        stream = await trio.open_tcp_stream(url.hostname or "", url.port or 80)
        try:
            async with trio.open_nursery() as nursery:
                websocket = await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,
                    url.netloc,
                    url.path,
                    max_message_size=MAX_MESSAGE_BYTES,
                    receive_buffer_size=_RECEIVE_BYTES,
                )
                limit.deadline = float("inf")
                nursery.start_soon(_write, websocket, wire)
                wire.opened.set()
                await _read(websocket, wire)
                nursery.cancel_scope.cancel()
        finally:
            # Cut off, not closed by the protocol's rules: to the browser it is the same, and it can take no time.
            stream.socket.close()


async def _read(websocket: trio_websocket.WebSocketConnection, wire: Wire) -> None:
    while wire.root.fault is None:
        try:
            frame = await websocket.get_message()
        except trio_websocket.ConnectionClosed as exc:
            wire.end(ConnectionLost(_ending(exc.reason)))
            return
        wire.feed(frame)


async def _write(websocket: trio_websocket.WebSocketConnection, wire: Wire) -> None:
    """The only writer, so that a caller who is cancelled cannot cut a frame in two."""
    try:
        async for frame in wire.outgoing:
            await websocket.send_message(frame)
    except (trio_websocket.ConnectionClosed, trio.ClosedResourceError):
        return  # the reader tells how it ended


def _ending(reason: trio_websocket.CloseReason | None) -> str:
    words = f"{reason.name}{': ' + reason.reason if reason.reason else ''}" if reason is not None else "closed"
    return f"the DevTools connection has ended ({words})"
