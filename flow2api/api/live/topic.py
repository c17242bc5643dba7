"""One topic while somebody looks at it: hears the bus, coalesces, encodes each frame once, and puts it in front of every page.

The more that costs, by the clock and by the number of pages, the longer is the pause before the next frame.

Runs from the first page to the last. A fault of ours in what it shows ends in here: it is begun anew after a while, and the API goes on.
"""

import logging
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec
import trio

from flow2api.api.live import frames
from flow2api.api.live.coalesce import Coalescer
from flow2api.api.live.outbox import Outbox
from flow2api.api.live.protocol import TopicName
from flow2api.api.live.source import Source
from flow2api.api.services import LivePace, LiveTally
from flow2api.kit.bus import EventBus, Subscription
from flow2api.kit.errors import ActorError
from flow2api.store.errors import StoreError

log = logging.getLogger("flow2api.live")

# Twice what a storm of generations says between two frames.
BUS_EVENTS = 4096
# After a fault of ours.
AGAIN_SECONDS = 5.0
# Pages that are written to before others have their turn: a few milliseconds.
PAGES_AT_ONCE = 40
encode = msgspec.json.Encoder().encode


class Topic:
    """One of them."""

    def __init__(self, name: TopicName, source: Source, bus: EventBus, pace: LivePace, tally: LiveTally) -> None:
        self.name = name
        self.scope = trio.CancelScope()
        self._source = source
        self._bus = bus
        self._pace = pace
        self._tally = tally
        self._pages: dict[Outbox, None] = {}
        self._coalescer = Coalescer(source.mark)
        self._ready = trio.Event()
        self._snapshotting = trio.Lock()
        self._snapshot = (-1.0, b"")
        self._missed = 0
        self._putting = trio.Lock()
        self._cost_seconds = 0.0
        self._head = b'"topic":' + encode(name) + b',"events":'

    @property
    def watched(self) -> bool:
        return bool(self._pages)

    def attach(self, page: Outbox) -> None:
        """Put everything that is said from now on in front of the page, once it has had a snapshot."""
        self._pages[page] = None
        page.want(self.name)

    def detach(self, page: Outbox) -> None:
        self._pages.pop(page, None)
        page.forget(self.name)

    async def snapshot(self) -> bytes:
        """The end of a frame with the state at some moment after this call. Those who ask meanwhile share the next one.

        Raises:
            ActorError, StoreError: a part that knows does not answer."""
        await self._ready.wait()
        asked = trio.current_time()
        async with self._snapshotting:
            if self._snapshot[0] < asked:
                begun = trio.current_time()
                state = encode(await self._source.snapshot())
                self._snapshot = (begun, frames.end(b'"state":' + state + b"}"))
            return self._snapshot[1]

    async def run(self) -> None:
        """Serve the pages until `scope` is cancelled."""
        with self.scope:
            while True:
                await self._serve()
                await trio.sleep(AGAIN_SECONDS)
                for page in self._pages:
                    page.miss(self.name)

    async def _serve(self) -> None:
        try:
            with self._bus.subscribe(BUS_EVENTS, only=self._source.heard) as events:
                self._ready.set()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._tell_states, events)
                    nursery.start_soon(self._tell_numbers)
        except Exception:
            # The boundary of a topic: a mistake in what it shows must not end the server.
            log.exception("a topic of the dashboard failed topic=%s", self.name)

    async def _tell_states(self, events: Subscription) -> None:
        async for first in events:
            for event in (first, *events.take_nowait()):
                for shown in self._source.shown(event):
                    self._coalescer.add(shown)
            if events.missed != self._missed:
                self._missed = events.missed
                for page in self._pages:
                    page.miss(self.name)
            await self._put(self._coalescer.take_states)
            await trio.sleep(self._pause(self._pace.states_seconds))

    async def _tell_numbers(self) -> None:
        while True:
            # A part that restarts or rests does not answer: what it would have said is told when it is back.
            with suppress(ActorError, StoreError):
                for event in await self._source.poll():
                    self._coalescer.add(event)
                await self._put(self._coalescer.take_all)
            await trio.sleep(self._pause(self._pace.numbers_seconds))

    def _pause(self, least: float) -> float:
        pages = len(self._pages) * self._pace.page_seconds
        cost = self._cost_seconds * self._pace.cost_factor
        return max(least, min(self._pace.most_seconds, max(pages, cost)))

    async def _put(self, take: Callable[[], list[object]]) -> None:
        # One frame after the other, so that each page gets them in the order in which they were taken.
        async with self._putting:
            if not (events := take()) or not self._pages:
                return
            begun = time.perf_counter()
            frame = frames.end(self._head + encode(self._source.told(events)) + b"}")
            self._tally.encoded += 1
            pages, cost = list(self._pages), time.perf_counter() - begun
            for first in range(0, len(pages), PAGES_AT_ONCE):
                cost += self._put_to(pages[first : first + PAGES_AT_ONCE], frame)
                await trio.lowlevel.checkpoint()
            self._cost_seconds = cost

    def _put_to(self, pages: list[Outbox], frame: bytes) -> float:
        """Put it in front of those that still look; gives the seconds that it took."""
        begun = time.perf_counter()
        for page in pages:
            if page in self._pages:
                page.put(self.name, frame)
        return time.perf_counter() - begun
