import pytest
import trio
import trio.testing

from flow2api.api.admin import delays
from flow2api.api.admin.delays import Delays


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
