"""How a clip gets on: queued, active, ended, by the number of times it was asked for or by the clock.

Knows nothing of clips; whoever makes something that takes time keeps a `Progress` of it.
"""

import re
from typing import Any, Literal, NamedTuple

import msgspec

PREFIX = "MEDIA_GENERATION_STATUS_"

Queued = Literal["PENDING", "SCHEDULED"]


class Pace(NamedTuple):
    """How long something is queued and then active, in status calls or in seconds."""

    unit: Literal["polls", "seconds"]
    queued: float
    active: float


class Ending(NamedTuple):
    """How it ends. `word` goes behind the prefix of all statuses; without an error there are no code and message."""

    word: str = "SUCCESSFUL"
    code: int = 0
    message: str = ""
    reasons: tuple[str, ...] = ()


SUCCESS = Ending()
CANCELLED = Ending("CANCELED")
NEVER = Ending("ACTIVE")

# Words in a prompt that are found wrong only when the work is under way, and what comes of it.
ENDINGS = {
    "[refuse-later]": Ending("FAILED", 3, "PUBLIC_ERROR_UNSAFE_GENERATION"),
    "[ip-later]": Ending("FAILED", 3, "PUBLIC_ERROR_IP_INPUT_IMAGE", ("IP_PROHIBITED",)),
    "[traffic-later]": Ending("FAILED", 8, "PUBLIC_ERROR_HIGH_TRAFFIC"),
    "[fault-later]": Ending("FAILED", 13, "Internal error encountered."),
    "[error-later]": Ending("ERROR_GENERATION"),
    "[cancel-later]": CANCELLED,
    "[mystery-later]": Ending("UNDER_REVIEW"),
    "[stuck]": NEVER,
}
_MARKER = re.compile("|".join(re.escape(word) for word in ENDINGS))

# In the prompt of a clip: it can be made, but not enlarged.
UPSAMPLE_MARKER = "[upsample-fails]"


def ending_for(prompt: str) -> Ending:
    """What the prompt will come to."""
    marked = _MARKER.search(prompt)
    return ENDINGS[marked[0]] if marked else SUCCESS


def upsample_ending_for(prompt: str) -> Ending:
    """What enlarging the clip of that prompt will come to."""
    return ENDINGS["[fault-later]"] if UPSAMPLE_MARKER in prompt else SUCCESS


class Progress(msgspec.Struct, kw_only=True):
    """The state of one piece of work. Once it has ended it stays so, whatever happens to the pace."""

    begun_at: float
    ending: Ending = SUCCESS
    queued_as: Queued = "PENDING"
    polls: int = 0
    ended: bool = False

    @property
    def first(self) -> str:
        """The status with which it begins."""
        return PREFIX + self.queued_as

    def poll(self, pace: Pace, now: float) -> str:
        """The status for one more status call."""
        self.polls += 1
        return self.status(pace, now)

    def status(self, pace: Pace, now: float) -> str:
        """The status, without counting as a status call."""
        # The first status call finds it where it was put, so it has not moved yet.
        amount = self.polls - 1 if pace.unit == "polls" else now - self.begun_at
        if not self.ended and amount < pace.queued:
            return self.first
        if not self.ended and amount < pace.queued + pace.active:
            return PREFIX + "ACTIVE"
        self.ended = True
        return PREFIX + self.ending.word

    def succeeded(self, pace: Pace, now: float) -> bool:
        """Whether it has ended well."""
        return self.status(pace, now) == PREFIX + SUCCESS.word

    def cancel(self) -> None:
        """End it now."""
        self.ended, self.ending = True, CANCELLED


def reworded(value: Any, word: str | None) -> Any:
    """The value with every status changed, or left out. A status is told by its prefix, since two names are used for it."""
    if isinstance(value, list):
        return [reworded(one, word) for one in value]
    if isinstance(value, str) and value.startswith(PREFIX):
        return None if word is None else PREFIX + word
    if not isinstance(value, dict):
        return value
    changed = {key: reworded(one, word) for key, one in value.items()}
    return {key: one for key, one in changed.items() if one is not None or value[key] is None}
