"""The places of uploads that are under way, and how keys share them."""

import pytest

from flow2api.api.gemini.uploads import FORGET_SECONDS, MAX_OPEN, Places
from flow2api.errors import Code, Failure


def filled(*owners: str) -> tuple[Places, list[str]]:
    """All places taken by these keys in turn, one a second, and the ids of the uploads."""
    places = Places()
    return places, [places.begin(owners[place % len(owners)], float(place)) for place in range(MAX_OPEN)]


def test_a_key_that_took_every_place_makes_room_for_others_up_to_an_equal_share() -> None:
    places, theirs = filled("greedy")
    mine = [places.begin("modest", 100.0) for _ in range(MAX_OPEN // 2)]
    # Those go that rested longest.
    assert [places.find(name) is not None for name in theirs] == [False] * (MAX_OPEN // 2) + [True] * (MAX_OPEN // 2)
    assert all(places.find(name) for name in mine)
    for key in ("modest", "greedy"):
        with pytest.raises(Failure) as refused:
            places.begin(key, 100.0)
        assert refused.value.code is Code.RATE_LIMIT_EXCEEDED


def test_a_key_that_came_late_finds_a_place_among_many_and_takes_nobodys_only_one() -> None:
    places, _ = filled(*(f"key {number}" for number in range(MAX_OPEN // 2)))
    assert places.find(places.begin("late", 100.0))
    places, ids = filled(*(f"key {number}" for number in range(MAX_OPEN)))
    with pytest.raises(Failure):
        places.begin("late", 100.0)
    assert all(places.find(name) for name in ids)


def test_who_finds_no_place_is_told_when_the_next_one_is_free() -> None:
    places, ids = filled("only")
    with pytest.raises(Failure) as refused:
        places.begin("only", 100.0)
    assert refused.value.retry_after_seconds == FORGET_SECONDS - 100.0
    assert places.begin("only", FORGET_SECONDS + 0.5)
    assert [places.find(name) is not None for name in ids] == [False] + [True] * (MAX_OPEN - 1)


def test_an_upload_that_ended_frees_its_place() -> None:
    places, ids = filled("only")
    places.end(ids[3])
    places.end(ids[3])
    assert places.find(ids[3]) is None
    assert places.begin("only", 100.0)
