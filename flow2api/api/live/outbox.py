"""What one page has yet to be sent, bounded: a page that reads too slowly gets new snapshots in place of what it missed.

Everybody puts, one task takes. Nothing in here waits but `wait`. While that task has nothing to do, events need not wait for it.
"""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import trio

# Several seconds of everything at the usual size of events; beyond that a snapshot is the smaller thing to send.
MOST_BYTES = 512 * 1024
MOST_FRAMES = 200
# Answers to what the page itself sends; one that sends without reading is cut off.
MOST_ANSWERS = 50


class Closing(NamedTuple):
    """How the connection is to end."""

    code: int
    reason: str


class Outbox:
    """Frames without their number, which is given when they are sent. `send_nowait` sends events at once, if it can."""

    def __init__(self, send_nowait: Callable[[bytes], bool] = lambda _: False) -> None:
        self._send_nowait = send_nowait
        self._waited_for = False
        self.closing: Closing | None = None
        self._answers: deque[bytes] = deque()
        self._events: deque[tuple[str, bytes]] = deque()
        self._size = 0
        self._wanted: dict[str, bool] = {}
        self._something = trio.Event()

    def answer(self, frame: bytes) -> bool:
        """A whole frame, to be sent before any event; False when there are too many already."""
        self._answers.append(frame)
        self._something.set()
        return len(self._answers) <= MOST_ANSWERS

    def want(self, topic: str) -> None:
        """A snapshot of the topic is due for the first time; whatever is put until it is begun, it will tell."""
        self._wanted[topic] = False
        self._something.set()

    def put(self, topic: str, body: bytes) -> None:
        """Events of a topic."""
        if topic in self._wanted:
            return
        if self._waited_for and not self._has_something and self._send_nowait(body):
            return
        self._events.append((topic, body))
        self._size += len(body)
        if self._size > MOST_BYTES or len(self._events) > MOST_FRAMES:
            for late in {name for name, _ in self._events}:
                self.miss(late)
        self._something.set()

    def miss(self, topic: str) -> None:
        """Events of the topic are lost: what waits of it is dropped, and a new snapshot is due."""
        self.forget(topic)
        self._wanted[topic] = True
        self._something.set()

    def forget(self, topic: str) -> None:
        """The page does not show the topic any more."""
        self._wanted.pop(topic, None)
        self._events = deque(item for item in self._events if item[0] != topic)
        self._size = sum(len(body) for _, body in self._events)

    def close(self, code: int, reason: str) -> None:
        """End the connection; the first reason counts, and nothing else is sent."""
        self.closing = self.closing or Closing(code, reason)
        self._something.set()

    async def wait(self) -> None:
        """Wait until there is something to take, or the end has come."""
        if not self._has_something:
            self._something = trio.Event()
            self._waited_for = True
            try:
                await self._something.wait()
            finally:
                self._waited_for = False

    def wake(self) -> None:
        """Have `wait` return, though there may be nothing to take."""
        self._something.set()

    @property
    def _has_something(self) -> bool:
        return bool(self._answers or self._events or self._wanted or self.closing)

    def take_answer(self) -> bytes | None:
        """The next answer."""
        return self._answers.popleft() if self._answers else None

    def take_wanted(self) -> tuple[str, bool] | None:
        """A topic whose snapshot is due, and whether that is because events were lost; from now on its events are kept again."""
        for topic in self._wanted:
            return topic, self._wanted.pop(topic)
        return None

    def take_events(self) -> tuple[str, bytes] | None:
        """The next events, with their topic."""
        if not self._events:
            return None
        topic, body = self._events.popleft()
        self._size -= len(body)
        return topic, body
