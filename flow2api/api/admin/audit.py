"""The audit log: each act of an administrator with who, from where, what and how it ended; never what was sent along."""

import logging
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.door import Admin
from flow2api.api.admin.shapes import AuditPage
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.domain.admin import AuditEntry, Outcome
from flow2api.errors import Code, Failure
from flow2api.store import audit
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.audit")

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
WRITE_SECONDS = 5.0
_DETAIL_LENGTH = 500


class Act(NamedTuple):
    """What is to be written down."""

    name: str
    """Method and route."""
    request: GatewayRequest
    admin: Admin | None
    """None for who is about to become one."""
    parts: Mapping[str, str]


class Audit:
    """Writes it."""

    def __init__(self, store: Store, links: Links, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._links = links
        self._now = now

    async def acted(self, act: Act, do: Callable[[], Awaitable[TrioResponse]]) -> TrioResponse:
        """Do it and write down how it ended."""
        outcome: Outcome = "failed"
        detail = ""
        try:
            response = await do()
            outcome, detail = "done", act.request.act_detail
        except Failure as failure:
            outcome, detail = ("refused" if failure.kind.status < 500 else "failed"), failure.message
            raise
        finally:
            # What was not foreseen is told by its kind alone: its words may hold what was sent along, and the log has them under the
            # request's id. Whoever leaves in the middle may have changed something all the same.
            if act.admin is not None or not _is_noise(sys.exception()):
                await self._write(act, outcome, detail or _kind_of(sys.exception()))
        return response

    async def _write(self, act: Act, outcome: Outcome, detail: str) -> None:
        admin, request = act.admin, act.request
        entry = AuditEntry(
            id=0,
            at=self._now(),
            who=admin.who if admin else ("admin" if outcome == "done" else "nobody"),
            session_id=admin.session_id if admin else "",
            address=self._links.peer(request),
            act=act.name,
            subject=(request.act_subject or " ".join(act.parts.values()))[:_DETAIL_LENGTH],
            outcome=outcome,
            detail=detail[:_DETAIL_LENGTH],
            request_id=request.request_id,
        )
        why = f"no room within {WRITE_SECONDS:g} s"
        try:
            # The act is over, so nothing that happens from here on may leave it unwritten.
            with trio.move_on_after(WRITE_SECONDS, shield=True) as limit:
                await self._store.write(audit.append, entry)
            if not limit.cancelled_caught:
                return
        except StoreFault as fault:
            why = str(fault)
        # The log on standard error is the second best place.
        log.error("not written to the audit log act=%r who=%s outcome=%s: %s", act.name, entry.who, outcome, why)


def _is_noise(error: BaseException | None) -> bool:
    """Whether a stranger's try was not even one of those that make the next ones wait: such come as fast as somebody sends them, and
    would fill the log."""
    if not isinstance(error, Failure):
        return False
    return error.code not in (Code.ADMIN_REQUIRED, Code.SECOND_FACTOR_REQUIRED) and error.param != "token"


def _kind_of(error: BaseException | None) -> str:
    if error is None:
        return ""
    if isinstance(error, trio.Cancelled):
        return "the caller left before the end"
    return f"a fault of the gateway: {type(error).__name__}"


class AuditQuery(msgspec.Struct, frozen=True):
    """The query of `GET /api/audit`."""

    before: int | None = None
    """Id of the last entry of the page before."""
    act: str | None = None
    limit: int = DEFAULT_LIMIT


def routes(store: Store) -> Table:
    """Reading it."""

    @described("List what administrators did, newest first", AuditPage, query=AuditQuery)
    async def page(request: GatewayRequest) -> TrioResponse:
        given = {name: values[-1] for name, values in parse_qs(request.query_string.decode("latin-1")).items()}
        try:
            wanted = msgspec.convert(given, AuditQuery, strict=False)
        except msgspec.ValidationError as error:
            raise wire.field_failure(str(error)) from None
        if not 1 <= wanted.limit <= MAX_LIMIT:
            raise Failure(Code.INVALID_VALUE, f"limit must be a number from 1 to {MAX_LIMIT}.", param="limit")
        found = await store.read(audit.page, before=wanted.before, act=wanted.act, limit=wanted.limit + 1)
        return wire.answer(AuditPage(found[: wanted.limit], len(found) > wanted.limit))

    return (("GET", "/api/audit", page),)
