"""The waiting line takes one from each caller in turn."""

from flow2api.actors.fair_queue import FairQueue


def line(*entries: str) -> FairQueue[str]:
    """A queue of items such as `a1`: caller a, item 1."""
    queue: FairQueue[str] = FairQueue()
    for entry in entries:
        queue.add(entry, entry[0], entry.upper())
    return queue


def order(queue: FairQueue[str]) -> list[str]:
    return [item_id for item_id, _ in queue.order()]


def test_callers_take_turns_however_much_one_of_them_asks() -> None:
    assert order(line("a1", "a2", "a3", "b1", "c1", "b2")) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_a_served_caller_goes_to_the_end_of_the_round() -> None:
    queue = line("a1", "a2", "b1")
    assert queue.serve("a1") == "A1"
    assert order(queue) == ["b1", "a2"]


def test_leaving_the_line_costs_the_caller_no_turn() -> None:
    queue = line("a1", "a2", "b1")
    assert queue.remove("a1") == "A1"
    assert order(queue) == ["a2", "b1"]


def test_what_is_not_there_can_be_removed_and_served_without_effect() -> None:
    queue = line("a1")
    assert queue.remove("x") is None
    assert queue.serve("x") is None
    assert order(queue) == ["a1"]


def test_positions_count_from_one_in_the_order_of_serving() -> None:
    assert line("a1", "a2", "b1").positions() == {"a1": 1, "b1": 2, "a2": 3}


def test_an_emptied_line_leaves_nothing_behind() -> None:
    queue = line("a1", "b1")
    queue.serve("a1")
    queue.remove("b1")
    assert len(queue) == 0
    assert order(queue) == []
    queue.add("a2", "a", "A2")
    assert order(queue) == ["a2"]


def test_who_comes_back_has_the_place_that_its_age_gives_it() -> None:
    queue: FairQueue[str] = FairQueue()
    for item_id, caller, born_at in (("a3", "a", 3), ("b1", "b", 9), ("a1", "a", 1), ("a2", "a", 2), ("a2x", "a", 2)):
        queue.add(item_id, caller, item_id, born_at=born_at)
    assert order(queue) == ["a1", "b1", "a2", "a2x", "a3"]
    assert queue.serve("a1") == "a1"
    queue.add("a1", "a", "a1", born_at=1)
    assert order(queue) == ["b1", "a1", "a2", "a2x", "a3"]
