"""The supervisor of children that come and go. They have no order: each is kept alive, parked and stopped by itself.

Promises that with `on_exhausted="park"` no child can bring down another, nor the supervisor.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import trio

from flow2api.kit.branch import Branch
from flow2api.kit.bus import EventBus
from flow2api.kit.child import Child
from flow2api.kit.errors import ActorStopped, UnknownChild, describe
from flow2api.kit.mailbox import Ref
from flow2api.kit.row import Phase, Row
from flow2api.kit.spec import ChildSpec
from flow2api.kit.timing import Backoff


class DynamicSupervisor(Branch):
    """Starts children on demand and keeps them alive.

    When the budget is spent: with `escalate`, which all children share one budget for, it fails with `TooManyRestarts`; with `park`,
    where each child has a budget of its own, that child rests, its refs answer `ActorParked`, and `restart_child` revives it.

    A child that is gone for good (stopped, or ended and not to be restarted) is forgotten, so its name is free again.
    """

    def __init__(
        self,
        name: str,
        *,
        max_restarts: int = 3,
        within: float = 30.0,
        backoff: Backoff | None = None,
        bus: EventBus,
        on_exhausted: Literal["escalate", "park"] = "escalate",
    ) -> None:
        super().__init__(name, max_restarts=max_restarts, within=within, backoff=backoff, bus=bus)
        self._parks = on_exhausted == "park"
        self._shared = self._budget()
        self._rows: dict[str, Row] = {}
        self._nursery: trio.Nursery | None = None

    def children(self) -> Sequence[Child]:
        return [row.children[0] for row in self._rows.values()]

    async def start_child(self, spec: ChildSpec) -> Ref[Any]:
        """Start a child and wait until it has started, or has crashed over it and waits for the next try.

        Raises `ActorStopped` when the supervisor is stopping, and ValueError if it has a child of that name. When this is
        cancelled, the child stays.
        """
        nursery = self._open_nursery()
        if spec.name in self._rows:
            raise ValueError(f"{self.name} has a child named {spec.name} already")
        child = Child(spec, self._herald)
        row = Row([child], self, self._budget() if self._parks else self._shared)
        self._rows[spec.name] = row
        nursery.start_soon(self._keep, row, name=f"{self.name}: keeping {spec.name}")
        await child.wait_tried()
        return child.ref

    async def stop_child(self, name: str) -> None:
        """Stop a child, letting it drain, and forget it. When this is cancelled, the stopping goes on."""
        row = self._row(name)
        row.children[0].begin_stop()
        row.changed()
        await row.children[0].wait_ended()
        self._forget(row)

    async def restart_child(self, name: str) -> None:
        """Begin a new life now, with a fresh budget if it has one of its own, and wait until it has started or failed to.

        Revives a parked child, cuts short the pause of one that waits, and cuts off one that runs; the mailbox is kept.
        """
        self._open_nursery()
        child = self._row(name).children[0]
        self.begin_restart([name])
        await child.wait_tried()

    def _begin_anew(self, child: Child) -> None:
        nursery = self._open_nursery()
        row = self._row(child.name)
        if self._parks:
            row.budget.refill()
        child.ask_anew()
        if row.kept:
            row.changed()
        else:
            nursery.start_soon(self._keep, row, name=f"{self.name}: keeping {child.name}")

    def exhausted(self, child: Child, error: Exception | None) -> None:
        """Park the child, or give up."""
        if self._parks:
            child.park(describe(error) if error else "ended too often")
        else:
            super().exhausted(child, error)

    async def _tend(self, nursery: trio.Nursery, started: Callable[[], object]) -> None:
        self._nursery = nursery
        started()
        await self._over.wait()
        for row in list(self._rows.values()):
            child = row.children[0]
            if self.phase is Phase.STOPPING:
                child.begin_stop()
            else:
                child.begin_leave(self._cause)
            row.changed()
            self._forget(row)

    async def _keep(self, row: Row) -> None:
        await row.keep()
        self._forget(row)

    def _forget(self, row: Row) -> None:
        child = row.children[0]
        if child.state == "stopped" and self.phase is not Phase.LEAVING and self._rows.get(child.name) is row:
            del self._rows[child.name]

    def _row(self, name: str) -> Row:
        if name not in self._rows:
            raise UnknownChild(self.name, name)
        return self._rows[name]

    def _open_nursery(self) -> trio.Nursery:
        if self._nursery is None and self.phase is Phase.KEEPING:
            raise RuntimeError(f"{self.name} does not run yet")
        if self._nursery is None or self.phase is not Phase.KEEPING:
            raise ActorStopped(self.name)
        return self._nursery
