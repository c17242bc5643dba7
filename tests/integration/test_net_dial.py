"""Connections that cannot be had: typed, in time, and certain that nothing was sent."""

import socket
from typing import Any

import pytest
import trio
import trio.abc

from flow2api.errors import Unreachable
from flow2api.net.dial import close_now, open_stream, socket_under
from flow2api.net.message import Limits
from tests.doubles.asking import LIMIT_SECONDS, open_asking
from tests.doubles.server import open_server


class Names(trio.abc.HostnameResolver):
    """Answers with fixed addresses; a name without any does not exist, one with `hang` never gets an answer."""

    def __init__(self, hang: str = "", **addresses: list[str]) -> None:
        self._hang = hang
        self._addresses = addresses

    async def getaddrinfo(
        self, host: bytes | None, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        name = (host or b"").decode()
        if name == self._hang:
            await trio.sleep_forever()
        if name.partition(".")[0] not in self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = self._addresses[name.partition(".")[0]]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    async def getnameinfo(self, sockaddr: Any, flags: int) -> Any:
        raise NotImplementedError


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


async def test_a_refused_connection_is_unreachable() -> None:
    port = _free_port()
    async with open_asking() as (_, http):
        with pytest.raises(Unreachable, match=rf"127\.0\.0\.1:{port} .*refused") as caught:
            await http.request("POST", f"http://127.0.0.1:{port}/?key=sesame")
        assert caught.value.maybe_sent is False
        assert "sesame" not in str(caught.value)


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    trio.socket.set_custom_hostname_resolver(Names())
    async with open_asking() as (_, http):
        with pytest.raises(Unreachable, match=r"gone\.example:80 .*cannot be resolved"):
            await http.request("GET", "http://gone.example/")


async def test_a_name_is_dialled_as_it_is_resolved() -> None:
    trio.socket.set_custom_hostname_resolver(Names(here=["127.0.0.1"]))
    async with open_asking() as (server, http):
        await http.request("GET", f"http://here.example:{server.port}/")
    assert server.requests[0].headers["host"] == f"here.example:{server.port}"


async def test_the_connect_limit_covers_the_name_lookup() -> None:
    trio.socket.set_custom_hostname_resolver(Names(hang="slow.example"))
    async with open_asking() as (_, http):
        with pytest.raises(Unreachable, match=r"within 0\.02 s") as caught:
            await http.request("POST", "http://slow.example/", limits=Limits(connect_seconds=0.02))
        assert caught.value.maybe_sent is False


async def test_a_total_limit_that_ends_while_connecting_means_that_nothing_was_sent() -> None:
    trio.socket.set_custom_hostname_resolver(Names(hang="slow.example"))
    async with open_asking() as (_, http):
        with pytest.raises(Unreachable, match=r"within 0\.03 s") as caught:
            await http.request("POST", "http://slow.example/", limits=Limits(total_seconds=0.03))
        assert caught.value.maybe_sent is False


async def test_given_addresses_are_dialled_and_the_host_stays_the_hosts() -> None:
    async with open_asking() as (server, http):
        url = f"http://pictures.example:{server.port}/"
        for _ in range(2):
            await http.request("GET", url, addresses=["127.0.0.1"])
        assert server.requests[0].headers["host"] == f"pictures.example:{server.port}"
        assert server.accepted == 1


async def test_connections_to_different_addresses_of_a_host_are_not_shared() -> None:
    async with open_asking() as (server, http):
        url = f"http://pictures.example:{server.port}/"
        await http.request("GET", url, addresses=["127.0.0.1"])
        with pytest.raises(Unreachable):
            await http.request("GET", url, addresses=["127.0.0.2"])


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with open_server() as server:
            addresses = ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
            stream = await open_stream("a.example", server.port, tls=False, addresses=addresses)
            assert socket_under(stream).getpeername() == ("127.0.0.1", server.port)
            close_now(stream)
            await server.wait_open(0)


async def test_the_last_refusal_is_told_when_all_addresses_refuse() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.3"):
        await open_stream("a.example", _free_port(), tls=False, addresses=["127.0.0.2", "127.0.0.3"])
