import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorCrashed, ActorParked, ActorStopped, TooManyRestarts, UnknownChild
from flow2api.kit.life import Life
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, DynamicSupervisor, Supervisor
from tests.doubles.spy import Spy
from tests.unit.kit.tree import (
    PAUSES,
    Add,
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
)


def pool_of(bus: EventBus, **options: object) -> DynamicSupervisor:
    return DynamicSupervisor("pool", backoff=PAUSES, bus=bus, **options)  # type: ignore[arg-type]


async def three_seconds() -> None:
    await trio.sleep(3)


def parking(bus: EventBus) -> DynamicSupervisor:
    return pool_of(bus, max_restarts=0, on_exhausted="park")


async def test_children_come_and_go(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)
    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", Worker))
        assert await ref.ask(Words()) == []
        assert pool.ref("a") is ref
        with pytest.raises(ValueError, match="a child named a already"):
            await pool.start_child(ChildSpec("a", Worker))
        await pool.stop_child("a")
        assert pool.statistics().children == ()
        with pytest.raises(ActorStopped):
            await ref.ask(Words())
        await pool.start_child(ChildSpec("a", Worker))
        assert [what for _, what in lives(spy)] == ["started", "draining", "stopped", "started"]


async def test_a_mailbox_given_again_opens_again(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)
    mailbox: Mailbox[WorkerMessage] = Mailbox("a", 4)
    async with running(pool, bus):
        for _ in range(2):
            await pool.start_child(ChildSpec("a", Worker, mailbox=mailbox))
            assert await mailbox.ref.ask(Words()) == []
            await pool.stop_child("a")


async def test_a_child_that_crashes_too_often_is_parked_and_its_siblings_live(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)
    errors = list[ActorParked]()

    async def ask() -> None:
        with pytest.raises(ActorParked) as caught:
            await bad.ask(Words())
        errors.append(caught.value)

    async with running(pool, bus) as spy:
        bad = await pool.start_child(ChildSpec("bad", Worker))
        good = await pool.start_child(ChildSpec("good", Worker))
        await good.tell(Add("state"))
        async with trio.open_nursery() as nursery:
            await bad.tell(Tell(crash))
            nursery.start_soon(ask)
        with pytest.raises(ActorParked, match="bad is parked: Boom: boom"):
            await bad.tell(Add("more"))
        assert not bad.cast(Add("more"))
        assert errors[0].reason == "Boom: boom"
        assert await good.ask(Words()) == ["state"]
        assert (await spy.wait(Life, name="bad", what="parked")).detail == "Boom: boom"
        shown = pool.statistics().children[0]
        assert (shown.state, shown.last_error) == ("parked", "Boom: boom")


async def test_a_parked_child_is_revived_with_a_fresh_budget_and_the_same_ref(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus, max_restarts=1, on_exhausted="park")
    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("bad", Worker))
        for _ in range(2):
            for turn in ("restarting", "parked"):
                await ref.tell(Tell(crash))
                await spy.wait(Life, what=turn)
            await pool.restart_child("bad")
            assert await ref.ask(Words()) == []
        assert pool.statistics().children[0].state == "running"


async def test_a_child_parked_this_very_moment_can_be_revived(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)
    async with running(pool, bus):
        ref = await pool.start_child(ChildSpec("bad", Worker))
        with pytest.raises(ActorCrashed):
            await ref.ask(Do(crash))
        await pool.restart_child("bad")
        assert await ref.ask(Words()) == []


async def test_a_restart_by_hand_cuts_short_a_pause(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)
    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", Worker))
        await ref.tell(Tell(crash))
        await spy.wait(Life, what="restarting")
        begun = trio.current_time()
        await pool.restart_child("a")
        assert await ref.ask(Words()) == []
        assert trio.current_time() == begun


async def test_a_restart_by_hand_cuts_off_a_running_life_and_keeps_the_queue(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)

    async def ask() -> None:
        with pytest.raises(ActorCrashed, match="a was restarted"):
            await ref.ask(Do(hang))

    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", Worker))
        await ref.tell(Add("gone"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await wait_all_tasks_blocked()
            await ref.tell(Add("kept"))
            await pool.restart_child("a")
        assert await ref.ask(Words()) == ["kept"]
        assert [what for _, what in lives(spy)] == ["started", "restarting", "started"]


async def test_a_restart_by_hand_waits_for_the_new_life(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)

    async def start_slowly() -> None:
        await trio.sleep(2)

    async with running(pool, bus) as spy:
        await pool.start_child(ChildSpec("a", lambda: Worker(start_slowly)))
        await pool.restart_child("a")
        assert len(spy.seen(Life, what="started")) == 2


async def test_a_restart_by_hand_returns_even_if_the_new_life_fails(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)
    async with running(pool, bus):
        await pool.start_child(ChildSpec("bad", lambda: Worker(crash)))
        await pool.restart_child("bad")
        assert pool.statistics().children[0].state == "parked"


async def test_a_child_that_is_being_stopped_is_not_restarted(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)
    async with running(pool, bus) as spy, trio.open_nursery() as nursery:
        ref = await pool.start_child(ChildSpec("a", Worker))
        await ref.tell(Tell(hang))
        nursery.start_soon(pool.stop_child, "a")
        await spy.wait(Life, what="draining")
        with pytest.raises(ActorStopped, match="a is being stopped"):
            await pool.restart_child("a")


@pytest.mark.parametrize("state", ["waiting", "parked"])
async def test_a_child_without_a_life_can_be_stopped(autojump_clock: MockClock, state: str) -> None:
    bus = EventBus()
    pool = pool_of(bus) if state == "waiting" else parking(bus)
    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", lambda: Worker(crash)))
        assert pool.statistics().children[0].state == state
        await pool.stop_child("a")
        assert pool.statistics().children == ()
        await spy.wait(Life, what="stopped")
        with pytest.raises(ActorStopped, match="a has stopped"):
            await ref.ask(Words())


@pytest.mark.parametrize(("restart", "crashes"), [("temporary", True), ("transient", False)])
async def test_a_child_that_is_gone_for_good_is_forgotten(
    autojump_clock: MockClock, restart: str, crashes: bool
) -> None:
    bus = EventBus()
    pool = pool_of(bus)

    async def finish(worker: Worker) -> None:
        await trio.lowlevel.checkpoint()
        worker.finish()

    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", Worker, restart=restart))  # type: ignore[arg-type]
        await ref.tell(Tell(crash if crashes else finish))
        await spy.wait(Life, what="stopped")
        await wait_all_tasks_blocked()
        assert pool.statistics().children == ()


async def test_a_permanent_child_that_keeps_ending_is_parked_with_a_reason(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)

    class Brief(Worker):
        async def start(self) -> None:
            self.finish()

    async with running(pool, bus) as spy:
        await pool.start_child(ChildSpec("a", Brief))
        await spy.wait(Life, what="parked", detail="ended too often")


async def test_without_parking_all_children_share_one_budget_and_fail_together(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus, max_restarts=1)
    errors = list[TooManyRestarts]()

    async def run(*, task_status: trio.TaskStatus[None]) -> None:
        try:
            await pool.run(task_status=task_status)
        except TooManyRestarts as error:
            errors.append(error)

    with Spy(bus) as spy:
        async with trio.open_nursery() as nursery:
            await nursery.start(run)
            refs = [await pool.start_child(ChildSpec(name, Worker)) for name in "abc"]
            for ref in refs[:2]:
                await ref.tell(Tell(crash))
        assert len(spy.seen(Life, what="restarting")) == 1
        assert {life.name for life in spy.seen(Life, what="stopped")} == set("abc")
    assert errors[0].name == "pool"
    with pytest.raises(ActorStopped):
        await refs[2].ask(Words())
    with pytest.raises(ActorStopped, match="pool has stopped"):
        await pool.start_child(ChildSpec("d", Worker))


async def test_stopping_drains_all_children_at_the_same_time(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)

    async def ask(name: str) -> None:
        await pool.ref(name).ask(DoInTask(three_seconds))

    async with running(pool, bus), trio.open_nursery() as nursery:
        for name in "abc":
            await pool.start_child(ChildSpec(name, Worker))
            nursery.start_soon(ask, name)
        await wait_all_tasks_blocked()
        begun = trio.current_time()
        await pool.stop()
        assert trio.current_time() == begun + 3
        with pytest.raises(ActorStopped):
            await pool.start_child(ChildSpec("d", Worker))


async def test_a_parked_child_stops_with_the_others(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)
    async with running(pool, bus) as spy:
        ref = await pool.start_child(ChildSpec("a", lambda: Worker(crash)))
        await pool.stop()
        await spy.wait(Life, what="stopped")
        with pytest.raises(ActorStopped, match="a has stopped"):
            await ref.ask(Words())


async def test_a_child_whose_actor_cannot_be_made_has_a_ref_all_the_same(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)

    def make() -> Worker:
        raise ValueError("no parts")

    async with running(pool, bus):
        ref = await pool.start_child(ChildSpec("a", make))
        with pytest.raises(ActorStopped):
            await ref.ask(Words())


async def test_unknown_children_and_a_supervisor_that_does_not_run_are_told_apart(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = pool_of(bus)
    with pytest.raises(RuntimeError, match="pool does not run yet"):
        await pool.start_child(ChildSpec("a", Worker))
    async with running(pool, bus):
        for refused in (pool.stop_child, pool.restart_child):
            with pytest.raises(UnknownChild):
                await refused("nobody")


async def test_a_new_pool_begins_empty_and_answers_for_the_children_of_the_old_one(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pools = list[DynamicSupervisor]()

    def make() -> DynamicSupervisor:
        pools.append(pool_of(bus, max_restarts=0))
        return pools[-1]

    root = Supervisor("root", [ChildSpec("pool", make)], backoff=PAUSES, bus=bus)
    async with running(root, bus) as spy:
        mailbox: Mailbox[WorkerMessage] = Mailbox("a", 4)
        await pools[0].start_child(ChildSpec("a", Worker, mailbox=mailbox))
        await mailbox.ref.tell(Tell(crash))
        await mailbox.ref.tell(Add("lost"))
        await spy.wait(Life, name="pool", what="started")
        await spy.wait(Life, name="pool", what="started")
        assert pools[1].statistics().children == ()
        with pytest.raises(ActorStopped):
            await mailbox.ref.ask(Words())
        await pools[1].start_child(ChildSpec("a", Worker, mailbox=mailbox))
        assert await mailbox.ref.ask(Words()) == []


async def test_a_parked_supervisor_parks_the_refs_below(autojump_clock: MockClock) -> None:
    bus = EventBus()
    pool = parking(bus)
    mailbox: Mailbox[WorkerMessage] = Mailbox("worker", 4)

    def make() -> Supervisor:
        return Supervisor("inner", [ChildSpec("worker", Worker, mailbox=mailbox)], max_restarts=0, bus=bus)

    async with running(pool, bus) as spy:
        inner = await pool.start_child(ChildSpec("inner", make))
        with pytest.raises(ActorStopped, match="inner is a supervisor"):
            await inner.tell(Add("nothing"))
        await mailbox.ref.tell(Tell(crash))
        await spy.wait(Life, name="inner", what="parked")
        with pytest.raises(ActorParked, match="worker is parked: TooManyRestarts"):
            await mailbox.ref.ask(Words())
        await pool.restart_child("inner")
        assert await mailbox.ref.ask(Words()) == []
