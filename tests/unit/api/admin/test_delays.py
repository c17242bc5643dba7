import pytest
import trio
import trio.testing

from flow2api.api.admin import delays
from flow2api.api.admin.delays import Delays
from flow2api.errors import Code, Failure


async def waited(all_: Delays, address: str, *, right: bool = False) -> float:
    start = trio.current_time()
    async with all_.attempt(address) as attempt:
        (attempt.right if right else attempt.wrong)()
    return trio.current_time() - start


async def test_guessing_from_many_addresses_slows_the_account_a_little_and_never_for_long(
    autojump_clock: trio.testing.MockClock,
) -> None:
    all_ = Delays()
    waits = [await waited(all_, f"192.0.2.{number}") for number in range(30)]
    assert waits[: delays.ACCOUNT_TRIES + 1] == [0.0] * (delays.ACCOUNT_TRIES + 1)
    assert waits[delays.ACCOUNT_TRIES + 1] == pytest.approx(delays.FIRST_DELAY_SECONDS)
    assert max(waits) == pytest.approx(delays.MAX_ACCOUNT_DELAY_SECONDS)
    assert await waited(all_, "198.51.100.1", right=True) == pytest.approx(delays.MAX_ACCOUNT_DELAY_SECONDS)
    assert await waited(all_, "198.51.100.2") == 0.0


async def test_an_address_is_forgiven_after_a_while(autojump_clock: trio.testing.MockClock) -> None:
    all_ = Delays()
    for _ in range(5):
        await waited(all_, "192.0.2.7")
    await trio.sleep(delays.FORGET_SECONDS + 1)
    assert await waited(all_, "192.0.2.7") == 0.0


async def test_all_addresses_of_one_network_of_ipv6_wait_as_one(autojump_clock: trio.testing.MockClock) -> None:
    all_ = Delays()
    waits = [await waited(all_, f"2001:db8::{number:x}") for number in range(4)]
    assert waits == [0.0, 0.5, 1.0, 2.0]
    assert await waited(all_, "2001:db8:0:1::1") == 0.0
    assert await waited(all_, "192.0.2.7") == 0.0
    assert await waited(all_, "::ffff:192.0.2.7") == 0.5


async def test_guessing_from_many_addresses_at_once_is_turned_away_and_whoever_is_known_is_not(
    autojump_clock: trio.testing.MockClock,
) -> None:
    all_, turned_away = Delays(), dict[str, Code]()
    await waited(all_, "198.51.100.1", right=True)
    for number in range(delays.ACCOUNT_TRIES + 4):
        await waited(all_, f"192.0.2.{number}")

    async def attempt(address: str) -> None:
        try:
            await waited(all_, address, right=address == "198.51.100.1")
        except Failure as failure:
            turned_away[address] = failure.code

    async with trio.open_nursery() as nursery:
        for number in range(500):
            nursery.start_soon(attempt, f"203.0.113.{number}")
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(attempt, "198.51.100.1")
    assert len(turned_away) == 500 - delays.STRANGERS
    assert set(turned_away.values()) == {Code.RATE_LIMIT_EXCEEDED}
    assert "198.51.100.1" not in turned_away
    await waited(all_, "203.0.113.7")


async def test_the_addresses_of_a_storm_are_not_all_remembered(autojump_clock: trio.testing.MockClock) -> None:
    all_ = Delays()
    for number in range(3000):
        await waited(all_, f"10.0.{number // 256}.{number % 256}", right=True)
    assert len(all_._addresses) <= 1000
    assert len(all_._known) <= 100
