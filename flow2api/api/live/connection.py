"""One page's connection after the handshake: reads what it wants, writes what is due, watches for signs of life and for the end.

One task writes, and while it has nothing to write events go out past it; so frames never mix, and a number is given in the order of
sending. Ends with a reason as a close code; a page that
does not read is cut off alone.
"""

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, assert_never

import msgspec
import trio

from flow2api import __version__
from flow2api.api.live import frames
from flow2api.api.live.hub import Hub
from flow2api.api.live.outbox import Closing, Outbox
from flow2api.api.live.protocol import (
    CLOSE_DRAINING,
    CLOSE_SIGNED_OUT,
    CLOSE_SILENT,
    PROTOCOL,
    Beat,
    ClientFrame,
    Complaint,
    Draining,
    Hello,
    Ping,
    Pong,
    ServerFrame,
    Subscribe,
    TopicName,
)
from flow2api.api.live.topic import Topic
from flow2api.api.services import LivePace
from flow2api.errors import Code
from flow2api.kit.errors import ActorError
from flow2api.store.errors import StoreError

SILENT_BEATS = 3
# A part that does not answer is asked for its snapshot again after this.
AGAIN_SECONDS = 2.0
SNAPSHOT_SECONDS = 10.0
_POLICY, _TOO_BIG = 1008, 1009
# The page sends lists of topics and signs of life, nothing else.
MOST_CHARACTERS = 64 * 1024

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ClientFrame).decode


class Ends(NamedTuple):
    """What a connection depends on."""

    draining: trio.Event
    closing: trio.Event
    """Set when the server ends its connections, some time after `draining`."""
    grace_seconds: float
    wait_signed_out: Callable[[], Awaitable[None]]
    """Returns when the sign-in that the connection belongs to has ended."""
    seen: Callable[[], None]
    """To be called when the page gives a sign of life."""


class Wire(Protocol):
    """What carries the bytes: a connection of `worker`."""

    @property
    def unsent(self) -> bool:
        """Whether `send_nowait` left a rest."""

    def send_nowait(self, *pieces: bytes) -> bool:
        """Send at once; False when nothing was sent."""

    async def send(self, *pieces: bytes) -> None:
        """Send the rest and all of this."""


class Connection:
    """One of them. `run` returns how it is to be closed, None when nothing can be sent any more."""

    def __init__(self, hub: Hub, pace: LivePace, ends: Ends, session: str, wire: Wire) -> None:
        self._hub = hub
        self._pace = pace
        self._ends = ends
        self._session = session
        self._wire = wire
        self._outbox = Outbox(self._send_events_nowait)
        self._topics: dict[TopicName, Topic] = {}
        self._seq = 0
        self._nursery: trio.Nursery
        self._heard = trio.current_time()

    async def run(self, read: Callable[[], Awaitable[str | None]], instance: str) -> Closing | None:
        """Serve until an end comes; `read` gives the page's frames, None when it is gone."""
        self._hub.tally.connections += 1
        self._answer(
            Hello(
                version=__version__,
                protocol=PROTOCOL,
                instance=instance,
                session=self._session,
                time=time.time(),
                beat_seconds=self._pace.beat_seconds,
                draining=self._ends.draining.is_set(),
            )
        )
        try:
            async with trio.open_nursery() as self._nursery:
                nursery = self._nursery
                for watch in (self._beat, self._tell_draining, self._close_when_due, self._close_when_signed_out):
                    nursery.start_soon(watch)
                nursery.start_soon(self._read, read, nursery.cancel_scope)
                closing = await self._write()
                nursery.cancel_scope.cancel()
                return closing
        finally:
            self._hub.tally.connections -= 1
            for name in list(self._topics):
                self._leave(name)
        return None

    # -- writing ---------------------------------------------------------------------------------------------------

    async def _write(self) -> Closing | None:
        while self._outbox.closing is None:
            await self._outbox.wait()
            if not await self._write_next():
                return None
        return self._outbox.closing

    async def _write_next(self) -> bool:
        """Write one thing; False when the page did not take it in time."""
        outbox = self._outbox
        if self._wire.unsent:
            return await self._send_in_time()
        if (answer := outbox.take_answer()) is not None:
            return await self._send_in_time(frames.text(answer))
        if (wanted := outbox.take_wanted()) is not None:
            return await self._write_snapshot(*wanted)
        if (events := outbox.take_events()) is not None:
            self._hub.tally.frames += 1
            return await self._send_numbered(b"events", events[1])
        return True

    async def _write_snapshot(self, name: str, lost: bool) -> bool:
        topic = self._topics.get(name)  # type: ignore[call-overload]
        if topic is None:
            return True
        try:
            with trio.fail_after(SNAPSHOT_SECONDS):
                state = await topic.snapshot()
        except (ActorError, StoreError, trio.TooSlowError) as error:
            why = str(error) or f"no answer within {SNAPSHOT_SECONDS:g} s"
            self._answer(Complaint(code=Code.INTERNAL_ERROR.value, message=f"{name}: {why}", topic=topic.name))
            self._nursery.start_soon(self._want_again, name)
            return True
        self._hub.tally.resyncs += lost
        return await self._send_numbered(b"snapshot", state)

    async def _want_again(self, name: str) -> None:
        await trio.sleep(AGAIN_SECONDS)
        if name in self._topics:
            self._outbox.want(name)

    async def _send_numbered(self, kind: bytes, end: bytes) -> bool:
        beginning = self._beginning(kind)
        self._seq += 1
        return await self._send_in_time(beginning, end)

    def _send_events_nowait(self, end: bytes) -> bool:
        if not self._wire.send_nowait(self._beginning(b"events"), end):
            return False
        self._seq += 1
        self._hub.tally.frames += 1
        if self._wire.unsent:
            self._outbox.wake()
        return True

    async def _send_in_time(self, *pieces: bytes) -> bool:
        scope = trio.CancelScope(deadline=trio.current_time() + self._pace.stall_seconds)
        try:
            with scope:
                await self._wire.send(*pieces)
        finally:
            # Breaking off closes the connection, whose end may cancel all of this before the scope is left.
            late = scope.cancel_called
            self._hub.tally.cut_off += late
        return not late

    def _beginning(self, kind: bytes) -> bytes:
        """The part of the next message that is this connection's own."""
        return frames.beginning(b'{"type":"%b","seq":%d,' % (kind, self._seq + 1))

    def _answer(self, frame: ServerFrame) -> None:
        if not self._outbox.answer(_encode(frame)):
            self._outbox.close(_POLICY, "sends without reading")

    # -- reading ---------------------------------------------------------------------------------------------------

    async def _read(self, read: Callable[[], Awaitable[str | None]], scope: trio.CancelScope) -> None:
        while (text := await read()) is not None:
            self._heard = trio.current_time()
            self._ends.seen()
            if len(text) > MOST_CHARACTERS:
                self._outbox.close(_TOO_BIG, "a frame is too large")
                continue
            try:
                self._obey(_decode(text))
            except (msgspec.DecodeError, RecursionError) as error:
                self._answer(Complaint(code=Code.INVALID_JSON.value, message=f"This frame is not understood: {error}."))
        scope.cancel()

    def _obey(self, frame: ClientFrame) -> None:
        match frame:
            case Subscribe():
                self._show(frame.topics)
            case Ping():
                if frame.id:
                    self._answer(Pong(id=frame.id, time=time.time()))
            case _:
                assert_never(frame)

    def _show(self, names: list[TopicName]) -> None:
        for name in [name for name in self._topics if name not in names]:
            self._leave(name)
        for name in names:
            if name not in self._topics:
                self._topics[name] = self._hub.attach(name, self._outbox)

    def _leave(self, name: TopicName) -> None:
        del self._topics[name]
        self._hub.detach(name, self._outbox)

    # -- watching --------------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        while True:
            await trio.sleep(self._pace.beat_seconds)
            if trio.current_time() - self._heard > SILENT_BEATS * self._pace.beat_seconds:
                self._hub.tally.cut_off += 1
                self._outbox.close(CLOSE_SILENT, "no sign of life")
            self._answer(Beat(time=time.time()))

    async def _tell_draining(self) -> None:
        if not self._ends.draining.is_set():
            await self._ends.draining.wait()
            self._answer(Draining(grace_seconds=self._ends.grace_seconds))

    async def _close_when_due(self) -> None:
        await self._ends.closing.wait()
        self._outbox.close(CLOSE_DRAINING, "the gateway stops")

    async def _close_when_signed_out(self) -> None:
        await self._ends.wait_signed_out()
        self._outbox.close(CLOSE_SIGNED_OUT, "signed out")
