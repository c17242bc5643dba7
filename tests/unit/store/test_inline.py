"""The store in memory lives with a virtual clock."""

import pytest
import trio
from trio.testing import MockClock

from flow2api.store import settings
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreClosed


async def test_it_never_lets_the_virtual_clock_jump(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        start = trio.current_time()
        for number in range(100):
            await store.write(settings.put, str(number), number)
            await store.read(settings.all_settings)
        assert trio.current_time() == start


async def test_other_tasks_get_their_turn_at_every_call() -> None:
    async with open_inline_store() as store:
        with trio.testing.assert_checkpoints():
            await store.write(settings.put, "a", 1)
        with trio.testing.assert_checkpoints():
            await store.read(settings.all_settings)


async def test_two_stores_share_nothing() -> None:
    async with open_inline_store() as one, open_inline_store() as other:
        await one.write(settings.put, "a", 1)
        assert await other.read(settings.all_settings) == {}


async def test_a_closed_store_says_so() -> None:
    async with open_inline_store() as store:
        pass
    with pytest.raises(StoreClosed):
        await store.write(settings.put, "a", 1)
    with pytest.raises(StoreClosed):
        await store.read(settings.all_settings)
