from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.child import Child
from flow2api.kit.errors import ActorStopped
from flow2api.kit.life import Herald
from flow2api.kit.lifetime import Lifetime
from flow2api.kit.spec import ChildSpec, Subtree
from flow2api.kit.supervisor import Supervisor
from tests.unit.kit.tree import Words, Worker, hang


class LastLife:
    """A watcher that wants no other life."""

    def changed(self) -> None:
        pass

    def ended(self, child: Child, life: Lifetime) -> None:
        child.retire()


def child_of(make: Callable[[], Actor[Any] | Subtree]) -> Child:
    return Child(ChildSpec("child", make), Herald(EventBus()))


async def test_a_life_cut_off_before_its_first_step_is_not_even_made(autojump_clock: MockClock) -> None:
    made = list[None]()

    def make() -> Worker:
        made.append(None)
        return Worker()

    child = child_of(make)
    async with trio.open_nursery() as lives:
        child.begin(lives, LastLife())
        child.begin_halt(None)
    assert made == []
    assert not child.alive


async def test_an_actor_stopped_before_its_first_step_takes_nothing_and_ends(autojump_clock: MockClock) -> None:
    child = child_of(Worker)
    async with trio.open_nursery() as lives:
        child.begin(lives, LastLife())
        child.begin_stop()
        await child.wait_ended()
    assert child.state == "stopped"
    with pytest.raises(ActorStopped):
        await child.ref.ask(Words())


async def test_a_supervisor_stopped_before_its_first_step_ends_at_once(autojump_clock: MockClock) -> None:
    def make() -> Supervisor:
        return Supervisor("child", [ChildSpec("below", lambda: Worker(hang))], bus=EventBus())

    child = child_of(make)
    begun = trio.current_time()
    async with trio.open_nursery() as lives:
        child.begin(lives, LastLife())
        child.begin_stop()
    assert trio.current_time() == begun
    assert [node.state for node in child.statistics().children] == ["stopped"]
