"""Kept connections: reused, found dead, and what is repeated on a fresh one."""

from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from flow2api.errors import ConnectionBroken, NetworkFault, Unreachable
from flow2api.net.http import open_http
from flow2api.net.message import Limits
from flow2api.net.pool import Connection, PoolLimits
from tests.doubles.asking import LIMIT_SECONDS, open_asking
from tests.doubles.server import Answer, Visit, nothing, open_server, plain, quiet_close, raw, reset

_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_requests_in_turn_share_one_connection() -> None:
    async with open_asking() as (server, http):
        for _ in range(5):
            assert (await http.request("POST", server.url, body=b"x")).body == b"ok"
        assert server.accepted == 1
        assert http.statistics().pool.reused == 4


async def test_a_fresh_request_takes_no_kept_connection_but_leaves_its_own() -> None:
    async with open_asking() as (server, http):
        for _ in range(2):
            await http.request("POST", server.url, fresh=True)
        await http.request("POST", server.url)
        assert server.accepted == 2
        assert http.statistics().pool.idle == 2


async def test_requests_at_a_time_have_their_own_connections_and_leave_them_for_later() -> None:
    async with open_asking() as (server, http):
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                for _ in range(5):
                    nursery.start_soon(http.request, "GET", server.url)
        statistics = http.statistics()
    assert statistics.dialled == server.accepted <= 5
    assert statistics.pool.idle == server.accepted
    assert (statistics.requests, statistics.in_use, statistics.waiting) == (10, 0, 0)


async def test_no_more_connections_than_allowed_are_in_use() -> None:
    reached, go_on = trio.Event(), trio.Event()
    with trio.fail_after(LIMIT_SECONDS):
        async with (
            open_server(_late(reached, go_on)) as server,
            open_http(pool=PoolLimits(connections=1)) as http,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(http.request, "GET", server.url)
            await reached.wait()
            nursery.start_soon(http.request, "GET", server.url)
            await trio.testing.wait_all_tasks_blocked()
            assert (http.statistics().in_use, http.statistics().waiting) == (1, 1)
            with pytest.raises(Unreachable) as caught:
                await http.request("POST", server.url, limits=Limits(total_seconds=0.02))
            assert caught.value.maybe_sent is False
            go_on.set()
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        plain(b"ok", keep=False),
        raw(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", keep=True),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\nunasked", keep=True),
    ],
)
async def test_a_connection_that_must_not_be_kept_is_closed(answer: Answer) -> None:
    async with open_asking(answer) as (server, http):
        assert (await http.request("GET", server.url)).body == b"ok"
        await server.wait_open(0)
        assert (await http.request("GET", server.url)).body == b"ok"
    assert server.accepted == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_closed_while_idle_is_noticed_before_anything_is_sent(method: str) -> None:
    async with open_asking(quiet_close(b"first")) as (server, http):
        await http.request("GET", server.url)
        await server.wait_open(0)
        assert (await http.request(method, server.url)).body == b"ok"
        statistics = http.statistics()
    assert (statistics.pool.found_dead, statistics.repeated) == (1, 0)
    assert len(server.requests) == 2


async def test_bytes_that_come_while_idle_make_the_connection_unusable() -> None:
    go_on = trio.Event()

    async def serve(stream: trio.SocketStream) -> None:
        accepted.append(stream)
        await stream.receive_some()
        await stream.send_all(_OK)
        if len(accepted) == 1:
            await go_on.wait()
            await stream.send_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
            sent.set()
        await trio.sleep_forever()

    accepted: list[trio.SocketStream] = []
    sent = trio.Event()
    with trio.fail_after(LIMIT_SECONDS):
        async with open_http() as http, trio.open_nursery() as nursery:
            listeners: list[trio.SocketListener] = await nursery.start(trio.serve_tcp, serve, 0)
            url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            await http.request("POST", url)
            go_on.set()
            await sent.wait()
            assert (await http.request("POST", url)).body == b"ok"
            nursery.cancel_scope.cancel()
    assert len(accepted) == 2


@pytest.mark.parametrize("death", [nothing(), reset()])
async def test_a_get_is_repeated_when_a_kept_connection_dies_before_the_answer(death: Answer) -> None:
    async with open_asking(plain(b"first"), death) as (server, http):
        await http.request("GET", server.url)
        assert (await http.request("GET", server.url)).body == b"ok"
        assert http.statistics().repeated == 1
    assert [seen.connection for seen in server.requests] == [1, 1, 2]


@pytest.mark.parametrize("death", [nothing(), reset()])
async def test_a_post_is_not_repeated_when_it_may_have_been_processed(death: Answer) -> None:
    async with open_asking(plain(b"first"), death) as (server, http):
        await http.request("POST", server.url)
        with pytest.raises(ConnectionBroken) as caught:
            await http.request("POST", server.url, body=b"pay")
        assert caught.value.maybe_sent
    assert len(server.requests) == 2


async def test_a_post_that_the_caller_calls_idempotent_is_repeated() -> None:
    async with open_asking(plain(b"first"), nothing()) as (server, http):
        await http.request("POST", server.url)
        assert (await http.request("POST", server.url, body=b"again", idempotent=True)).body == b"ok"
    assert [seen.body for seen in server.requests] == [b"", b"again", b"again"]


async def test_a_get_is_repeated_only_once() -> None:
    async with open_asking(plain(b"first"), default=nothing()) as (server, http):
        await http.request("GET", server.url)
        with pytest.raises(ConnectionBroken):
            await http.request("GET", server.url)
    assert len(server.requests) == 3


async def test_a_get_on_a_fresh_connection_is_not_repeated() -> None:
    async with open_asking(nothing()) as (server, http):
        with pytest.raises(ConnectionBroken):
            await http.request("GET", server.url)
    assert len(server.requests) == 1


async def test_a_get_is_not_repeated_once_its_answer_has_begun() -> None:
    async with open_asking(plain(b"first"), raw(b"HTTP/1.1 200 OK\r\n")) as (server, http):
        await http.request("GET", server.url)
        with pytest.raises(ConnectionBroken):
            await http.request("GET", server.url)
    assert len(server.requests) == 2


async def test_a_failed_repeat_still_says_that_the_first_try_may_have_been_processed() -> None:
    async def serve(stream: trio.SocketStream) -> None:
        await stream.receive_some()
        await stream.send_all(_OK)
        await stream.receive_some()
        listeners[0].socket.close()

    with trio.fail_after(LIMIT_SECONDS):
        async with open_http() as http, trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            nursery.start_soon(_serve_one, listeners[0], serve)
            await http.request("GET", url)
            with pytest.raises(NetworkFault) as caught:
                await http.request("GET", url)
            assert isinstance(caught.value, Unreachable)
            assert caught.value.maybe_sent


async def test_a_post_is_repeated_when_not_even_its_first_byte_could_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def send(connection: Connection, data: bytes) -> None:
        if connection.reused:
            raise trio.BrokenResourceError
        await whole_send(connection, data)

    whole_send = Connection.send
    monkeypatch.setattr(Connection, "send", send)
    async with open_asking() as (server, http):
        await http.request("POST", server.url)
        assert (await http.request("POST", server.url, body=b"pay")).body == b"ok"
        assert http.statistics().repeated == 1
    assert [seen.body for seen in server.requests] == [b"", b"pay"]


async def test_closing_closes_idle_connections_now_and_others_when_they_come_back() -> None:
    reached, go_on = trio.Event(), trio.Event()
    with trio.fail_after(LIMIT_SECONDS):
        async with open_server(_late(reached, go_on)) as server, trio.open_nursery() as nursery:
            async with open_http() as http:
                nursery.start_soon(http.request, "GET", server.url)
                await reached.wait()
                await http.request("GET", server.url)
                assert server.open_now == 2
            await server.wait_open(1)
            go_on.set()
            await server.wait_open(0)


def _late(reached: trio.Event, go_on: trio.Event) -> Answer:
    """Answers rightly, but only when told to."""

    async def answer(visit: Visit) -> bool:
        reached.set()
        await go_on.wait()
        return await plain(b"late")(visit)

    return answer


async def _serve_one(listener: trio.SocketListener, serve: Callable[[trio.SocketStream], Awaitable[None]]) -> None:
    async with await listener.accept() as stream:
        await serve(stream)
