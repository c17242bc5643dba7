"""The second factor by itself: its codes are good once, whatever happens at the same time and after a restart."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pyotp
import pytest
import trio

from flow2api.api.admin.second_factor import SecondFactor
from flow2api.errors import Code, Failure
from flow2api.store.door import open_inline_store

NOON = 1_800_000_000.0


class Unhurried:
    """A store whose every call lets all others go first, as a thread does."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def read(self, *args: Any, **kwargs: Any) -> Any:
        found = await self._store.read(*args, **kwargs)
        await _turns()
        return found

    async def write(self, *args: Any, **kwargs: Any) -> Any:
        await _turns()
        return await self._store.write(*args, **kwargs)


async def _turns() -> None:
    for _ in range(5):
        await trio.lowlevel.checkpoint()


class Clock:
    """The time that a test sets."""

    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> float:
        return self.time


@asynccontextmanager
async def turned_on() -> AsyncIterator[tuple[SecondFactor, pyotp.TOTP, list[str], Clock]]:
    """It, what an authenticator has, the recovery codes, and the clock; the present step is used up."""
    async with open_inline_store() as store:
        clock = Clock()
        factor = SecondFactor(Unhurried(store), now=clock)  # type: ignore[arg-type]
        totp = pyotp.TOTP(factor.offer("ses").secret)
        codes = await factor.confirm("ses", totp.at(clock.time))
        yield factor, totp, codes, clock


async def at_once(*each: Callable[[], Awaitable[object]]) -> list[object]:
    """What becomes of calls that run at the same time: a value, or the code of a failure."""
    told: list[object] = []

    async def one(call: Callable[[], Awaitable[object]]) -> None:
        try:
            told.append(await call())
        except Failure as failure:
            told.append(failure.code)

    async with trio.open_nursery() as nursery:
        for call in each:
            nursery.start_soon(one, call)
    return told


async def test_a_code_is_good_a_step_early_and_a_step_late_and_once() -> None:
    async with turned_on() as (factor, totp, _, clock):
        assert not await factor.takes(totp.at(clock.time))
        clock.time += 300
        early, now, late = (totp.at(clock.time + seconds) for seconds in (-30, 0, 30))
        assert not await factor.takes(totp.at(clock.time - 60))
        assert not await factor.takes(totp.at(clock.time + 60))
        assert [await factor.takes(code) for code in (early, early, now, now, late, late)] == [True, False] * 3


async def test_a_code_that_was_taken_is_not_taken_after_a_restart_nor_are_those_before_it() -> None:
    async with turned_on() as (factor, totp, _, clock):
        clock.time += 300
        assert await factor.takes(totp.at(clock.time))
        again = SecondFactor(factor._store, now=clock)
        assert not await again.takes(totp.at(clock.time))
        assert not await again.takes(totp.at(clock.time - 30))


@pytest.mark.parametrize("kind", ["code", "recovery"])
async def test_of_many_with_the_same_code_one_gets_in(kind: str) -> None:
    async with turned_on() as (factor, totp, codes, clock):
        clock.time += 300
        code = totp.at(clock.time) if kind == "code" else codes[3]
        told = await at_once(*[lambda: factor.takes(code)] * 8)
        assert sorted(told, key=bool) == [False] * 7 + [True]


async def test_of_two_that_confirm_at_once_one_is_told_so() -> None:
    async with open_inline_store() as store:
        clock = Clock()
        factor = SecondFactor(Unhurried(store), now=clock)  # type: ignore[arg-type]
        code = pyotp.TOTP(factor.offer("ses").secret).at(clock.time)
        told = await at_once(lambda: factor.confirm("ses", code), lambda: factor.confirm("ses", code))
        assert Code.CONFLICT in told
        assert len([one for one in told if isinstance(one, list)]) == 1


async def test_an_offer_from_before_does_not_replace_a_factor_that_is_on() -> None:
    async with turned_on() as (factor, totp, _, clock):
        other = pyotp.TOTP(factor.offer("other").secret)
        with pytest.raises(Failure) as caught:
            await factor.confirm("other", other.at(clock.time))
        assert caught.value.code is Code.CONFLICT
        clock.time += 300
        assert await factor.takes(totp.at(clock.time))


async def test_a_code_that_is_looked_at_while_it_is_turned_off_does_not_turn_it_on_again() -> None:
    async with turned_on() as (factor, totp, _, clock):
        clock.time += 300
        await at_once(lambda: factor.takes(totp.at(clock.time)), factor.turn_off)
        assert not await factor.is_on()


async def test_new_recovery_codes_do_not_make_a_used_code_good_again() -> None:
    async with turned_on() as (factor, totp, codes, clock):
        clock.time += 300
        code = totp.at(clock.time)
        told = await at_once(factor.renew_recovery_codes, lambda: factor.takes(code))
        assert True in told
        assert not await factor.takes(code)
        assert not await factor.takes(codes[0])
        assert (await factor.view()).recovery_codes_left == 10


@pytest.mark.parametrize("code", ["", " ", "000000", "٠٠٠٠٠٠", "x" * 10_000])
async def test_nonsense_is_no_code(code: str) -> None:
    async with turned_on() as (factor, *_):
        assert not await factor.takes(code)
