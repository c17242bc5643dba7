"""Random operations against real supervisors and against the plain model of them, compared after each step."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorCrashed, ActorParked, ActorStopped, TooManyRestarts
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Ask, Ref
from flow2api.kit.supervisor import ChildSpec, DynamicSupervisor, Supervisor
from flow2api.kit.timing import Backoff
from tests.doubles.spy import Spy
from tests.property.supervision_model import MAX_RESTARTS, SIZE, WITHIN, Book, Letter, PoolModel, TreeModel

STATIC = "abc"
DYNAMIC = "xyz"


class Note(msgspec.Struct, frozen=True):
    """A tell or cast; `crash` says whether handling it fails."""

    id: int
    crash: bool = False


class Query(Ask[int], frozen=True):
    """An ask of some kind."""

    id: int
    kind: str


class Subject(Actor[Note | Query]):
    """Writes down what it handles, and crashes or hangs as it is told."""

    mailbox_size = SIZE

    def __init__(self, handled: list[int]) -> None:
        self._handled = handled

    async def handle(self, message: Note | Query) -> object:
        self._handled.append(message.id)
        match message:
            case Note(crash=True) | Query(kind="crash"):
                raise ValueError("crash in handle")
            case Query(kind="crash_task"):
                self.answer_in_task(self._crash)
                # Handles nothing more until that has ended this life; else chance decides how much.
                await trio.sleep_forever()
            case Query(kind="hang"):
                self.answer_in_task(trio.sleep_forever)
        return message.id

    async def _crash(self) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError("crash in a task")


class World:
    """The real supervisors, the model of them, and the means to do the same thing to both."""

    def __init__(self, rest_for_one: bool, clock: MockClock, nursery: trio.Nursery) -> None:
        self.bus = EventBus()
        self.spy = Spy(self.bus)
        self.clock = clock
        self.nursery = nursery
        self.now = 0
        self.real, self.expected = Book(), Book()
        self.tree = Supervisor(
            "tree",
            [self._spec(name) for name in STATIC],
            strategy="rest_for_one" if rest_for_one else "one_for_one",
            max_restarts=MAX_RESTARTS,
            within=WITHIN,
            backoff=Backoff(first=1, factor=2, limit=1000, jitter=0),
            bus=self.bus,
        )
        self.pool = DynamicSupervisor(
            "pool",
            max_restarts=MAX_RESTARTS,
            within=WITHIN,
            backoff=self.tree.backoff,
            bus=self.bus,
            on_exhausted="park",
        )
        self.tree_model = TreeModel(STATIC, rest_for_one, self.expected)
        self.pool_model = PoolModel(self.expected)
        self.refs: dict[str, Ref[Note | Query]] = {}
        self.askers: dict[int, tuple[str, trio.CancelScope]] = {}
        self.ids = 0
        self.restarts: dict[str, list[int]] = {}

    def _spec(self, name: str) -> ChildSpec:
        return ChildSpec(name, lambda: Subject(self.real.handled), drain_seconds=5)

    async def open(self) -> None:
        self.nursery.start_soon(self._run_tree)
        await self.nursery.start(self.pool.run)
        await self.settle()
        self.refs.update((name, self.tree.ref(name)) for name in STATIC)
        assert [life.name for life in self.spy.seen(Life, what="started")] == list(STATIC)

    async def _run_tree(self) -> None:
        try:
            await self.tree.run()
        except TooManyRestarts:
            assert self.tree_model.over

    async def settle(self) -> None:
        """Let the real world do all it can at this time, and check that the model has come to the same point."""
        self.tree_model.look(self.now)
        self.pool_model.look(self.now)
        await wait_all_tasks_blocked()
        assert self.real.fates == self.expected.fates
        assert sorted(self.real.handled) == sorted(self.expected.handled)
        assert len(set(self.real.handled)) == len(self.real.handled)
        self._check_budgets()

    def _check_budgets(self) -> None:
        for life in self.spy.seen(Life, what="restarting")[sum(map(len, self.restarts.values())) :]:
            budget = "pool" if life.name in DYNAMIC else "tree"
            key = budget if "made way" not in life.detail else "made way"
            self.restarts.setdefault(key if key != "pool" else life.name, []).append(self.now)
        tree = self.restarts.get("tree", [])
        assert all(sum(at - WITHIN <= other <= at for other in tree) <= MAX_RESTARTS for at in tree)
        places = {**{place.name: place for place in self.tree_model.places}, **self.pool_model.places}
        for node in [*self.tree.statistics().children, *self.pool.statistics().children]:
            if node.name in places:
                assert node.restarts == places[node.name].restarts

    async def tick(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            self.clock.jump(1)
            await self.settle()

    async def do(self, fn: Callable[[], Awaitable[object]]) -> None:
        """Call something that may take time; time passes until it returns."""
        done = trio.Event()

        async def call() -> None:
            await fn()
            done.set()

        self.nursery.start_soon(call)
        await self.settle()
        while not done.is_set():
            await self.tick(1)

    # The operations.

    def place(self, name: str) -> Any:
        return next((p for p in self.tree_model.places if p.name == name), self.pool_model.places.get(name))

    async def send(self, name: str, kind: str) -> None:
        if name not in self.refs:
            return
        self.ids += 1
        place = self.place(name)
        if name in STATIC and kind.startswith("crash") and not place.alive:
            kind = "tell"  # when several children fall over their queues at once, chance decides the order
        letter = Letter(kind, self.ids)
        if place is None:
            self.expected.fates[letter.id] = "dropped" if kind == "cast" else "stopped"
        else:
            place.post(letter)
        if kind == "cast":
            self.real.fates[letter.id] = "sent" if self.refs[name].cast(Note(letter.id)) else "dropped"
        elif kind == "tell":
            self.nursery.start_soon(self._tell, name, letter.id)
        else:
            self.nursery.start_soon(self._ask, name, letter)
        await self.settle()

    async def _tell(self, name: str, id: int) -> None:
        try:
            await self.refs[name].tell(Note(id))
            self.real.fates[id] = "sent"
        except ActorStopped as error:
            self.real.fates[id] = _word(error)

    async def _ask(self, name: str, letter: Letter) -> None:
        with trio.CancelScope() as scope:
            self.askers[letter.id] = name, scope
            try:
                answer = await self.refs[name].ask(Query(letter.id, letter.kind))
                assert answer == letter.id
                self.real.fates[letter.id] = "value"
            except (ActorStopped, ActorCrashed) as error:
                self.real.fates[letter.id] = _word(error)
        if scope.cancelled_caught:
            self.real.fates[letter.id] = "cancelled"
        del self.askers[letter.id]

    async def storm(self, name: str, crashes: int, crowd: bool) -> None:
        """Crash as often as the child comes up again, with a queue before it each time if there is to be a `crowd`."""
        for _ in range(crashes):
            place = self.place(name)
            if place is None or place.refusal is not None:
                return
            await self.send(name, "crash")
            for kind in ("tell", "crash", "cast", "ask", "hang", "tell") if crowd else ():
                await self.send(name, kind)
            while place.refusal is None and not place.alive:
                await self.tick(1)

    async def cancel(self, index: int) -> None:
        if self.askers:
            id = sorted(self.askers)[index % len(self.askers)]
            name, scope = self.askers[id]
            self.place(name).cancel(id)
            scope.cancel()
            await self.settle()

    async def start(self, name: str) -> None:
        if name in self.pool_model.places:
            return
        self.pool_model.start(name, self.now)

        async def start() -> None:
            self.refs[name] = await self.pool.start_child(self._spec(name))

        await self.do(start)

    async def stop(self, name: str) -> None:
        if name in self.pool_model.places:
            before = self._linger([self.pool_model.places[name]])
            await self._end(lambda: self.pool.stop_child(name), lambda: self.pool_model.stop(name), before)

    async def restart(self, name: str) -> None:
        if name in self.pool_model.places:
            self.pool_model.restart(name, self.now)
            await self.do(lambda: self.pool.restart_child(name))

    async def stop_tree(self) -> None:
        if not self.tree_model.over:
            seen = len(self.spy.seen(Life, what="stopped"))
            seconds = self._linger(self.tree_model.places)
            await self._end(self.tree.stop, self.tree_model.stop, seconds)
            stopped = [life.name for life in self.spy.seen(Life, what="stopped")[seen:] if life.name in STATIC]
            assert stopped == list(reversed(STATIC))

    def _linger(self, places: list[Any]) -> int:
        """How long draining takes: each child that owes an answer uses up its whole time."""
        return sum(5 for place in places if place.hanging)

    async def _end(self, real: Callable[[], Awaitable[object]], model: Callable[[], None], seconds: int) -> None:
        """Stop something: nothing can be compared until it has ended, since the model stops at once."""
        done = trio.Event()

        async def call() -> None:
            await real()
            done.set()

        self.nursery.start_soon(call)
        for _ in range(seconds):
            await wait_all_tasks_blocked()
            assert not done.is_set()
            self.now += 1
            self.clock.jump(1)
            self.pool_model.look(self.now)
        await wait_all_tasks_blocked()
        assert done.is_set()
        model()
        await self.settle()


def _word(error: Exception) -> str:
    words = {ActorParked: "parked", ActorStopped: "stopped", ActorCrashed: "crashed"}
    return words[type(error)]


everybody = st.sampled_from(STATIC + DYNAMIC)
kinds = st.sampled_from(["tell", "cast", "ask", "hang", "crash", "crash_task"])
operations = st.one_of(
    st.tuples(st.just("send"), everybody, kinds),
    st.tuples(st.just("send"), everybody, st.sampled_from(["crash", "hang", "crash_task"])),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("tick"), st.integers(1, 12)),
    st.tuples(st.sampled_from(["start", "stop", "restart"]), st.sampled_from(DYNAMIC)),
    st.tuples(st.just("start"), st.sampled_from(DYNAMIC)),
    st.tuples(st.just("storm"), everybody, st.integers(2, 5), st.booleans()),
)


async def play(clock: MockClock, rest_for_one: bool, script: list[tuple[Any, ...]]) -> None:
    async with trio.open_nursery() as nursery:
        world = World(rest_for_one, clock, nursery)
        with world.spy:
            await world.open()
            for name, *values in script:
                await getattr(world, name)(*values)
            await world.stop_tree()
            for name in list(world.pool_model.places):
                await world.stop(name)
            await world.pool.stop()
            assert set(world.real.fates) == set(range(1, world.ids + 1)), "a message without a fate"


@settings(max_examples=150, deadline=None)
@given(rest_for_one=st.booleans(), script=st.lists(operations, min_size=1, max_size=40))
def test_supervisors_do_what_the_plain_model_of_them_does(rest_for_one: bool, script: list[tuple[Any, ...]]) -> None:
    clock = MockClock()
    trio.run(play, clock, rest_for_one, script, clock=clock)
