import math
import re

import pytest
import trio
import trio.testing

from flow2api.api import auth
from flow2api.api.auth import KeyRing
from flow2api.errors import Code, Failure
from flow2api.store import keys
from flow2api.store.door import open_inline_store
from tests.unit.api.doubles import make_request


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_created_key_is_found_by_its_plain_text_alone() -> None:
    async with open_inline_store() as store:
        ring = KeyRing(store)
        key, plain = await ring.create("laptop")
        found = ring.find(plain)
        assert found is not None
        assert found.id == key.id
        assert ring.find(plain + "x") is None
        assert ring.find(key.digest) is None


async def test_a_created_key_has_the_prefix_and_more_than_160_random_bits() -> None:
    async with open_inline_store() as store:
        _, plain = await KeyRing(store).create("laptop")
    assert re.fullmatch(r"f2a_[0-9A-Za-z]+", plain)
    assert (len(plain) - 4) * math.log2(62) >= 160


async def test_the_store_never_sees_the_plain_key() -> None:
    async with open_inline_store() as store:
        _, plain = await KeyRing(store).create("laptop")
        (stored,) = await store.read(keys.all_keys)
    assert plain not in repr(stored)
    assert plain[8:-4] not in repr(stored)


async def test_a_revoked_key_is_refused_at_once_and_after_a_restart() -> None:
    async with open_inline_store() as store:
        ring = KeyRing(store)
        key, plain = await ring.create("laptop")
        assert await ring.revoke(key.id)
        assert ring.find(plain) is None
        again = KeyRing(store)
        await again.load()
        assert again.find(plain) is None
        assert not await again.revoke(key.id)


async def test_an_expired_key_is_refused() -> None:
    clock = Clock()
    async with open_inline_store() as store:
        ring = KeyRing(store, clock)
        _, plain = await ring.create("guest", expires_at=1500.0)
        assert ring.find(plain) is not None
        clock.now = 1500.0
        assert ring.find(plain) is None


async def test_a_first_key_is_made_once() -> None:
    async with open_inline_store() as store:
        ring = KeyRing(store)
        await ring.load()
        first = await ring.ensure_first_key()
        assert first is not None
        assert ring.find(first) is not None
        assert await ring.ensure_first_key() is None
        again = KeyRing(store)
        await again.load()
        assert await again.ensure_first_key() is None


async def test_ensuring_a_given_key_twice_makes_one() -> None:
    async with open_inline_store() as store:
        ring = KeyRing(store)
        await ring.ensure("a-key-that-somebody-chose", "given")
        await ring.ensure("a-key-that-somebody-chose", "given")
        assert ring.find("a-key-that-somebody-chose") is not None
        assert len(ring.listed()) == 1


async def test_the_time_of_use_is_shown_at_once_and_written_when_flushed() -> None:
    clock = Clock()
    async with open_inline_store() as store:
        ring = KeyRing(store, clock)
        _, plain = await ring.create("laptop")
        clock.now = 2000.0
        ring.find(plain)
        assert ring.listed()[0].last_used_at == 2000.0
        assert (await store.read(keys.all_keys))[0].last_used_at is None
        await ring.flush()
        assert (await store.read(keys.all_keys))[0].last_used_at == 2000.0
        assert ring.listed()[0].last_used_at == 2000.0


async def test_times_of_use_are_flushed_now_and_then_and_at_the_end(autojump_clock: trio.testing.MockClock) -> None:
    clock = Clock()
    async with open_inline_store() as store, trio.open_nursery() as nursery:
        ring = KeyRing(store, clock)
        _, plain = await ring.create("laptop")
        nursery.start_soon(ring.keep_flushed)
        await trio.testing.wait_all_tasks_blocked()
        ring.find(plain)
        await trio.sleep(auth.FLUSH_SECONDS + 1)
        assert (await store.read(keys.all_keys))[0].last_used_at == 1000.0
        clock.now = 5000.0
        ring.find(plain)
        nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await trio.testing.wait_all_tasks_blocked()
            assert (await store.read(keys.all_keys))[0].last_used_at == 5000.0


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"Authorization": "Bearer {key}"}, ""),
        ({"Authorization": "bearer   {key} "}, ""),
        ({"x-goog-api-key": "{key}"}, ""),
        ({"x-api-key": " {key} "}, ""),
        ({"api-key": "{key}"}, ""),
        ({}, "alt=sse&key={key}"),
        ({"Authorization": "Bearer something-else", "api-key": "{key}"}, ""),
    ],
)
async def test_a_key_is_accepted_in_each_way_that_clients_send_it(headers: dict[str, str], query: str) -> None:
    async with open_inline_store() as store:
        ring = KeyRing(store)
        key, plain = await ring.create("laptop")
        filled = {name: value.format(key=plain) for name, value in headers.items()}
        assert ring.caller(make_request(filled, query=query.format(key=plain))).id == key.id


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
async def test_a_missing_and_a_wrong_key_are_refused_alike(headers: dict[str, str]) -> None:
    async with open_inline_store() as store:
        with pytest.raises(Failure) as caught:
            KeyRing(store).caller(make_request(headers))
    assert caught.value.code is Code.INVALID_API_KEY
    assert caught.value.kind.status == 401
