"""All topics, and which of them run: those that somebody looks at. What nobody looks at costs nothing.

Lives as long as one life of the server, in a nursery of its own.
"""

import dataclasses
from collections.abc import Mapping

import trio

from flow2api.api.live.outbox import Outbox
from flow2api.api.live.protocol import LiveStatistics, TopicName
from flow2api.api.live.source import Source
from flow2api.api.live.topic import Topic
from flow2api.api.services import LivePace, LiveTally
from flow2api.kit.bus import EventBus


class Hub:
    """Starts and ends topics, and counts."""

    def __init__(self, bus: EventBus, pace: LivePace, tally: LiveTally) -> None:
        self.tally = tally
        self._bus = bus
        self._pace = pace
        self._sources: Mapping[TopicName, Source] = {}
        self._topics: dict[TopicName, Topic] = {}
        self._nursery: trio.Nursery | None = None

    def offer(self, sources: Mapping[TopicName, Source]) -> None:
        """The topics that there are."""
        self._sources = sources

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep topics running; to be run as long as connections are."""
        async with trio.open_nursery() as self._nursery:
            task_status.started()
            await trio.sleep_forever()

    def attach(self, name: TopicName, page: Outbox) -> Topic:
        """Show a topic to a page."""
        topic = self._topics.get(name)
        if topic is None:
            assert self._nursery is not None, "the hub runs before anybody connects"
            topic = self._topics[name] = Topic(name, self._sources[name], self._bus, self._pace, self.tally)
            self._nursery.start_soon(topic.run, name=f"live topic {name}")
        topic.attach(page)
        return topic

    def detach(self, name: TopicName, page: Outbox) -> None:
        """Show it no longer; after the last page the topic ends."""
        topic = self._topics.get(name)
        if topic is not None:
            topic.detach(page)
            if not topic.watched:
                self._drop(topic)

    def statistics(self) -> LiveStatistics:
        return LiveStatistics(topics=sorted(self._topics), **dataclasses.asdict(self.tally))

    def _drop(self, topic: Topic) -> None:
        del self._topics[topic.name]
        topic.scope.cancel()
