"""Who may run now: hands out leases on accounts, fair between callers, and says why when nobody can ever serve a request.

It looks at the roster, decides in one synchronous function and never waits for anything. A lease is given back by a plain call.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple, assert_never

import msgspec

from flow2api.actors.choice import Choice, Chooser, Wanted
from flow2api.actors.fair_queue import FairQueue
from flow2api.actors.roster import Entry, Roster, WorkKind
from flow2api.domain.job import Generation, born_at, price, ways_of
from flow2api.errors import Code, Failure
from flow2api.kit.actor import Actor
from flow2api.kit.errors import ActorCrashed
from flow2api.kit.mailbox import Ask, Reply

log = logging.getLogger("flow2api.dispatcher")


class Hold:
    """A slot and the credits that are reserved for what runs in it, on the books of the roster."""

    def __init__(self, roster: Roster, account_id: str, kind: WorkKind, credits: int, then: Callable[[], None]) -> None:
        self._roster = roster
        self._account_id = account_id
        self._kind: WorkKind = kind
        self._credits = credits
        self._then = then
        roster.take(account_id, kind, credits)

    def settle(self) -> None:
        self._roster.release(self._account_id, self._credits)
        self._credits = 0

    def close(self) -> None:
        self.settle()
        self._roster.give_back(self._account_id, self._kind)
        self._then()


class Lease:
    """The right to use one slot of one account. Close it as soon as the slot is no longer needed; closing twice is harmless."""

    def __init__(self, entry: Entry, hold: "Hold", generation: Generation | None = None) -> None:
        self.account_id = entry.account.id
        self.label = entry.account.label
        self.tier = entry.account.tier
        self.signed_in = entry.signed_in
        self.account = entry.ref
        self.generation = generation
        """What was asked for, on the way that this account stands for; None for a lease that begins nothing."""
        self._hold: Hold | None = hold

    def settle(self) -> None:
        """The paid call was accepted: its price is off the account's record, so it need not be reserved any more."""
        if self._hold is not None:
            self._hold.settle()

    def close(self) -> None:
        if self._hold is not None:
            hold, self._hold = self._hold, None
            hold.close()

    def __enter__(self) -> "Lease":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Acquire(Ask[Lease], frozen=True, kw_only=True):
    """Wait for a slot on an account that can serve `generation`.

    A `Failure` no_account_available or insufficient_quota names each account's reason when no account can serve it before
    `deadline`. Cancelling the ask gives up the place in the line.
    """

    job_id: str
    caller: str
    generation: Generation
    deadline: float
    only: str | None = None
    """The one account that can serve it, because it owns what the work continues."""
    avoid: frozenset[str] = frozenset()
    """Accounts to take only when there is no other."""


class Adopt(Ask[Lease], frozen=True):
    """A lease on the account that owns something, at once and above its limit if need be: for work that was begun before.

    `Failure` result_lost when the account is gone, no_account_available while its worker rests after crashes.
    """

    account_id: str
    kind: WorkKind


class Reconsider(msgspec.Struct, frozen=True):
    """The roster changed. Level-triggered: one that waits in the mailbox stands for all that were dropped."""


DispatcherMessage = Acquire | Adopt | Reconsider


class _Waiting(NamedTuple):
    wish: Acquire
    reply: Reply[Lease]


class Dispatcher(Actor[DispatcherMessage]):
    """Owner of the line and of the leases."""

    mailbox_size: ClassVar[int] = 256
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure,)

    def __init__(self, roster: Roster, queue: FairQueue[object], now: Callable[[], float]) -> None:
        self._roster = roster
        self._positions = queue
        self._queue: FairQueue[_Waiting] = queue  # type: ignore[assignment]
        self._now = now
        self._chooser = Chooser(roster)

    async def start(self) -> None:
        # Leases outlast a life: they are on the roster, and given back by those who hold them. Who was in line asks again.
        for job_id in list(self._queue.positions()):
            self._queue.remove(job_id)

    async def handle(self, message: DispatcherMessage) -> object:
        match message:
            case Acquire():
                self._enqueue(message, self.later())
            case Adopt():
                return self._adopt(message)
            case Reconsider():
                pass
            case _:
                assert_never(message)
        self._decide()
        self._dismiss_hopeless()
        return None

    def _enqueue(self, wish: Acquire, reply: Reply[Lease]) -> None:
        reply.on_abandon(lambda: self._queue.remove(wish.job_id))
        born = born_at(wish.job_id.partition("/")[0]) or 0.0
        self._queue.add(wish.job_id, wish.caller, _Waiting(wish, reply), born_at=born)

    def _decide(self) -> None:
        """Give free slots to those in line, in fair order. The only place where a lease comes into being."""
        now = self._now()
        barren: set[object] = set()
        for job_id, waiting in list(self._queue.order()):
            if not self._any_slot():
                return
            need = _need(waiting.wish)
            if need in barren or waiting.reply.settled:
                continue
            with self._to_the_cost_of(job_id, waiting):
                choice = self._chooser.choose(_wanted(waiting.wish), now)
                if choice is None:
                    barren.add(need)
                    continue
                self._queue.serve(job_id)
                self._grant(waiting, choice)

    def _any_slot(self) -> bool:
        free = self._roster.free_slots
        return any(free(entry.account, "image") or free(entry.account, "video") for entry in self._roster.entries())

    def _grant(self, waiting: _Waiting, choice: Choice) -> None:
        entry, generation = choice
        lease = Lease(entry, self._hold(entry, generation.kind, price(generation, entry.account.tier)), generation)
        if not waiting.reply.set(lease):
            lease.close()

    def _adopt(self, message: Adopt) -> Lease:
        entry = self._roster.get(message.account_id)
        if self._roster.is_parked(message.account_id):
            why = (
                "The account that made it is out of order: its worker crashed too often and waits to be started again."
            )
            raise Failure(Code.NO_ACCOUNT_AVAILABLE, why)
        if entry is None:
            raise Failure(
                Code.RESULT_LOST, "The account that made it is no longer here, so the result cannot be fetched."
            )
        return Lease(entry, self._hold(entry, message.kind, 0))

    def _hold(self, entry: Entry, kind: WorkKind, credits: int) -> "Hold":
        return Hold(self._roster, entry.account.id, kind, credits, self._decide)

    def _dismiss_hopeless(self) -> None:
        """Tell those whom no account can serve in time, with every account's reason."""
        now = self._now()
        verdicts: dict[object, Failure | None] = {}
        for job_id, waiting in list(self._queue.order()):
            need = _need(waiting.wish)
            with self._to_the_cost_of(job_id, waiting):
                if need not in verdicts:
                    verdicts[need] = self._chooser.hopeless(_wanted(waiting.wish), now, waiting.wish.deadline)
                failure = verdicts[need]
                if failure is not None:
                    self._queue.remove(job_id)
                    waiting.reply.fail(failure)

    @contextmanager
    def _to_the_cost_of(self, job_id: str, waiting: _Waiting) -> Iterator[None]:
        """A bug that is met over one request ends that one: a crash would be asked about by everybody in line."""
        try:
            yield
        except Exception as bug:
            log.exception("a bug ended a place in the line job=%s", job_id)
            self._queue.remove(job_id)
            waiting.reply.fail(ActorCrashed(self.name, bug))


def _wanted(wish: Acquire) -> Wanted:
    return Wanted(wish.generation, wish.only, wish.avoid)


def _need(wish: Acquire) -> object:
    """What a wish asks of an account: wishes with the same need are served, or not, by the same accounts."""
    generation = wish.generation
    ways = tuple(
        (way.provider, way.group, way.upstream_model, way.min_tier, way.credits) for way in ways_of(generation)
    )
    # Deadlines are compared to the minute, so that a storm of equal wishes is judged once.
    return generation.kind, generation.model, ways, wish.only, wish.avoid, wish.deadline // 60
