"""Wrong tries make the next ones wait, longer each time: by address, and a little by account against guessing from many addresses.

Tries from one address are handled one after the other, and the queue for them is short. Holds nothing for long and little in all.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from flow2api.errors import Code, Failure

FIRST_DELAY_SECONDS = 0.5
MAX_DELAY_SECONDS = 30.0
# After this long without a wrong try an address is as good as new.
FORGET_SECONDS = 900.0
# Wrong tries from anywhere before the account itself is slow, and how slow at most: whoever owns it must still get in.
ACCOUNT_TRIES = 10
MAX_ACCOUNT_DELAY_SECONDS = 4.0
_ADDRESSES = 1000
_WAITING = 4


class Tally:
    """Wrong tries of one address, or at one account."""

    def __init__(self, free: int, longest: float) -> None:
        self.failures = 0
        self.last = 0.0
        self.turn = trio.Lock()
        self._free = free
        self._longest = longest

    @property
    def delay(self) -> float:
        late = self.failures - self._free
        return min(self._longest, FIRST_DELAY_SECONDS * 2.0 ** (late - 1)) if late > 0 else 0.0

    def note(self, *, right: bool) -> None:
        self.failures = 0 if right else self.failures + 1
        self.last = trio.current_time()


class Delays:
    """All of them."""

    def __init__(self) -> None:
        self._addresses: OrderedDict[str, Tally] = OrderedDict()
        self._account = Tally(ACCOUNT_TRIES, MAX_ACCOUNT_DELAY_SECONDS)

    @asynccontextmanager
    async def attempt(self, address: str) -> AsyncIterator["Attempt"]:
        """Wait for this address's turn; say in the block how the try went.

        Raises:
            Failure: `rate_limit_exceeded` while too many tries wait."""
        tally = self._of(address)
        if tally.turn.statistics().tasks_waiting >= _WAITING:
            raise Failure(
                Code.RATE_LIMIT_EXCEEDED, "Too many tries are waiting.", retry_after_seconds=max(tally.delay, 1.0)
            )
        async with tally.turn:
            await trio.sleep(max(tally.delay, _fresh(self._account).delay))
            yield Attempt(tally, self._account)

    def _of(self, address: str) -> Tally:
        tally = self._addresses.get(address)
        if tally is None:
            tally = self._addresses[address] = Tally(0, MAX_DELAY_SECONDS)
        self._addresses.move_to_end(address)
        while len(self._addresses) > _ADDRESSES:
            self._addresses.popitem(last=False)
        return _fresh(tally)


class Attempt:
    """One try."""

    def __init__(self, address: Tally, account: Tally) -> None:
        self._tallies = (address, account)

    def right(self) -> None:
        for tally in self._tallies:
            tally.note(right=True)

    def wrong(self) -> None:
        for tally in self._tallies:
            tally.note(right=False)


def _fresh(tally: Tally) -> Tally:
    if trio.current_time() - tally.last > FORGET_SECONDS:
        tally.failures = 0
    return tally
