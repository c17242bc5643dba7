"""The event bus: anybody may say what happened, whoever wants to may listen, and no listener can slow a speaker down.

Promises: `publish` never waits and never raises; a subscriber that reads too slowly loses its oldest events, knows how many,
and costs the others nothing. It does not know what an event is.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import msgspec
import trio


class BusStatistics(msgspec.Struct, frozen=True):
    """`published` events since the start, `missed` by slow subscribers in all, and how many listen now."""

    subscribers: int
    published: int
    missed: int


class Subscription:
    """The events for one listener, as an async iterator that ends when the bus closes; made by `EventBus.subscribe`."""

    missed: int
    """How many events were dropped, the oldest first, because this listener was behind by its whole size."""

    def __init__(self, size: int, only: type | tuple[type, ...]) -> None:
        self.missed = 0
        self._only = only
        self._send, self._receive = trio.open_memory_channel[object](size)

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def take_nowait(self) -> list[object]:
        """All events that wait now, oldest first; for a listener that sends them on in batches."""
        events: list[object] = []
        try:
            while True:
                events.append(self._receive.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return events

    def offer(self, event: object) -> bool:
        """Put an event in, dropping the oldest if there is no room; False when one was dropped. For the bus alone."""
        if not isinstance(event, self._only):
            return True
        try:
            self._send.send_nowait(event)
        except trio.WouldBlock:
            self._receive.receive_nowait()
            self._send.send_nowait(event)
            self.missed += 1
            return False
        return True

    def close(self) -> None:
        """End the iteration after what is already waiting. For the bus alone."""
        self._send.close()


class EventBus:
    """Hands each published event to everybody who listens at that moment. For the Trio thread alone."""

    def __init__(self) -> None:
        self._subscriptions: dict[Subscription, None] = {}
        self._published = 0
        self._missed = 0
        self._closed = False

    def publish(self, event: object) -> None:
        """Tell all subscribers. Synchronous; after `close` it does nothing."""
        if self._closed:
            return
        self._published += 1
        for subscription in self._subscriptions:
            if not subscription.offer(event):
                self._missed += 1

    @contextmanager
    def subscribe(self, size: int = 256, *, only: type | tuple[type, ...] = object) -> Iterator[Subscription]:
        """Listen from now on to events of some types, `size` (at least 1) events of slack, until the block is left.

        with bus.subscribe() as events:
            async for event in events: ...
        """
        if size < 1:
            raise ValueError("a subscription needs room for one event at least")
        subscription = Subscription(size, only)
        if self._closed:
            subscription.close()
        self._subscriptions[subscription] = None
        try:
            yield subscription
        finally:
            del self._subscriptions[subscription]
            subscription.close()

    def close(self) -> None:
        """End every subscription after what it still holds. New ones are empty from then on."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def statistics(self) -> BusStatistics:
        """How many listen, how much was said and how much of it missed."""
        return BusStatistics(len(self._subscriptions), self._published, self._missed)
