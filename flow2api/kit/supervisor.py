"""Supervisors: they start children in order, start crashed ones again within a budget, and stop them in the reverse order.

This is the door to the supervising half of the kit:

    bus = EventBus()
    tree = Supervisor("root", [ChildSpec("ledger", Ledger), ChildSpec("jobs", make_jobs)], strategy="rest_for_one", bus=bus)
    async with trio.open_nursery() as nursery:
        await nursery.start(tree.run)
        await tree.ref("jobs").ask(...)
        await tree.stop()
"""

from collections.abc import Callable, Sequence
from typing import Literal

import trio

from flow2api.kit.branch import Branch
from flow2api.kit.bus import EventBus
from flow2api.kit.child import Child
from flow2api.kit.dynamic import DynamicSupervisor
from flow2api.kit.errors import ActorStopped
from flow2api.kit.life import Life
from flow2api.kit.row import Phase, Row
from flow2api.kit.spec import ChildSpec, NodeStatistics
from flow2api.kit.timing import Backoff

__all__ = ["ChildSpec", "DynamicSupervisor", "Life", "NodeStatistics", "Supervisor"]

Strategy = Literal["one_for_one", "rest_for_one"]


class Supervisor(Branch):
    """Children that are known at the start, in order; itself one of the things that can be a child.

    With `one_for_one` a crash concerns one child. With `rest_for_one` the children after it, which lean on it, are cut off in
    reverse order first and start again after it. A crashed child is started again after a growing pause, which holds up no
    child that does not lean on it. More than `max_restarts` of them `within` so many seconds, and the supervisor cuts
    all children off and fails with `TooManyRestarts`, so that its parent decides. A child that crashes while its supervisor
    stops is not started again.

    As a child it may crash and be made anew by its parent: places of the same name keep their mailboxes then.
    """

    def __init__(
        self,
        name: str,
        children: Sequence[ChildSpec],
        *,
        strategy: Strategy = "one_for_one",
        max_restarts: int = 3,
        within: float = 30.0,
        backoff: Backoff | None = None,
        bus: EventBus,
    ) -> None:
        super().__init__(name, max_restarts=max_restarts, within=within, backoff=backoff, bus=bus)
        if len({spec.name for spec in children}) != len(children):
            raise ValueError(f"{name}: two children of the same name")
        self._children = [Child(spec, self._herald) for spec in children]
        budget = self._budget()
        rows = [self._children] if strategy == "rest_for_one" else [[child] for child in self._children]
        self._rows = [Row(row, self, budget) for row in rows]

    def children(self) -> Sequence[Child]:
        return self._children

    def _begin_anew(self, child: Child) -> None:
        row = next(row for row in self._rows if child in row.children)
        if not row.kept:
            raise ActorStopped(child.name)
        child.ask_anew()
        row.changed()

    async def _tend(self, nursery: trio.Nursery, started: Callable[[], object]) -> None:
        starting = trio.CancelScope()
        nursery.start_soon(self._start_in_order, nursery, starting, started, name=f"{self.name}: starting")
        await self._over.wait()
        starting.cancel()
        for row in self._rows:
            row.changed()
        for child in reversed(self._children):
            if self.phase is Phase.STOPPING:
                child.begin_stop()
            else:
                child.begin_leave(self._cause)
            await child.wait_ended()

    async def _start_in_order(
        self, nursery: trio.Nursery, starting: trio.CancelScope, started: Callable[[], object]
    ) -> None:
        with starting:
            for row in self._rows:
                nursery.start_soon(row.keep, name=f"{self.name}: keeping")
                for child in row.children:
                    await child.wait_tried()
            for child in self._children:
                await child.wait_ready()
            # A child that never came up has ended the supervisor by now, which then has nothing to report.
            if self.phase is Phase.KEEPING:
                started()
