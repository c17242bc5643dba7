"""What of many events is told when: states each and in order, numbers the newest alone. Pure; knows no time.

An event is a number when nothing about its subject has changed that people would call its state since the event before. Whole records
replace each other, so leaving out the ones between loses nothing.
"""

from collections.abc import Callable, Hashable
from typing import NamedTuple

MOST_SUBJECTS = 10_000
GONE = object()
"""The state of a subject that is no more."""


class Mark(NamedTuple):
    """What an event is about, and the state that it tells; two states are compared with `==`."""

    subject: Hashable
    state: object


class Coalescer:
    """Holds events until they are taken. `mark` gives None for an event that always is a state."""

    def __init__(self, mark: Callable[[object], Mark | None]) -> None:
        self._mark = mark
        self._known: dict[Hashable, object] = {}
        self._states: list[object] = []
        self._numbers: dict[Hashable, object] = {}

    def add(self, event: object) -> None:
        """Take one in."""
        mark = self._mark(event)
        if mark is None:
            self._states.append(event)
        elif mark.state is not GONE and self._known.get(mark.subject, GONE) == mark.state:
            self._numbers[mark.subject] = event
        else:
            self._numbers.pop(mark.subject, None)
            self._states.append(event)
            self._learn(mark)

    def take_states(self) -> list[object]:
        """The states that wait, oldest first."""
        states, self._states = self._states, []
        return states

    def take_all(self) -> list[object]:
        """The states that wait, then the newest numbers."""
        numbers, self._numbers = self._numbers, {}
        return [*self.take_states(), *numbers.values()]

    def _learn(self, mark: Mark) -> None:
        if mark.state is GONE:
            self._known.pop(mark.subject, None)
            return
        if len(self._known) >= MOST_SUBJECTS:
            # Costs one number told as a state for each subject, and bounds what is kept.
            self._known.clear()
        self._known[mark.subject] = mark.state
