"""The guard's decisions, with a resolver that answers as the test says."""

import socket
from collections.abc import Sequence

import pytest

from flow2api.errors import AddressForbidden, Unreachable
from flow2api.net.guard import Guard, Target


class Names:
    """A resolver over a table; counts the questions."""

    def __init__(self, **addresses: list[str]) -> None:
        self._addresses = addresses
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        try:
            return self._addresses[host.partition(".")[0]]
        except KeyError:
            raise socket.gaierror(socket.EAI_NONAME, "no such name") from None


async def test_a_public_name_is_resolved_once_and_its_addresses_come_back() -> None:
    names = Names(pictures=["93.184.216.34", "2606:2800:220:1::1"])
    target = await Guard(resolve=names).check("https://Pictures.example./a.png?x=1#top")
    assert target == Target(
        "https://pictures.example/a.png?x=1", "pictures.example", 443, ("93.184.216.34", "2606:2800:220:1::1")
    )
    assert names.asked == ["pictures.example"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[64:ff9b::a00:1]/",
        "http://[2002:a00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        # Other ways to write an address: resolvers read them as 127.0.0.1 or 10.0.0.1.
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://0177.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://127.0.0.01/",
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://127\u30020.0.1/",
        "http://127%2e0.0.1/",
        "http://[::ffff:7f00:1]/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b:1::a00:1]/",
        "http://[2001:0:a00:1::]/",
        "http://[fe80::1%25eth0]/",
        "http://[fc00::1]/",
        "http://0/",
        "http://0.0.0.0/",
        "http://255.255.255.255/",
        "http://224.0.0.1/",
        "http://100.64.0.1/",
        "http://198.18.0.1/",
        "http://public.example@127.0.0.1/",
        "http://public.example\\@127.0.0.1/",
        "http://inside.example/",
        "http://inside.example./",
        "http://mixed.example/",
        "ftp://public.example/",
        "file:///etc/passwd",
        "gopher://public.example/",
        "public.example",
    ],
)
async def test_what_is_not_public_is_forbidden(url: str) -> None:
    names = Names(public=["8.8.8.8"], inside=["10.1.2.3"], mixed=["8.8.8.8", "10.1.2.3"], localhost=["127.0.0.1"])
    with pytest.raises(AddressForbidden) as caught:
        await Guard(resolve=names).check(url)
    assert caught.value.maybe_sent is False


@pytest.mark.parametrize("port", [80, 443, 1024, 8080, 65535])
async def test_web_ports_are_allowed(port: int) -> None:
    target = await Guard().check(f"http://8.8.8.8:{port}/")
    assert target.port == port


@pytest.mark.parametrize("port", [22, 25, 81, 1023, 5432, 6000, 6379, 6667, 11211])
async def test_ports_of_other_services_are_forbidden(port: int) -> None:
    with pytest.raises(AddressForbidden, match=f"port {port} "):
        await Guard(["127.0.0.1"]).check(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080/"),
        ("10.0.0.0/8", "http://10.255.0.1/"),
        ("10.0.0.5/8", "http://10.255.0.1/"),
        ("10.0.0.0/8", "http://inside.example/"),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/"),
        ("fd00::/8", "http://[fd00::1]/"),
        ("NAS.local.", "http://nas.local/a"),
    ],
)
async def test_what_the_operator_allows_is_reached(entry: str, url: str) -> None:
    names = Names(inside=["10.1.2.3"], nas=["192.168.1.9"])
    assert (await Guard([entry], resolve=names).check(url)).addresses


async def test_allowing_a_name_does_not_allow_its_address_under_another_name() -> None:
    names = Names(nas=["192.168.1.9"], evil=["192.168.1.9"])
    with pytest.raises(AddressForbidden):
        await Guard(["nas.local"], resolve=names).check("http://evil.example/")


async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    with pytest.raises(Unreachable, match=r"gone\.example"):
        await Guard(resolve=Names()).check("http://gone.example/")


async def test_a_name_without_addresses_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="no address"):
        await Guard(resolve=Names(empty=[])).check("http://empty.example/")


@pytest.mark.parametrize("entry", ["", "10.0.0.0/33", "http://nas.local", "nas local"])
def test_an_entry_that_means_nothing_is_refused_at_once(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        Guard([entry])


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:3000/files/x", "http://127.0.0.1:3000/other?y", "http://127.0.0.1:3000"],
)
async def test_a_service_on_a_private_address_may_be_asked_at_its_own_origin(url: str) -> None:
    target = await Guard(resolve=Names()).check(url, own=("https://else.example/v1", "http://127.0.0.1:3000/v1"))
    assert target.addresses == ()


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:3001/", "https://127.0.0.1:3000/", "http://127.0.0.2:3000/", "http://10.0.0.1:3000/"],
)
async def test_and_nowhere_else_there(url: str) -> None:
    with pytest.raises(AddressForbidden):
        await Guard(resolve=Names()).check(url, own=("http://127.0.0.1:3000/v1",))


HTTP_EXIT, LOCAL_SOCKS = "http://exit.example:8080", "socks5://exit.example:1080"


async def test_an_exit_that_resolves_names_is_given_the_name_and_nothing_is_resolved_here() -> None:
    names = Names()
    target = await Guard(resolve=names).check("https://pictures.example/a.png", exit_url=HTTP_EXIT)
    assert (target.host, target.addresses, names.asked) == ("pictures.example", (), [])


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://[fd00::1]/",
        "http://localhost:8000/",
        "http://x.localhost/",
        "http://router/",
        "http://nas.local/",
        "http://metadata.google.internal/",
        "http://box.lan/",
        "http://8.8.8.8:22/",
    ],
)
async def test_what_is_not_of_the_internet_is_forbidden_through_an_exit_too(url: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with pytest.raises(AddressForbidden):
        await Guard(resolve=resolve).check(url, exit_url=HTTP_EXIT)


async def test_an_exit_that_leaves_resolving_to_us_gets_the_checked_addresses() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    target = await Guard(resolve=resolve).check("https://pictures.example/", exit_url=LOCAL_SOCKS)
    assert target.addresses == ("93.184.216.34",)
