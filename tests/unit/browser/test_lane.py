"""A subscription is bounded, and a lane ends once."""

import pytest
import trio

from flow2api.browser import lane as lane_module
from flow2api.browser.errors import ConnectionLost, TabLost
from flow2api.browser.lane import Event, Lane


async def test_a_subscriber_that_does_not_read_loses_the_newest_and_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_module, "_UNREAD_EVENTS", 2)
    lane = Lane(None)
    with lane_module.Events(lane, ("A.b",)) as events:
        for number in range(5):
            lane.deliver(Event("A.b", {"n": number}))
        assert events.missed == 3
        assert [(await anext(events)).params["n"] for _ in range(2)] == [0, 1]


async def test_what_came_before_the_end_is_still_read(autojump_clock: trio.testing.MockClock) -> None:
    lane = Lane("s", "t")
    with lane_module.Events(lane, ("A.b",)) as events:
        lane.deliver(Event("A.b", {}))
        lane.end(TabLost("gone"))
        assert (await anext(events)).method == "A.b"
        with pytest.raises(TabLost, match="gone"):
            await anext(events)


def test_the_first_reason_counts_and_each_hears_it_in_an_error_of_its_own() -> None:
    lane = Lane("s", "t")
    lane.end(TabLost("crashed"))
    lane.end(ConnectionLost("cut"))
    raised = []
    for _ in range(2):
        with pytest.raises(TabLost, match="crashed") as caught:
            lane.check()
        raised.append(caught.value)
    assert raised[0] is not raised[1]
