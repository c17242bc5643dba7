from collections.abc import Sequence
from typing import Never

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorCrashed, ActorStopped, TooManyRestarts, UnknownChild
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, DynamicSupervisor, NodeStatistics, Supervisor
from tests.doubles.spy import Spy
from tests.unit.kit.tree import (
    PAUSES,
    Add,
    Boom,
    Do,
    DoInTask,
    Tell,
    Words,
    Worker,
    WorkerMessage,
    crash,
    hang,
    lives,
    running,
    stopped,
)


def tree_of(bus: EventBus, *specs: ChildSpec, **options: object) -> Supervisor:
    return Supervisor("root", specs, backoff=PAUSES, bus=bus, **options)  # type: ignore[arg-type]


async def test_a_mailbox_given_in_the_spec_takes_messages_before_anything_runs(autojump_clock: MockClock) -> None:
    bus = EventBus()
    mailbox: Mailbox[WorkerMessage] = Mailbox("worker", 4)
    mailbox.ref.cast(Add("early"))
    tree = tree_of(bus, ChildSpec("worker", Worker, mailbox=mailbox))
    assert tree.ref("worker") is mailbox.ref
    async with running(tree, bus):
        assert await mailbox.ref.ask(Words()) == ["early"]


async def test_a_mailbox_has_the_size_that_the_actor_asks_for(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker))
    async with running(tree, bus):
        assert tree.ref("worker").statistics().size == Worker.mailbox_size


async def test_the_window_of_the_budget_slides(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker), max_restarts=2, within=10)
    async with running(tree, bus) as spy:
        for _ in range(5):  # each 6 s and a pause apart: never three in ten seconds
            await tree.ref("worker").tell(Tell(crash))
            await spy.wait(Life, what="started")
            await trio.sleep(6)
        assert len(spy.seen(Life, what="restarting")) == 5


async def test_one_crash_more_than_the_budget_ends_the_supervisor_and_halts_the_rest_in_reverse(
    autojump_clock: MockClock,
) -> None:
    bus = EventBus()
    tree = tree_of(bus, *[ChildSpec(name, Worker) for name in "abc"], max_restarts=2, within=10)
    errors = list[TooManyRestarts]()
    with Spy(bus) as spy:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(raise_bare, tree, errors)
            await spy.wait(Life, name="c", what="started")
            for _ in range(3):
                await tree.ref("b").tell(Tell(crash))
        assert len(spy.seen(Life, what="restarting")) == 2
        assert stopped(spy) == ["b", "c", "a"]
    [error] = errors
    assert (error.name, error.child, error.max_restarts, error.within) == ("root", "b", 2, 10)
    assert isinstance(error.__cause__, Boom)
    with pytest.raises(ActorStopped):
        await tree.ref("a").ask(Words())


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one"])
async def test_a_supervisor_whose_child_never_comes_up_fails_instead_of_reporting_that_it_has_started(
    autojump_clock: MockClock, strategy: str
) -> None:
    bus = EventBus()
    specs = [ChildSpec("well", Worker), ChildSpec("ill", lambda: Worker(crash))]
    tree = tree_of(bus, *specs, max_restarts=2, strategy=strategy)
    async with trio.open_nursery() as nursery:
        with pytest.raises(TooManyRestarts):
            await nursery.start(tree.run)


async def raise_bare(tree: Supervisor, errors: list[TooManyRestarts]) -> None:
    try:
        await tree.run()
    except TooManyRestarts as error:
        errors.append(error)


async def test_asks_of_siblings_that_are_halted_with_the_supervisor_are_answered(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("a", Worker), ChildSpec("b", Worker), max_restarts=0)
    causes = list[Exception | None]()

    async def ask() -> None:
        with pytest.raises(ActorCrashed) as caught:
            await tree.ref("b").ask(DoInTask(hang))
        causes.append(caught.value.cause)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(raise_bare, tree, [])
        await wait_all_tasks_blocked()
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        await tree.ref("a").tell(Tell(crash))
    assert [type(cause) for cause in causes] == [Boom]


async def test_a_life_longer_than_the_window_begins_with_the_shortest_pause_again(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker), within=10)
    async with running(tree, bus) as spy:
        for seconds in (1, 1, 11):
            await trio.sleep(seconds)
            await tree.ref("worker").tell(Tell(crash))
            await tree.ref("worker").ask(Words())
        assert [life.detail for life in spy.seen(Life, what="restarting")] == [
            f"in {pause} s: Boom: boom" for pause in (1, 2, 1)
        ]


@pytest.mark.parametrize(("restart", "restarts"), [("permanent", 1), ("transient", 1), ("temporary", 0)])
async def test_the_kind_of_restart_decides_whether_a_crash_is_followed_by_a_life(
    autojump_clock: MockClock, restart: str, restarts: int
) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker, restart=restart))  # type: ignore[arg-type]
    async with running(tree, bus) as spy:
        with pytest.raises(ActorCrashed):
            await tree.ref("worker").ask(Do(crash))
        await trio.sleep(5)
        assert len(spy.seen(Life, what="restarting")) == restarts
        assert (tree.statistics().children[0].state == "running") is bool(restarts)


async def test_a_temporary_child_that_crashes_takes_no_later_one_with_it(autojump_clock: MockClock) -> None:
    bus = EventBus()
    specs = ChildSpec("a", Worker, restart="temporary"), ChildSpec("b", Worker)
    tree = tree_of(bus, *specs, strategy="rest_for_one")
    async with running(tree, bus):
        await tree.ref("b").tell(Add("kept"))
        await tree.ref("a").tell(Tell(crash))
        await trio.sleep(5)
        assert await tree.ref("b").ask(Words()) == ["kept"]


async def test_a_later_temporary_child_does_not_come_back_with_the_others(autojump_clock: MockClock) -> None:
    bus = EventBus()
    specs = ChildSpec("a", Worker), ChildSpec("b", Worker, restart="temporary"), ChildSpec("c", Worker)
    tree = tree_of(bus, *specs, strategy="rest_for_one")
    async with running(tree, bus):
        await tree.ref("a").tell(Tell(crash))
        await trio.sleep(5)
        assert [child.state for child in tree.statistics().children] == ["running", "stopped", "running"]


async def test_an_earlier_crash_during_the_start_of_a_later_child_comes_first(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree: Supervisor
    starts = list[float]()

    async def lean_on_first() -> None:
        starts.append(trio.current_time())
        if len(starts) == 1:
            await tree.ref("first").tell(Tell(crash))
            await trio.sleep_forever()

    specs = ChildSpec("first", Worker), ChildSpec("second", lambda: Worker(lean_on_first))
    tree = tree_of(bus, *specs, strategy="rest_for_one")
    async with running(tree, bus) as spy:
        assert [at - starts[0] for at in starts] == [0, 1]
        assert lives(spy)[1:] == [
            ("first", "crashed"),
            ("first", "restarting"),
            ("second", "restarting"),
            ("first", "started"),
            ("second", "started"),
        ]


async def test_rest_for_one_starts_a_child_only_when_the_one_before_it_is_up(autojump_clock: MockClock) -> None:
    bus = EventBus()

    async def start_slowly() -> None:
        await trio.sleep(2)

    specs = [ChildSpec(name, lambda: Worker(start_slowly)) for name in "abc"]
    tree = tree_of(bus, *specs, strategy="rest_for_one")
    begun = trio.current_time()
    async with running(tree, bus) as spy:
        assert trio.current_time() == begun + 6
        await tree.ref("a").tell(Tell(crash))
        await spy.wait(Life, name="c", what="restarting")
        assert await tree.ref("c").ask(Words()) == []
        assert trio.current_time() == begun + 6 + 1 + 6


async def test_an_end_elsewhere_in_the_row_does_not_start_a_child_before_its_time(autojump_clock: MockClock) -> None:
    bus = EventBus()

    class Brief(Worker):
        async def start(self) -> None:
            self.tasks.start_soon(self._finish_soon)

        async def _finish_soon(self) -> None:
            await trio.sleep(1)
            self.finish()

    async def start_slowly() -> None:
        await trio.sleep(2)

    specs = ChildSpec("a", Brief, restart="temporary"), ChildSpec("b", lambda: Worker(start_slowly))
    tree = tree_of(bus, *specs, ChildSpec("c", Worker), strategy="rest_for_one")
    async with running(tree, bus) as spy:
        assert [life.name for life in spy.seen(Life, what="started")] == ["a", "b", "c"]


async def test_one_for_one_starts_the_next_child_while_one_waits_for_another_try(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tries = list[None]()

    async def fail_once() -> None:
        tries.append(None)
        if len(tries) == 1:
            await crash()

    tree = tree_of(bus, ChildSpec("shaky", lambda: Worker(fail_once)), ChildSpec("solid", Worker))
    async with running(tree, bus) as spy:  # `started` only when both are up
        started = [life.name for life in spy.seen(Life, what="started")]
        assert started == ["solid", "shaky"]


async def test_a_child_that_cannot_be_made_counts_as_crashed(autojump_clock: MockClock) -> None:
    bus = EventBus()

    def make() -> Worker:
        raise Boom("no parts")

    tree = tree_of(bus, ChildSpec("worker", make), max_restarts=1)
    with Spy(bus) as spy, pytest.raises(TooManyRestarts):
        await tree.run()
    assert [life.detail for life in spy.seen(Life, what="crashed")] == ["Boom: no parts"] * 2


async def test_earlier_children_answer_while_later_ones_drain(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree: Supervisor
    answers = list[list[str]]()

    class Leaning(Worker):
        async def drain(self) -> None:
            await trio.sleep(1)
            answers.append(await tree.ref("first").ask(Words()))

    tree = tree_of(bus, ChildSpec("first", Worker), ChildSpec("last", Leaning))
    async with running(tree, bus):
        await tree.ref("first").tell(Add("still here"))
        await tree.stop()
    assert answers == [["still here"]]


async def test_a_child_that_crashes_while_its_supervisor_stops_is_not_started_again(autojump_clock: MockClock) -> None:
    bus = EventBus()

    class Slow(Worker):
        async def drain(self) -> None:
            await trio.sleep(3)

    tree = tree_of(bus, ChildSpec("first", Worker), ChildSpec("last", Slow))
    async with running(tree, bus) as spy, trio.open_nursery() as nursery:
        nursery.start_soon(tree.stop)
        await spy.wait(Life, name="last", what="draining")
        await tree.ref("first").tell(Tell(crash))
        with pytest.raises(ActorStopped):
            await tree.ref("first").ask(Words())
        assert lives(spy, "first") == [("first", "started"), ("first", "crashed"), ("first", "stopped")]


async def test_stopping_a_child_that_waits_to_be_restarted_answers_what_is_queued(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker))

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await tree.ref("worker").ask(Words())

    async with running(tree, bus) as spy, trio.open_nursery() as nursery:
        await tree.ref("worker").tell(Tell(crash))
        await tree.ref("worker").tell(Add("lost"))
        nursery.start_soon(ask)
        await spy.wait(Life, what="restarting")
        await tree.stop()
        assert spy.seen(Life, what="stopped")[0].detail == "2 messages lost"


async def test_a_supervisor_can_be_stopped_while_a_child_is_starting(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("a", Worker), ChildSpec("b", lambda: Worker(hang)), ChildSpec("c", Worker))
    with Spy(bus) as spy:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nursery.start, tree.run)
            await spy.wait(Life, name="a", what="started")
            await wait_all_tasks_blocked()
            begun = trio.current_time()
            await tree.stop()
            assert trio.current_time() == begun + 5
        assert stopped(spy) == ["b", "a"]


async def test_stopping_twice_and_before_the_run_is_harmless(autojump_clock: MockClock) -> None:
    bus = EventBus()
    mailbox: Mailbox[WorkerMessage] = Mailbox("worker", 4)
    tree = tree_of(bus, ChildSpec("worker", Worker, mailbox=mailbox))

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await mailbox.ref.ask(Words())

    with Spy(bus) as spy:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            await tree.stop()
            await tree.stop()
        async with trio.open_nursery() as nursery:
            await nursery.start(tree.run)
        assert spy.events == []


async def test_a_supervisor_runs_once(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker))
    async with running(tree, bus):
        await tree.stop()
        with pytest.raises(RuntimeError, match="root has run already"):
            await tree.run()


async def test_stopping_goes_on_when_the_one_who_asked_for_it_is_cancelled(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker))
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell(Tell(hang))
        with trio.move_on_after(1) as patience:
            await tree.stop()
        assert patience.cancelled_caught
        await spy.wait(Life, what="stopped")


async def test_cancelling_a_run_stops_all_and_answers_all(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("worker", Worker), ChildSpec("waiting", lambda: Worker(crash)))

    async def ask(name: str, message: DoInTask | Words) -> None:
        with pytest.raises(ActorStopped):
            await tree.ref(name).ask(message)

    async with trio.open_nursery() as askers, trio.open_nursery() as nursery:
        nursery.start_soon(tree.run)
        await wait_all_tasks_blocked()
        askers.start_soon(ask, "worker", DoInTask(hang))
        askers.start_soon(ask, "waiting", Words())
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert [child.state for child in tree.statistics().children] == ["stopped", "stopped"]


async def test_the_tree_shows_states_restarts_errors_and_mailboxes(autojump_clock: MockClock) -> None:
    bus = EventBus()

    def inner() -> Supervisor:
        return tree_of(bus, ChildSpec("worker", Worker))

    tree = tree_of(bus, ChildSpec("inner", inner), ChildSpec("actor", Worker))
    assert tree.statistics().state == "waiting"
    async with running(tree, bus) as spy:
        with pytest.raises(ActorCrashed):
            await tree.ref("actor").ask(Do(crash))
        await spy.wait(Life, what="restarting")
        root = tree.statistics()
        nested, actor = root.children
        assert (root.name, root.kind, root.state) == ("root", "supervisor", "running")
        assert (nested.kind, nested.state, nested.mailbox) == ("supervisor", "running", None)
        assert (nested.children[0].name, nested.children[0].kind) == ("worker", "actor")
        assert (actor.state, actor.restarts, actor.last_error) == ("waiting", 1, "Boom: boom")
        assert actor.mailbox is not None
        assert (actor.mailbox.restarts, actor.mailbox.last_error) == (1, "Boom: boom")
    assert tree.statistics().state == "stopped"


async def test_nobody_answers_in_the_name_of_a_supervisor_or_a_stranger(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = tree_of(bus, ChildSpec("inner", lambda: tree_of(bus, ChildSpec("worker", Worker))))
    async with running(tree, bus):
        with pytest.raises(UnknownChild, match="root has no child named nobody"):
            tree.ref("nobody")
        with pytest.raises(ActorStopped, match="inner is a supervisor, which takes no messages"):
            await tree.ref("inner").ask(Words())


async def test_a_supervisor_with_a_mailbox_is_refused(autojump_clock: MockClock) -> None:
    bus = EventBus()
    mailbox: Mailbox[WorkerMessage] = Mailbox("inner")
    inner = ChildSpec("inner", lambda: tree_of(bus), mailbox=mailbox, restart="temporary")
    async with running(tree_of(bus, inner), bus) as spy:
        await spy.wait(Life, what="crashed", detail="TypeError: inner is a supervisor, which takes no messages")


def test_two_children_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two children of the same name"):
        tree_of(EventBus(), ChildSpec("worker", Worker), ChildSpec("worker", Worker))


# A supervisor below a supervisor.


class Nest:
    """A root with a worker and a nested supervisor of some; remembers each that was made."""

    def __init__(self, *, strategy: str = "one_for_one", drain_seconds: float = 5.0) -> None:
        self.bus = EventBus()
        self.names = ["one", "two"]
        self.made = list[Supervisor]()
        inner = ChildSpec("inner", self.make, drain_seconds=drain_seconds)
        self.root = tree_of(self.bus, ChildSpec("before", Worker), inner, strategy=strategy)

    def make(self) -> Supervisor:
        specs = [ChildSpec(name, Worker, drain_seconds=60) for name in self.names]
        self.made.append(Supervisor("inner", specs, max_restarts=0, backoff=PAUSES, bus=self.bus))
        return self.made[-1]

    @property
    def inner(self) -> Supervisor:
        return self.made[-1]


async def test_a_nested_supervisor_that_gives_up_is_made_anew_and_refs_and_queues_below_stay_good(
    autojump_clock: MockClock,
) -> None:
    nest = Nest()
    async with running(nest.root, nest.bus) as spy:
        one, two = nest.inner.ref("one"), nest.inner.ref("two")
        await two.tell(Tell(crash))
        await two.tell(Add("kept"))
        await spy.wait(Life, name="inner", what="restarting")
        await one.tell(Add("also kept"))
        assert await one.ask(Words()) == ["also kept"]
        assert await two.ask(Words()) == ["kept"]
        assert (len(nest.made), nest.inner.ref("one")) == (2, one)


async def test_what_the_heir_of_a_supervisor_does_not_know_is_given_up(autojump_clock: MockClock) -> None:
    nest = Nest()

    async def ask(message: Words) -> None:
        with pytest.raises(ActorStopped):
            await two.ask(message)

    async with running(nest.root, nest.bus) as spy, trio.open_nursery() as nursery:
        two = nest.inner.ref("two")
        nest.names = ["one"]
        await nest.inner.ref("one").tell(Tell(crash))
        await spy.wait(Life, name="inner", what="restarting")
        nursery.start_soon(ask, Words())
        assert await nest.inner.ref("one").ask(Words()) == []
        assert [child.name for child in nest.inner.statistics().children] == ["one"]


async def test_rest_for_one_halts_a_nested_supervisor_in_reverse_and_keeps_its_mailboxes(
    autojump_clock: MockClock,
) -> None:
    nest = Nest(strategy="rest_for_one")

    async def ask() -> None:
        with pytest.raises(ActorCrashed, match="one crashed: Boom"):
            await nest.inner.ref("one").ask(DoInTask(hang))

    async with running(nest.root, nest.bus) as spy, trio.open_nursery() as nursery:
        two = nest.inner.ref("two")
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        await nest.root.ref("before").tell(Tell(crash))
        await spy.wait(Life, name="inner", what="restarting")
        await two.tell(Add("queued"))
        assert await two.ask(Words()) == ["queued"]
        assert stopped(spy) == ["two", "one"]
        assert len(nest.made) == 2


async def test_a_nested_supervisor_drains_in_reverse_within_the_time_of_its_place(autojump_clock: MockClock) -> None:
    nest = Nest(drain_seconds=3)
    async with running(nest.root, nest.bus) as spy:
        await nest.inner.ref("one").tell(Tell(hang))
        begun = trio.current_time()
        await nest.root.stop()
        assert trio.current_time() == begun + 3
        assert stopped(spy) == ["two", "one", "inner", "before"]


async def test_a_nested_supervisor_that_is_halted_while_it_drains_is_cancelled(autojump_clock: MockClock) -> None:
    nest = Nest(drain_seconds=60)
    outer = Supervisor("outer", [ChildSpec("root", lambda: nest.root)], bus=nest.bus)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(raise_bare, outer, [])
        await wait_all_tasks_blocked()
        await nest.inner.ref("one").tell(Tell(hang))
        nursery.start_soon(nest.root.stop)
        await wait_all_tasks_blocked()
        begun = trio.current_time()
        nursery.start_soon(outer.stop)
        await trio.sleep(6)
        assert outer.statistics().state == "stopped"
        assert trio.current_time() < begun + 7


async def test_a_permanent_nested_supervisor_that_somebody_stops_is_made_anew(autojump_clock: MockClock) -> None:
    nest = Nest()
    async with running(nest.root, nest.bus) as spy:
        one = nest.inner.ref("one")
        await nest.inner.stop()
        with pytest.raises(ActorStopped):
            await one.ask(Words())
        await spy.wait(Life, name="inner", what="started")
        await spy.wait(Life, name="inner", what="started")
        assert await one.ask(Words()) == []


async def test_the_last_supervisor_answers_for_all_below(autojump_clock: MockClock) -> None:
    nest = Nest()
    nest.root = tree_of(nest.bus, ChildSpec("inner", nest.make), max_restarts=0)

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await nest.inner.ref("two").ask(Words())

    async with trio.open_nursery() as nursery:
        errors = list[TooManyRestarts]()
        nursery.start_soon(raise_bare, nest.root, errors)
        await wait_all_tasks_blocked()
        await nest.inner.ref("two").tell(Tell(crash))
        await nest.inner.ref("two").tell(Add("unheard"))
        nursery.start_soon(ask)
    assert errors[0].name == "root"


async def test_what_an_actor_keeps_below_itself_is_in_the_picture_of_the_tree(autojump_clock: MockClock) -> None:
    bus = EventBus()

    class Keeper(Actor[Never]):
        def __init__(self) -> None:
            self._own = DynamicSupervisor("own", bus=bus)

        async def start(self) -> None:
            await self.tasks.start(self._own.run)
            await self._own.start_child(ChildSpec("inner", Actor))

        def below(self) -> Sequence[NodeStatistics]:
            return self._own.nodes()

    root = Supervisor("root", [ChildSpec("keeper", Keeper)], bus=bus)
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        [keeper] = root.statistics().children
        assert [(node.name, node.state) for node in keeper.children] == [("inner", "running")]
        await root.stop()
    assert root.statistics().children[0].children == ()


async def test_a_restart_by_hand_takes_those_along_that_lean_on_the_child_and_costs_nothing(
    autojump_clock: MockClock,
) -> None:
    bus = EventBus()
    specs = [ChildSpec(name, Worker) for name in ("first", "second", "third", "fourth")]
    tree = Supervisor("root", specs, strategy="rest_for_one", max_restarts=0, backoff=PAUSES, bus=bus)
    async with running(tree, bus) as spy:
        for spec in specs:
            await tree.ref(spec.name).tell(Add("kept"))
        await wait_all_tasks_blocked()
        for _ in range(2):
            tree.begin_restart(["second"])
            await wait_all_tasks_blocked()
        words = [await tree.ref(spec.name).ask(Words()) for spec in specs]
        assert words == [["kept"], [], [], []]
        assert [name for name, what in lives(spy) if what == "started"][4:7] == ["second", "third", "fourth"]


async def test_a_restart_by_hand_finds_what_lives_below_by_its_path(autojump_clock: MockClock) -> None:
    bus = EventBus()
    inner = [ChildSpec("leaf", Worker), ChildSpec("other", Worker)]
    branch = ChildSpec("branch", lambda: Supervisor("branch", inner, backoff=PAUSES, bus=bus))
    tree = Supervisor("root", [branch, ChildSpec("actor", Worker)], backoff=PAUSES, bus=bus)
    async with running(tree, bus) as spy:
        tree.begin_restart(["branch", "leaf"])
        await wait_all_tasks_blocked()
        assert lives(spy, "leaf", "other").count(("leaf", "started")) == 2
        assert lives(spy, "leaf", "other").count(("other", "started")) == 1
        for path in (["none"], ["branch", "none"], ["actor", "none"], ["branch", "leaf", "none"]):
            with pytest.raises(UnknownChild):
                tree.begin_restart(path)
        await tree.stop()
        with pytest.raises(ActorStopped):
            tree.begin_restart(["actor"])
