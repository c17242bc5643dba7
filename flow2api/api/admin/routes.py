"""The admin interface under `/api`: every route asks the door first, and no answer but an export holds a secret."""

import functools
from collections.abc import Awaitable, Callable

from quart_trio.wrappers import TrioResponse

from flow2api.api.admin import accounts, backups, jobs, keys, models, schedules, studio, system, webhooks
from flow2api.api.admin.door import Door
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.routing import Application
from flow2api.api.services import Services

Route = Callable[..., Awaitable[TrioResponse]]


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add all of them."""
    door = Door(services.store, services.admin_token, links)

    def guarded(view: Route) -> Route:
        @functools.wraps(view)
        async def entered(request: GatewayRequest, **parts: str) -> TrioResponse:
            await door.enter(request)
            response = await view(request, **parts)
            response.headers.setdefault("Cache-Control", "no-store")
            return response

        return entered

    tables = (
        accounts.routes(services),
        keys.routes(services),
        models.routes(services),
        jobs.routes(services, links),
        studio.routes(services, desk),
        schedules.routes(services),
        backups.routes(services),
        webhooks.routes(services),
        system.routes(services, door),
    )
    for table in tables:
        for method, rule, view in table:
            app.route_to(method, rule, guarded(view))
