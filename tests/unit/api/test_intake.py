"""What of a request is taken apart, with the parser that the server uses."""

import h11
import pytest

from flow2api.api.intake import FREE_PIECES, MAX_HEAD_LINES, MAX_TARGET_BYTES, PIECE_BYTES, Intake

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def parser() -> h11.Connection:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    connection._receive_buffer = Intake()
    return connection


def read(data: bytes) -> int:
    """How many bytes of a body a request brings that is sent in this way."""
    connection, size = parser(), 0
    connection.receive_data(data)
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA
        size += len(event.data) if isinstance(event, h11.Data) else 0
    return size


def test_heads_and_bodies_of_real_clients_are_read() -> None:
    many = b"".join(b"X-%d: a\r\n" % number for number in range(MAX_HEAD_LINES - 10))
    assert read(HEAD + many + b"Content-Length: 2\r\n\r\n{}") == 2
    assert read(CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n") == 2
    piece = b"%x\r\n%b\r\n" % (PIECE_BYTES, b"x" * PIECE_BYTES)
    assert read(CHUNKED + piece * 3 * FREE_PIECES + b"0\r\n\r\n") == 3 * FREE_PIECES * PIECE_BYTES


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (HEAD + b"a:\r\n" * 10_000 + b"\r\n", 431),
        (HEAD + b"Y: y\r\n" + b" z\r\n" * 10_000 + b"\r\n", 431),
        (b"GET /" + b"%2F" * MAX_TARGET_BYTES + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (CHUNKED + b"1\r\nx\r\n" * 2 * FREE_PIECES + b"0\r\n\r\n", 400),
        (CHUNKED + b"0\r\n" + b"a:\r\n" * 10_000 + b"\r\n", 431),
    ],
    ids=["lines", "folded lines", "address", "pieces", "lines after the body"],
)
def test_what_is_made_to_be_slow_to_read_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(h11.RemoteProtocolError) as refused:
        read(data)
    assert refused.value.error_status_hint == status


def test_each_request_of_a_connection_is_measured_by_itself() -> None:
    connection = parser()
    for _ in range(3):
        connection.receive_data(CHUNKED + b"1\r\nx\r\n" * (FREE_PIECES - 1) + b"0\r\n\r\n")
        while not isinstance(connection.next_event(), h11.EndOfMessage):
            pass
        connection.send(h11.Response(status_code=204, headers=[]))
        connection.send(h11.EndOfMessage())
        connection.start_next_cycle()
