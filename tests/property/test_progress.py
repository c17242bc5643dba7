"""The percentage of a job never falls, whatever way it takes, and after a restart at any point."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.job import TRANSITIONS, Job, JobState, Made, move
from flow2api.domain.progress import percent, told
from tests.doubles.records import job

# What a restart finds on disk in place of these.
_ON_DISK = {JobState.STARTING: JobState.QUEUED}


def stepped(before: Job, state: JobState, now: float) -> Job:
    """The job one move further, with what the engine writes at that move."""
    if state is JobState.SUBMITTING and before.state is JobState.RUNNING:
        return move(before, state, now, originals=(Made(media_id="m"),))
    if state is JobState.SUBMITTING:
        return move(before, state, now, submitted_at=now)
    return move(before, state, now)


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 500), st.booleans()), max_size=20))
def test_the_percentage_never_falls_and_ends_at_a_hundred(ways: list[tuple[int, float, bool]]) -> None:
    one, now, seen = job("j1", state=JobState.QUEUED), 1000.0, 0
    for way, pause, restart in ways:
        now += pause
        assert percent(one, now) >= seen
        seen = percent(one, now)
        moves = sorted(TRANSITIONS[one.state])
        if not moves:
            break
        one = stepped(one, moves[way % len(moves)], now)
        if restart:
            one = msgspec.structs.replace(one, state=_ON_DISK.get(one.state, one.state))
        assert seen <= percent(one, now) <= 100
        seen = percent(one, now)
    assert (percent(one, now) == 100) is one.final


def test_it_moves_while_the_provider_works() -> None:
    running = msgspec.structs.replace(job("j1", state=JobState.RUNNING), submitted_at=0.0)
    shown = [percent(running, seconds) for seconds in (0.0, 10.0, 60.0, 600.0, 1e9)]
    assert shown == sorted(shown)
    assert shown[0] < shown[1] < shown[2] < shown[3] <= shown[4] < 95


def test_what_a_provider_tells_is_a_part_of_the_whole() -> None:
    assert [told(percent) for percent in (-5, 0, 50, 100, 700)] == [1, 1, 45, 90, 90]
