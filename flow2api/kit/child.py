"""The place of one child in a supervisor's tree: what is to live there, the life that does, and how it fares.

A place outlives its lives and owns the mailbox. Promises that a life which ends settles every ask it had taken in, and that its
supervisor learns of the end. Whether, and when, the next life begins is decided in `flow2api.kit.row`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec
import trio

from flow2api.kit.actor import Actor, Desk
from flow2api.kit.errors import ActorCrashed, ActorParked, ActorStopped, Refusal, describe, only_cause
from flow2api.kit.life import Herald
from flow2api.kit.mailbox import Mailbox, MailboxStatistics, Record, Ref

Restart = Literal["permanent", "transient", "temporary"]
State = Literal["starting", "running", "waiting", "parked", "draining", "stopped"]
Kind = Literal["actor", "supervisor"]


class NodeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the supervision tree at one moment. `last_error` is in words; only actors have a mailbox."""

    name: str
    kind: Kind
    state: State
    restarts: int = 0
    last_error: str | None = None
    mailbox: MailboxStatistics | None = None
    children: Sequence["NodeStatistics"] = ()


class Subtree(Protocol):
    """A supervisor, as its parent sees it."""

    async def serve(self, started: Callable[[], object]) -> None:
        """Run until stopped or out of restarts; leave the mailboxes to the heir or to `abandon`."""

    def inherit(self, former: "Subtree") -> None:
        """Take over the mailboxes of the supervisor that lived here before."""

    def children(self) -> "Sequence[Child]":
        """The places below, in the order of start."""

    def begin_stop(self) -> None:
        """Drain the children, and return from `serve` when it is done."""

    def begin_halt(self, cause: Exception | None) -> None:
        """Cancel the children in the reverse order of start, and return from `serve` when it is done."""

    def abandon(self, why: Refusal) -> None:
        """No heir will come: settle whatever still lies in a mailbox below."""


class Watcher(Protocol):
    """Who decides about a child: told when it has come up, and when a life is over."""

    def changed(self) -> None:
        """The child has started."""

    def ended(self, child: "Child", error: Exception | None) -> None:
        """A life is over, by `error` or in order. Must say what follows: `wait`, `retire`, `park` or `leave`."""


@dataclass(frozen=True)
class ChildSpec:
    """What is to live at a place in the tree.

    `make` is a factory, since each life is a new object. `restart`: a permanent child always lives again, a transient one unless
    it ended in order, a temporary one never. When stopped, it has `drain_seconds` to end in order before it is
    cancelled; for a supervisor that covers all below it. `mailbox` is for refs that are handed out before anything
    runs; without it one of the actor's `mailbox_size` is made at the first start.
    """

    name: str
    make: "Callable[[], Actor[Any] | Subtree]"
    restart: Restart = "permanent"
    drain_seconds: float = 5.0
    mailbox: Mailbox[Any] | None = None


class Child:
    """One place. Everything but `live` and the `wait_` methods is synchronous: decisions take no time."""

    def __init__(self, spec: ChildSpec, herald: Herald) -> None:
        self.spec = spec
        self.name = spec.name
        self.state: State = "waiting"
        self.mailbox = spec.mailbox
        self.wanted = True
        """Whether there should be a life here."""
        self.alive = False
        """Whether there is one, be it starting or draining."""
        self.stopping = False
        """Whether it is being stopped for good."""
        self.halted = False
        """Whether this life was cut off to make room for the next one."""
        self.due = 0.0
        """When the next life may begin, on Trio's clock."""
        self.streak = 0
        """How many restarts in a row, for the growing pause."""
        self.started_at: float | None = None
        """When this life had started, on Trio's clock."""
        self.error: Exception | None = None
        """What the present or last life crashed with."""
        self._herald = herald
        self._record = Record()
        self._subtree: Subtree | None = None
        """The supervisor that lives here, or did last."""
        self._resident: Subtree | None = None
        """The same while it lives."""
        self._desk: Desk[Any] | None = None
        self._scope = trio.CancelScope()
        self._watcher: Watcher | None = None
        self._cause: Exception | None = None
        self._tried = trio.Event()
        self._ready = trio.Event()
        self._ended = trio.Event()

    # What others may know.

    @property
    def ref(self) -> Ref[Any]:
        """The address of the actor here. One that could not even be made gets a mailbox of the usual size."""
        if self._subtree is not None:
            raise TypeError(f"{self.name} is a supervisor, which takes no messages")
        return self._mailbox(Actor.mailbox_size).ref

    @property
    def record(self) -> Record:
        """How the place has fared; kept with the mailbox, so that refs can show it."""
        return self._record if self.mailbox is None else self.mailbox.record

    def statistics(self) -> NodeStatistics:
        """This node and all below."""
        subtree = self._subtree
        return NodeStatistics(
            name=self.name,
            kind="actor" if subtree is None else "supervisor",
            state=self.state,
            restarts=self.record.restarts,
            last_error=self.record.last_error,
            mailbox=None if self.mailbox is None else self.mailbox.statistics(),
            children=() if subtree is None else tuple(child.statistics() for child in subtree.children()),
        )

    async def wait_tried(self) -> None:
        """Wait until the life last asked for has started, or failed to."""
        await self._tried.wait()

    async def wait_ready(self) -> None:
        """Wait until it has started once, or never will."""
        await self._ready.wait()

    async def wait_ended(self) -> None:
        """Wait until no life is here."""
        while self.alive:
            await self._ended.wait()

    # Beginning and ending a life.

    def begin(self, lives: trio.Nursery, watcher: Watcher) -> None:
        """Begin a life in the nursery."""
        self.alive, self.halted, self.started_at, self.state = True, False, None, "starting"
        self._scope, self._ended, self._watcher = trio.CancelScope(), trio.Event(), watcher
        self.error = self._cause = None
        if self.mailbox is not None:
            self.mailbox.open()
        lives.start_soon(self._live, watcher, name=self.name)

    def begin_stop(self) -> None:
        """End it for good: in order within `drain_seconds`, then by cancellation."""
        self.wanted = False
        if not self.alive:
            self.retire()
        elif not self.stopping:
            self.stopping = True
            self._note_draining()
            if self.mailbox is not None:
                self.mailbox.close(ActorStopped)
            if self._resident is not None:
                self._resident.begin_stop()

    def begin_halt(self, cause: Exception | None) -> None:
        """Cut this life off because of `cause`, keeping the mailbox."""
        if not self.alive:
            return
        if self._resident is None or self.stopping:
            self._scope.cancel()
        elif not self.halted:
            self._resident.begin_halt(cause)
        if not self.halted:
            self.halted, self._cause = True, cause

    def begin_leave(self, cause: Exception | None) -> None:
        """The supervisor ends because of `cause`: cut this life off, if there is one, and leave the mailbox to an heir."""
        if self.alive:
            self.begin_halt(cause)
        else:
            self.leave()

    def ask_anew(self) -> None:
        """Ask for a new life as soon as may be, whatever happened before; the pause and the streak are forgotten."""
        self._tried = trio.Event()
        self.wanted, self.streak, self.due = True, 0, trio.current_time()
        if self.alive:
            self.begin_halt(None)
        else:
            self.state = "waiting"

    # What follows a life: the watcher calls one of these.

    def wait(self, pause: float, reason: str) -> None:
        """Another life follows after `pause` seconds; messages queue up until then."""
        self.state, self.due = "waiting", trio.current_time() + pause
        self.record.restarts += 1
        self._herald.announce(self.name, "restarting", f"in {pause:.3g} s: {reason}")

    def retire(self) -> None:
        """No other life follows: whatever is in the mailbox, and whatever comes, is refused."""
        self.wanted = False
        lost = self._abandon(ActorStopped)
        self._note_stopped(f"{lost} messages lost" if lost else "")

    def park(self, reason: str) -> None:
        """No other life follows until somebody asks for one."""
        self.wanted, self.state = False, "parked"
        self._abandon(lambda name: ActorParked(name, reason))
        self._ready.set()
        self._herald.announce(self.name, "parked", reason)

    def leave(self) -> None:
        """The supervisor ends, and may have an heir that takes over the mailbox."""
        self._note_stopped("")

    def give_up(self, why: Refusal) -> None:
        """There is no heir: refuse whatever is in the mailbox, and whatever comes. For a place without a life."""
        self.wanted = False
        self._abandon(why)
        self._note_stopped("")

    def inherit(self, former: "Child") -> None:
        """Take over the mailbox, and what was below, from this place in the tree as a former supervisor had it."""
        if self.mailbox is None or self.mailbox is former.mailbox:
            self.mailbox, former.mailbox = former.mailbox, None
        self._subtree, former._subtree = former._subtree, None
        self._record = former._record

    # The life itself.

    async def _live(self, watcher: Watcher) -> None:
        error = None
        survived = False
        try:
            error = await self._live_until_error()
            survived = True
        finally:
            self._clear(error)
            if survived:
                watcher.ended(self, error)
            else:
                self.retire()

    async def _live_until_error(self) -> Exception | None:
        """The exception that ended it; None for an end in order or by halt.

        One of the few places that catch every `Exception`: what an actor did not expect ends here. The scope is inside, and
        `except*` splits what is left, so a cancellation of the whole tree passes even when an error comes with it.
        """
        error: Exception | None = None
        try:
            with self._scope:
                await self._inhabit()
        except* Exception as group:
            error = only_cause(group)
            self.error, self.record.last_error = error, describe(error)
            self._herald.announce_crash(self.name, error)
        return error

    async def _inhabit(self) -> None:
        # A life that was cut off before its first step does not even make its occupant.
        await trio.lowlevel.checkpoint_if_cancelled()
        occupant = self.spec.make()
        if isinstance(occupant, Actor):
            await self._run_actor(occupant)
        else:
            await self._run_subtree(occupant)

    async def _run_actor(self, actor: Actor[Any]) -> None:
        async with trio.open_nursery() as tasks:
            actor.name, actor.tasks = self.name, tasks
            self._desk = desk = Desk(actor, self._mailbox(actor.mailbox_size))
            await actor.start()
            self._note_started()
            await desk.work()
            self._note_draining()
            await actor.drain()
            tasks.cancel_scope.cancel()

    async def _run_subtree(self, subtree: Subtree) -> None:
        if self._subtree is not None:
            subtree.inherit(self._subtree)
        self._subtree = self._resident = subtree
        if self.stopping:
            subtree.begin_stop()
        await subtree.serve(self._note_started)

    def _mailbox(self, size: int) -> Mailbox[Any]:
        if self.mailbox is None:
            self.mailbox = Mailbox(self.name, size)
            self.mailbox.record = self._record
            if not self.wanted:
                self.mailbox.close(ActorStopped)
        return self.mailbox

    def _clear(self, error: Exception | None) -> None:
        """Settle what the ended life owes, and let those know who wait for its end."""
        if self._desk is not None:
            self._desk.clear(self._refusal(error))
        self._desk = self._resident = None
        self.alive = False
        if not self.halted:
            self._tried.set()
        self._ended.set()

    def _refusal(self, error: Exception | None) -> Refusal:
        if error is None and (self.stopping or not self.halted):
            return ActorStopped
        cause = error or self._cause
        return lambda name: ActorCrashed(name, cause)

    def _abandon(self, why: Refusal) -> int:
        if self._subtree is not None:
            self._subtree.abandon(why)
        return 0 if self.mailbox is None else self.mailbox.abandon(why)

    def _note_started(self) -> None:
        self.started_at = trio.current_time()
        if not self.stopping:
            self.state = "running"
        if not self.halted:
            self._tried.set()
        self._ready.set()
        self._herald.announce(self.name, "started")
        if self._watcher is not None:
            self._watcher.changed()

    def _note_draining(self) -> None:
        if self.state != "draining":
            self.state = "draining"
            self._scope.deadline = trio.current_time() + self.spec.drain_seconds
            self._herald.announce(self.name, "draining", f"{self.spec.drain_seconds:g} s at most")

    def _note_stopped(self, detail: str) -> None:
        if self.state != "stopped":
            self.state = "stopped"
            self._tried.set()
            self._ready.set()
            if self._watcher is not None:
                self._herald.announce(self.name, "stopped", detail)
