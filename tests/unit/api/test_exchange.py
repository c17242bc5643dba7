import pytest
import trio
import trio.testing

from flow2api.api import exchange
from flow2api.api.exchange import Body
from flow2api.errors import Code, Failure


async def test_a_body_is_given_whole_however_it_was_cut() -> None:
    body = Body(None, 100)
    for piece in (b"ab", b"", b"cd"):
        body.append(piece)
    body.set_complete()
    assert await body.whole() == b"abcd"
    assert body.complete


async def test_a_body_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    body = Body(None, 100)

    async def send() -> None:
        await trio.sleep(3)
        body.append(b"late")
        body.set_complete()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        assert await body.whole() == b"late"


async def test_a_length_above_the_limit_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(Failure) as caught:
        await Body(101, 100).whole()
    assert caught.value.code is Code.REQUEST_TOO_LARGE


async def test_bytes_are_counted_when_no_length_was_told() -> None:
    body = Body(None, 100)
    body.append(b"x" * 60)
    body.append(b"x" * 60)
    with pytest.raises(Failure) as caught:
        await body.whole()
    assert caught.value.code is Code.REQUEST_TOO_LARGE


async def test_a_body_of_exactly_the_limit_is_taken() -> None:
    body = Body(100, 100)
    body.append(b"x" * 100)
    body.set_complete()
    assert len(await body.whole()) == 100


async def test_a_body_that_stalls_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    body = Body(None, 100)
    body.append(b"x")
    with pytest.raises(Failure) as caught:
        await body.whole()
    assert caught.value.code is Code.REQUEST_TIMEOUT
    assert trio.current_time() < 2 * exchange.BODY_PATIENCE_SECONDS


async def test_a_long_body_at_a_fair_rate_is_not_given_up(autojump_clock: trio.testing.MockClock) -> None:
    rate = exchange.BODY_BYTES_PER_SECOND
    body = Body(None, rate * 1000)

    async def send() -> None:
        for _ in range(200):
            await trio.sleep(1)
            body.append(b"x" * rate)
        body.set_complete()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        assert len(await body.whole()) == 200 * rate


async def test_a_body_that_drips_is_given_up_however_long_it_goes_on(autojump_clock: trio.testing.MockClock) -> None:
    body = Body(None, 10_000_000)

    async def drip() -> None:
        while True:
            await trio.sleep(1)
            body.append(b"x")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip)
        with pytest.raises(Failure) as caught:
            await body.whole()
        nursery.cancel_scope.cancel()
    assert caught.value.code is Code.REQUEST_TIMEOUT
    assert trio.current_time() < exchange.BODY_PATIENCE_SECONDS + 2


async def test_draining_lets_the_rest_arrive_and_keeps_none_of_it(autojump_clock: trio.testing.MockClock) -> None:
    body = Body(None, 100)
    body.append(b"x" * 90)

    async def send() -> None:
        await trio.sleep(1)
        body.append(b"y" * 5000)
        body.set_complete()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await body.drain()
    assert trio.current_time() == pytest.approx(1)
    assert body.complete


async def test_draining_ends_after_so_many_bytes() -> None:
    body = Body(None, 100)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(body.drain)
            await trio.testing.wait_all_tasks_blocked()
            body.append(b"x" * (exchange.DRAIN_BYTES + 1))
    assert not body.complete


async def test_draining_does_not_wait_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    await Body(None, 100).drain()
    assert trio.current_time() == pytest.approx(exchange.DRAIN_SECONDS)
