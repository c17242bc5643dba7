"""The admin route of the operator's first page, for scripts and for windows of time that the live connection does not tell."""

from typing import get_args
from urllib.parse import parse_qs

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.overview import Gathering
from flow2api.api.services import Services
from flow2api.domain.overview import Overview, Window
from flow2api.errors import Code, Failure

_WINDOWS: tuple[Window, ...] = get_args(Window)


class OverviewQuery(msgspec.Struct, frozen=True):
    """The query of `GET /api/overview`."""

    window: Window = "hour"
    """Over which the trends go."""


def routes(services: Services) -> Table:
    """All of them."""
    gathering = Gathering(services)

    @described("What the first page shows", Overview, query=OverviewQuery)
    async def overview(request: GatewayRequest) -> TrioResponse:
        given = parse_qs(request.query_string.decode("latin-1")).get("window", ["hour"])[-1]
        window = next((known for known in _WINDOWS if known == given), None)
        if window is None:
            raise Failure(Code.INVALID_VALUE, f"window must be one of {', '.join(_WINDOWS)}.", param="window")
        return wire.answer(await gathering.overview(window, services.live.connections))

    return (("GET", "/api/overview", overview),)
