from collections.abc import Callable

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from flow2api.api.live import frames

SIZES = (0, 1, 125, 126, 127, 2**16 - 1, 2**16, 2**17)


def read(data: bytes) -> str:
    """What a client reads in it, which must be one message."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(data)
    events = [event for event in client.events() if isinstance(event, TextMessage)]
    assert [event.message_finished for event in events][-1:] == [True]
    return "".join(event.data for event in events)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [frames.text, lambda payload: frames.beginning(payload) + frames.end(b"")])
def test_a_client_reads_what_was_sent(make: Callable[[bytes], bytes], size: int) -> None:
    assert read(make(b"x" * size)) == "x" * size


@pytest.mark.parametrize("size", SIZES)
def test_an_end_that_all_share_follows_each_ones_own_beginning(size: int) -> None:
    end = frames.end("ü".encode() * size)
    assert [read(frames.beginning(own) + end) for own in (b"1:", b"22:")] == ["1:" + "ü" * size, "22:" + "ü" * size]
