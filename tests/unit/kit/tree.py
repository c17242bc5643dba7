"""Actors and openers that the tests of the kit share."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import msgspec
import trio

from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Ask, Reply
from flow2api.kit.supervisor import DynamicSupervisor, Supervisor
from flow2api.kit.timing import Backoff
from tests.doubles.spy import Spy

# No jitter: tests compute with these.
PAUSES = Backoff(first=1.0, factor=2.0, limit=60.0, jitter=0.0)


class Boom(Exception):
    """What nobody expected."""


class Refused(Exception):
    """What `Worker` expects."""


class Add(msgspec.Struct, frozen=True):
    """Add a word to the state of this life."""

    word: str


class Words(Ask[list[str]], frozen=True):
    """The words of this life."""


class Do(Ask[object], frozen=True):
    """Run a function with the actor inside `handle`."""

    fn: "Callable[[Worker], Awaitable[object]]"


class Tell(msgspec.Struct, frozen=True):
    """The same as a message without answer."""

    fn: "Callable[[Worker], Awaitable[object]]"


class DoInTask(Ask[object], frozen=True):
    """Answer with a function run by `answer_in_task`."""

    fn: Callable[[], Awaitable[object]]


WorkerMessage = Add | Words | Do | Tell | DoInTask


class Worker(Actor[WorkerMessage]):
    """Does what it is told; remembers words until it crashes."""

    mailbox_size = 4
    expected = (Refused,)

    def __init__(self, on_start: Callable[[], Awaitable[object]] = trio.lowlevel.checkpoint) -> None:
        self._on_start = on_start
        self._words: list[str] = []

    async def start(self) -> None:
        await self._on_start()

    async def handle(self, message: WorkerMessage) -> object:
        match message:
            case Add(word):
                self._words.append(word)
            case Words():
                return list(self._words)
            case Do(fn) | Tell(fn):
                return await fn(self)
            case DoInTask(fn):
                self.answer_in_task(fn)
        return None


async def crash(*_: object) -> None:
    """Fail in a way that nobody expects."""
    await trio.lowlevel.checkpoint()
    raise Boom("boom")


async def refuse(*_: object) -> None:
    """Fail in a way that a worker expects."""
    await trio.lowlevel.checkpoint()
    raise Refused("no")


async def hang(*_: object) -> None:
    """Never return."""
    await trio.sleep_forever()


class Keeping:
    """A reply taken along by `later`, for the test to settle."""

    reply: Reply[object]

    async def take(self, worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        self.reply = worker.later()


def lives(spy: Spy, *names: str) -> list[tuple[str, str]]:
    """(name, what) of the turns of life so far, of all children or of those named."""
    return [(life.name, life.what) for life in spy.seen(Life) if not names or life.name in names]


def stopped(spy: Spy) -> Sequence[str]:
    """Who has stopped, in order."""
    return [life.name for life in spy.seen(Life, what="stopped")]


@asynccontextmanager
async def running(tree: Supervisor | DynamicSupervisor, bus: EventBus) -> AsyncIterator[Spy]:
    """Run a supervisor in the background, stop it at the end."""
    with Spy(bus) as spy:
        async with trio.open_nursery() as nursery:
            await nursery.start(tree.run)
            yield spy
            await tree.stop()
