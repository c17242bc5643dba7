"""One life at a place in the tree, of an actor or a supervisor, from its making to the last answer that it owes.

Promises that a life, however it ends, settles every ask it had taken in; that an exception ends it and goes no further; and that
a cancellation of the whole tree does. It does not know whether another life follows.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import trio

from flow2api.kit.actor import Actor, Desk
from flow2api.kit.errors import ActorCrashed, ActorStopped, Refusal, UnknownChild, only_cause
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.spec import ChildSpec, NodeStatistics, Subtree


class Place(Protocol):
    """Where the life takes place, and who hears of its turns."""

    spec: ChildSpec

    def settle_in(self, size: int) -> Mailbox[Any]:
        """The mailbox of the place, made with room for `size` messages if there is none yet."""

    def succeed(self, subtree: Subtree) -> None:
        """A supervisor takes over what the one before it has left here."""

    def started(self) -> None:
        """It is up."""

    def draining(self) -> None:
        """It takes no more messages."""


class Lifetime:
    """One life. `run` it once; everything else is synchronous."""

    def __init__(self, place: Place) -> None:
        self.stopping = False
        """Whether it is being stopped for good."""
        self.halted = False
        """Whether it was cut off to make room for the next one."""
        self.started_at: float | None = None
        """When it was up, on Trio's clock."""
        self.error: Exception | None = None
        """What it crashed with."""
        self.over = trio.Event()
        self._place = place
        self._scope = trio.CancelScope()
        self._cause: Exception | None = None
        self._desk: Desk[Any] | None = None
        self._subtree: Subtree | None = None
        self._actor: Actor[Any] | None = None

    async def run(self) -> None:
        """Live. Returns when it is over, with the exception in `error` if there was one.

        One of the few places that catch every `Exception`: what an actor did not expect ends here. The scope is inside, and
        `except*` splits what is left, so a cancellation of the whole tree passes even when an error comes with it.
        """
        try:
            with self._scope:
                await self._inhabit()
        except* Exception as group:
            self.error = only_cause(group)

    def stop(self) -> None:
        """End it in order. Its mailbox is closed already."""
        self.stopping = True
        if self._subtree is not None:
            self._subtree.begin_stop()

    def halt(self, cause: Exception | None) -> None:
        """Cut it off because of `cause`."""
        if self._subtree is None or self.stopping:
            self._scope.cancel()
        elif not self.halted:
            self._subtree.begin_halt(cause)
        if not self.halted:
            self.halted, self._cause = True, cause

    def limit(self, seconds: float) -> None:
        """Cancel it if it is not over by then."""
        self._scope.deadline = trio.current_time() + seconds

    def below(self) -> Sequence[NodeStatistics]:
        """What lives under the actor here."""
        return () if self._actor is None else self._actor.below()

    def restart_below(self, path: Sequence[str]) -> None:
        """Pass a restart by hand on to what lives under the actor here."""
        if self._actor is None:
            raise UnknownChild(self._place.spec.name, path[0])
        self._actor.restart_below(path)

    def clear(self) -> None:
        """After the end: settle what it owes."""
        if self._desk is not None:
            self._desk.clear(self._refusal())
        self.over.set()

    def _refusal(self) -> Refusal:
        if self.error is None and (self.stopping or not self.halted):
            return ActorStopped
        cause = self.error or self._cause
        return lambda name: ActorCrashed(name, cause)

    async def _inhabit(self) -> None:
        # A life that was cut off before its first step does not even make its occupant.
        await trio.lowlevel.checkpoint_if_cancelled()
        occupant = self._place.spec.make()
        if isinstance(occupant, Actor):
            await self._run_actor(occupant)
        else:
            await self._run_subtree(occupant)

    async def _run_actor(self, actor: Actor[Any]) -> None:
        async with trio.open_nursery() as tasks:
            actor.name, actor.tasks = self._place.spec.name, tasks
            self._actor = actor
            self._desk = desk = Desk(actor, self._place.settle_in(actor.mailbox_size))
            await actor.start()
            self._note_started()
            await desk.work()
            self._place.draining()
            await actor.drain()
            tasks.cancel_scope.cancel()

    async def _run_subtree(self, subtree: Subtree) -> None:
        self._place.succeed(subtree)
        self._subtree = subtree
        if self.stopping:
            subtree.begin_stop()
        await subtree.serve(self._note_started)

    def _note_started(self) -> None:
        self.started_at = trio.current_time()
        self._place.started()
