import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.kit.reply import Reply


async def test_a_reply_settled_before_the_asker_waits_survives_its_cancellation() -> None:
    reply: Reply[int] = Reply()
    assert reply.set(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        assert await reply.wait() == 1


async def test_only_the_first_answer_counts() -> None:
    reply: Reply[int] = Reply()
    assert reply.set(1)
    assert not reply.set(2)
    assert not reply.fail(ValueError())
    assert reply.settled
    assert not reply.abandoned
    assert await reply.wait() == 1


async def test_the_asker_going_away_calls_each_callback_once_and_cancels_the_scope() -> None:
    reply: Reply[int] = Reply()
    calls: list[str] = []
    reply.on_abandon(lambda: calls.append("first"))
    reply.on_abandon(lambda: calls.append("second"))
    scope = reply.scope
    with trio.move_on_after(0):
        await reply.wait()
    assert calls == ["first", "second"]
    assert scope.cancel_called
    assert reply.abandoned
    assert not reply.settled
    assert not reply.set(1)


async def test_what_is_asked_of_a_reply_after_the_asker_has_gone_happens_at_once() -> None:
    reply: Reply[int] = Reply()
    with trio.move_on_after(0):
        await reply.wait()
    calls: list[str] = []
    reply.on_abandon(lambda: calls.append("called"))
    assert calls == ["called"]
    assert reply.scope.cancel_called
    assert reply.scope is reply.scope


async def test_a_settled_reply_forgets_its_callbacks(autojump_clock: MockClock) -> None:
    reply: Reply[int] = Reply()
    calls: list[str] = []
    reply.on_abandon(lambda: calls.append("before"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reply.wait)
        await wait_all_tasks_blocked()
        assert reply.set(1)
        reply.on_abandon(lambda: calls.append("after"))
        nursery.cancel_scope.cancel()
    assert calls == []
    assert not reply.scope.cancel_called
