"""What a topic shows: the base of the sources in `topics`. As it stands, each event is shown as it comes and is a state."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from flow2api.api.live.coalesce import Mark
from flow2api.api.live.protocol import TopicState


class Source(ABC):
    """One topic's. Made once for each life of the server; asked only while somebody looks."""

    heard: ClassVar[tuple[type, ...]] = ()
    """Types of events on the bus that concern it."""

    def shown(self, event: object) -> Iterable[object]:
        """An event of the bus as the pages are to see it."""
        return (event,)

    def mark(self, event: object) -> Mark | None:
        """What the event is about, and the state that it tells; see `Coalescer`."""
        return None

    def told(self, events: list[object]) -> list[object]:
        """Events of the next frame, in order, as they are to be sent; called once for each frame that is."""
        return events

    @abstractmethod
    async def snapshot(self) -> TopicState:
        """All of it now.

        Raises:
            ActorError, StoreError: a part that knows does not answer."""

    async def poll(self) -> Sequence[object]:
        """What has changed since the last call that no event tells; called a few times a second."""
        return ()
