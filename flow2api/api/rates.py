"""How often a key may ask: so many requests within any sixty seconds, and the true wait for the one that is too many.

Held in memory and measured on the monotonic clock: a restart forgets it, which gives a caller a minute's worth at most.
"""

from collections import deque

WINDOW_SECONDS = 60.0


class RequestRates:
    """The requests of each key within the last minute."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {}

    def take(self, key_id: str, limit: int, now: float) -> float:
        """Count one request if it may pass, then 0; else the seconds until one may."""
        taken = self._taken.setdefault(key_id, deque())
        while taken and taken[0] <= now - WINDOW_SECONDS:
            taken.popleft()
        if len(taken) >= limit:
            # After the limit was lowered more than one has to grow old.
            return taken[-limit] + WINDOW_SECONDS - now
        taken.append(now)
        return 0.0

    def forget(self, key_id: str) -> None:
        """Drop what is known of a key that is limited no more."""
        self._taken.pop(key_id, None)
