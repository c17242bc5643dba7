"""TLS: verified by default, with a certificate made for the test."""

from pathlib import Path

import pytest
import trio

from flow2api.errors import TlsRefused, Unreachable
from flow2api.net.http import open_http
from flow2api.net.message import Limits
from tests.doubles.asking import LIMIT_SECONDS, open_asking
from tests.doubles.certificates import Contexts
from tests.doubles.proxy import Faults, open_proxy
from tests.doubles.server import cut_off, open_server, plain, quiet_close

_BODY = bytes(range(256)) * 4000


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    return Contexts(tmp_path_factory.mktemp("tls"))


async def test_a_self_signed_certificate_is_refused(contexts: Contexts) -> None:
    async with open_asking(tls=contexts.server) as (server, http):
        with pytest.raises(TlsRefused, match="self-signed certificate") as caught:
            await http.request("POST", server.url, body=b"secret")
        assert caught.value.maybe_sent is False
        await server.wait_open(0)
    assert server.requests == []


async def test_a_given_context_that_trusts_it_is_used_and_the_connection_kept(contexts: Contexts) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with (
            open_server(tls=contexts.server, default=plain(_BODY)) as server,
            open_http(tls=contexts.trusting) as http,
        ):
            for _ in range(3):
                assert (await http.request("POST", server.url, body=_BODY)).body == _BODY
            assert server.accepted == 1
            assert http.statistics().pool.reused == 2


async def test_a_certificate_for_another_name_is_refused(contexts: Contexts) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with open_server(tls=contexts.server) as server, open_http(tls=contexts.trusting) as http:
            with pytest.raises(TlsRefused, match="Hostname mismatch"):
                await http.request("GET", f"https://near.example:{server.port}/", addresses=["127.0.0.1"])
            answer = await http.request("GET", f"https://far.example:{server.port}/", addresses=["127.0.0.1"])
            assert answer.body == b"ok"


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
async def test_tls_goes_through_an_exit_to_the_target_itself(contexts: Contexts, scheme: str) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with (
            open_server(tls=contexts.server) as server,
            open_proxy(upstream=server.port) as proxy,
            open_http(tls=contexts.trusting) as http,
        ):
            exit_url = proxy.url(scheme)
            assert (await http.request("GET", "https://far.example/", exit_url=exit_url)).body == b"ok"
            assert proxy.targets == [("far.example", 443)]
            with pytest.raises(TlsRefused):
                await http.request("GET", "https://near.example/", exit_url=exit_url)
            await proxy.wait_open(1)


async def test_a_server_without_tls_is_a_tls_fault() -> None:
    async with open_asking() as (_, http), open_proxy() as talker:
        talker.faults = Faults(garbage=True)
        with pytest.raises(TlsRefused, match="wrong version number"):
            await http.request("GET", f"https://127.0.0.1:{talker.port}/")
        await talker.wait_open(0)


async def test_a_handshake_that_hangs_costs_the_connect_limit() -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with open_proxy() as silent, open_http() as http:
            limits = Limits(connect_seconds=0.05)
            with pytest.raises(Unreachable):
                await http.request("GET", f"https://127.0.0.1:{silent.port}/", limits=limits)
            await silent.wait_open(0)


async def test_a_kept_connection_that_was_closed_is_noticed_under_tls_too(contexts: Contexts) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with (
            open_server(quiet_close(b"first"), tls=contexts.server) as server,
            open_http(tls=contexts.trusting) as http,
        ):
            await http.request("GET", server.url)
            await server.wait_open(0)
            assert (await http.request("POST", server.url)).body == b"ok"
            assert http.statistics().pool.found_dead == 1


async def test_a_download_cut_off_under_tls_is_broken(contexts: Contexts, tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with (
            open_server(cut_off(_BODY, 100_000), plain(_BODY), tls=contexts.server) as server,
            open_http(tls=contexts.trusting) as http,
        ):
            with pytest.raises(Exception, match="in the middle"):
                await http.download(server.url, tmp_path / "file")
            assert (await http.download(server.url, tmp_path / "file")).size_bytes == len(_BODY)
