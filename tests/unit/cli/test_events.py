"""Reading server-sent events from one POST."""

import itertools

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from flow2api.cli.events import Frames, exchange, post_events
from flow2api.errors import ConnectionBroken, NetworkFault, ResponseUnreadable, Unreachable

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
STREAM = b': hello\n\ndata: {"a":1}\n\nevent: x\r\ndata: one\r\ndata:two\r\n\r\n\n\ndata: [DONE]\n\ndata: unfinished'


async def ask(answer: bytes) -> tuple[int, bytes, list[bytes], bytes]:
    """What a server that answers so makes of a POST: status, body, events, and what the server got."""
    client, server = trio.testing.memory_stream_pair()
    events: list[bytes] = []
    await server.send_all(answer)
    await server.send_eof()
    status, body = await exchange(client, "h:1", "/x?y", [("A", "b")], b"{}", events.append)
    await client.aclose()
    return status, body, events, bytes(await server.receive_some())


async def test_the_data_of_each_event_is_handed_on() -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (STREAM[:20], STREAM[20:])) + b"0\r\n\r\n"
    status, body, events, request = await ask(HEAD + chunks)
    assert (status, body) == (200, b"")
    assert events == [b'{"a":1}', b"one\ntwo", b"[DONE]"]
    assert request.startswith(b"POST /x?y HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\n{}")
    assert b"A: b\r\n" in request


async def test_an_answer_that_is_no_stream_comes_back_whole() -> None:
    status, body, events, _ = await ask(
        b"HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert (status, body, events) == (404, b"{}", [])


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n\r\n", HEAD, HEAD + b"5\r\nda", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"]
)
async def test_an_answer_that_is_cut_short_or_no_http_is_a_fault(answer: bytes) -> None:
    with pytest.raises(ResponseUnreadable):
        await ask(answer)


async def test_a_connection_that_breaks_is_a_fault() -> None:
    client, server = trio.testing.memory_stream_pair()
    await server.aclose()
    with pytest.raises(ConnectionBroken):
        await exchange(client, "h", "/", [], b"{}", lambda data: None)


async def test_an_address_where_nobody_listens_is_unreachable() -> None:
    with trio.socket.socket() as reserved:
        await reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        with pytest.raises(NetworkFault) as caught:
            await post_events(f"http://127.0.0.1:{port}/x", [], b"", lambda data: None)
    assert isinstance(caught.value, Unreachable)


@given(st.lists(st.integers(0, len(STREAM)), max_size=10))
def test_events_are_the_same_wherever_the_stream_is_cut(cuts: list[int]) -> None:
    events: list[bytes] = []
    frames = Frames(events.append)
    places = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(places):
        frames.feed(STREAM[start:end])
    assert events == [b'{"a":1}', b"one\ntwo", b"[DONE]"]
