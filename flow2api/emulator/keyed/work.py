"""How an order gets on: queued, active, done, by the number of times it was asked for or by the clock.

Knows nothing of what is made. What comes of it is decided when it is taken in, by marker words in the prompt.
"""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from flow2api.emulator.exchange import Refused
from flow2api.emulator.progress import Pace

Stage = Literal["queued", "active", "done"]
Fate = Literal["made", "refused", "failed", "stuck", "mystery"]
"""`mystery`: its status is a word that nobody knows."""

# Words in a prompt that are found wrong only when the work is under way.
FATES: Mapping[str, Fate] = {
    "[refuse-later]": "refused",
    "[fault-later]": "failed",
    "[stuck]": "stuck",
    "[mystery-later]": "mystery",
}
_MARKER = re.compile("|".join(re.escape(word) for word in FATES))
UNSAFE = "[unsafe]"


def fate_of(prompt: str) -> Fate:
    """What an order with this prompt comes to."""
    marked = _MARKER.search(prompt)
    return FATES[marked[0]] if marked else "made"


def check_prompt(prompt: str) -> None:
    """`Refused` for a prompt that is refused at once."""
    if UNSAFE in prompt:
        raise Refused(400, "The prompt was refused by the safety system.", reason="content_policy_violation")


class Work(msgspec.Struct, kw_only=True):
    """The state of one order. Once it is done it stays so, whatever happens to the pace."""

    begun_at: float
    fate: Fate = "made"
    polls: int = 0
    ended: bool = False
    cancelled: bool = False

    def poll(self, pace: Pace, now: float) -> Stage:
        """The stage, for one more question about it."""
        self.polls += 1
        return self.stage(pace, now)

    def stage(self, pace: Pace, now: float) -> Stage:
        """The stage, without counting as a question."""
        amount = self._amount(pace, now)
        if not self.ended and amount < pace.queued:
            return "queued"
        if not self.ended and (self.fate == "stuck" or amount < pace.queued + pace.active):
            return "active"
        self.ended = True
        return "done"

    def share(self, pace: Pace, now: float) -> float:
        """How much of it is done, from 0 to 1."""
        if self.stage(pace, now) == "done":
            return 1.0
        whole = pace.queued + pace.active
        return min(0.99, max(0.0, self._amount(pace, now) / whole)) if whole else 0.0

    def cancel(self) -> None:
        """End it now."""
        self.ended = self.cancelled = True

    def _amount(self, pace: Pace, now: float) -> float:
        # The first question finds it where it was put, so it has not moved yet.
        return max(0, self.polls - 1) if pace.unit == "polls" else now - self.begun_at
