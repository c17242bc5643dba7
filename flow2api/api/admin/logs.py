"""Admin routes for the kept log and the request log: page by page, newest first, by what they tell of."""

from typing import Annotated

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.logline import LogLine
from flow2api.domain.request import RequestRecord
from flow2api.store import debug_logs, requests
from flow2api.store.debug_logs import LogFilter

MAX_LIMIT = 500


class LogQuery(LogFilter, frozen=True, kw_only=True):
    """The query of `GET /api/logs`."""

    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 100


class LogPage(msgspec.Struct, frozen=True):
    """Lines, newest first. With `has_more`, `before` the last one's number leads on."""

    lines: list[LogLine]
    has_more: bool


class RequestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The query of `GET /api/requests`; `after` is the id of the job that the page follows."""

    caller: str | None = None
    model: str | None = None
    outcome: str | None = None
    account: str | None = None
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = 100


class RequestPage(msgspec.Struct, frozen=True):
    """Ended generations, newest first."""

    requests: list[RequestRecord]
    has_more: bool


def routes(services: Services) -> Table:
    """All of them."""
    store = services.store

    @described("Look up the kept log", LogPage, query=LogQuery)
    async def lines(request: GatewayRequest) -> TrioResponse:
        asked = wire.query(request, LogQuery)
        found = await store.read(debug_logs.page, asked, asked.limit + 1)
        return wire.answer(LogPage(found[: asked.limit], len(found) > asked.limit))

    @described("Look up ended generations", RequestPage, query=RequestQuery)
    async def ended(request: GatewayRequest) -> TrioResponse:
        asked = wire.query(request, RequestQuery)
        found = await store.read(
            requests.page,
            caller=asked.caller,
            model=asked.model,
            outcome=asked.outcome,
            account_id=asked.account,
            after=asked.after,
            limit=asked.limit + 1,
        )
        return wire.answer(RequestPage(found[: asked.limit], len(found) > asked.limit))

    return (("GET", "/api/logs", lines), ("GET", "/api/requests", ended))
