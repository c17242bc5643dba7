"""Calls through proxies: HTTP CONNECT and SOCKS5, good and bad."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from flow2api.errors import ConnectionBroken, NetworkFault, ProxyRefused, Unreachable
from flow2api.net.http import Http
from flow2api.net.message import Limits
from tests.doubles.asking import open_asking
from tests.doubles.proxy import Faults, open_proxy
from tests.doubles.server import Answer, Server, cut_off, plain
from tests.integration.test_net_dial import Names

SCHEMES = ["http", "socks5", "socks5h"]
_LOGIN = ("joe", "hun:ter2")
_URL_LOGIN = ("joe", "hun%3Ater2")


@asynccontextmanager
async def open_far(*answers: Answer) -> AsyncIterator[tuple[Server, Http]]:
    """A server that is far.example for `socks5`, which resolves here; the others leave names to the proxy."""
    trio.socket.set_custom_hostname_resolver(Names(far=["192.0.2.7"]))
    async with open_asking(*answers) as (server, http):
        yield server, http


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("login", [None, _LOGIN])
async def test_a_call_goes_through_the_exit_and_its_tunnel_is_kept(scheme: str, login: tuple[str, str] | None) -> None:
    async with open_far() as (server, http), open_proxy(login=login, upstream=server.port) as proxy:
        exit_url = proxy.url(scheme, login and _URL_LOGIN)
        for _ in range(3):
            assert (await http.request("POST", "http://far.example/x", body=b"1", exit_url=exit_url)).body == b"ok"
        assert proxy.targets == [("192.0.2.7" if scheme == "socks5" else "far.example", 80)]
        assert proxy.accepted == server.accepted == 1
    assert server.requests[0].headers["host"] == "far.example"
    assert "proxy-authorization" not in server.requests[0].headers


async def test_calls_with_different_exits_share_no_connection() -> None:
    async with (
        open_far() as (server, http),
        open_proxy(upstream=server.port) as one,
        open_proxy(upstream=server.port) as other,
    ):
        for proxy in (one, other, one, other):
            await http.request("GET", "http://far.example/", exit_url=proxy.url("http"))
        assert (one.accepted, other.accepted) == (1, 1)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_this_machine_is_never_asked_for_at_a_proxy(scheme: str, host: str) -> None:
    async with open_asking() as (server, http), open_proxy() as proxy:
        await http.request("GET", f"http://{host}:{server.port}/", exit_url=proxy.url(scheme))
        assert proxy.accepted == 0


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_checked_addresses_are_what_the_proxy_is_asked_for(scheme: str) -> None:
    async with open_far() as (server, http), open_proxy(upstream=server.port) as proxy:
        addresses = ["2001:db8::5", "192.0.2.5"]
        await http.request("GET", "http://far.example/", exit_url=proxy.url(scheme), addresses=addresses)
        assert proxy.targets == [("192.0.2.5", 80)]
    assert server.requests[0].headers["host"] == "far.example"


@pytest.mark.parametrize(("scheme", "asked"), [("http", "[2001:db8::5]"), ("socks5h", "2001:db8::5")])
async def test_an_ipv6_target_is_asked_for_in_the_proxys_notation(scheme: str, asked: str) -> None:
    async with open_far() as (server, http), open_proxy(upstream=server.port) as proxy:
        await http.request("GET", "http://[2001:db8::5]/", exit_url=proxy.url(scheme))
        assert proxy.targets == [(asked, 80)]
    assert server.requests[0].headers["host"] == "[2001:db8::5]"


async def test_a_proxys_answer_may_come_in_pieces() -> None:
    async with open_far() as (server, http), open_proxy(upstream=server.port) as proxy:
        proxy.faults = Faults(drip=True)
        assert (await http.request("GET", "http://far.example/", exit_url=proxy.url("http"))).body == b"ok"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("login", [None, ("joe", "wrongpass")])
async def test_a_wrong_login_is_refused_and_not_shown(scheme: str, login: tuple[str, str] | None) -> None:
    async with open_far() as (server, http), open_proxy(login=_LOGIN, upstream=server.port) as proxy:
        with pytest.raises(ProxyRefused) as caught:
            await http.request("POST", "http://far.example/", exit_url=proxy.url(scheme, login))
        assert caught.value.maybe_sent is False
        assert f"127.0.0.1:{proxy.port}" in str(caught.value)
        assert "wrongpass" not in str(caught.value)
        assert "joe" not in str(caught.value)
        await proxy.wait_open(0)
    assert server.requests == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("faults", [Faults(refuse=True), Faults(drop=True), Faults(garbage=True)])
async def test_a_proxy_that_refuses_or_talks_nonsense_is_a_proxy_fault(scheme: str, faults: Faults) -> None:
    async with open_far() as (_, http), open_proxy() as proxy:
        proxy.faults = faults
        with pytest.raises(ProxyRefused, match=r"far\.example|192\.0\.2\.7|broke") as caught:
            await http.request("POST", "http://far.example/", exit_url=proxy.url(scheme))
        assert caught.value.maybe_sent is False
        await proxy.wait_open(0)


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_is_not_there_is_a_proxy_fault(scheme: str) -> None:
    async with open_far() as (_, http):
        async with open_proxy() as proxy:
            pass
        with pytest.raises(ProxyRefused, match=r"the proxy .*refused"):
            await http.request("GET", "http://far.example/", exit_url=proxy.url(scheme, _URL_LOGIN))


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_hangs_costs_the_connect_limit(scheme: str) -> None:
    async with open_far() as (_, http), open_proxy() as proxy:
        proxy.faults = Faults(hang=True)
        limits = Limits(connect_seconds=0.05)
        with pytest.raises(Unreachable, match=r"within 0\.05 s") as caught:
            await http.request("POST", "http://far.example/", exit_url=proxy.url(scheme), limits=limits)
        assert caught.value.maybe_sent is False
        await proxy.wait_open(0)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("after", [0, 10, 1000])
async def test_a_proxy_that_dies_on_the_way_breaks_the_connection(scheme: str, after: int) -> None:
    async with open_far(plain(b"x" * 100_000)) as (server, http), open_proxy(upstream=server.port) as proxy:
        proxy.faults = Faults(die_after=after)
        with pytest.raises(ConnectionBroken) as caught:
            await http.request("POST", "http://far.example/", exit_url=proxy.url(scheme))
        assert caught.value.maybe_sent
        await proxy.wait_open(0)
        await server.wait_open(0)


async def test_a_name_that_socks5_cannot_resolve_here_is_unreachable() -> None:
    async with open_far() as (_, http), open_proxy() as proxy:
        with pytest.raises(Unreachable, match=r"gone\.example"):
            await http.request("GET", "http://gone.example/", exit_url=proxy.url("socks5"))
        await proxy.wait_open(0)


async def test_an_exit_that_cannot_be_understood_is_a_proxy_fault() -> None:
    async with open_far() as (_, http):
        with pytest.raises(ProxyRefused, match="kind of proxy"):
            await http.request("GET", "http://far.example/", exit_url="https://joe:hunter2@proxy.example:1")


async def test_a_body_cut_off_behind_the_proxy_is_noticed() -> None:
    async with open_far(cut_off(b"x" * 100, 50)) as (server, http), open_proxy(upstream=server.port) as proxy:
        with pytest.raises(NetworkFault):
            await http.request("GET", "http://far.example/", exit_url=proxy.url("http"))
        await proxy.wait_open(0)
