"""The ten rules that make the kit sound, in their order."""

import importlib
import inspect
import logging
import pkgutil

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

import flow2api.kit
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorCrashed, ActorStopped, TooManyRestarts
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Mailbox, Ref, Reply
from flow2api.kit.supervisor import ChildSpec, Supervisor
from tests.unit.kit.tree import (
    PAUSES,
    Add,
    Boom,
    Do,
    DoInTask,
    Keeping,
    Refused,
    Tell,
    Words,
    Worker,
    WorkerMessage,
    crash,
    hang,
    lives,
    refuse,
    running,
    stopped,
)


def one(name: str = "worker", **options: float) -> tuple[Supervisor, EventBus]:
    bus = EventBus()
    spec = ChildSpec(name, Worker, **options)  # type: ignore[arg-type]
    return Supervisor("root", [spec], backoff=PAUSES, bus=bus), bus


def three(bus: EventBus, strategy: str = "rest_for_one") -> Supervisor:
    specs = [ChildSpec(name, Worker) for name in ("first", "second", "third")]
    return Supervisor("root", specs, strategy=strategy, backoff=PAUSES, bus=bus)  # type: ignore[arg-type]


# 1. The mailbox belongs to the place.


async def test_a_restart_keeps_what_is_queued_and_loses_only_the_message_in_hand(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus) as spy:
        ref: Ref[WorkerMessage] = tree.ref("worker")
        await ref.tell(Add("lost with the state"))
        await ref.tell(Tell(crash))
        await ref.tell(Add("kept"))
        assert await ref.ask(Words()) == ["kept"]
        assert [what for _, what in lives(spy, "worker")] == ["started", "crashed", "restarting", "started"]


async def test_a_poisonous_message_is_handled_once(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus) as spy:
        ref: Ref[WorkerMessage] = tree.ref("worker")
        with pytest.raises(ActorCrashed):
            await ref.ask(Do(crash))
        assert await ref.ask(Words()) == []
        assert len(spy.seen(Life, what="crashed")) == 1


# 2. Where an error goes.


async def test_an_unexpected_exception_reaches_the_asker_with_its_cause_and_restarts_the_actor(
    autojump_clock: MockClock,
) -> None:
    tree, bus = one()
    async with running(tree, bus) as spy:
        with pytest.raises(ActorCrashed, match="worker crashed: Boom: boom") as caught:
            await tree.ref("worker").ask(Do(crash))
        assert isinstance(caught.value.cause, Boom)
        assert caught.value.__cause__ is caught.value.cause
        await spy.wait(Life, what="restarting", detail="in 1 s: Boom: boom")
        await spy.wait(Life, what="started")


@pytest.mark.parametrize("message", [Do(refuse), DoInTask(refuse)])
async def test_an_expected_exception_is_an_answer_and_the_actor_lives(
    autojump_clock: MockClock, message: Do | DoInTask
) -> None:
    tree, bus = one()
    async with running(tree, bus) as spy:
        ref = tree.ref("worker")
        await ref.tell(Add("state"))
        with pytest.raises(Refused):
            await ref.ask(message)
        assert await ref.ask(Words()) == ["state"]
        assert spy.seen(Life, what="crashed") == []


async def test_an_expected_exception_over_a_tell_is_a_crash_since_nobody_hears_it(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell(Tell(refuse))
        await spy.wait(Life, what="crashed", detail="Refused: no")


async def test_asks_in_an_abandoned_mailbox_are_answered_with_actor_stopped(autojump_clock: MockClock) -> None:
    tree, bus = one(drain_seconds=1.0)
    errors: list[ActorStopped] = []

    async def ask(message: Do) -> None:
        with pytest.raises(ActorStopped) as caught:
            await tree.ref("worker").ask(message)
        errors.append(caught.value)

    async with running(tree, bus), trio.open_nursery() as askers:
        for _ in range(6):  # one in hand, four queued, one waiting for room
            askers.start_soon(ask, Do(hang))
        await wait_all_tasks_blocked()
        await tree.stop()
    assert [error.name for error in errors] == ["worker"] * 6
    with pytest.raises(ActorStopped, match="worker has stopped"):
        await tree.ref("worker").ask(Words())


# 3. Cancellation crosses an ask.


@pytest.mark.parametrize("in_task", [False, True])
async def test_cancelling_an_ask_cancels_the_work_on_it_and_nothing_else(
    autojump_clock: MockClock, in_task: bool
) -> None:
    tree, bus = one()
    begun, cancelled = trio.Event(), trio.Event()

    async def work(*_: object) -> None:
        begun.set()
        try:
            await trio.sleep_forever()
        finally:
            cancelled.set()

    async with running(tree, bus) as spy:
        ref = tree.ref("worker")
        await ref.tell(Add("state"))
        async with trio.open_nursery() as asking:
            asking.start_soon(ref.ask, DoInTask(work) if in_task else Do(work))
            await begun.wait()
            asking.cancel_scope.cancel()
        await cancelled.wait()
        assert await ref.ask(Words()) == ["state"]
        assert spy.seen(Life, what="crashed") == []


async def test_a_message_whose_asker_has_gone_is_skipped(autojump_clock: MockClock) -> None:
    tree, bus = one()
    handled: list[str] = []

    async def work(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        handled.append(worker.name)

    async with running(tree, bus):
        ref = tree.ref("worker")
        release = trio.Event()
        await ref.tell(Tell(lambda _: release.wait()))
        with trio.move_on_after(1):
            await ref.ask(Do(work))
        release.set()
        await ref.ask(Words())
    assert handled == []


# 4. No timeout parameters.


def test_nothing_in_the_kit_takes_a_timeout() -> None:
    names = [module.name for module in pkgutil.iter_modules(flow2api.kit.__path__, "flow2api.kit.")]
    assert "flow2api.kit.mailbox" in names
    for name in names:
        for _, thing in inspect.getmembers(importlib.import_module(name), inspect.isclass):
            if thing.__module__ == name:
                for _, function in inspect.getmembers(thing, inspect.iscoroutinefunction):
                    assert not {"timeout", "deadline", "seconds"} & set(inspect.signature(function).parameters)


async def test_the_caller_limits_an_ask_with_fail_after(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus):
        with pytest.raises(trio.TooSlowError), trio.fail_after(20):
            await tree.ref("worker").ask(DoInTask(hang))
        assert await tree.ref("worker").ask(Words()) == []


# 5. `handle` is quick; longer work goes to the tasks.


async def test_work_in_the_tasks_does_not_hold_up_the_next_message(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus):
        ref = tree.ref("worker")
        release, answers = trio.Event(), []

        async def ask() -> None:
            answers.append(await ref.ask(DoInTask(lambda: release.wait())))

        async with trio.open_nursery() as asking:
            asking.start_soon(ask)
            asking.start_soon(ask)
            await wait_all_tasks_blocked()
            assert await ref.ask(Words()) == []
            assert answers == []
            release.set()
        assert answers == [None, None]


async def test_a_crash_in_a_task_crashes_the_actor_and_fails_every_open_ask(autojump_clock: MockClock) -> None:
    tree, bus = one()
    causes: list[Exception | None] = []

    async def ask(message: DoInTask) -> None:
        with pytest.raises(ActorCrashed) as caught:
            await tree.ref("worker").ask(message)
        causes.append(caught.value.cause)

    async with running(tree, bus) as spy:
        async with trio.open_nursery() as asking:
            asking.start_soon(ask, DoInTask(hang))
            await wait_all_tasks_blocked()
            asking.start_soon(ask, DoInTask(crash))
        assert [type(cause) for cause in causes] == [Boom, Boom]
        await spy.wait(Life, what="restarting")


# 6. Ask downwards only.


async def test_an_actor_that_asks_itself_crashes_instead_of_waiting_for_ever(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus):
        ref = tree.ref("worker")
        with pytest.raises(ActorCrashed, match="worker asks itself"):
            await ref.ask(Do(lambda _: ref.ask(Words())))


async def test_an_actor_that_waits_for_room_in_its_own_mailbox_crashes(autojump_clock: MockClock) -> None:
    tree, bus = one()

    async def flood(worker: Worker) -> None:
        for _ in range(Worker.mailbox_size + 1):
            await tree.ref("worker").tell(Add("again"))

    async with running(tree, bus):
        with pytest.raises(ActorCrashed, match="own full mailbox"):
            await tree.ref("worker").ask(Do(flood))


async def test_a_task_of_an_actor_may_ask_it(autojump_clock: MockClock) -> None:
    tree, bus = one()
    async with running(tree, bus):
        ref = tree.ref("worker")
        await ref.tell(Add("word"))
        assert await ref.ask(DoInTask(lambda: ref.ask(Words()))) == ["word"]


# 7. Decide synchronously: what was granted is granted.


async def test_a_granted_answer_reaches_an_asker_that_is_cancelled_in_the_same_tick(autojump_clock: MockClock) -> None:
    tree, bus = one()
    keeping = Keeping()
    got: list[object] = []

    async def ask(scope: trio.CancelScope) -> None:
        with scope:
            got.append(await tree.ref("worker").ask(Do(keeping.take)))

    async with running(tree, bus), trio.open_nursery() as asking:
        scope = trio.CancelScope()
        asking.start_soon(ask, scope)
        await wait_all_tasks_blocked()
        assert keeping.reply.set("lease")
        scope.cancel()
    assert got == ["lease"]


async def test_an_answer_to_an_asker_cancelled_in_the_same_tick_is_turned_down(autojump_clock: MockClock) -> None:
    tree, bus = one()
    keeping = Keeping()

    async with running(tree, bus), trio.open_nursery() as asking:
        asking.start_soon(tree.ref("worker").ask, Do(keeping.take))
        await wait_all_tasks_blocked()
        asking.cancel_scope.cancel()
        assert not keeping.reply.set("lease")
        assert keeping.reply.abandoned


# 8. Overflow is a decision at each place.


async def test_a_full_mailbox_makes_a_tell_wait_and_drops_and_counts_a_cast(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[int] = Mailbox("box", 2)
    assert [mailbox.ref.cast(i) for i in range(4)] == [True, True, False, False]
    with pytest.raises(trio.TooSlowError), trio.fail_after(1):
        await mailbox.ref.tell(4)
    statistics = mailbox.ref.statistics()
    assert (statistics.depth, statistics.size, statistics.peak, statistics.dropped) == (2, 2, 3, 2)


async def test_the_bus_drops_the_oldest_for_the_slow_subscriber_only(autojump_clock: MockClock) -> None:
    bus = EventBus()
    with bus.subscribe(2) as slow, bus.subscribe(9) as quick:
        for i in range(5):
            bus.publish(i)
        assert (slow.take_nowait(), slow.missed) == ([3, 4], 3)
        assert (quick.take_nowait(), quick.missed) == ([0, 1, 2, 3, 4], 0)


# 9. The supervisor's traps.


async def test_an_error_that_comes_with_a_cancellation_does_not_swallow_it(autojump_clock: MockClock) -> None:
    bus = EventBus()

    class Sore(Actor[object]):
        async def start(self) -> None:
            self.tasks.start_soon(self._fail_when_cancelled)

        async def _fail_when_cancelled(self) -> None:
            try:
                await trio.sleep_forever()
            finally:
                raise Boom("while leaving")

    tree = Supervisor("root", [ChildSpec("sore", Sore), ChildSpec("worker", Worker)], bus=bus)
    async with trio.open_nursery() as nursery:
        await nursery.start(tree.run)
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    assert tree.statistics().children[0].last_error == "Boom: while leaving"


async def test_a_child_that_fails_before_it_has_started_counts_as_crashed(autojump_clock: MockClock) -> None:
    bus, tries = EventBus(), []

    async def fail_twice() -> None:
        tries.append(trio.current_time())
        if len(tries) < 3:
            await crash()

    tree = Supervisor("root", [ChildSpec("worker", lambda: Worker(fail_twice))], backoff=PAUSES, bus=bus)
    begun = trio.current_time()
    async with running(tree, bus) as spy:
        assert [at - begun for at in tries] == [0.0, 1.0, 3.0]
        assert [what for _, what in lives(spy)] == ["crashed", "restarting"] * 2 + ["started"]
        assert tree.ref("worker").statistics().restarts == 2


async def test_rest_for_one_stops_the_later_children_in_reverse_order_before_it_starts_any(
    autojump_clock: MockClock,
) -> None:
    bus = EventBus()
    tree = three(bus)
    async with running(tree, bus) as spy:
        for name in ("first", "second", "third"):
            await tree.ref(name).tell(Add(name))
        with pytest.raises(ActorCrashed):
            await tree.ref("second").ask(Do(crash))
        await spy.wait(Life, name="third", what="started")
        await spy.wait(Life, name="third", what="started")
        assert lives(spy)[3:] == [
            ("second", "crashed"),
            ("second", "restarting"),
            ("third", "restarting"),
            ("second", "started"),
            ("third", "started"),
        ]
        assert [await tree.ref(name).ask(Words()) for name in ("first", "second", "third")] == [["first"], [], []]


async def test_rest_for_one_with_two_later_children_waits_for_each_and_keeps_the_earlier_one(
    autojump_clock: MockClock,
) -> None:
    bus, order = EventBus(), []

    class Slow(Worker):
        async def start(self) -> None:
            order.append(f"{self.name} up")
            self.tasks.start_soon(self._leave_slowly)

        async def _leave_slowly(self) -> None:
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(1)
                order.append(f"{self.name} down")

    specs = [ChildSpec(name, Slow) for name in "abcd"]
    tree = Supervisor("root", specs, strategy="rest_for_one", backoff=PAUSES, bus=bus)
    async with running(tree, bus) as spy:
        await tree.ref("a").tell(Add("kept"))
        order.clear()
        with pytest.raises(ActorCrashed):
            await tree.ref("b").ask(Do(crash))
        await spy.wait(Life, name="d", what="started")
        await spy.wait(Life, name="d", what="started")
        assert order == ["b down", "d down", "c down", "b up", "c up", "d up"]
        assert await tree.ref("a").ask(Words()) == ["kept"]
        assert lives(spy, "a") == [("a", "started")]


async def test_the_pause_before_a_restart_holds_up_no_sibling(autojump_clock: MockClock) -> None:
    bus = EventBus()
    tree = three(bus, "one_for_one")
    async with running(tree, bus):
        for ref in (tree.ref("first"), tree.ref("second")):
            with pytest.raises(ActorCrashed):
                await ref.ask(Do(crash))
        now = trio.current_time()
        assert await tree.ref("third").ask(Words()) == []
        assert trio.current_time() == now
        assert [child.state for child in tree.statistics().children] == ["waiting", "waiting", "running"]
        assert await tree.ref("second").ask(Words()) == []
        assert trio.current_time() == now + 1  # both waited for their own second, at the same time


async def test_too_many_restarts_come_out_bare_through_every_level(autojump_clock: MockClock) -> None:
    bus = EventBus()

    def inner() -> Supervisor:
        return Supervisor(
            "inner", [ChildSpec("worker", lambda: Worker(crash))], max_restarts=1, backoff=PAUSES, bus=bus
        )

    outer = Supervisor("outer", [ChildSpec("inner", inner)], max_restarts=0, bus=bus)
    with pytest.raises(TooManyRestarts, match="outer: more than 0 restarts in 30 s, the last for inner") as caught:
        await outer.run()
    cause = caught.value.__cause__
    assert isinstance(cause, TooManyRestarts)
    assert (cause.name, cause.child) == ("inner", "worker")
    assert isinstance(cause.__cause__, Boom)


async def test_an_interrupt_from_the_keyboard_ends_the_whole_tree(autojump_clock: MockClock) -> None:
    async def interrupt(_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise KeyboardInterrupt

    tree, _bus = one()
    seen: list[BaseException] = []
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(tree.run)
            await tree.ref("worker").tell(Tell(interrupt))
    except* KeyboardInterrupt as group:
        seen.append(group)
    assert len(seen) == 1


# 10. Every life is visible.


async def test_every_turn_of_a_life_is_an_event_and_a_log_line_with_the_name(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "flow2api.kit")
    tree, bus = one()
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell(Tell(crash))
        await tree.ref("worker").ask(Words())
        await tree.stop()
        turns = [what for _, what in lives(spy)]
        assert turns == ["started", "crashed", "restarting", "started", "draining", "stopped"]
    assert [record.message.split()[0] for record in caplog.records] == turns
    assert {record.__dict__["actor"] for record in caplog.records} == {"worker"}
    assert all("actor=worker" in record.message for record in caplog.records)
    assert [record.exc_info is not None for record in caplog.records] == [turn == "crashed" for turn in turns]


async def test_tasks_carry_the_name_of_their_actor(autojump_clock: MockClock) -> None:
    tree, bus = one()
    names: list[str] = []

    async def look(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        names.append(trio.lowlevel.current_task().name)

    async with running(tree, bus):
        await tree.ref("worker").ask(Do(look))
        await tree.ref("worker").ask(DoInTask(look))
    assert names == ["worker", "worker: look"]


# Besides: the order of starting and stopping, which all of the above rest on.


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one"])
async def test_children_start_in_order_and_stop_in_the_reverse(autojump_clock: MockClock, strategy: str) -> None:
    bus = EventBus()
    tree = three(bus, strategy)
    async with running(tree, bus) as spy:
        assert [name for name, _ in lives(spy)] == ["first", "second", "third"]
        await tree.stop()
        assert stopped(spy) == ["third", "second", "first"]


def test_a_reply_is_settled_without_waiting() -> None:
    assert not any(inspect.iscoroutinefunction(fn) for fn in (Reply.set, Reply.fail, Reply.on_abandon, Ref.cast))
