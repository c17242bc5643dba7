"""Pauses: growing ones between attempts, regular ones between rounds, both with jitter so that many do not march in step.

Knows Trio's clock and a random source, which tests may seed; nothing of actors.
"""

import math
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from random import Random

import trio


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Growing pauses in seconds: `first`, then `factor` times as long each time, never above `limit`.

    `jitter` is the share by which a pause may be shorter (0.1: up to ten percent), drawn from `random`. Iterating gives an
    endless series from the start; `delay` gives one pause by its number.

        for pause in Backoff(first=0.5):
            ...
    """

    first: float = 0.1
    factor: float = 2.0
    limit: float = 30.0
    jitter: float = 0.1
    random: Random = field(default_factory=Random, repr=False, compare=False)

    def delay(self, attempt: int) -> float:
        """The pause after so many pauses before it, so 0 asks for the first."""
        return self._unspread(attempt) * (1.0 - self.jitter * self.random.random())

    def __iter__(self) -> Iterator[float]:
        attempt = 0
        while True:
            yield self.delay(attempt)
            attempt += 1

    def _unspread(self, attempt: int) -> float:
        try:
            return min(self.limit, self.first * self.factor**attempt)
        except OverflowError:
            return self.limit


class every:  # noqa: N801  (reads as a word of the language: `async for _ in every(60)`)
    """Beat regularly: at once, then after each multiple of `seconds`, giving the number of the beat.

    Each beat comes later by a random share of `seconds`, at most `jitter` of it, without shifting those after it. When the
    body takes longer than a beat, the beats it slept through are left out, not made up for.

        async for _ in every(60, jitter=0.1):
            await refresh()
    """

    def __init__(self, seconds: float, jitter: float = 0.0, *, random: Random | None = None) -> None:
        if seconds <= 0:
            raise ValueError("an interval must be longer than nothing")
        self._seconds = seconds
        self._jitter = jitter
        self._random = random or Random()
        self._origin: float | None = None
        self._next = 0

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        now = trio.current_time()
        if self._origin is None:
            self._origin = now
        missed = math.ceil((now - self._origin) / self._seconds)
        beat = max(self._next, missed)
        self._next = beat + 1
        late = self._seconds * self._jitter * self._random.random()
        await trio.sleep_until(self._origin + beat * self._seconds + late)
        return beat
