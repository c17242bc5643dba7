"""The pool's decisions, with connections that have no socket."""

import pytest
import trio
import trio.testing

from flow2api.net.pool import WHOLE_WRITE_BYTES, Connection, Key, Pool, PoolLimits


class _Silent(trio.abc.Stream):
    """A stream that takes everything, or nothing once it is `broken`."""

    def __init__(self) -> None:
        self.broken = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self.broken:
            raise trio.BrokenResourceError

    async def wait_send_all_might_not_block(self) -> None:
        raise NotImplementedError

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return b""

    async def aclose(self) -> None:
        raise NotImplementedError


class _Kept(Connection):
    """A connection whose death is decided by the test."""

    def __init__(self, key: Key) -> None:
        super().__init__(_Silent(), key)
        self.dead = self.closed = False

    def is_dead(self) -> bool:
        return self.dead

    def close(self) -> None:
        self.closed = True


def _key(host: str = "a.example", exit_url: str | None = None, addresses: tuple[str, ...] | None = None) -> Key:
    return Key("https", host, 443, exit_url, addresses)


async def test_the_connection_used_last_is_taken_first() -> None:
    pool, first, second = Pool(PoolLimits()), _Kept(_key()), _Kept(_key())
    pool.put(first)
    pool.put(second)
    assert pool.take(_key()) is second
    assert second.reused
    assert pool.take(_key()) is first
    assert pool.take(_key()) is None
    assert pool.statistics().reused == 2


async def test_a_kept_connection_that_died_since_it_was_taken_is_not_written_to() -> None:
    pool, kept = Pool(PoolLimits()), _Kept(_key())
    pool.put(kept)
    taken = pool.take(_key())
    assert taken is kept
    kept.dead = True
    with pytest.raises(trio.BrokenResourceError):
        await kept.send(b"GET")
    assert not kept.touched


@pytest.mark.parametrize(
    "other",
    [
        _key("b.example"),
        _key(exit_url="http://proxy.example:1"),
        _key(addresses=("192.0.2.1",)),
        _key()._replace(port=8443),
        _key()._replace(scheme="http"),
    ],
)
async def test_a_connection_serves_no_call_that_differs_in_any_part_of_the_key(other: Key) -> None:
    pool = Pool(PoolLimits())
    pool.put(_Kept(_key()))
    assert pool.take(other) is None


async def test_a_dead_connection_is_closed_and_the_next_one_taken() -> None:
    pool, alive, dead = Pool(PoolLimits()), _Kept(_key()), _Kept(_key())
    dead.dead = True
    pool.put(alive)
    pool.put(dead)
    assert pool.take(_key()) is alive
    assert dead.closed
    assert pool.statistics().found_dead == 1


async def test_beyond_the_limit_of_a_key_the_oldest_of_that_key_goes() -> None:
    pool = Pool(PoolLimits(idle_per_key=2))
    other, *kept = _Kept(_key("b.example")), _Kept(_key()), _Kept(_key()), _Kept(_key())
    for connection in (other, *kept):
        pool.put(connection)
    assert [connection.closed for connection in (other, *kept)] == [False, True, False, False]


async def test_beyond_the_limit_of_all_the_oldest_of_all_goes() -> None:
    pool = Pool(PoolLimits(idle_total=2))
    kept = [_Kept(_key(host)) for host in ("a.example", "b.example", "c.example")]
    for connection in kept:
        pool.put(connection)
    assert [connection.closed for connection in kept] == [True, False, False]
    assert pool.statistics().idle == 2


async def test_what_idles_too_long_is_closed(autojump_clock: trio.testing.MockClock) -> None:
    pool, old, young = Pool(PoolLimits(idle_seconds=60)), _Kept(_key("old.example")), _Kept(_key())
    pool.put(old)
    await trio.sleep(40)
    pool.put(young)
    await trio.sleep(21)
    assert pool.take(_key()) is young
    assert old.closed
    assert pool.statistics().aged == 1


async def test_a_closed_pool_closes_what_it_has_and_what_comes_back() -> None:
    pool, idle, late = Pool(PoolLimits()), _Kept(_key()), _Kept(_key())
    pool.put(idle)
    pool.close()
    pool.put(late)
    assert idle.closed
    assert late.closed
    assert pool.take(_key()) is None


async def test_a_first_small_write_that_fails_means_that_nothing_went_out() -> None:
    stream = _Silent()
    connection = Connection(stream, _key())
    stream.broken = True
    with pytest.raises(trio.BrokenResourceError):
        await connection.send(b"x" * WHOLE_WRITE_BYTES)
    assert not connection.touched


@pytest.mark.parametrize("sizes", [[10, 10], [WHOLE_WRITE_BYTES + 1]])
async def test_a_later_or_larger_write_that_fails_may_have_gone_out_in_part(sizes: list[int]) -> None:
    stream = _Silent()
    connection = Connection(stream, _key())
    *good, bad = sizes
    for size in good:
        await connection.send(b"x" * size)
    stream.broken = True
    with pytest.raises(trio.BrokenResourceError):
        await connection.send(b"x" * bad)
    assert connection.touched
