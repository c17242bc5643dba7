"""A dashboard's page as a test drives it: connects to `/api/live`, keeps every frame, and waits for what it names."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import trio
import trio_websocket

Frame = dict[str, Any]
PATH = "/api/live"


class Watcher:
    """One open connection."""

    def __init__(self, socket: trio_websocket.WebSocketConnection) -> None:
        self.socket = socket
        self.frames: list[Frame] = []
        self._news = trio.Event()

    async def say(self, **frame: object) -> None:
        await self.socket.send_message(msgspec.json.encode(frame).decode())

    async def show(self, *topics: str) -> None:
        await self.say(type="subscribe", topics=topics)

    async def frame(self, fits: Callable[[Frame], bool], after: int = 0) -> Frame:
        """The first frame from place `after` on that fits; waits for it."""
        while True:
            for frame in self.frames[after:]:
                if fits(frame):
                    return frame
            await self._news.wait()

    async def snapshot(self, topic: str, after: int = 0) -> Frame:
        """The state in the first snapshot of a topic."""
        found = await self.frame(lambda one: one["type"] == "snapshot" and one["state"]["topic"] == topic, after)
        state: Frame = found["state"]
        return state

    async def event(self, kind: str, fits: Callable[[Frame], bool] = lambda _: True) -> Frame:
        """The first event of a type that fits."""
        while True:
            for event in self.events(kind):
                if fits(event):
                    return event
            await self._news.wait()

    def events(self, *kinds: str) -> list[Frame]:
        """All events of some types so far."""
        batches = [frame["events"] for frame in self.frames if frame["type"] == "events"]
        return [event for batch in batches for event in batch if event["type"] in kinds]

    def states(self) -> list[str]:
        """The states that generations were told to be in, one after the other."""
        return [_state(event) for event in self.events("job_moved", "job_stepped")]

    async def state(self, state: str) -> None:
        """Wait until some generation is told to be in a state."""
        while state not in self.states():
            await self._news.wait()

    def numbers(self) -> list[int]:
        """The numbers of all frames that have one."""
        return [frame["seq"] for frame in self.frames if "seq" in frame]

    async def wait_closed(self) -> int:
        """The code with which the gateway closed."""
        while (reason := self.socket.closed) is None:
            await self._news.wait()
        return int(reason.code)

    async def listen(self) -> None:
        """Take in frames until the connection ends."""
        try:
            while True:
                self.frames.append(msgspec.json.decode(await self.socket.get_message()))
                self._wake()
        except trio_websocket.ConnectionClosed:
            self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = trio.Event()


def _state(event: Frame) -> str:
    job = event["progress"]["job"] if event["type"] == "job_moved" else event["job"]
    return str(job["state"])


@asynccontextmanager
async def watching(url: str, headers: dict[str, str]) -> AsyncIterator[Watcher]:
    """A page on the gateway at `url` (its http address)."""
    place = url.removeprefix("http://")
    host, _, port = place.rpartition(":")
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    # The library leaves a stream open that the other side has ended; this one is ours, so it is closed for certain.
    async with await trio.open_tcp_stream(host, int(port)) as stream, trio.open_nursery() as nursery:
        connected = trio_websocket.wrap_client_stream(nursery, stream, place, PATH, extra_headers=pairs)
        async with await connected as socket:
            watcher = Watcher(socket)
            nursery.start_soon(watcher.listen)
            yield watcher
        nursery.cancel_scope.cancel()
