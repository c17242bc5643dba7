import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.bus import BusStatistics, EventBus, Subscription


async def collect(events: Subscription, into: list[object]) -> None:
    async for event in events:
        into.append(event)


async def test_a_subscriber_hears_what_is_published_while_it_listens(autojump_clock: MockClock) -> None:
    bus, heard = EventBus(), list[object]()
    bus.publish("before")
    async with trio.open_nursery() as nursery:
        with bus.subscribe() as events:
            nursery.start_soon(collect, events, heard)
            await wait_all_tasks_blocked()
            bus.publish("during")
            bus.publish("and again")
        bus.publish("after")
    assert heard == ["during", "and again"]


async def test_a_subscriber_that_lags_goes_on_with_the_oldest_event_still_there() -> None:
    bus = EventBus()
    with bus.subscribe(2) as events:
        for i in range(4):
            bus.publish(i)
        assert await anext(events) == 2
        bus.publish(4)
        assert events.take_nowait() == [3, 4]
        assert events.missed == 2
        assert bus.statistics() == BusStatistics(subscribers=1, published=5, missed=2)
    assert bus.statistics().subscribers == 0


async def test_closing_the_bus_ends_every_subscription_after_what_it_holds() -> None:
    bus, heard = EventBus(), list[object]()
    with bus.subscribe() as events:
        bus.publish("last")
        bus.close()
        bus.publish("too late")
        await collect(events, heard)
        assert heard == ["last"]
        assert events.take_nowait() == []
    with bus.subscribe() as late:
        await collect(late, heard)
    assert heard == ["last"]


def test_a_subscription_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="room"), EventBus().subscribe(0):
        pass


async def test_a_subscriber_may_listen_to_some_types_only_and_what_it_skips_is_not_missed() -> None:
    bus = EventBus()
    with bus.subscribe(2, only=(int, float)) as numbers:
        for event in (1, "text", "more text", "and more", 2.5):
            bus.publish(event)
        assert numbers.take_nowait() == [1, 2.5]
        assert numbers.missed == 0
