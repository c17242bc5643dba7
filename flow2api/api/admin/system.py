"""Admin routes about the program itself: what runs, and how it fares."""

import logging
import time
from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api import __version__
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.errors import Code, Failure
from flow2api.kit.bus import BusStatistics
from flow2api.kit.errors import ActorError
from flow2api.kit.spec import NodeStatistics
from flow2api.net.http import HttpStatistics
from flow2api.store.base import StoreStatistics

log = logging.getLogger("flow2api.system")


class System(msgspec.Struct, frozen=True):
    """The program as it is now; the inner records are what each part says of itself."""

    version: str
    uptime_seconds: int
    draining: bool
    tree: NodeStatistics
    bus: BusStatistics
    store: StoreStatistics
    http: HttpStatistics


class Restart(msgspec.Struct):
    """The body of `POST /api/system/restart`."""

    path: Annotated[list[str], Meta(min_length=1, max_length=20)]
    """A name at each level of the tree below its root."""


class Restarting(msgspec.Struct, frozen=True):
    """A new life begins; the tree and the bus tell when it is up."""

    path: list[str]


_restart = wire.decoder(Restart)


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

    @described(
        "Start a part of the tree anew", Restarting, status=202, body=Restart, errors=(Code.CONFLICT, Code.NOT_FOUND)
    )
    async def restart(request: GatewayRequest) -> TrioResponse:
        path = wire.decode(await request.body.whole(), _restart).path
        if not _has(services.tree(), path):
            raise Failure(Code.NOT_FOUND, f"There is no such part: {' / '.join(path)}.")
        if services.draining.is_set():
            raise Failure(Code.CONFLICT, "It cannot be started anew now: the gateway is stopping.")
        # Those that lean on a part begin anew with it, and this server leans on most: the answer is to be out before.
        request.leaving.callback(_begin, services, path)
        return wire.answer(Restarting(path), 202)

    return (("GET", "/api/system", system), ("POST", "/api/system/restart", restart))


def _has(tree: NodeStatistics, path: Sequence[str]) -> bool:
    below = {child.name: child for child in tree.children}
    return not path or (path[0] in below and _has(below[path[0]], path[1:]))


def _begin(services: Services, path: Sequence[str]) -> None:
    try:
        services.restart(path)
    except ActorError as error:
        log.warning("could not be started anew part=%s: %s", "/".join(path), error)
