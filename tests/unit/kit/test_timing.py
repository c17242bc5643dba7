from itertools import islice
from random import Random

import pytest
import trio
from trio.testing import MockClock

from flow2api.kit.timing import Backoff, every


def test_pauses_grow_up_to_their_limit() -> None:
    assert list(islice(Backoff(first=1, factor=2, limit=5, jitter=0), 5)) == [1, 2, 4, 5, 5]


def test_a_pause_is_shorter_by_no_more_than_the_jitter() -> None:
    pauses = list(islice(Backoff(first=10, factor=1, limit=10, jitter=0.2, random=Random(1)), 200))
    assert 8 <= min(pauses) < 8.2
    assert 9.8 < max(pauses) <= 10


def test_the_same_seed_gives_the_same_pauses() -> None:
    first, second = (list(islice(Backoff(random=Random(7)), 9)) for _ in range(2))
    assert first == second


def test_a_pause_after_absurdly_many_attempts_is_the_limit() -> None:
    assert Backoff(limit=30, jitter=0).delay(100_000) == 30


async def beats(rhythm: every, number: int, work: float = 0.0) -> list[tuple[int, float]]:
    begun, seen = trio.current_time(), []
    async for beat in rhythm:
        seen.append((beat, trio.current_time() - begun))
        if len(seen) == number:
            break
        await trio.sleep(work)
    return seen


async def test_beats_come_at_once_and_then_at_multiples_of_the_interval(autojump_clock: MockClock) -> None:
    assert await beats(every(10), 3, work=4) == [(0, 0), (1, 10), (2, 20)]


async def test_beats_that_were_slept_through_are_left_out(autojump_clock: MockClock) -> None:
    assert await beats(every(10), 3, work=25) == [(0, 0), (3, 30), (6, 60)]


async def test_jitter_makes_beats_late_without_shifting_the_next(autojump_clock: MockClock) -> None:
    late = [at - 10 * beat for beat, at in await beats(every(10, jitter=0.5, random=Random(3)), 50)]
    assert all(0 <= seconds <= 5 for seconds in late)
    assert max(late) > 4


async def test_a_beat_can_be_cancelled(autojump_clock: MockClock) -> None:
    rhythm = every(10)
    await anext(rhythm)
    with trio.move_on_after(3) as scope:
        await anext(rhythm)
    assert scope.cancelled_caught


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_interval_must_be_longer_than_nothing(seconds: float) -> None:
    with pytest.raises(ValueError, match="interval"):
        every(seconds)
