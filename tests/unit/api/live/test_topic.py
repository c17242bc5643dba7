from typing import ClassVar

import pytest
import trio
import trio.testing

from flow2api.api.live.outbox import Outbox
from flow2api.api.live.protocol import TopicState
from flow2api.api.live.source import Source
from flow2api.api.live.topic import Topic
from flow2api.api.services import LivePace, LiveTally
from flow2api.kit.bus import EventBus


class Words(Source):
    heard: ClassVar[tuple[type, ...]] = (str,)

    async def snapshot(self) -> TopicState:
        raise AssertionError("nobody asks")


@pytest.mark.parametrize(
    ("pages", "cost_factor", "pause"), [(3, 0.0, 0.1), (40, 0.0, 0.2), (1000, 0.0, 1.0), (3, 1e9, 1.0)]
)
async def test_the_pause_between_frames_grows_with_the_pages_and_with_their_cost_up_to_a_bound(
    autojump_clock: object, pages: int, cost_factor: float, pause: float
) -> None:
    bus, told = EventBus(), list[float]()

    def send_nowait(body: bytes) -> bool:
        told.append(trio.current_time())
        return True

    topic = Topic("jobs", Words(), bus, LivePace(cost_factor=cost_factor, numbers_seconds=60), LiveTally())
    box = Outbox(send_nowait)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(topic.run)
        for page in (box, *(Outbox() for _ in range(pages - 1))):
            topic.attach(page)
            page.take_wanted()
        nursery.start_soon(box.wait)
        await trio.testing.wait_all_tasks_blocked()
        bus.publish("one")
        await trio.testing.wait_all_tasks_blocked()
        bus.publish("two")
        bus.publish("three")
        await trio.sleep(5)
        nursery.cancel_scope.cancel()
    assert [later - told[0] for later in told] == [0.0, pytest.approx(pause)]
