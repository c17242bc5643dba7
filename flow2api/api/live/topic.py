"""One topic while somebody looks at it: hears the bus, coalesces, encodes each frame once, and puts it in front of every page.

Runs from the first page to the last. A fault of ours in what it shows ends in here: it is begun anew after a while, and the API goes on.
"""

import logging

import msgspec
import trio

from flow2api.api.live.coalesce import Coalescer
from flow2api.api.live.outbox import Outbox
from flow2api.api.live.protocol import TopicName
from flow2api.api.live.source import Source
from flow2api.api.services import LivePace, LiveTally
from flow2api.kit.bus import EventBus, Subscription
from flow2api.kit.errors import ActorError
from flow2api.kit.timing import every
from flow2api.store.errors import StoreError

log = logging.getLogger("flow2api.live")

# Twice what a storm of generations says between two frames.
BUS_EVENTS = 4096
# After a fault of ours.
AGAIN_SECONDS = 5.0
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
        """The state, encoded, at some moment after this call. Those who ask meanwhile share the next one.

        Raises:
            ActorError, StoreError: a part that knows does not answer."""
        await self._ready.wait()
        asked = trio.current_time()
        async with self._snapshotting:
            if self._snapshot[0] < asked:
                begun = trio.current_time()
                self._snapshot = (begun, encode(await self._source.snapshot()))
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
            self._put(self._coalescer.take_states())
            await trio.sleep(max(self._pace.states_seconds, len(self._pages) * self._pace.page_seconds))

    async def _tell_numbers(self) -> None:
        async for _ in every(self._pace.numbers_seconds):
            try:
                polled = await self._source.poll()
            except (ActorError, StoreError):
                continue  # a part restarts or rests: what it would have said is told when it is back
            for event in polled:
                self._coalescer.add(event)
            self._put(self._coalescer.take_all())

    def _put(self, events: list[object]) -> None:
        if not events or not self._pages:
            return
        body = self._head + encode(self._source.told(events)) + b"}"
        self._tally.encoded += 1
        for page in self._pages:
            page.put(self.name, body)
