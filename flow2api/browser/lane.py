"""A lane is the traffic of one DevTools session: of the browser itself, or of one tab.

Promises that nobody waits for ever: once a lane has ended, each of its calls and subscriptions raises why. Every step is
synchronous. Knows neither frames nor commands.
"""

from types import TracebackType
from typing import Any, NamedTuple, Self

import trio

from flow2api.browser.errors import BrowserFault

# Events that a subscriber has not looked at yet. Those who subscribe look all the time.
_UNREAD_EVENTS = 1000

Result = dict[str, Any]


class Event(NamedTuple):
    """Something that happened in the browser. `params` are as they came: newer browsers add and drop fields."""

    method: str
    params: dict[str, Any]


class Call:
    """One command under way. `outcome` None once it is settled means that its lane has ended."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.outcome: Result | BrowserFault | None = None
        self.settled = trio.Event()

    def settle(self, outcome: Result | BrowserFault | None) -> None:
        self.outcome = outcome
        self.settled.set()


class Lane:
    """The traffic of one session. `target_id` is empty for the browser's own."""

    def __init__(self, session_id: str | None, target_id: str = "") -> None:
        self.session_id = session_id
        self.target_id = target_id
        self.calls: set[Call] = set()
        self.subscriptions: set[Events] = set()
        self.fault: BrowserFault | None = None
        self.over = trio.Event()

    def check(self) -> None:
        """Raise why the lane has ended, if it has. A new object each time: a raised one carries its traceback along."""
        if self.fault is not None:
            raise type(self.fault)(*self.fault.args)

    def end(self, fault: BrowserFault) -> None:
        """Settle everything with `fault`. Only the first reason counts."""
        if self.fault is not None:
            return
        self.fault = fault
        self.over.set()
        for call in self.calls:
            call.settle(None)
        for subscription in self.subscriptions:
            subscription.end()

    def deliver(self, event: Event) -> None:
        for subscription in self.subscriptions:
            if event.method in subscription.methods:
                subscription.offer(event)


class Events:
    """Events of some kinds, from the moment it is entered: a context manager and an async iterator that ends by raising only."""

    def __init__(self, lane: Lane, methods: tuple[str, ...]) -> None:
        self.methods = frozenset(methods)
        self.missed = 0
        """Events that were dropped because too many were unread."""
        self._lane = lane
        self._send, self._receive = trio.open_memory_channel[Event](_UNREAD_EVENTS)

    def offer(self, event: Event) -> None:
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self.missed += 1

    def end(self) -> None:
        """What is unread can still be read; then the reader hears how the lane ended."""
        self._send.close()

    def __enter__(self) -> Self:
        self._lane.check()
        self._lane.subscriptions.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._lane.subscriptions.discard(self)
        self._send.close()
        self._receive.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            self._lane.check()
            raise
