"""Keeps a row of children alive: who is started again, when, and in what order. Each child leans on those before it in its row.

That one idea gives all strategies: `one_for_one` is a row for each child, `rest_for_one` one row of all. Promises that later
children are stopped in reverse order, one after the other, before an earlier one is started again. It decides; `Child` acts.
"""

import math
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

import trio

from flow2api.kit.child import Child
from flow2api.kit.errors import describe
from flow2api.kit.lifetime import Lifetime
from flow2api.kit.spec import Restart
from flow2api.kit.timing import Backoff


class Phase(Enum):
    """What a supervisor is at: keeping its children alive, stopping them for good, or leaving them to an heir."""

    KEEPING = auto()
    STOPPING = auto()
    LEAVING = auto()


class Keeper(Protocol):
    """The supervisor, as its rows see it."""

    phase: Phase
    backoff: Backoff

    def exhausted(self, child: Child, error: Exception | None) -> None:
        """The budget is spent: `leave` or `park` the child."""


class Budget:
    """So many restarts within so many seconds, in a sliding window."""

    def __init__(self, max_restarts: int, within: float) -> None:
        self.max_restarts = max_restarts
        self.within = within
        self._spent: deque[float] = deque()

    def spend(self, now: float) -> bool:
        """Take one restart out; False if there is none left. What is older than `within` counts no more."""
        while self._spent and self._spent[0] < now - self.within:
            self._spent.popleft()
        if len(self._spent) >= self.max_restarts:
            return False
        self._spent.append(now)
        return True

    def refill(self) -> None:
        """Forget what was spent."""
        self._spent.clear()


class Row:
    """Some children in the order of their start, kept alive by `keep` until nobody wants any of them any more."""

    def __init__(self, children: Sequence[Child], keeper: Keeper, budget: Budget) -> None:
        self.children = children
        self.budget = budget
        self.kept = False
        """Whether `keep` looks after it; if not, it must be called again for a child that is wanted again."""
        self._keeper = keeper
        self._news = trio.Event()

    async def keep(self) -> None:
        """Start and restart the children; returns when all have stopped and none is wanted."""
        self.kept = True
        async with trio.open_nursery() as lives:
            while True:
                self._news = trio.Event()
                pause = self._step(lives)
                if pause is None:
                    self.kept = False
                    break
                with trio.move_on_after(pause):
                    await self._news.wait()

    def changed(self) -> None:
        """Something happened that `keep` must look at."""
        self._news.set()

    def _step(self, lives: trio.Nursery) -> float | None:
        """Do one thing, if one is due. How long to wait for news before looking again; None at the end.

        All state is read anew each time, so it does not matter what happened during the wait, or in which order.
        """
        fallen = next((i for i, child in enumerate(self.children) if child.wanted and not child.alive), None)
        if fallen is None or self._keeper.phase is not Phase.KEEPING:
            return math.inf if any(child.alive for child in self.children) or self._wanted() else None
        child, earlier, later = self.children[fallen], self.children[:fallen], self.children[fallen + 1 :]
        last = next((other for other in reversed(later) if other.alive), None)
        pause = child.due - trio.current_time()
        if last is not None:
            last.wanted = last.wanted and last.spec.restart != "temporary"
            last.begin_halt(child.error)
        elif any(other.state == "starting" for other in earlier):
            pass
        elif pause > 0:
            return pause
        else:
            child.begin(lives, self)
        return math.inf

    def _wanted(self) -> bool:
        return self._keeper.phase is Phase.KEEPING and any(child.wanted for child in self.children)

    def ended(self, child: Child, life: Lifetime) -> None:
        """Decide what follows the end of a life."""
        self._news.set()
        now = trio.current_time()
        if life.stopping or self._keeper.phase is Phase.STOPPING:
            child.retire()
        elif self._keeper.phase is Phase.LEAVING:
            child.leave()
        elif life.halted:
            self._after_halt(child)
        elif not _again(child.spec.restart, life.error):
            child.retire()
        elif not self.budget.spend(now):
            self._keeper.exhausted(child, life.error)
        else:
            pause = self._pause(child, life, now)
            child.wait(pause, describe(life.error) if life.error else "ended")

    def _after_halt(self, child: Child) -> None:
        if child.wanted:
            child.wait(0.0, "made way for others")
        else:
            child.retire()

    def _pause(self, child: Child, life: Lifetime, now: float) -> float:
        """Grows with each restart in a row; a life as long as the budget's window breaks the row."""
        if life.started_at is not None and now - life.started_at > self.budget.within:
            child.streak = 0
        child.streak += 1
        return self._keeper.backoff.delay(child.streak - 1)


def _again(restart: Restart, error: Exception | None) -> bool:
    return restart == "permanent" or (restart == "transient" and error is not None)
