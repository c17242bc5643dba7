"""Admin route for the services that accounts can be added of: what each is called, and what it wants."""

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.service import Traits


class ProviderView(msgspec.Struct, frozen=True, kw_only=True):
    """One service, as far as adding an account of it goes."""

    name: str
    title: str
    credential: str
    """What people call that which they paste."""
    base_url: str
    """Its usual address; empty where each account must name its own."""
    own_base_url: bool
    login_page: str | None
    """The page to sign in at, where a browser can hold the credential."""


class ProviderList(msgspec.Struct, frozen=True):
    """All of them; accounts are added for the first where nobody says for which."""

    providers: list[ProviderView]


def routes(services: Services) -> Table:
    """The one route."""

    @described("List the services that accounts can be added of", ProviderList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer(ProviderList([_view(name, traits) for name, traits in services.providers.items()]))

    return (("GET", "/api/providers", list_all),)


def _view(name: str, traits: Traits) -> ProviderView:
    return ProviderView(
        name=name,
        title=traits.title,
        credential=traits.credential,
        base_url=traits.base_url,
        own_base_url=traits.own_base_url,
        login_page=traits.login_page,
    )
