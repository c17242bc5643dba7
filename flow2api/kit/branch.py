"""What both kinds of supervisor have in common: a name, a budget, a run with an end, and a way to give up.

Promises that `run` leaves nothing behind, however it ends, and that `TooManyRestarts` reaches the caller bare, not wrapped in one
exception group for each level. It does not know which children there are, nor in which order.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import trio

from flow2api.kit.bus import EventBus
from flow2api.kit.child import Child
from flow2api.kit.errors import ActorStopped, Refusal, TooManyRestarts, UnknownChild
from flow2api.kit.life import Herald
from flow2api.kit.mailbox import Ref
from flow2api.kit.row import Budget, Phase
from flow2api.kit.spec import NodeStatistics, State
from flow2api.kit.timing import Backoff


class Branch(ABC):
    """The base of `Supervisor` and `DynamicSupervisor`. An object runs once."""

    def __init__(self, name: str, *, max_restarts: int, within: float, backoff: Backoff | None, bus: EventBus) -> None:
        self.name = name
        self.phase = Phase.KEEPING
        self.backoff = backoff or Backoff()
        self._max_restarts = max_restarts
        self._within = within
        self._herald = Herald(bus)
        self._state: State = "waiting"
        self._cause: Exception | None = None
        self._failure: TooManyRestarts | None = None
        self._over = trio.Event()
        self._ended = trio.Event()

    @abstractmethod
    def children(self) -> Sequence[Child]:
        """The places, in the order of start if there is one."""

    @abstractmethod
    def _begin_anew(self, child: Child) -> None:
        """Begin a new life of the child as soon as may be, by the rules for those that lean on it."""

    def begin_restart(self, path: Sequence[str]) -> None:
        """Begin a new life, by hand, of what lives at the end of `path`: a name at each level, as in `statistics`.

        It costs no restart of the budget; those that lean on it begin anew after it; mailboxes are kept. Raises `UnknownChild` when
        there is none there, `ActorStopped` when it, or this, is being stopped.
        """
        name, *rest = path
        child = self._child(name)
        if rest:
            child.restart_below(rest)
            return
        if self.phase is not Phase.KEEPING:
            raise ActorStopped(self.name)
        if child.stopping:
            raise ActorStopped(name, "is being stopped")
        self._begin_anew(child)

    @abstractmethod
    async def _tend(self, nursery: trio.Nursery, started: Callable[[], object]) -> None:
        """Look after the children in the nursery until `_over` is set, then stop or halt them."""

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run the children until `stop` is called; `started` when each of them has come up once.

        Raises `TooManyRestarts` when the budget is spent, the children having been stopped. Cancelling it cancels all of them
        at once. In every case, all that was still asked gets its answer, `ActorStopped` at the least.
        """
        reported = False

        def report() -> None:
            nonlocal reported
            reported = True
            task_status.started()

        try:
            await self.serve(report)
            if not reported:
                task_status.started()
        finally:
            self.abandon(ActorStopped)

    async def stop(self) -> None:
        """Stop all children, letting them drain, and wait until `run` has ended.

        May be called more than once, and before `run`, which returns at once then. When this is cancelled, the stopping goes on.
        """
        self.begin_stop()
        await self._ended.wait()

    def ref(self, name: str) -> Ref[Any]:
        """The address of an actor right below; for use after `run` has started, unless its `ChildSpec` has a mailbox."""
        return self._child(name).ref

    def statistics(self) -> NodeStatistics:
        """The tree from here, as it is now."""
        return NodeStatistics(name=self.name, kind="supervisor", state=self._state, children=self.nodes())

    # What a parent calls, and what the rows do.

    async def serve(self, started: Callable[[], object]) -> None:
        """Like `run`, but the mailboxes are left to an heir, or to `abandon`."""
        if self._state != "waiting":
            raise RuntimeError(f"{self.name} has run already; make a new supervisor")
        self._state = "starting"

        def note() -> None:
            if self.phase is Phase.KEEPING:
                self._state = "running"
            started()

        try:
            async with trio.open_nursery() as nursery:
                await self._tend(nursery, note)
        finally:
            self._state = "stopped"
            self._ended.set()
        # Only out here: raised inside the nursery, each level would wrap it in another group.
        if self._failure is not None:
            raise self._failure from self._cause

    def begin_stop(self) -> None:
        """Begin to stop, if it does not end already."""
        if self._state == "waiting":
            self._ended.set()
            self.abandon(ActorStopped)
        self._end(Phase.STOPPING)

    def begin_halt(self, cause: Exception | None) -> None:
        """Begin to cut all children off, because of `cause`, leaving their mailboxes."""
        if self.phase is Phase.KEEPING:
            self._cause = cause
        self._end(Phase.LEAVING)

    def exhausted(self, child: Child, error: Exception | None) -> None:
        """Give up: halt all children and fail."""
        self._failure = TooManyRestarts(self.name, child.name, self._max_restarts, self._within)
        child.leave()
        self.begin_halt(error)

    def nodes(self) -> Sequence[NodeStatistics]:
        """The trees right below."""
        return tuple(child.statistics() for child in self.children())

    def inherit(self, former: "Branch") -> None:
        """Take over from the supervisor that lived here before what carries a name that is known here; settle the rest."""
        places = {child.name: child for child in former.children()}
        for child in self.children():
            if child.name in places:
                child.inherit(places[child.name])
        former.abandon(ActorStopped)

    def abandon(self, why: Refusal) -> None:
        """Settle whatever lies in a mailbox below with the error that `why` makes."""
        for child in self.children():
            child.give_up(why)

    def _end(self, phase: Phase) -> None:
        if self.phase is not Phase.KEEPING:
            return
        self.phase = phase
        if phase is Phase.STOPPING and self._state != "waiting":
            self._state = "draining"
        self._over.set()

    def _budget(self) -> Budget:
        return Budget(self._max_restarts, self._within)

    def _child(self, name: str) -> Child:
        for child in self.children():
            if child.name == name:
                return child
        raise UnknownChild(self.name, name)
