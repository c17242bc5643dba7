"""Mailboxes, and the refs through which others reach an actor: tell, cast and ask.

A mailbox is a bounded memory channel that belongs to a place in the tree, not to the life that happens to be there, so refs never
go stale and a restart keeps what is queued. Promises that every ask is answered, at the latest when the mailbox is abandoned.
It does not know actors or supervisors; the second part of `Mailbox` is what they use.
"""

import contextlib
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
import trio

from flow2api.kit.errors import ActorCrashed, ActorError, ActorStopped, Refusal
from flow2api.kit.reply import Reply

__all__ = ["Ask", "Letter", "Mailbox", "MailboxStatistics", "Record", "Ref", "Reply"]

M = TypeVar("M")
M_contra = TypeVar("M_contra", contravariant=True)
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

Letter = tuple[M, Reply[Any] | None]
"""What lies in a mailbox: a message, and the reply if somebody waits for one."""


class Ask(msgspec.Struct, Generic[R_co], frozen=True):
    """A message that expects an answer of type R.

    class Count(Ask[int], frozen=True):
        state: str
    """


class MailboxStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox at one moment. `depth` and `peak` count those who wait for room as well as what is inside.

    `dropped` are casts that found no room and messages that nobody will handle any more; `restarts` and `last_error` are those
    of the child that reads it.
    """

    depth: int
    size: int
    peak: int
    dropped: int
    restarts: int
    last_error: str | None


@dataclass(slots=True)
class Record:
    """How a place in the tree has fared: kept by the supervisor, shown in statistics."""

    restarts: int = 0
    last_error: str | None = None


class Mailbox(Generic[M]):
    """The bounded queue in front of one actor.

    Make one yourself, and give it to a `ChildSpec`, when its `ref` must be handed out before the tree runs: messages wait in it
    until the actor is there.
    """

    def __init__(self, name: str, size: int = 32) -> None:
        self.name = name
        self.size = size
        self.record = Record()
        self.ref: Ref[M] = Ref(self)
        self._send, self._receive = trio.open_memory_channel[Letter[M]](size)
        self._why: Refusal | None = None
        self.reader: trio.lowlevel.Task | None = None
        """The task of the present life, which must not wait for its own mailbox."""
        self._peak = 0
        self._dropped = 0

    def __repr__(self) -> str:
        return f"<Mailbox {self.name} depth={self._depth()}/{self.size}>"

    def statistics(self) -> MailboxStatistics:
        """How full it is and was, and what was lost."""
        return MailboxStatistics(
            depth=self._depth(),
            size=self.size,
            peak=self._peak,
            dropped=self._dropped,
            restarts=self.record.restarts,
            last_error=self.record.last_error,
        )

    # For refs.

    async def post(self, message: M) -> None:
        """Put a message in, waiting for room."""
        if not await self._put((message, None)):
            await trio.lowlevel.cancel_shielded_checkpoint()

    async def post_ask(self, message: M, reply: Reply[Any]) -> None:
        """Put a message in with the reply that its answer settles. Waiting for that reply is the checkpoint."""
        if trio.lowlevel.current_task() is self.reader:
            raise RuntimeError(f"{self.name} asks itself and would wait for itself; use self.tasks")
        await self._put((message, reply))

    def post_nowait(self, message: M) -> bool:
        """Put a message in if there is room; else count it as dropped."""
        try:
            self._send.send_nowait((message, None))
        except (trio.WouldBlock, trio.ClosedResourceError):
            self._dropped += 1
            return False
        self._note_peak(self._depth())
        return True

    async def _put(self, letter: Letter[M]) -> bool:
        """Whether it had to wait, which counts as a checkpoint."""
        await trio.lowlevel.checkpoint_if_cancelled()
        try:
            self._send.send_nowait(letter)
        except trio.WouldBlock:
            return await self._put_when_room(letter)
        except trio.ClosedResourceError:
            raise self._refusal() from None
        self._note_peak(self._depth())
        return False

    async def _put_when_room(self, letter: Letter[M]) -> bool:
        if trio.lowlevel.current_task() is self.reader:
            raise RuntimeError(f"{self.name} waits for room in its own full mailbox; use cast or self.tasks")
        self._note_peak(self._depth() + 1)
        try:
            await self._send.send(letter)
        except trio.ClosedResourceError:
            raise self._refusal() from None
        return True

    # For the supervisor and the life that reads.

    @property
    def channel(self) -> "trio.MemoryReceiveChannel[Letter[M]]":
        """Where the letters come out; ends when the mailbox has been closed and is empty."""
        return self._receive

    def open(self) -> None:
        """Take messages (again). What still lies in it from before it was closed stays in line."""
        if self._why is None:
            return
        before = self._receive
        self._send, self._receive = trio.open_memory_channel[Letter[M]](self.size)
        self._why = None
        with contextlib.suppress(trio.EndOfChannel):
            while True:
                self._send.send_nowait(before.receive_nowait())

    def close(self, why: Refusal) -> None:
        """Refuse new messages, and those that wait for room, with the error that `why` makes of its name; what is inside stays."""
        self._why = why
        self._send.close()

    def abandon(self, why: Refusal) -> int:
        """Close, and settle every ask inside with the error that `why` makes. How many messages are lost by that."""
        self.close(why)
        lost = 0
        with contextlib.suppress(trio.EndOfChannel):
            while True:
                _, reply = self._receive.receive_nowait()
                lost += reply is None or reply.fail(why(self.name))
        self._dropped += lost
        return lost

    def _refusal(self) -> ActorError:
        return (self._why or ActorStopped)(self.name)

    def _depth(self) -> int:
        channel = self._receive.statistics()
        return channel.current_buffer_used + channel.tasks_waiting_send

    def _note_peak(self, depth: int) -> None:
        self._peak = max(self._peak, depth)


class Ref(Generic[M_contra]):
    """What others hold of an actor: its address. Outlives every life of the actor; cheap to pass around.

    While the actor is between two lives, messages wait. Once it has stopped or drains, `tell` and `ask` raise `ActorStopped`; while
    it is parked, `ActorParked`.
    """

    __slots__ = ("_mailbox",)

    def __init__(self, mailbox: Mailbox[M_contra]) -> None:
        self._mailbox = mailbox

    def __repr__(self) -> str:
        return f"<Ref {self.name}>"

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._mailbox.name

    async def tell(self, message: M_contra) -> None:
        """Send a message and wait only for room in the mailbox: backpressure. When cancelled, nothing was sent."""
        await self._mailbox.post(message)

    def cast(self, message: M_contra) -> bool:
        """Send a message without waiting. False: there was no room or no actor; it is dropped and counted."""
        return self._mailbox.post_nowait(message)

    async def ask(self, message: Ask[R]) -> R:
        """Send a message and wait for the answer. Cancelling this cancels the work on it, wherever that has got to.

        Raises what the actor answers with if that is an error, `ActorCrashed` if its life ended over it, and `ActorStopped` if it
        will never be handled. There is no limit of time: put `trio.fail_after` around it. An actor must not ask itself
        from `handle`.
        """
        reply: Reply[R] = Reply()
        # The types cannot say "an Ask that is also an M"; a message sent to the wrong actor fails in its `match`.
        await self._mailbox.post_ask(message, reply)  # type: ignore[arg-type]
        return await reply.wait()

    async def ask_again(self, message: Ask[R]) -> R:
        """Like `ask`, for what may be done twice: asked once more when a life ended over it, so that a restart is a short wait.

        Not more often than that: the message may be what the life ended from.
        """
        try:
            return await self.ask(message)
        except ActorCrashed:
            return await self.ask(message)

    def statistics(self) -> MailboxStatistics:
        """How full the mailbox is and was, what was lost, and how its reader fares."""
        return self._mailbox.statistics()
