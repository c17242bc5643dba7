"""The admin route that gives up or removes many jobs in one act."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Cancel
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.discard import discard
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.errors import Failure

MOST = 200


class JobsBulk(msgspec.Struct):
    """The body of `POST /api/jobs/bulk`."""

    ids: Annotated[list[str], Meta(min_length=1, max_length=MOST)]
    action: Literal["cancel", "remove"]
    """`cancel` gives up those that are not over, `remove` takes out those that are, with all files that they made."""


class JobDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one job."""

    id: str
    ok: bool
    error: str = ""


class JobsBulkResult(msgspec.Struct, frozen=True):
    """What became of each, in the order in which they were named."""

    results: list[JobDone]


_bulk = wire.decoder(JobsBulk)


def routes(services: Services) -> Table:
    """It alone."""

    @described("Give up or remove many jobs", JobsBulkResult, body=JobsBulk)
    async def bulk(request: GatewayRequest) -> TrioResponse:
        asked = wire.decode(await request.body.whole(), _bulk)
        ids = list(dict.fromkeys(asked.ids))
        request.act_subject = f"{asked.action} {len(ids)}: {' '.join(ids)}"
        results = [await _one(asked.action, job_id) for job_id in ids]
        refused = [one.id for one in results if not one.ok]
        if refused:
            request.act_detail = f"{len(refused)} of {len(ids)} did not go through: {' '.join(refused)}"
        return wire.answer(JobsBulkResult(results))

    async def _one(action: Literal["cancel", "remove"], job_id: str) -> JobDone:
        try:
            if action == "cancel":
                await services.jobs.ask_again(Cancel(job_id))
            else:
                await discard(services, job_id)
        except Failure as failure:
            return JobDone(id=job_id, ok=False, error=failure.message)
        return JobDone(id=job_id, ok=True)

    return (("POST", "/api/jobs/bulk", bulk),)
