"""Which links to results are followed, by the service and the account whose they are."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from flow2api.actors.links import ResultLinks
from flow2api.actors.roster import Entry, Roster
from flow2api.domain.account import Account
from flow2api.domain.service import Traits
from flow2api.errors import AddressForbidden
from flow2api.net.guard import Guard, Target
from flow2api.net.message import Headers, Response

SERVICES = {
    "flow": Traits(title="Flow", credential="cookie", base_url="https://flow.example", trusted_links=True),
    "fal": Traits(title="fal", credential="key", base_url="https://queue.example"),
    "gateway": Traits(title="gateway", credential="key", base_url=""),
    "gemini": Traits(title="Gemini", credential="key", base_url="http://10.0.0.9"),
}


async def resolve(host: str, port: int) -> Sequence[str]:
    return ["10.0.0.5"] if host.startswith("inner") else ["93.184.216.34"]


class Web:
    """Redirects as it is told, then answers."""

    def __init__(self, *targets: str) -> None:
        self._targets = list(targets)
        self.asked: list[Target] = []

    async def __call__(self, target: Target) -> Response:
        self.asked.append(target)
        to = self._targets.pop(0) if self._targets else None
        headers = Headers([("Location", to)] if to else [])
        return Response(status=302 if to else 200, headers=headers, body=b"", url=target.url)


async def follow(provider: str, url: str, web: Web, allow: Sequence[str] = (), exit_url: str | None = None) -> None:
    roster = Roster()
    account = Account(id="a", provider=provider, label="a", base_url="http://inner.example:3000/v1")
    roster.put(
        Entry(account if provider == "gateway" else Account(id="a", provider=provider, label="a"), True, any_ref())
    )
    links = ResultLinks(Guard(allow, resolve=resolve), roster, SERVICES)
    assert (await links.follow(provider, "a", url, web, exit_url)).status == 200


def any_ref() -> Any:
    return cast("Any", None)


async def test_a_link_to_the_internet_is_followed_to_the_address_that_was_checked() -> None:
    web = Web("https://cdn.example/2")
    await follow("fal", "https://files.example/1", web)
    assert [(target.url, target.addresses) for target in web.asked] == [
        ("https://files.example/1", ("93.184.216.34",)),
        ("https://cdn.example/2", ("93.184.216.34",)),
    ]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest/", "https://inner.example/", "http://127.0.0.1/", "file:///etc/passwd"]
)
async def test_a_link_into_a_private_network_is_not_followed_nor_a_redirect_there(url: str) -> None:
    for provider in ("fal", "gateway"):
        web = Web()
        with pytest.raises(AddressForbidden, match=r"may not be followed.*media\.allow_private"):
            await follow(provider, url, web)
        assert web.asked == []
        web = Web(url)
        with pytest.raises(AddressForbidden):
            await follow(provider, "https://files.example/1", web)
        assert len(web.asked) == 1


async def test_a_service_at_a_private_address_serves_results_from_there() -> None:
    web = Web("http://inner.example:3000/files/2")
    await follow("gateway", "http://inner.example:3000/files/1", web)
    assert len(web.asked) == 2
    await follow("gemini", "http://10.0.0.9/files/1", Web())
    with pytest.raises(AddressForbidden):
        await follow("gateway", "http://inner.example:6379/", Web())


async def test_what_an_operator_allows_is_followed() -> None:
    web = Web()
    await follow("fal", "https://inner.example/", web, allow=["10.0.0.0/8"])
    assert len(web.asked) == 1


async def test_a_link_of_a_vendor_s_own_service_is_taken_as_it_comes() -> None:
    web = Web()
    await follow("flow", "https://inner.example/1", web)
    assert web.asked[0].addresses == ()


async def test_through_an_exit_the_name_is_left_to_it_but_no_private_address() -> None:
    web = Web()
    await follow("fal", "https://files.example/1", web, exit_url="http://exit.example:1")
    assert web.asked[0].addresses == ()
    with pytest.raises(AddressForbidden):
        await follow("fal", "http://192.168.0.1/", Web(), exit_url="http://exit.example:1")
