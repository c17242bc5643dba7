from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from flow2api.api.live.coalesce import GONE, MOST_SUBJECTS, Coalescer, Mark


class Said(NamedTuple):
    """A whole record about a subject."""

    subject: int
    state: str
    number: int


def mark(event: object) -> Mark | None:
    assert isinstance(event, Said)
    if event.state == "always":
        return None
    return Mark(event.subject, GONE if event.state == "gone" else event.state)


EVENTS = st.builds(Said, st.integers(0, 3), st.sampled_from(["up", "down", "gone", "always"]), st.integers())


@given(st.lists(st.one_of(EVENTS, st.sampled_from(["states", "all"]))))
def test_every_state_is_told_in_order_and_of_numbers_the_newest(steps: list[Said | str]) -> None:
    coalescer, told = Coalescer(mark), list[object]()
    said = [step for step in steps if isinstance(step, Said)]
    for step in steps:
        if isinstance(step, Said):
            coalescer.add(step)
        else:
            told += coalescer.take_states() if step == "states" else coalescer.take_all()
    told += coalescer.take_all()
    assert len(told) <= len(said)
    for subject in range(4):
        seen = [event for event in told if isinstance(event, Said) and event.subject == subject]
        true = [event for event in said if event.subject == subject]
        plain = [event for event in true if event.state != "always"]
        # What a page ends with is the truth.
        kept = [event for event in seen if event.state != "always"]
        assert kept[-1:] == plain[-1:]
        # No turn of a state is left out, and none is invented.
        assert _turns(kept) == _turns(plain)
    always = [event for event in told if isinstance(event, Said) and event.state == "always"]
    assert always == [event for event in said if event.state == "always"]


def _turns(events: list[Said]) -> list[str]:
    states = [event.state for event in events]
    return [state for place, state in enumerate(states) if not place or states[place - 1] != state or state == "gone"]


def test_what_is_remembered_is_bounded() -> None:
    coalescer = Coalescer(mark)
    for subject in range(3 * MOST_SUBJECTS):
        coalescer.add(Said(subject, "up", 0))
        coalescer.take_all()
    assert len(coalescer._known) <= MOST_SUBJECTS
