"""Admin routes about the program itself: what runs, and how it fares."""

import time

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api import __version__
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.kit.bus import BusStatistics
from flow2api.kit.spec import NodeStatistics
from flow2api.net.http import HttpStatistics
from flow2api.store.base import StoreStatistics


class System(msgspec.Struct, frozen=True):
    """The program as it is now; the inner records are what each part says of itself."""

    version: str
    uptime_seconds: int
    draining: bool
    tree: NodeStatistics
    bus: BusStatistics
    store: StoreStatistics
    http: HttpStatistics


def routes(services: Services) -> Table:
    """All of them."""

    @described("What runs and how it fares", System)
    async def system(request: GatewayRequest) -> TrioResponse:
        return wire.answer(
            System(
                version=__version__,
                uptime_seconds=max(0, int(time.time() - services.started_at)),
                draining=services.draining.is_set(),
                tree=services.tree(),
                bus=services.bus.statistics(),
                store=services.store.statistics(),
                http=services.http.statistics(),
            )
        )

    return (("GET", "/api/system", system),)
