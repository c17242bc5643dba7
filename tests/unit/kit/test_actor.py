from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorCrashed, ActorStopped
from flow2api.kit.life import Life
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
    crash,
    hang,
    running,
)


def of(make: type[Actor[Any]] = Worker, **options: object) -> tuple[Supervisor, EventBus]:
    bus = EventBus()
    spec = ChildSpec("worker", make, **options)  # type: ignore[arg-type]
    return Supervisor("root", [spec], backoff=PAUSES, bus=bus), bus


async def test_a_reply_taken_along_is_settled_when_the_actor_pleases(autojump_clock: MockClock) -> None:
    tree, bus = of()
    keeping, got = Keeping(), list[object]()

    async def ask() -> None:
        got.append(await tree.ref("worker").ask(Do(keeping.take)))

    async with running(tree, bus), trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        assert got == []
        keeping.reply.set("at last")
    assert got == ["at last"]


async def test_a_reply_can_be_failed_with_any_error(autojump_clock: MockClock) -> None:
    tree, bus = of()

    async def turn_down(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.later().fail(ValueError("no"))

    async with running(tree, bus):
        with pytest.raises(ValueError, match="no"):
            await tree.ref("worker").ask(Do(turn_down))


async def test_an_expected_error_after_taking_the_reply_along_is_still_the_answer(autojump_clock: MockClock) -> None:
    tree, bus = of()

    async def take_and_refuse(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.later()
        raise Refused

    async with running(tree, bus):
        with pytest.raises(Refused):
            await tree.ref("worker").ask(Do(take_and_refuse))


async def test_an_expected_error_alone_in_a_group_is_an_answer(autojump_clock: MockClock) -> None:
    tree, bus = of()

    async def refuse_in_group(*_: object) -> None:
        async with trio.open_nursery():
            raise Refused

    async with running(tree, bus):
        for message in (Do(refuse_in_group), DoInTask(refuse_in_group)):
            with pytest.raises(Refused):
                await tree.ref("worker").ask(message)


async def test_a_group_with_anything_unexpected_is_a_crash(autojump_clock: MockClock) -> None:
    tree, bus = of()

    async def fail_twice(*_: object) -> None:
        await trio.lowlevel.checkpoint()
        raise ExceptionGroup("both", [Refused(), Boom()])

    async with running(tree, bus):
        for message in (Do(fail_twice), DoInTask(fail_twice)):
            with pytest.raises(ActorCrashed) as caught:
                await tree.ref("worker").ask(message)
            assert isinstance(caught.value.cause, ExceptionGroup)


async def test_a_reply_cannot_be_taken_twice_nor_for_a_tell_nor_by_a_task(autojump_clock: MockClock) -> None:
    tree, bus = of()

    async def take_twice(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.later()
        worker.later()

    async def take_in_task(worker: Worker) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, worker)

    async def take(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.later()

    async with running(tree, bus) as spy:
        with pytest.raises(ActorCrashed, match="is taken already"):
            await tree.ref("worker").ask(Do(take_twice))
        with pytest.raises(ActorCrashed, match="not `handle`"):
            await tree.ref("worker").ask(Do(take_in_task))
        await tree.ref("worker").tell(Tell(take))
        for _ in range(3):
            crashed = await spy.wait(Life, what="crashed")
        assert "no ask in hand" in crashed.detail


async def test_a_reply_can_be_taken_along_after_its_asker_has_gone(autojump_clock: MockClock) -> None:
    tree, bus = of()
    replies = []

    async def take_late(worker: Worker) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(2)
        replies.append(worker.later())

    async with running(tree, bus):
        with trio.move_on_after(1):
            await tree.ref("worker").ask(Do(take_late))
        assert await tree.ref("worker").ask(Words()) == []
    assert replies[0].abandoned


async def test_an_actor_without_handle_crashes_over_any_message(autojump_clock: MockClock) -> None:
    class Mute(Actor[object]):
        pass

    tree, bus = of(Mute)
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell("hello")
        await spy.wait(Life, what="crashed", detail="TypeError: worker takes no messages, but was sent str")


async def test_draining_works_off_the_queue_then_drains_then_stops(autojump_clock: MockClock) -> None:
    order: list[str] = []

    class Orderly(Worker):
        async def drain(self) -> None:
            await trio.sleep(3)
            order.append("drained")

    tree, bus = of(Orderly, drain_seconds=10.0)

    async def note(_: Worker) -> None:
        await trio.sleep(1)
        order.append("handled")

    async with running(tree, bus) as spy:
        for _ in range(3):
            await tree.ref("worker").tell(Tell(note))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tree.stop)
            await spy.wait(Life, what="draining")
            with pytest.raises(ActorStopped):
                await tree.ref("worker").tell(Add("too late"))
            assert tree.statistics().state == "draining"
        assert order == ["handled", "handled", "handled", "drained"]


async def test_draining_waits_for_the_answers_that_are_owed(autojump_clock: MockClock) -> None:
    tree, bus = of()
    answers = list[object]()

    async def work(seconds: float) -> float:
        await trio.sleep(seconds)
        return seconds

    async def ask(seconds: float) -> None:
        answers.append(await tree.ref("worker").ask(DoInTask(lambda: work(seconds))))

    async with running(tree, bus), trio.open_nursery() as nursery:
        nursery.start_soon(ask, 1)
        nursery.start_soon(ask, 3)
        await wait_all_tasks_blocked()
        begun = trio.current_time()
        await tree.stop()
        assert trio.current_time() == begun + 3
    assert answers == [1, 3]


async def test_what_is_not_drained_in_time_is_cancelled_and_its_asker_told(autojump_clock: MockClock) -> None:
    tree, bus = of(drain_seconds=2.0)

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await tree.ref("worker").ask(DoInTask(hang))

    async with running(tree, bus), trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        begun = trio.current_time()
        await tree.stop()
        assert trio.current_time() == begun + 2


async def test_tasks_that_never_end_do_not_hold_up_a_stop(autojump_clock: MockClock) -> None:
    class Polling(Worker):
        async def start(self) -> None:
            self.tasks.start_soon(trio.sleep_forever)

    tree, bus = of(Polling)
    async with running(tree, bus):
        begun = trio.current_time()
        await tree.stop()
        assert trio.current_time() == begun


async def test_several_may_wait_for_the_answers_that_are_owed(autojump_clock: MockClock) -> None:
    tree, bus = of()
    keeping = Keeping()
    waited = 0

    async def wait(worker: Worker) -> None:
        nonlocal waited
        await worker.wait_answered()
        waited += 1

    async def begin_waiting(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.tasks.start_soon(wait, worker)
        worker.tasks.start_soon(wait, worker)

    async with running(tree, bus):
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(tree.ref("worker").ask, Do(keeping.take))
                await wait_all_tasks_blocked()
                await tree.ref("worker").ask(Do(begin_waiting))
                await wait_all_tasks_blocked()
                keeping.reply.set(None)
        await wait_all_tasks_blocked()
    assert waited == 4


async def finish(worker: Worker) -> None:
    await trio.lowlevel.checkpoint()
    worker.finish()


async def test_a_transient_actor_that_finishes_works_off_its_queue_and_is_not_started_again(
    autojump_clock: MockClock,
) -> None:
    tree, bus = of(restart="transient")
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell(Tell(finish))
        assert await tree.ref("worker").ask(Words()) == []
        await spy.wait(Life, what="draining")
        await spy.wait(Life, what="stopped")
        with pytest.raises(ActorStopped):
            await tree.ref("worker").ask(Words())
        assert tree.statistics().children[0].state == "stopped"


async def test_a_permanent_actor_that_finishes_begins_a_new_life(autojump_clock: MockClock) -> None:
    tree, bus = of()
    async with running(tree, bus) as spy:
        await tree.ref("worker").tell(Add("gone"))
        await tree.ref("worker").tell(Tell(finish))
        await spy.wait(Life, what="restarting", detail="in 1 s: ended")
        await spy.wait(Life, what="started")
        await spy.wait(Life, what="started")
        assert await tree.ref("worker").ask(Words()) == []


async def test_a_crash_while_finishing_keeps_what_is_queued(autojump_clock: MockClock) -> None:
    tree, bus = of()
    answers = list[object]()

    async def ask() -> None:
        answers.append(await tree.ref("worker").ask(Words()))

    async def finish_and_wait(worker: Worker) -> None:
        await trio.sleep(1)
        worker.finish()
        await crash()

    async with running(tree, bus), trio.open_nursery() as nursery:
        await tree.ref("worker").tell(Tell(finish_and_wait))
        await tree.ref("worker").tell(Add("kept"))
        nursery.start_soon(ask)
    assert answers == [["kept"]]
