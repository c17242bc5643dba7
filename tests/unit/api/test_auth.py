import math
import re

import msgspec
import pytest
import trio
import trio.testing

from flow2api.api import auth
from flow2api.api.auth import KeyRing
from flow2api.api.exchange import GatewayRequest
from flow2api.domain.catalog import Catalog
from flow2api.domain.key import SCOPES, Limits
from flow2api.domain.model import Table
from flow2api.errors import Code, Failure
from flow2api.store import keys
from flow2api.store.door import Store, open_inline_store
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


def test_of_the_keys_in_an_address_few_are_looked_at() -> None:
    assert list(auth.presented(make_request({}, query="key=a&" * 5000))) == ["a"] * 4


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
async def test_a_missing_and_a_wrong_key_are_refused_alike(headers: dict[str, str]) -> None:
    async with open_inline_store() as store:
        with pytest.raises(Failure) as caught:
            KeyRing(store).caller(make_request(headers))
    assert caught.value.code is Code.INVALID_API_KEY
    assert caught.value.kind.status == 401


async def limited(store: Store, clock: Clock | None = None, **limits: object) -> tuple[KeyRing, GatewayRequest]:
    """A ring with one limited key, and a request that brings it."""
    ring = KeyRing(store, clock or Clock())
    _, plain = await ring.create("limited", limits=msgspec.convert(limits, Limits))
    return ring, make_request({"Authorization": f"Bearer {plain}"})


async def test_a_key_opens_only_the_routes_of_its_scopes() -> None:
    async with open_inline_store() as store:
        ring, request = await limited(store, scopes=["chat", "models"])
        for scope in SCOPES:
            if scope in ("chat", "models"):
                ring.caller(request, scope)
                continue
            with pytest.raises(Failure, match=f"not for the {scope} routes") as caught:
                ring.caller(request, scope)
            assert (caught.value.code, caught.value.kind.status) == (Code.ROUTE_NOT_ALLOWED, 403)


async def test_a_key_without_scopes_opens_every_route() -> None:
    async with open_inline_store() as store:
        ring, request = await limited(store)
        assert {ring.caller(request, scope).name for scope in SCOPES} == {"limited"}


@pytest.mark.parametrize(
    ("patterns", "name", "allowed"),
    [
        ([], "veo-tall", True),
        (["veo"], "veo", True),
        (["veo"], "veo-wide", True),
        (["veo-wide"], "veo", False),
        (["veo-wide"], "veo-tall", False),
        (["veo-*"], "veo-tall", True),
        (["veo"], "sora-2", True),
        (["sora-2"], "sora-2", True),
        (["sora-2"], "veo", False),
        (["VEO"], "veo", False),
        (["pic*"], "veo", False),
    ],
)
def test_a_key_uses_a_model_by_its_id_its_forms_its_pattern_or_an_alias(
    patterns: list[str], name: str, allowed: bool
) -> None:
    table = msgspec.convert(
        {"title": "V", "kind": "video", "provider": "p", "upstream": "U", "ratios": ["16:9", "9:16"]}
        | {"suffixes": False, "names": {"veo-wide": {"ratio": "16:9"}, "veo-tall": {"ratio": "9:16"}}},
        Table,
    )
    catalog = Catalog({"veo": table}, {}, {"sora-2": "veo"})
    limits = msgspec.convert({"models": patterns}, Limits)
    listed = {model.id for model in auth.models_for(catalog, limits)}
    assert (name in listed) is allowed
    if allowed:
        assert auth.model_for(catalog, limits, name).id == name
    else:
        with pytest.raises(Failure) as caught:
            auth.model_for(catalog, limits, name)
        assert (caught.value.code, caught.value.param) == (Code.MODEL_NOT_ALLOWED, "model")


async def test_requests_above_the_limit_of_any_minute_are_told_the_true_wait(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_inline_store() as store:
        ring, request = await limited(store, requests_per_minute=2)
        ring.caller(request)
        await trio.sleep(20)
        ring.caller(request)
        for _ in range(3):
            with pytest.raises(Failure) as caught:
                ring.caller(request)
            assert caught.value.code is Code.RATE_LIMIT_EXCEEDED
            assert caught.value.retry_after_seconds == pytest.approx(40)
        await trio.sleep(caught.value.retry_after_seconds or 0)
        ring.caller(request)
        with pytest.raises(Failure) as caught:
            ring.caller(request)
        assert caught.value.retry_after_seconds == pytest.approx(20)


async def test_a_lowered_limit_counts_the_requests_before_it(autojump_clock: trio.testing.MockClock) -> None:
    async with open_inline_store() as store:
        ring, request = await limited(store, requests_per_minute=3)
        for _ in range(3):
            key = ring.caller(request)
            await trio.sleep(10)
        changed = msgspec.structs.replace(key, limits=Limits(requests_per_minute=2))
        assert await ring.change(key.id, lambda _: changed) is not None
        with pytest.raises(Failure) as caught:
            ring.caller(request)
        # The second one leaves the window at 70 s; it is 30 s now.
        assert caught.value.retry_after_seconds == pytest.approx(40)


async def test_changes_of_a_key_hold_at_once_and_after_a_restart() -> None:
    async with open_inline_store() as store:
        ring, request = await limited(store, scopes=["chat"])
        key = ring.caller(request)
        await ring.change(key.id, lambda now: msgspec.structs.replace(now, name="new", limits=Limits(daily_credits=5)))
        assert ring.caller(request, "images").name == "new"
        again = KeyRing(store)
        await again.load()
        assert again.limits(key.id) == Limits(daily_credits=5)
        assert await again.change("key_unknown", lambda now: now) is None
