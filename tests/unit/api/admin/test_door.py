import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pyotp
import pytest
import trio
import trio.testing

from flow2api.api import passwords
from flow2api.api.admin import delays
from flow2api.api.admin import password as password_module
from flow2api.api.admin.door import CODE_DELAY_SECONDS, Admin, Door, cookie_name
from flow2api.api.links import Links
from flow2api.config import DashboardConfig
from flow2api.domain.admin import AdminSession
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


async def test_a_gateway_without_a_token_has_no_door_for_an_empty_one() -> None:
    async with open_inline_store() as store:
        door = Door(store, "", Links("", ()), DashboardConfig())
        for headers in ({"Authorization": "Bearer "}, {"Authorization": "Bearer"}, {"Authorization": "bearer  "}):
            assert (await refused(door, headers)).code is Code.ADMIN_REQUIRED


async def test_who_came_in_by_the_password_alone_goes_when_it_changes_and_the_token_stays() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        by_password = await door.enter(make_request(basic("a long password")), "GET")
        by_token = await door.enter(make_request(RIGHT), "GET")
        gone: list[str] = []

        async def watch(admin: Admin) -> None:
            await door.wait_over(admin)
            gone.append(admin.who)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(watch, by_password)
            nursery.start_soon(watch, by_token)
            await door.change_way_in(partial(door.password.set, "another long password"), "")
            with trio.fail_after(5):
                await door.wait_over(by_password)
            await trio.testing.wait_all_tasks_blocked()
            assert gone == ["admin"]
            nursery.cancel_scope.cancel()


async def test_who_signs_in_with_the_old_password_while_it_is_changed_is_not_in_afterwards() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        opened = door.sessions.open

        async def change_first(address: str, user_agent: str) -> tuple[AdminSession, str]:
            await door.change_way_in(partial(door.password.set, "another long password"), "")
            return await opened(address, user_agent)

        door.sessions.open = change_first  # type: ignore[method-assign]
        with pytest.raises(Failure) as caught:
            await door.sign_in(make_request(), "a long password", None)
        assert caught.value.code is Code.ADMIN_REQUIRED
        assert door.sessions.views("") == []


async def test_two_instances_on_one_host_do_not_take_each_others_cookies() -> None:
    names = set()
    for port in (8000, 8400, None):
        request = make_request()
        request.scope["server"] = ("127.0.0.1", port)
        names.add(cookie_name(request))
    assert names == {"flow2api_session", "flow2api_session_8400"}


async def test_a_cookie_that_somebody_planted_is_not_the_one_of_the_sign_in() -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        planted = make_request({"Cookie": "flow2api_session=planted"})
        admin = await door.sign_in(planted, "a long password", None)
        assert admin.cookie != "planted"
        with pytest.raises(Failure):
            await door.enter(planted, "GET")


async def test_guessing_codes_with_the_right_password_is_slow_from_however_many_addresses(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        await door.password.fits("a long password")
        secret = door.second_factor.offer("ses").secret
        await door.second_factor.confirm("ses", pyotp.TOTP(secret).now())
        tried = list[Code]()
        start = trio.current_time()

        async def guess(number: int) -> None:
            request = make_request(client=f"192.0.2.{number}")
            with pytest.raises(Failure) as caught:
                await door.sign_in(request, "a long password", "not a code")
            tried.append(caught.value.code)

        async with trio.open_nursery() as nursery:
            for number in range(200):
                nursery.start_soon(guess, number)
        assert tried.count(Code.ADMIN_REQUIRED) < 20
        for number in range(15):
            await guess(number)
        assert trio.current_time() - start > 5 * CODE_DELAY_SECONDS


async def test_a_hash_made_anew_does_not_bring_an_old_password_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_door() as door:
        await door.password.set("a long password")
        fresh = await passwords.hash_password("a long password")

        async def outdated(encoded: str, password: str) -> passwords.Verdict:
            return passwords.Verdict(matches=True, outdated=True)

        async def change_meanwhile(password: str) -> str:
            monkeypatch.undo()
            await door.password.set("another long password")
            return fresh

        monkeypatch.setattr(password_module, "verify_password", outdated)
        monkeypatch.setattr(password_module, "hash_password", change_meanwhile)
        await door.password.fits("a long password")
        assert not await door.password.fits("a long password")
        assert await door.password.fits("another long password")
