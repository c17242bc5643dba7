import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.errors import ActorParked, ActorStopped
from flow2api.kit.mailbox import Ask, Mailbox


class Count(Ask[int], frozen=True):
    pass


async def test_a_tell_that_waits_for_room_gets_through_in_turn(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[int] = Mailbox("box", 1)
    async with trio.open_nursery() as nursery:
        for i in range(3):
            nursery.start_soon(mailbox.ref.tell, i)
            await wait_all_tasks_blocked()
        assert [(await mailbox.channel.receive())[0] for _ in range(3)] == [0, 1, 2]


async def test_a_cancelled_tell_has_sent_nothing(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[int] = Mailbox("box", 1)
    await mailbox.ref.tell(1)
    for patience in (0, 1):
        with trio.move_on_after(patience):
            await mailbox.ref.tell(2)
    assert mailbox.statistics().depth == 1


async def test_a_cancelled_ask_that_waits_for_room_has_sent_nothing(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[Count | int] = Mailbox("box", 1)
    mailbox.ref.cast(1)
    with trio.move_on_after(1):
        await mailbox.ref.ask(Count())
    statistics = mailbox.ref.statistics()
    assert (statistics.depth, statistics.peak) == (1, 2)


async def test_closing_refuses_those_who_wait_for_room_and_keeps_what_is_inside(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[int] = Mailbox("box", 1)
    mailbox.ref.cast(1)

    async def tell() -> None:
        with pytest.raises(ActorParked, match="box is parked: tired"):
            await mailbox.ref.tell(2)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(tell)
        await wait_all_tasks_blocked()
        mailbox.close(lambda name: ActorParked(name, "tired"))
    assert not mailbox.ref.cast(3)
    assert [message async for message, _ in mailbox.channel] == [1]


async def test_a_mailbox_that_opens_again_keeps_its_line() -> None:
    mailbox: Mailbox[int] = Mailbox("box", 3)
    mailbox.ref.cast(1)
    mailbox.close(ActorStopped)
    mailbox.open()
    mailbox.open()
    mailbox.ref.cast(2)
    mailbox.close(ActorStopped)
    assert [message async for message, _ in mailbox.channel] == [1, 2]


async def test_abandoning_counts_lost_messages_but_not_those_whose_asker_has_gone(autojump_clock: MockClock) -> None:
    mailbox: Mailbox[Count | int] = Mailbox("box", 4)
    mailbox.ref.cast(1)
    with trio.move_on_after(1):
        await mailbox.ref.ask(Count())

    async def ask() -> None:
        with pytest.raises(ActorStopped):
            await mailbox.ref.ask(Count())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(ask)
        await wait_all_tasks_blocked()
        assert mailbox.abandon(ActorStopped) == 2
    assert mailbox.statistics().dropped == 2


async def test_a_tell_always_gives_others_a_turn() -> None:
    mailbox: Mailbox[int] = Mailbox("box", 4)
    with trio.testing.assert_checkpoints():
        await mailbox.ref.tell(1)


def test_mailbox_and_ref_say_whose_they_are() -> None:
    mailbox: Mailbox[int] = Mailbox("box", 4)
    assert (repr(mailbox), repr(mailbox.ref), mailbox.ref.name) == ("<Mailbox box depth=0/4>", "<Ref box>", "box")
