"""Requests against a server that answers rightly, oddly or wrongly."""

import gzip
import sys
import zlib
from pathlib import Path

import pytest
import trio

from flow2api.errors import (
    AddressForbidden,
    ConnectionBroken,
    NetworkFault,
    ResponseTooLarge,
    ResponseUnreadable,
    TimedOut,
)
from flow2api.net.message import Limits
from tests.doubles.asking import open_asking
from tests.doubles.server import (
    Answer,
    chunked,
    cut_off,
    gzipped,
    nothing,
    pausing,
    plain,
    raw,
    reset,
    until_close,
)

_BINARY = bytes(range(256)) * 20


async def test_a_request_goes_out_unchanged_and_the_answer_comes_back() -> None:
    async with open_asking(plain(_BINARY, status=418, headers=[("X-Two", "a"), ("X-Two", "b")])) as (server, http):
        headers = [("Content-Type", "image/png"), ("Authorization", "Bearer t"), ("User-Agent", "someone")]
        response = await http.request("POST", f"{server.url}/a%7Eb;c?d=%2F&e", headers=headers, body=_BINARY)
    assert (response.status, response.body, response.headers.get_all("x-two")) == (418, _BINARY, ["a", "b"])
    seen = server.requests[0]
    assert (seen.method, seen.target, seen.body) == ("POST", "/a%7Eb;c?d=%2F&e", _BINARY)
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert seen.headers["content-length"] == str(len(_BINARY))
    assert seen.headers["content-type"] == "image/png"
    assert seen.headers["authorization"] == "Bearer t"
    assert seen.headers["user-agent"] == "someone"
    assert seen.headers["connection"] == "keep-alive"


async def test_a_body_without_a_named_type_is_plain_bytes_and_framing_is_ours() -> None:
    async with open_asking() as (server, http):
        headers = [("content-length", "7000"), ("Host", "evil.example"), ("Connection", "close")]
        await http.request("POST", server.url, headers=headers, body=b'{"a": 1}')
        await http.request("POST", server.url, body=b"")
    first, second = server.requests
    assert first.headers["content-type"] == "application/octet-stream"
    assert first.headers["content-length"] == "8"
    assert first.headers["host"].startswith("127.0.0.1:")
    assert second.headers["content-length"] == "0"
    assert server.accepted == 1


@pytest.mark.parametrize("size", [0, 1, 8_000, 9_000, 5_000_000])
async def test_bodies_of_any_size_travel_both_ways(size: int) -> None:
    body = (_BINARY * (size // len(_BINARY) + 1))[:size]
    async with open_asking(plain(body)) as (server, http):
        response = await http.request("POST", server.url, body=body)
    assert response.body == body
    assert server.requests[0].body == body


@pytest.mark.parametrize(
    "answer",
    [
        chunked([b"hel", b"lo"]),
        gzipped(b"hello"),
        gzipped(b"hello", encoding="X-GZIP"),
        plain(zlib.compress(b"hello"), headers=[("Content-Encoding", "deflate")]),
        plain(gzip.compress(b"hel") + gzip.compress(b"lo"), headers=[("Content-Encoding", "gzip")]),
        until_close(b"hello"),
        raw(b"HTTP/1.0 200 OK\r\n\r\nhello"),
        raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", keep=True),
        raw(b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 5\r\n\r\nhello", keep=True),
    ],
)
async def test_every_framing_and_encoding_is_understood(answer: Answer) -> None:
    async with open_asking(answer) as (server, http):
        assert (await http.request("GET", server.url)).body == b"hello"
        await server.wait_open(http.statistics().pool.idle)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_like_any_other(status: int) -> None:
    async with open_asking(plain(status=status, headers=[("Location", "/elsewhere")])) as (server, http):
        response = await http.request("GET", server.url)
    assert (response.status, response.headers.get("location")) == (status, "/elsewhere")
    assert len(server.requests) == 1


async def test_head_and_no_content_have_no_body_whatever_their_headers_say() -> None:
    announced = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nContent-Encoding: gzip\r\n\r\n", keep=True)
    async with open_asking(announced, raw(b"HTTP/1.1 204 No Content\r\n\r\n", keep=True)) as (server, http):
        small = Limits(max_bytes=10)
        assert (await http.request("HEAD", server.url, limits=small)).body == b""
        assert (await http.request("GET", server.url)).body == b""
        assert (await http.request("GET", server.url)).body == b"ok"
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (nothing(), ConnectionBroken),
        (reset(), ConnectionBroken),
        (reset(before=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"), ConnectionBroken),
        (cut_off(b"x" * 100, 50), ConnectionBroken),
        (chunked([b"x" * 100], finish=False), ConnectionBroken),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Le"), ConnectionBroken),
        (raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), ResponseUnreadable),
        (raw(b"\x16\x03\x01\x00\xa5\r\n\r\n"), ResponseUnreadable),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), ResponseUnreadable),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), ResponseUnreadable),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000), ResponseUnreadable),
        (plain(b"not gzip", headers=[("Content-Encoding", "gzip")]), ResponseUnreadable),
        (plain(gzip.compress(b"x" * 1000)[:-4], headers=[("Content-Encoding", "gzip")]), ResponseUnreadable),
        (plain(b"?", headers=[("Content-Encoding", "br")]), ResponseUnreadable),
        (plain(b"x" * 1001), ResponseTooLarge),
        (chunked([b"x" * 500] * 3), ResponseTooLarge),
        (until_close(b"x" * 1001), ResponseTooLarge),
        (gzipped(bytes(50_000_000)), ResponseTooLarge),
    ],
)
async def test_a_bad_answer_is_a_typed_fault_and_its_connection_is_closed(
    answer: Answer, fault: type[NetworkFault]
) -> None:
    async with open_asking(answer) as (server, http):
        with pytest.raises(fault) as caught:
            await http.request("POST", server.url, limits=Limits(max_bytes=1000))
        assert caught.value.maybe_sent
        await server.wait_open(0)
        assert http.statistics().pool.idle == 0


async def test_an_answer_that_comes_before_a_large_body_was_sent_is_an_answer() -> None:
    async def serve(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some(1000)
            # Closing with bytes unread resets the connection, behind this answer.
            await stream.send_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge")

    async with open_asking() as (_, http), trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(trio.serve_tcp, serve, 0)
        url = f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        response = await http.request("POST", url, body=bytes(30_000_000))
        assert (response.status, response.body) == (413, b"large")
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("before", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"])
async def test_the_total_limit_ends_a_slow_answer(before: bytes) -> None:
    async with open_asking(pausing(before)) as (server, http):
        with pytest.raises(TimedOut, match=r"within 0\.05 s") as caught:
            await http.request("GET", f"{server.url}/?key=sesame", limits=Limits(total_seconds=0.05))
        assert caught.value.maybe_sent
        assert "sesame" not in str(caught.value)
        await server.wait_open(0)


async def test_a_drop_by_drop_answer_cannot_outlast_the_total_limit() -> None:
    async def dripping(stream: trio.SocketStream) -> None:
        try:
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                await stream.send_all(b"x")
                await trio.sleep(0.01)
        except trio.BrokenResourceError:
            gone.set()

    gone = trio.Event()
    async with open_asking() as (_, http), trio.open_nursery() as nursery:
        listeners: list[trio.SocketListener] = await nursery.start(trio.serve_tcp, dripping, 0)
        port = listeners[0].socket.getsockname()[1]
        with pytest.raises(TimedOut):
            await http.request("GET", f"http://localhost:{port}", limits=Limits(total_seconds=0.2))
        await gone.wait()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://u:p@127.0.0.1/", "nonsense", "http://0x7f.1/"])
async def test_a_url_that_cannot_be_asked_is_refused_without_a_connection(url: str) -> None:
    async with open_asking() as (server, http):
        with pytest.raises(AddressForbidden) as caught:
            await http.request("GET", url)
        assert caught.value.maybe_sent is False
    assert server.accepted == 0


@pytest.mark.parametrize("value", ["sesame\r\nX: y", "sesame\x00", "sesamé"])
async def test_a_header_that_cannot_be_sent_is_refused_without_showing_it(value: str) -> None:
    async with open_asking() as (server, http):
        with pytest.raises(ValueError, match="header") as caught:
            await http.request("GET", server.url, headers=[("Authorization", value)])
        assert "sesam" not in str(caught.value)
        assert caught.value.__suppress_context__
        await server.wait_open(0)
    assert server.requests == []


_ALONE = """
import sys, trio
from flow2api.net.http import open_http
from tests.doubles.server import open_server

async def main():
    async with open_server() as server, open_http() as http:
        await http.request("POST", server.url, body=b"x")
        await http.request("GET", server.url)

trio.run(main)
print([name for name in sys.modules if name.startswith("anyio._backends._")])
"""


async def test_the_networking_of_anyio_is_never_loaded() -> None:
    """So it does not matter that asks asks for an old one, whose Trio support no longer loads."""
    root = Path(__file__).parents[2]
    done = await trio.run_process([sys.executable, "-W", "error", "-c", _ALONE], capture_stdout=True, cwd=root)
    assert done.stdout == b"[]\n"
