"""Admin routes for regular work: what there is, how it went, when it comes next; run it now, pause it, set its interval."""

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.schedule_messages import Pause, Resume, RunNow, ScheduleMessage, SetInterval
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.schedule import ScheduleView
from flow2api.errors import Code


class ScheduleList(msgspec.Struct, frozen=True):
    """All regular work."""

    schedules: list[ScheduleView]


class NewInterval(msgspec.Struct):
    """The body of `PUT /api/schedules/{name}/interval`; null goes back to the interval of the settings."""

    seconds: float | None


_interval = wire.decoder(NewInterval)


def routes(services: Services) -> Table:
    """All of them."""
    schedules = services.schedules

    @described("List all regular work", ScheduleList)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        return wire.answer(ScheduleList(schedules.views()))

    async def told(name: str, message: ScheduleMessage, status: int = 200) -> TrioResponse:
        return wire.answer(await schedules.ask(name, message), status)

    @described("Do it now", ScheduleView, status=202, errors=(Code.CONFLICT,))
    async def run(request: GatewayRequest, name: str) -> TrioResponse:
        return await told(name, RunNow(), 202)

    @described("Do it no more by itself", ScheduleView, errors=(Code.CONFLICT,))
    async def pause(request: GatewayRequest, name: str) -> TrioResponse:
        return await told(name, Pause())

    @described("Do it by itself again", ScheduleView, errors=(Code.CONFLICT,))
    async def resume(request: GatewayRequest, name: str) -> TrioResponse:
        return await told(name, Resume())

    @described("Set how often it is done", ScheduleView, body=NewInterval, errors=(Code.CONFLICT,))
    async def set_interval(request: GatewayRequest, name: str) -> TrioResponse:
        given = wire.decode(await request.body.whole(), _interval)
        return await told(name, SetInterval(given.seconds))

    one = "/api/schedules/<name>"
    return (
        ("GET", "/api/schedules", list_all),
        ("POST", f"{one}/run", run),
        ("POST", f"{one}/pause", pause),
        ("POST", f"{one}/resume", resume),
        ("PUT", f"{one}/interval", set_interval),
    )
