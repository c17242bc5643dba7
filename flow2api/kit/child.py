"""The place of one child in a supervisor's tree: it outlives the lives there, owns the mailbox and knows how the child fares.

Promises that the supervisor learns of the end of a life, and that each turn is announced. Whether, and when, the next life begins
is decided in `flow2api.kit.row`; what happens within a life is in `flow2api.kit.lifetime`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import trio

from flow2api.kit.actor import Actor
from flow2api.kit.errors import ActorParked, ActorStopped, Refusal, UnknownChild, describe
from flow2api.kit.life import Herald
from flow2api.kit.lifetime import Lifetime
from flow2api.kit.mailbox import Mailbox, Record, Ref
from flow2api.kit.spec import ChildSpec, NodeStatistics, State, Subtree

_NO_MESSAGES = "is a supervisor, which takes no messages"


class Watcher(Protocol):
    """Who decides about a child."""

    def changed(self) -> None:
        """The child is up."""

    def ended(self, child: "Child", life: Lifetime) -> None:
        """A life is over. Must say what follows: `wait`, `retire`, `park` or `leave`."""


class Child:
    """One place. Everything but the `wait_` methods is synchronous: decisions take no time."""

    def __init__(self, spec: ChildSpec, herald: Herald) -> None:
        self.spec = spec
        self.name = spec.name
        self.state: State = "waiting"
        self.life: Lifetime | None = None
        """The present life, be it starting or draining."""
        self.wanted = True
        """Whether there should be one."""
        self.due = 0.0
        """When the next life may begin, on Trio's clock."""
        self.streak = 0
        """How many restarts in a row, for the growing pause."""
        self.error: Exception | None = None
        """What the last life crashed with, if it did."""
        self._herald = herald
        self._mailbox = spec.mailbox
        self._record = Record()
        self._subtree: Subtree | None = None
        self._watcher: Watcher | None = None
        self._tried = trio.Event()
        self._ready = trio.Event()

    @property
    def ref(self) -> Ref[Any]:
        """The address of the actor here. One that could not even be made gets a mailbox of the usual size; a supervisor is
        as good as stopped."""
        if self._subtree is not None:
            nobodys: Mailbox[Any] = Mailbox(self.name, 0)
            nobodys.close(lambda name: ActorStopped(name, _NO_MESSAGES))
            return nobodys.ref
        return self.settle_in(Actor.mailbox_size).ref

    @property
    def alive(self) -> bool:
        """Whether there is a life here."""
        return self.life is not None

    @property
    def stopping(self) -> bool:
        """Whether the life here is being stopped for good."""
        return self.life is not None and self.life.stopping

    def statistics(self) -> NodeStatistics:
        """This node and all below."""
        record, subtree = self._fortune(), self._subtree
        return NodeStatistics(
            name=self.name,
            kind="actor" if subtree is None else "supervisor",
            state=self.state,
            restarts=record.restarts,
            last_error=record.last_error,
            mailbox=None if self._mailbox is None else self._mailbox.statistics(),
            children=self._below() if subtree is None else subtree.nodes(),
        )

    def _below(self) -> Sequence[NodeStatistics]:
        return () if self.life is None else self.life.below()

    async def wait_tried(self) -> None:
        """Wait until the life last asked for is up, or failed to come up."""
        await self._tried.wait()

    async def wait_ready(self) -> None:
        """Wait until it has been up once, or never will be."""
        await self._ready.wait()

    async def wait_ended(self) -> None:
        """Wait until no life is here."""
        while self.life is not None:
            await self.life.over.wait()

    # A supervisor begins and ends lives.

    def begin(self, lives: trio.Nursery, watcher: Watcher) -> None:
        """Begin a life in the nursery."""
        self.state, self.error, self._watcher = "starting", None, watcher
        self.life = Lifetime(self)
        if self._mailbox is not None:
            self._mailbox.open()
        lives.start_soon(self._live, self.life, watcher, name=self.name)

    def begin_stop(self) -> None:
        """End it for good: in order within `drain_seconds`, then by cancellation."""
        self.wanted = False
        if self.life is None:
            self.retire()
        elif not self.life.stopping:
            self.draining()
            if self._mailbox is not None:
                self._mailbox.close(ActorStopped)
            self.life.stop()

    def begin_halt(self, cause: Exception | None) -> None:
        """Cut the present life off because of `cause`, keeping the mailbox."""
        if self.life is not None:
            self.life.halt(cause)

    def begin_leave(self, cause: Exception | None) -> None:
        """The supervisor ends because of `cause`: cut the life off, if there is one, and leave the mailbox to an heir."""
        if self.life is None:
            self.leave()
        else:
            self.life.halt(cause)

    def ask_anew(self) -> None:
        """Ask for a new life as soon as may be, whatever happened before; the pause and the streak are forgotten."""
        self._tried = trio.Event()
        self.wanted, self.streak, self.due = True, 0, trio.current_time()
        if self.life is None:
            self.state = "waiting"
        else:
            self.life.halt(None)

    def restart_below(self, path: Sequence[str]) -> None:
        """Pass a restart by hand on to what lives below."""
        if self._subtree is not None:
            self._subtree.begin_restart(path)
        elif self.life is not None:
            self.life.restart_below(path)
        else:
            raise UnknownChild(self.name, path[0])

    # What follows a life: the watcher calls one of the first four.

    def wait(self, pause: float, reason: str) -> None:
        """Another life follows after `pause` seconds; messages queue up until then."""
        self.state, self.due = "waiting", trio.current_time() + pause
        self._fortune().restarts += 1
        self._herald.announce(self.name, "restarting", f"in {pause:.3g} s: {reason}")

    def retire(self) -> None:
        """No other life follows: whatever is in the mailbox, and whatever comes, is refused."""
        self.give_up(ActorStopped)

    def park(self, reason: str) -> None:
        """No other life follows until somebody asks for one."""
        self.wanted, self.state = False, "parked"
        self._abandon(lambda name: ActorParked(name, reason))
        self._ready.set()
        self._herald.announce(self.name, "parked", reason)

    def leave(self) -> None:
        """The supervisor ends, and may have an heir that takes over the mailbox."""
        self._stopped("")

    def give_up(self, why: Refusal) -> None:
        """Like `retire`, with another error for those who ask. For a place without a life."""
        self.wanted = False
        lost = self._abandon(why)
        self._stopped(f"{lost} messages lost" if lost else "")

    def inherit(self, former: "Child") -> None:
        """Take over the mailbox, and what was below, from this place in the tree as a former supervisor had it."""
        if self._mailbox is None or self._mailbox is former._mailbox:
            self._mailbox, former._mailbox = former._mailbox, None
        self._subtree, former._subtree = former._subtree, None
        self._record = former._record

    # What the life itself calls.

    def settle_in(self, size: int) -> Mailbox[Any]:
        """The mailbox of the place, made with room for `size` messages if there is none yet."""
        if self._mailbox is None:
            self._mailbox = Mailbox(self.name, size)
            self._mailbox.record = self._record
            if not self.wanted:
                self._mailbox.close(ActorStopped)
        return self._mailbox

    def succeed(self, subtree: Subtree) -> None:
        """A supervisor takes over what the one before it has left here."""
        if self._mailbox is not None:
            raise TypeError(f"{self.name} {_NO_MESSAGES}")
        if self._subtree is not None:
            subtree.inherit(self._subtree)
        self._subtree = subtree

    def started(self) -> None:
        """The life is up."""
        if not self.stopping:
            self.state = "running"
        self._tried_it()
        self._ready.set()
        self._herald.announce(self.name, "started")
        if self._watcher is not None:
            self._watcher.changed()

    def draining(self) -> None:
        """The life takes no more messages, and has limited time from here."""
        if self.life is not None and self.state != "draining":
            self.state = "draining"
            self.life.limit(self.spec.drain_seconds)
            self._herald.announce(self.name, "draining", f"{self.spec.drain_seconds:g} s at most")

    async def _live(self, life: Lifetime, watcher: Watcher) -> None:
        survived = False
        try:
            await life.run()
            survived = True
        finally:
            self._note_end(life)
            if survived:
                watcher.ended(self, life)
            else:
                self.retire()

    def _note_end(self, life: Lifetime) -> None:
        if life.error is not None:
            self.error, self._fortune().last_error = life.error, describe(life.error)
            self._herald.announce_crash(self.name, life.error)
        self._tried_it()
        life.clear()
        self.life = None

    def _tried_it(self) -> None:
        # A life that is cut off was not the one that was asked for.
        if self.life is not None and not self.life.halted:
            self._tried.set()

    def _stopped(self, detail: str) -> None:
        if self.state != "stopped":
            self.state = "stopped"
            self._tried.set()
            self._ready.set()
            if self._watcher is not None:
                self._herald.announce(self.name, "stopped", detail)

    def _abandon(self, why: Refusal) -> int:
        if self._subtree is not None:
            self._subtree.abandon(why)
        return 0 if self._mailbox is None else self._mailbox.abandon(why)

    def _fortune(self) -> Record:
        """How the place has fared; kept with the mailbox, so that refs can show it."""
        return self._record if self._mailbox is None else self._mailbox.record
