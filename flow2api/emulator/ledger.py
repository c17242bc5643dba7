"""What the emulator received and accepted, for tests to assert on: nothing twice, limits held, which call when.

Calls are kept for a while, counters and accepted generations for ever (until a reset). Knows nothing of what calls mean.
"""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from flow2api.emulator.memory import Memory

# Enough to look back on in a test, and a few megabytes at most under load.
KEPT_CALLS = 5000
KEPT_ACCEPTED = 1000
"""How many accepted calls are still known after a new start."""
KEPT_BODY_BYTES = 16 * 1024
KEPT_BODIES_BYTES = 16 * 1024 * 1024


class Seen(msgspec.Struct, kw_only=True):
    """One call. `status` 0: no answer was made (the client left, or the connection was broken on purpose)."""

    call: str
    account: str
    at: float
    method: str
    path: str
    status: int = 0
    body: bytes = b""
    """The request's body, empty when it was large, or long ago among many."""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted call that makes something: from here on it would have been paid, answered or not."""

    call: str
    account: str
    at: float
    batch_id: str
    prompt: str
    """The first prompt of the call; for an enlargement the media id."""
    media: tuple[str, ...]


class Ledger:
    """The records and counters."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._records = (memory or Memory()).table("accepted", Accepted)
        for key in list(self._records)[:-KEPT_ACCEPTED]:
            del self._records[key]
        self._turn = max(map(int, self._records), default=0)
        self.seen: deque[Seen] = deque(maxlen=KEPT_CALLS)
        self._bodies: deque[Seen] = deque()
        self._bodies_bytes = 0
        self.counts: Counter[str] = Counter()
        self.counts_of: Counter[tuple[str, str]] = Counter()
        """Calls by account and name."""
        self.running: Counter[tuple[str, str]] = Counter()
        self.peaks: dict[tuple[str, str], int] = {}

    @property
    def accepted(self) -> list[Accepted]:
        """All accepted calls, oldest first."""
        return list(self._records.values())

    def accept(self, accepted: Accepted) -> None:
        """Note an accepted call."""
        self._turn += 1
        self._records[str(self._turn)] = accepted

    @contextmanager
    def calling(self, seen: Seen) -> Iterator[None]:
        """Record a call and count it as running while it is worked on."""
        self._keep_body(seen)
        self.seen.append(seen)
        self.counts[seen.call] += 1
        key = (seen.account, seen.call)
        self.counts_of[key] += 1
        self.running[key] += 1
        self.peaks[key] = max(self.peaks.get(key, 0), self.running[key])
        try:
            yield
        finally:
            self.running[key] -= 1

    def _keep_body(self, seen: Seen) -> None:
        """Keep the bodies of the last calls only: those of status calls are long, and there are very many."""
        if len(seen.body) > KEPT_BODY_BYTES:
            seen.body = b""
        self._bodies.append(seen)
        self._bodies_bytes += len(seen.body)
        while self._bodies_bytes > KEPT_BODIES_BYTES or len(self._bodies) > KEPT_CALLS:
            oldest = self._bodies.popleft()
            self._bodies_bytes -= len(oldest.body)
            oldest.body = b""

    def calls(self, call: str) -> list[Seen]:
        """The kept calls of one name, oldest first."""
        return [seen for seen in self.seen if seen.call == call]

    def peak(self, account: str, call: str) -> int:
        """The most calls of one name that ran at the same time for an account."""
        return self.peaks.get((account, call), 0)

    def by_prompt(self, call: str = "image") -> Counter[str]:
        """How often each prompt was accepted."""
        return Counter(one.prompt for one in self.accepted if one.call == call)

    def by_batch(self, call: str = "image") -> Counter[str]:
        """How often each batch id was accepted."""
        return Counter(one.batch_id for one in self.accepted if one.call == call)

    def by_account(self, call: str = "image") -> Counter[str]:
        """How much was accepted for each account."""
        return Counter(one.account for one in self.accepted if one.call == call)
