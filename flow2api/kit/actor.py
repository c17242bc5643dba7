"""Actors: the class to derive from, and the desk at which one life of an actor works off its mailbox.

An actor owns state that several tasks change, or that must outlive a request; messages reach it one at a time. Promises that every
ask taken in is settled when the life ends, however it ends. It does not know restarts; see `flow2api.kit.supervisor`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import trio

from flow2api.kit.errors import ActorStopped, Refusal, UnknownChild, only_cause
from flow2api.kit.mailbox import Letter, Mailbox, Reply

if TYPE_CHECKING:
    from flow2api.kit.spec import NodeStatistics

M = TypeVar("M")


class Actor(Generic[M]):
    """Derive from it, say in `handle` what each message does, and give a factory of it to a `ChildSpec`.

        class Counter(Actor[Add | Total]):
            def __init__(self) -> None:
                self._total = 0

            async def handle(self, message: Add | Total) -> object:
                match message:
                    case Add(amount):
                        self._total += amount
                    case Total():
                        return self._total
                    case _:
                        assert_never(message)

    Each life is a new object. All methods run in Trio tasks that carry the actor's name, `start`, `handle` and `drain` one
    after the other in the same one. An unexpected exception in any of them, or in a task of `tasks`, ends this life: every
    open ask gets `ActorCrashed`, and the supervisor starts another.
    """

    mailbox_size: ClassVar[int] = 32
    """How many messages may wait before senders do. Overflow is a decision: keep it small."""

    expected: ClassVar[tuple[type[Exception], ...]] = ()
    """Exceptions that are answers: raised over an ask they are raised at the asker, and the actor lives.

    Over a tell or a cast they are a crash like any other, since nobody is there to hear them.
    """

    name: str
    """The name of the actor's place in the tree; set before `start`."""

    tasks: trio.Nursery
    """For work longer than a message, bounded by the actor's own slots; cancelled when this life ends."""

    _desk: "Desk[M]"

    async def start(self) -> None:
        """Load state; no message is handled before it returns. A failure here counts as a crash."""

    async def handle(self, message: M) -> object:
        """Deal with one message; what it returns answers an ask. Quick: no waiting for the network in here.

        For an ask it runs in a cancel scope that ends with the asker: at each `await`, leave the state whole.
        """
        raise TypeError(f"{self.name} takes no messages, but was sent {type(message).__name__}")

    async def drain(self) -> None:
        """Finish or hand back what still runs; the mailbox is closed and empty by now.

        Whatever is in `tasks` afterwards is cancelled, and this itself after the `drain_seconds` of the child. As it
        stands, it waits for all answers that are still owed.
        """
        await self.wait_answered()

    def below(self) -> Sequence["NodeStatistics"]:
        """What lives under this actor, if it keeps a supervisor of its own: for whoever looks at the tree."""
        return ()

    def restart_below(self, path: Sequence[str]) -> None:
        """Begin a new life of what lives at `path` under this actor, by hand. `UnknownChild` where there is none."""
        raise UnknownChild(self.name, path[0])

    def later(self) -> Reply[Any]:
        """Take along the reply to the ask in hand, to settle it some time after `handle` has returned.

        Only `handle` may call it, once for each ask. `on_abandon` and `scope` of the reply tell when the asker goes away.
        """
        return self._desk.take_reply()

    def answer_in_task(self, fn: Callable[..., Awaitable[object]], *args: object) -> None:
        """Answer the ask in hand with the result of `await fn(*args)`, run in `tasks`; cancelled if the asker goes away.

        An expected exception is an answer here too; any other one crashes the actor. A result that comes when the asker has
        gone is dropped: what must not leak that way needs `later` and a look at what `Reply.set` says.
        """
        self.tasks.start_soon(self._answer_later, self.later(), fn, args, name=f"{self.name}: {_name(fn)}")

    async def wait_answered(self) -> None:
        """Wait until every reply taken along is settled or abandoned."""
        await self._desk.wait_answered()

    def finish(self) -> None:
        """End this life in order: new messages are refused, those queued are handled, then `drain` is called.

        Whether another life follows is for `restart` of the child: only `permanent` ones are started again.
        """
        self._desk.finish()

    async def _answer_later(
        self, reply: Reply[Any], fn: Callable[..., Awaitable[object]], args: tuple[object, ...]
    ) -> None:
        try:
            with reply.scope:
                reply.set(await fn(*args))
        except self._desk.answers as error:
            self._desk.answer_with(error, reply)


class Desk(Generic[M]):
    """What one life of an actor has in front of it: the message in hand, and the answers it owes from earlier ones."""

    def __init__(self, actor: Actor[M], mailbox: Mailbox[M]) -> None:
        self.answers: tuple[type[Exception], ...] = (*actor.expected, ExceptionGroup)
        """What may be an answer; a group is looked into."""
        self._actor = actor
        self._mailbox = mailbox
        self._in_hand: Reply[Any] | None = None
        self._owed: dict[Reply[Any], None] = {}
        self._answered = trio.Event()
        self._task = trio.lowlevel.current_task()
        mailbox.reader = self._task
        actor._desk = self

    async def work(self) -> None:
        """Handle messages one at a time until the mailbox is closed and empty."""
        async for letter in self._mailbox.channel:
            await self._handle(letter)

    async def _handle(self, letter: Letter[M]) -> None:
        message, reply = letter
        if reply is None:
            await self._actor.handle(message)
        elif not reply.abandoned:
            self._in_hand = reply
            await self._answer(message, reply)
            self._in_hand = None

    async def _answer(self, message: M, reply: Reply[Any]) -> None:
        try:
            with reply.handling():
                result = await self._actor.handle(message)
                if self._in_hand is reply:
                    reply.set(result)
        except self.answers as error:
            self.answer_with(error, reply)

    def answer_with(self, error: Exception, reply: Reply[Any]) -> None:
        """Give an expected error to the asker; raise any other."""
        cause = only_cause(error)
        if not isinstance(cause, self._actor.expected):
            raise error
        reply.fail(cause)

    def take_reply(self) -> Reply[Any]:
        """The reply in hand, which is owed from now on."""
        reply = self._in_hand
        if reply is None or trio.lowlevel.current_task() is not self._task:
            raise RuntimeError(
                f"{self._actor.name}: no ask in hand, or its reply is taken already, or this is not `handle`"
            )
        self._in_hand = None
        if not reply.abandoned:
            self._owed[reply] = None
            reply.when_over(self._strike_off)
        return reply

    def _strike_off(self, reply: Reply[Any]) -> None:
        del self._owed[reply]
        if not self._owed:
            self._answered.set()

    async def wait_answered(self) -> None:
        """Wait until nothing is owed."""
        while self._owed:
            if self._answered.is_set():
                self._answered = trio.Event()
            await self._answered.wait()
        await trio.lowlevel.checkpoint()

    def finish(self) -> None:
        """Close the mailbox; `work` returns when it is empty."""
        self._mailbox.close(ActorStopped)

    def clear(self, why: Refusal) -> None:
        """End of this life: settle every open ask with the error that `why` makes."""
        self._mailbox.reader = None
        for reply in [*self._owed, *([self._in_hand] if self._in_hand else [])]:
            reply.fail(why(self._actor.name))


def _name(fn: Callable[..., object]) -> str:
    return str(getattr(fn, "__name__", fn))
