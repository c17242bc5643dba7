"""Wrong tries make the next ones wait, longer each time: by address, and a little by account against guessing from many addresses.

Tries from one address are handled one after the other, and the queue for them is short; so is, once the account is slow, that of all
addresses together, but for those that a right try came from. Holds nothing for long and little in all.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_address

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
# Tries from addresses that are not known, while the account is slow: with its delay a few a second, whoever many they are.
STRANGERS = 24
_KNOWN = 100
# Whoever has one address of such a network has all of them.
_HOME_BITS = 64


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
    """All of them. `free` wrong tries of one address cost nothing, after more of them it waits `longest` seconds at most."""

    def __init__(self, free: int = 0, longest: float = MAX_DELAY_SECONDS) -> None:
        self._free = free
        self._longest = longest
        self._addresses: OrderedDict[str, Tally] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()
        self._account = Tally(ACCOUNT_TRIES, MAX_ACCOUNT_DELAY_SECONDS)
        self._strangers = 0

    @asynccontextmanager
    async def attempt(self, address: str) -> AsyncIterator["Attempt"]:
        """Wait for this address's turn; say in the block how the try went.

        Raises:
            Failure: `rate_limit_exceeded` while too many tries wait."""
        home = _home(address)
        tally, known = self._of(home), home in self._known
        crowded = self._strangers >= STRANGERS and not known and _fresh(self._account).delay > 0
        if crowded or tally.turn.statistics().tasks_waiting >= _WAITING:
            raise Failure(
                Code.RATE_LIMIT_EXCEEDED, "Too many tries are waiting.", retry_after_seconds=max(tally.delay, 1.0)
            )
        self._strangers += not known
        try:
            async with tally.turn:
                await trio.sleep(max(tally.delay, _fresh(self._account).delay))
                attempt = Attempt(tally, self._account)
                yield attempt
                if attempt.was_right:
                    self._learn(home)
        finally:
            self._strangers -= not known

    def _learn(self, home: str) -> None:
        self._known[home] = None
        self._known.move_to_end(home)
        if len(self._known) > _KNOWN:
            self._known.popitem(last=False)

    def _of(self, home: str) -> Tally:
        tally = self._addresses.get(home)
        if tally is None:
            tally = self._addresses[home] = Tally(self._free, self._longest)
        self._addresses.move_to_end(home)
        while len(self._addresses) > _ADDRESSES:
            self._addresses.popitem(last=False)
        return _fresh(tally)


class Attempt:
    """One try."""

    def __init__(self, address: Tally, account: Tally) -> None:
        self._tallies = (address, account)
        self.was_right = False

    def right(self) -> None:
        self.was_right = True
        for tally in self._tallies:
            tally.note(right=True)

    def wrong(self) -> None:
        for tally in self._tallies:
            tally.note(right=False)


def _fresh(tally: Tally) -> Tally:
    if trio.current_time() - tally.last > FORGET_SECONDS:
        tally.failures = 0
    return tally


def _home(address: str) -> str:
    """What counts as one address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _HOME_BITS << _HOME_BITS))
