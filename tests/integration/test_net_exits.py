"""What the network layer tells of exits: every use and how it ended; and what a probe finds out."""

from pathlib import Path

import pytest
import trio

from flow2api.errors import ConnectionBroken, NetworkFault, ProxyRefused, TimedOut, TlsRefused, Unreachable
from flow2api.net import probe as probing
from flow2api.net.exits import ExitUse, parse_exit
from flow2api.net.http import open_http
from flow2api.net.message import Limits
from flow2api.net.pool import PoolLimits
from flow2api.net.probe import probe
from flow2api.net.url import parse_url
from tests.doubles.proxy import Faults, open_proxy
from tests.doubles.server import open_server, pausing, plain

SCHEMES = ["http", "socks5h"]
FAR = "http://far.example/"


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_answer_is_a_good_use_whatever_it_says(scheme: str) -> None:
    uses: list[ExitUse] = []
    async with (
        open_server(plain(status=500), plain()) as server,
        open_proxy(upstream=server.port) as proxy,
        open_http(on_exit=uses.append) as http,
    ):
        for _ in range(2):
            await http.request("POST", FAR, exit_url=proxy.url(scheme))
        await http.request("GET", server.url)
        await http.request("GET", server.url, exit_url=proxy.url(scheme))
        assert [(use.exit, use.fault) for use in uses] == [(parse_exit(proxy.url(scheme)), None)] * 2
        assert all(use.seconds > 0 for use in uses)


@pytest.mark.parametrize(
    ("faults", "kind"),
    [
        (Faults(refuse=True), ProxyRefused),
        (Faults(drop=True), ProxyRefused),
        (Faults(hang=True), Unreachable),
        (Faults(die_after=3), ConnectionBroken),
    ],
)
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_every_failure_is_told_with_its_kind(scheme: str, faults: Faults, kind: type[NetworkFault]) -> None:
    uses: list[ExitUse] = []
    async with (
        open_server() as server,
        open_proxy(upstream=server.port) as proxy,
        open_http(on_exit=uses.append) as http,
    ):
        proxy.faults = faults
        limit = 0.1 if faults.hang else 10.0
        with pytest.raises(kind):
            await http.request("GET", FAR, exit_url=proxy.url(scheme), limits=Limits(connect_seconds=limit))
        [use] = uses
        assert type(use.fault) is kind


async def test_a_download_is_a_use_too(tmp_path: Path) -> None:
    uses: list[ExitUse] = []
    async with (
        open_server() as server,
        open_proxy(upstream=server.port) as proxy,
        open_http(on_exit=uses.append) as http,
    ):
        await http.download(FAR, tmp_path / "file", exit_url=proxy.url("http"))
        assert len(uses) == 1


async def test_a_call_whose_turn_never_came_and_a_cancelled_one_say_nothing_about_an_exit() -> None:
    uses: list[ExitUse] = []
    reached = trio.Event()
    async with (
        open_server(pausing(reached=reached)) as server,
        open_proxy(upstream=server.port) as proxy,
        open_http(on_exit=uses.append, pool=PoolLimits(connections=1)) as http,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(lambda: http.request("GET", FAR, exit_url=proxy.url("http")))
        await reached.wait()
        with pytest.raises(Unreachable):
            await http.request("GET", FAR, exit_url=proxy.url("http"), limits=Limits(total_seconds=0.02))
        nursery.cancel_scope.cancel()
    assert uses == []


async def test_a_call_that_gets_no_answer_in_time_is_a_use_that_ran_out_of_time() -> None:
    uses: list[ExitUse] = []
    async with (
        open_server(plain(), default=pausing()) as server,
        open_proxy(upstream=server.port) as proxy,
        open_http(on_exit=uses.append) as http,
    ):
        await http.request("GET", FAR, exit_url=proxy.url("http"))
        # Over the connection that is there, so that all of the time is for the answer.
        with pytest.raises(TimedOut):
            await http.request("GET", FAR, exit_url=proxy.url("http"), limits=Limits(total_seconds=0.05))
        assert [type(use.fault) for use in uses] == [type(None), TimedOut]


async def test_this_machine_can_be_reached_through_an_exit_when_that_is_asked_for() -> None:
    async with open_server() as server, open_proxy() as proxy, open_http(loopback_direct=False) as http:
        await http.request("GET", server.url, exit_url=proxy.url("socks5"))
        assert proxy.targets == [("127.0.0.1", server.port)]


# -- probes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_probe_goes_through_the_exit_and_asks_for_nothing(scheme: str) -> None:
    async with open_server() as server, open_proxy(upstream=server.port) as proxy:
        seconds = await probe(parse_exit(proxy.url(scheme)), parse_url(FAR))
        assert 0 < seconds < 30
        assert proxy.targets == [("far.example", 80)]
        await proxy.wait_open(0)
        assert server.requests == []


async def test_a_probe_against_this_machine_looks_at_the_exit_alone() -> None:
    async with open_proxy() as proxy:
        assert await probe(parse_exit(proxy.url("http")), parse_url("http://127.0.0.1:1/")) > 0
        assert proxy.targets == []
    with pytest.raises(Unreachable):
        await probe(parse_exit(proxy.url("http")), parse_url("http://127.0.0.1:1/"))


@pytest.mark.parametrize("faults", [Faults(refuse=True), Faults(drop=True), Faults(garbage=True)])
async def test_a_probe_tells_of_an_exit_that_does_not_lead_on(faults: Faults) -> None:
    async with open_proxy() as proxy:
        proxy.faults = faults
        with pytest.raises(ProxyRefused):
            await probe(parse_exit(proxy.url("http")), parse_url(FAR))


async def test_a_probe_tells_of_an_exit_that_leads_nowhere_in_the_end() -> None:
    async with open_server() as server, open_proxy(upstream=server.port) as proxy:
        proxy.faults = Faults(die_after=0)
        with pytest.raises(TlsRefused):
            await probe(parse_exit(proxy.url("http")), parse_url("https://far.example/"))


async def test_a_probe_of_an_exit_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "PROBE_SECONDS", 0.05)
    async with open_proxy() as proxy:
        proxy.faults = Faults(hang=True)
        with pytest.raises(Unreachable, match=r"did not lead to far\.example"):
            await probe(parse_exit(proxy.url("http")), parse_url(FAR))
        await proxy.wait_open(0)
