"""What the doctor finds out by connecting: proxies, and an address to listen on."""

import socket
from collections.abc import Iterator
from functools import partial

import pytest
import trio

from flow2api.cli.checks import gateway, reach
from flow2api.config import ProxyConfig, ServerConfig

LIMIT_SECONDS = 90.0


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody listens and takes no connection before the system does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def closed() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


async def look(*urls: str, media_urls: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    with trio.fail_after(LIMIT_SECONDS):
        found = await reach.proxies(ProxyConfig(urls=urls, media_urls=media_urls))
    return [(finding.result, finding.found) for finding in found]


async def test_without_proxies_that_is_said() -> None:
    [(result, found)] = await look()
    assert (result, "none in the settings" in found) == ("good", True)


async def test_a_proxy_that_takes_connections_is_good_and_sends_nothing_on() -> None:
    taken_bytes = b""

    async def proxy(stream: trio.SocketStream) -> None:
        nonlocal taken_bytes
        async for data in stream:
            taken_bytes += data

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, proxy, 0, host="127.0.0.1"))
        port = listener.socket.getsockname()[1]
        url = f"http://ada:password@127.0.0.1:{port}"
        [(result, found)] = await look(url, media_urls=(url,))
        nursery.cancel_scope.cancel()
    assert result == "good"
    assert f"http://***@127.0.0.1:{port} takes connections" in found
    assert taken_bytes == b""


async def test_one_proxy_of_two_is_advice_and_none_of_all_is_broken(taken: int, closed: int) -> None:
    results = [result for result, _ in await look(f"127.0.0.1:{taken}", f"127.0.0.1:{closed}")]
    assert results == ["advice", "good"][::-1]
    results = [result for result, _ in await look(f"127.0.0.1:{closed}")]
    assert results == ["advice", "broken"]


async def test_a_proxy_that_cannot_be_read_is_broken_without_its_password() -> None:
    [(result, found), _] = await look("ftp://ada:hidden-word@127.0.0.1:1")
    assert result == "broken"
    assert "hidden-word" not in found


async def test_a_proxy_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int) -> trio.SocketStream:
        await trio.sleep_forever()
        raise AssertionError

    monkeypatch.setattr(reach, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(trio, "open_tcp_stream", never)
    (_, found), _ = await look("127.0.0.1:1")
    assert "no answer within" in found


def test_a_free_address_is_good() -> None:
    assert gateway.address(ServerConfig(port=0)).result == "good"


def test_an_address_that_is_taken_is_broken(taken: int) -> None:
    found = gateway.address(ServerConfig(port=taken))
    assert found.result == "broken"
    assert f"127.0.0.1 port {taken}" in found.found
    assert "server.port" in found.advice


def test_an_address_that_is_not_of_this_machine_is_broken() -> None:
    assert gateway.address(ServerConfig(host="192.0.2.1", port=0)).result == "broken"
