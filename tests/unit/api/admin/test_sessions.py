from typing import Any, cast

import trio
import trio.testing

from flow2api.api.admin import sessions as module
from flow2api.api.admin.sessions import Sessions, csrf_token
from flow2api.config import DashboardConfig
from flow2api.store.door import Store, open_inline_store
from tests.doubles.store import Failing

LIMITS = DashboardConfig(session_idle_seconds=100.0, session_seconds=1000.0)


def at_the_door(store: Store) -> Sessions:
    return Sessions(store, LIMITS, trio.current_time)


async def test_a_sign_in_ends_when_it_is_not_used_and_in_any_case(autojump_clock: trio.testing.MockClock) -> None:
    async with open_inline_store() as store:
        sessions = at_the_door(store)
        _, unused = await sessions.open("192.0.2.7", "browser")
        used_session, used = await sessions.open("192.0.2.7", "browser")
        for _ in range(11):
            await trio.sleep(90)
            assert sessions.find(used) is not None
        assert sessions.find(unused) is None
        await trio.sleep(20)
        assert sessions.find(used) is None
        assert sessions.views(used_session.id) == []


async def test_its_end_by_time_is_told_to_who_waits_and_an_open_page_puts_it_off(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_inline_store() as store:
        sessions = at_the_door(store)
        session, _ = await sessions.open("192.0.2.7", "browser")
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sessions.wait_ended, session.id)
            await trio.sleep(60)
            sessions.see(session.id)
        assert trio.current_time() - start == 160
        assert not await sessions.end(session.id)


async def test_what_was_used_and_what_ended_is_known_after_a_restart(autojump_clock: trio.testing.MockClock) -> None:
    async with open_inline_store() as store:
        sessions = at_the_door(store)
        kept, value = await sessions.open("192.0.2.7", "browser")
        ended, other = await sessions.open("192.0.2.7", "browser")
        await trio.sleep(90)
        assert sessions.find(value) is not None
        await sessions.end(ended.id)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sessions.keep_written)
            await trio.sleep(1)
            nursery.cancel_scope.cancel()
        await trio.sleep(50)
        again = at_the_door(store)
        await again.load()
        assert again.find(other) is None
        found = again.find(value)
        assert found is not None
        assert found.id == kept.id


async def test_there_are_never_too_many(autojump_clock: trio.testing.MockClock) -> None:
    async with open_inline_store() as store:
        sessions = at_the_door(store)
        values = []
        for _ in range(module.MOST_SESSIONS + 3):
            values.append((await sessions.open("192.0.2.7", "browser"))[1])
            await trio.sleep(0.1)
        assert [sessions.find(value) is None for value in values[:5]] == [True, True, True, False, False]


def test_the_token_of_changes_belongs_to_one_cookie_and_does_not_tell_it() -> None:
    assert csrf_token("one") == csrf_token("one") != csrf_token("two")
    assert "one" not in csrf_token("one")


async def test_what_ended_while_the_store_failed_is_over_after_a_restart_too(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_inline_store() as good:
        store = Failing(good)
        sessions = at_the_door(cast("Any", store))
        session, value = await sessions.open("192.0.2.7", "browser")
        store.broken = True
        assert await sessions.end(session.id)
        assert sessions.find(value) is None
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sessions.keep_written)
            await trio.sleep(2.5 * module.FLUSH_SECONDS)
            store.broken = False
            await trio.sleep(module.FLUSH_SECONDS)
            nursery.cancel_scope.cancel()
        again = at_the_door(good)
        await again.load()
        assert again.find(value) is None


async def test_whoever_leaves_while_signing_out_is_out_for_good(autojump_clock: trio.testing.MockClock) -> None:
    async with open_inline_store() as store:
        sessions = at_the_door(store)
        session, value = await sessions.open("192.0.2.7", "browser")
        with trio.CancelScope() as scope:
            scope.cancel()
            await sessions.end(session.id)
        again = at_the_door(store)
        await again.load()
        assert again.find(value) is None
