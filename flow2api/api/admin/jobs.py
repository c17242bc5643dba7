"""Admin routes for jobs: what is stored, newest first, giving one up, and removing what is over.

Peeks at live jobs: a watch would count as somebody who waits for it, and its end as a caller who left.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Cancel, Peek
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.discard import discard
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.services import Services
from flow2api.domain.job import Job, JobState
from flow2api.errors import Code, Failure
from flow2api.store import jobs

DEFAULT_LIMIT = 50
MAX_LIMIT = 200


class JobList(msgspec.Struct, frozen=True):
    """One page of jobs."""

    jobs: list[Job]
    has_more: bool


class JobDetail(msgspec.Struct, frozen=True):
    """One job and where its files are."""

    job: Job
    files: list[str]
    route: str
    """Which provider, group of accounts and model served it, or come first as long as it waits."""
    stage: str = ""
    """What is happening to it right now, empty when it is not live."""
    position: int | None = None
    """Place in the line, 1 is next; None when it does not wait."""
    percent: int | None = None
    """How much of the provider's work is done, where it says so."""
    note: str = ""
    """What the provider tells of its work."""


class RemovedJob(msgspec.Struct, frozen=True):
    """A job that is gone."""

    id: str
    deleted: bool = True


class Page(msgspec.Struct, frozen=True):
    """Which jobs are asked for: the query of `GET /api/jobs`."""

    caller: str | None = None
    state: JobState | None = None
    model: str | None = None
    kind: Literal["image", "video"] | None = None
    account: str | None = None
    search: str | None = None
    """Words of the prompt or of what went wrong, or a part of the id of the job or of its request."""
    after: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    order: Literal["asc", "desc"] = "desc"


def routes(services: Services, links: Links) -> Table:
    """All of them."""

    @described("List jobs, newest first", JobList, query=Page)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        page = wire.query(request, Page)
        found = await services.store.read(
            jobs.page,
            caller=page.caller,
            state=page.state,
            model=page.model,
            kind=page.kind,
            account_id=page.account,
            search=page.search,
            after=page.after,
            limit=page.limit + 1,
            ascending=page.order == "asc",
        )
        return wire.answer(JobList(found[: page.limit], len(found) > page.limit))

    @described("One job and where its files are", JobDetail)
    async def one(request: GatewayRequest, job_id: str) -> TrioResponse:
        live = await services.jobs.ask_again(Peek(job_id))
        job = live.job if live else await services.store.read(jobs.get, job_id)
        if job is None:
            raise Failure(Code.NOT_FOUND, "There is no such job.")
        files = [links.media(request, name) for name in job.results]
        told = (live.stage, live.position, live.percent, live.note) if live else ()
        return wire.answer(JobDetail(job, files, job.generation.route, *told))

    @described("Give a job up", Job, errors=(Code.CONFLICT,))
    async def cancel(request: GatewayRequest, job_id: str) -> TrioResponse:
        job = await services.jobs.ask_again(Cancel(job_id))
        return wire.answer(job)

    @described("Remove a job that is over, with all files that it made", RemovedJob, errors=(Code.CONFLICT,))
    async def remove(request: GatewayRequest, job_id: str) -> TrioResponse:
        await discard(services, job_id)
        return wire.answer(RemovedJob(job_id))

    return (
        ("GET", "/api/jobs", list_all),
        ("GET", "/api/jobs/<job_id>", one),
        ("POST", "/api/jobs/<job_id>/cancel", cancel),
        ("DELETE", "/api/jobs/<job_id>", remove),
    )
