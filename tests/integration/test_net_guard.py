"""The guard's fetch: every redirect is checked, the checked address is dialled."""

import socket
import threading
from collections.abc import Sequence

import pytest
import trio

from flow2api.errors import AddressForbidden, ResponseTooLarge, ResponseUnreadable, TimedOut
from flow2api.net.guard import Guard, resolve_name
from flow2api.net.message import Limits
from tests.doubles.asking import open_asking
from tests.doubles.server import Answer, pausing, plain

_LIMITS = Limits(total_seconds=10)


def _redirect(to: str, status: int = 302) -> Answer:
    return plain(status=status, headers=[("Location", to)])


async def test_loopback_is_forbidden_unless_it_is_allowed() -> None:
    async with open_asking() as (server, http):
        with pytest.raises(AddressForbidden):
            await Guard().fetch(http, server.url, _LIMITS)
        assert server.accepted == 0
        assert (await Guard(["127.0.0.0/8"]).fetch(http, server.url, _LIMITS)).body == b"ok"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_up_to_three_redirects_are_followed(status: int) -> None:
    steps = [_redirect("/two", status), _redirect("three?x", status), _redirect("//127.0.0.1:{port}/four", status)]
    async with open_asking() as (server, http):
        server.answers = [*steps[:2], _redirect(f"//127.0.0.1:{server.port}/four", status)]
        response = await Guard(["127.0.0.1"]).fetch(http, f"{server.url}/one", _LIMITS)
        assert (response.body, response.url) == (b"ok", f"{server.url}/four")
    assert [seen.target for seen in server.requests] == ["/one", "/two", "/three?x", "/four"]


async def test_a_fourth_redirect_is_too_much() -> None:
    async with open_asking(default=_redirect("/again")) as (server, http):
        with pytest.raises(ResponseUnreadable, match="more than 3 times"):
            await Guard(["127.0.0.1"]).fetch(http, server.url, _LIMITS)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "//2130706433/",
        "file:///etc/passwd",
        "http://u:p@8.8.8.8/",
        "http://8.8.8.8:22/",
        "http://[broken/",
    ],
)
async def test_a_redirect_to_where_callers_may_not_send_us_is_forbidden(location: str) -> None:
    async with open_asking(_redirect(location)) as (server, http):
        with pytest.raises(AddressForbidden):
            await Guard(["127.0.0.1"]).fetch(http, server.url, _LIMITS)


async def test_the_address_that_was_checked_is_the_one_dialled() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    asked: list[str] = []
    async with open_asking() as (server, http):
        url = f"http://pictures.example:{server.port}/a.png"
        assert (await Guard(["127.0.0.1"], resolve=resolve).fetch(http, url, _LIMITS)).body == b"ok"
    assert asked == ["pictures.example"]
    assert server.requests[0].headers["host"] == f"pictures.example:{server.port}"


async def test_the_limits_of_size_and_time_hold() -> None:
    async with open_asking(plain(b"x" * 11), pausing()) as (server, http):
        guard = Guard(["127.0.0.1"])
        with pytest.raises(ResponseTooLarge):
            await guard.fetch(http, server.url, Limits(max_bytes=10))
        with pytest.raises(TimedOut):
            await guard.fetch(http, server.url, Limits(total_seconds=0.05))


async def test_an_answer_that_is_no_redirect_comes_back_as_it_is() -> None:
    async with open_asking(plain(b"no", status=404), plain(b"?", status=302)) as (server, http):
        guard = Guard(["127.0.0.1"])
        assert (await guard.fetch(http, server.url, _LIMITS)).status == 404
        assert (await guard.fetch(http, server.url, _LIMITS)).status == 302


async def test_the_system_resolves_an_address_to_itself() -> None:
    assert await resolve_name("127.0.0.1", 80) == ["127.0.0.1"]


async def test_names_that_are_slow_to_resolve_keep_no_other_work_from_its_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer, asked = threading.Event(), list[str]()

    def slow(host: str, *rest: object, **named: object) -> list[object]:
        if named.get("flags", 0) or "numeric" in host:
            raise socket.gaierror(socket.EAI_NONAME, "no number")
        asked.append(host)
        answer.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    found: list[Sequence[str]] = []

    async def resolve(number: int) -> None:
        found.append(await resolve_name(f"slow{number}.example", 80))

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            for number in range(100):
                nursery.start_soon(resolve, number)
            while not asked:
                await trio.sleep(0.01)
            with trio.move_on_after(5) as limit:
                await trio.to_thread.run_sync(int)
            answer.set()
    assert not limit.cancelled_caught
    assert found == [["93.184.216.34"]] * 100
