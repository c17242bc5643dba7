"""The admin interface under `/api`: every route but those of set-up and sign-in asks the door first, every act is written down, and no
answer but an export holds a secret."""

import functools
from collections.abc import Awaitable, Callable
from functools import partial

from quart_trio.wrappers import TrioResponse

from flow2api.api.admin import (
    account_acts,
    accounts,
    backups,
    captcha,
    job_acts,
    jobs,
    keys,
    logs,
    models,
    notifications,
    overview,
    providers,
    proxies,
    schedules,
    sealed_accounts,
    settings,
    signin,
    studio,
    system,
    webhooks,
)
from flow2api.api.admin import audit as audit_log
from flow2api.api.admin.audit import Act, Audit
from flow2api.api.admin.door import Door
from flow2api.api.admin.table import Table
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.routing import Application
from flow2api.api.services import Services

Route = Callable[..., Awaitable[TrioResponse]]

_READING = frozenset({"GET", "HEAD"})
# Reading that hands out secrets is an act as well.
_HANDING_OUT = "/export"


def register(app: Application, services: Services, links: Links, desk: Desk) -> Door:
    """Add all of them; the door that they ask."""
    config = services.config.dashboard
    door = Door(services.store, services.admin_token, links, config, services.setup_token, services.bus)
    audit = Audit(services.store, links)

    def guarded(method: str, rule: str, view: Route) -> Route:
        is_act = method not in _READING or rule.endswith(_HANDING_OUT)

        @functools.wraps(view)
        async def entered(request: GatewayRequest, **parts: str) -> TrioResponse:
            admin = await door.enter(request, request.method)
            if is_act:
                act = Act(f"{method} {rule}", request, admin, parts)
                return _unstored(await audit.acted(act, partial(view, request, **parts)))
            return _unstored(await view(request, **parts))

        return entered

    def open_to_all(method: str, rule: str, view: Route) -> Route:
        @functools.wraps(view)
        async def entered(request: GatewayRequest) -> TrioResponse:
            if method in _READING:
                return _unstored(await view(request))
            return _unstored(await audit.acted(Act(f"{method} {rule}", request, None, {}), partial(view, request)))

        return entered

    for method, rule, view in signin.open_routes(door, links):
        app.route_to(method, rule, open_to_all(method, rule, view))
    for table in _tables(services, door, links, desk):
        for method, rule, view in table:
            app.route_to(method, rule, guarded(method, rule, view))

    @app.before_serving
    async def attend() -> None:
        await door.sessions.load()
        app.nursery.start_soon(door.sessions.keep_written)

    return door


def _tables(services: Services, door: Door, links: Links, desk: Desk) -> tuple[Table, ...]:
    return (
        accounts.routes(services),
        account_acts.routes(services),
        sealed_accounts.routes(services),
        keys.routes(services),
        models.routes(services),
        jobs.routes(services, links),
        job_acts.routes(services),
        studio.routes(services, desk),
        captcha.routes(services),
        providers.routes(services),
        proxies.routes(services),
        logs.routes(services),
        schedules.routes(services),
        settings.routes(services),
        backups.routes(services),
        webhooks.routes(services),
        notifications.routes(services),
        system.routes(services),
        signin.routes(door, links),
        audit_log.routes(services.store),
        overview.routes(services),
    )


def _unstored(response: TrioResponse) -> TrioResponse:
    response.headers.setdefault("Cache-Control", "no-store")
    return response
