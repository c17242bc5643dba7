import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from flow2api.api.admin import delays
from flow2api.api.admin.door import Door
from flow2api.api.links import Links
from flow2api.config import DashboardConfig
from flow2api.errors import Code, Failure
from flow2api.store.door import open_inline_store
from tests.unit.api.doubles import ADMIN_TOKEN, SETUP_TOKEN, make_request

RIGHT = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
WRONG = {"Authorization": "Bearer wrong"}


def basic(password: str, user: str = "admin", **headers: str) -> dict[str, str]:
    given = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {given}", "Host": "gateway:8000", **headers}


@asynccontextmanager
async def open_door() -> AsyncIterator[Door]:
    async with open_inline_store() as store:
        yield Door(store, ADMIN_TOKEN, Links("", ()), DashboardConfig(), SETUP_TOKEN)


async def refused(door: Door, headers: dict[str, str], client: str = "192.0.2.7") -> Failure:
    with pytest.raises(Failure) as caught:
        await door.enter(make_request(headers, client=client), "GET")
    return caught.value


async def test_the_token_opens_the_door() -> None:
    async with open_door() as door:
        await door.enter(make_request(RIGHT), "GET")


async def test_nothing_and_nonsense_do_not_open_it(autojump_clock: trio.testing.MockClock) -> None:
    async with open_door() as door:
        for headers in ({}, WRONG, {"Authorization": "Basic !!!"}, basic("anything at all")):
            assert (await refused(door, headers)).code is Code.ADMIN_REQUIRED


async def test_wrong_tries_wait_longer_each_time_up_to_a_limit(autojump_clock: trio.testing.MockClock) -> None:
    waits = []
    async with open_door() as door:
        for _ in range(10):
            start = trio.current_time()
            await refused(door, WRONG)
            waits.append(trio.current_time() - start)
    assert waits[0] == 0
    assert waits[1] == pytest.approx(delays.FIRST_DELAY_SECONDS)
    assert waits[1:] == sorted(waits[1:])
    assert waits[-1] == pytest.approx(delays.MAX_DELAY_SECONDS)


async def test_the_right_token_is_never_held_up(autojump_clock: trio.testing.MockClock) -> None:
    async with open_door() as door:
        for _ in range(5):
            await refused(door, WRONG)
        start = trio.current_time()
        await door.enter(make_request(RIGHT), "GET")
        assert trio.current_time() == start


async def test_other_addresses_do_not_wait_for_the_sins_of_one(autojump_clock: trio.testing.MockClock) -> None:
    async with open_door() as door:
        for _ in range(5):
            await refused(door, WRONG)
        start = trio.current_time()
        await refused(door, WRONG, client="198.51.100.1")
        assert trio.current_time() == start


async def test_many_tries_at_once_are_turned_away(autojump_clock: trio.testing.MockClock) -> None:
    codes: list[Code] = []
    async with open_door() as door:
        await refused(door, WRONG)

        async def attempt() -> None:
            codes.append((await refused(door, WRONG)).code)

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(attempt)
    assert codes.count(Code.RATE_LIMIT_EXCEEDED) >= 20
    assert Code.ADMIN_REQUIRED in codes


async def test_the_password_opens_the_door_once_it_is_set() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        await door.enter(make_request(basic("a long password")), "GET")
        await door.enter(make_request(basic("a long password")), "GET")
        assert (await refused(door, basic("another password"))).code is Code.ADMIN_REQUIRED


async def test_a_changed_password_shuts_out_the_old_one_at_once() -> None:
    async with open_door() as door:
        await door.password.set("the first password")
        await door.enter(make_request(basic("the first password")), "GET")
        await door.password.set("the second password")
        assert (await refused(door, basic("the first password"))).code is Code.ADMIN_REQUIRED


async def test_a_foreign_page_cannot_use_a_password_that_the_browser_knows() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        foreign = basic("a long password", Origin="https://evil.example")
        assert (await refused(door, foreign)).code is Code.ADMIN_REQUIRED


async def test_a_page_of_the_gateway_itself_can() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        await door.enter(make_request(basic("a long password", Origin="http://gateway:8000")), "GET")


@pytest.mark.parametrize("password", ["", "too short", "x" * 1001])
async def test_a_password_of_unfit_length_is_not_taken(password: str) -> None:
    async with open_door() as door:
        with pytest.raises(Failure) as caught:
            await door.password.set(password)
    assert caught.value.param == "password"
