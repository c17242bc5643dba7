"""`/v1/jobs`: generations for people who write their own clients. Submit and come back, wait, listen, or be told by a webhook.

Views of the same jobs that the other routes make, so those are seen here too; a caller sees its own alone.
"""

from collections.abc import Sequence

import trio
from msgspec.structs import replace
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Attach, Cancel, Peek
from flow2api.actors.watch import Watch
from flow2api.api import repeats, results
from flow2api.api.described import EVENTS, GENERATING, REPEATING, Content, described
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.jobs import events
from flow2api.api.jobs.hooks import DeliveryList, Hooks
from flow2api.api.jobs.listing import JobPage, page_of
from flow2api.api.jobs.request import JobRequest, Query, query_of, wait_of
from flow2api.api.links import Links
from flow2api.api.repeats import Claim
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import answer, decode, decoder, weigh
from flow2api.api.wishes import wish
from flow2api.domain.job import Job, JobState, Progress, Terms
from flow2api.domain.job_view import JobView, files_of, job_view
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.store import jobs, media

ORIGIN = "jobs"
_WAITING = {"Prefer": "`wait=n`: answer when the job has ended, at the latest after so many seconds."}
_decoder = decoder(JobRequest)


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add the routes."""
    routes = JobRoutes(services, links, desk)
    one = "/v1/jobs/<job_id>"
    app.route_to("POST", "/v1/jobs", routes.create)
    app.route_to("GET", "/v1/jobs", routes.list_own)
    app.route_to("GET", one, routes.status)
    app.route_to("GET", f"{one}/result", routes.result)
    app.route_to("GET", f"{one}/events", routes.events)
    app.route_to("POST", f"{one}/cancel", routes.cancel)
    app.route_to("GET", f"{one}/deliveries", routes.deliveries)


class JobRoutes:
    """The routes and what they need."""

    def __init__(self, services: Services, links: Links, desk: Desk) -> None:
        self._services = services
        self._links = links
        self._desk = desk
        self._hooks = Hooks(services)

    @described(
        "Begin a generation, and come back for it",
        JobView,
        status=202,
        answers={200: JobView},
        body=JobRequest,
        scope="jobs",
        headers={**REPEATING, **_WAITING},
        errors=GENERATING,
    )
    async def create(self, request: GatewayRequest) -> TrioResponse:
        """Admit a job, and answer at once unless the caller prefers to wait."""
        key = self._services.keys.caller(request, "jobs")
        body = await request.body.whole()
        await weigh(body)
        asked = decode(body, _decoder)
        model = self._desk.model(asked.model, key)
        claim = await self._desk.claim(request, key.id, body)
        watch = await self._desk.repeated(claim) or await self._submit(request, asked, model, claim)
        request.leaving.enter_context(watch)
        headers = {"Location": f"{self._links.base(request)}/v1/jobs/{watch.progress.job.id}"}
        await self._wait(request, watch, headers)
        view = await self._view(request, await self._newest(watch.progress.job))
        return answer(view, 200 if watch.progress.job.final else 202, headers)

    async def _submit(self, request: GatewayRequest, asked: JobRequest, model: Model, claim: Claim) -> Watch:
        desk = self._desk
        desk.check_open()
        hook = await self._hooks.admit(asked.webhook, claim.caller, self._links.base(request))
        job, link = asked.clip()
        source = await desk.sources.find(model, claim.caller, job=job, link=link)
        files = await desk.pictures(asked.pictures(), model)
        terms = Terms(
            start_seconds=asked.start_deadline, total_seconds=asked.deadline, metadata=asked.metadata or {}, hook=hook
        )
        wanted = wish(asked, asked.prompt, files, source)
        return await desk.submit(request, claim, wanted, ORIGIN, detached=True, terms=terms)

    @described("List the jobs of this key", JobPage, query=Query, scope="jobs", errors=(Code.INVALID_VALUE,))
    async def list_own(self, request: GatewayRequest) -> TrioResponse:
        """The caller's jobs, a page at a time."""
        key = self._services.keys.caller(request, "jobs")
        page = await page_of(self._services.store, query_of(request), key.id)
        views = await self._views(request, [await self._newest(job) for job in page.jobs])
        return answer(JobPage.of(views, page.more))

    @described("How a job stands", JobView, scope="jobs", headers=_WAITING, errors=(Code.INVALID_VALUE,))
    async def status(self, request: GatewayRequest, job_id: str) -> TrioResponse:
        """One job as it is, or as it is when it has ended."""
        progress, headers = await self._reached(request, job_id)
        return answer(await self._view(request, progress), 200, headers)

    @described(
        "A job with its results, or its failure as a status",
        JobView,
        answers={202: JobView},
        scope="jobs",
        headers=_WAITING,
        errors=GENERATING,
    )
    async def result(self, request: GatewayRequest, job_id: str) -> TrioResponse:
        """The job with its results; 202 while there are none yet, and its failure as a status."""
        progress, headers = await self._reached(request, job_id)
        view = await self._view(request, progress)
        if not progress.job.final:
            return answer(view, 202, headers)
        results.names(progress.job)
        if not any(file.available for file in view.results):
            raise Failure(Code.EXPIRED, "The results are no longer kept.")
        return answer(view, 200, headers)

    @described(
        "The changes of a job as they happen",
        Content({EVENTS: None}),
        scope="jobs",
        headers={"Last-Event-ID": "Go on after this event."},
    )
    async def events(self, request: GatewayRequest, job_id: str) -> TrioResponse:
        """The job's changes as they happen."""
        job = await self._own(request, job_id)
        watch = await self._watch(job)
        request.leaving.enter_context(watch)

        async def show(progress: Progress) -> JobView:
            return await self._view(request, await self._placed(progress))

        return events.stream(watch, events.last_seen(request), show, self._services.pace.beat_seconds)

    @described("Give a job up", JobView, scope="jobs", errors=(Code.CONFLICT,))
    async def cancel(self, request: GatewayRequest, job_id: str) -> TrioResponse:
        """Give the job up; `upstream` says what could be done at the provider."""
        await self._own(request, job_id)
        job = await self._services.jobs.ask_again(Cancel(job_id))
        return answer(await self._view(request, Progress(job=job)))

    @described("How the telling of a job's end goes", DeliveryList, scope="jobs")
    async def deliveries(self, request: GatewayRequest, job_id: str) -> TrioResponse:
        """How the telling of the job's end goes."""
        await self._own(request, job_id)
        return answer(await self._hooks.of_job(job_id))

    # -- one job -------------------------------------------------------------------------------------------------

    async def _own(self, request: GatewayRequest, job_id: str) -> Job:
        """The caller's job of this id, as it was stored last.

        Raises:
            Failure: `not_found`, also where it is somebody else's."""
        key = self._services.keys.caller(request, "jobs")
        job = await self._services.store.read(jobs.get, job_id)
        if job is None or job.caller != key.id:
            raise Failure(Code.NOT_FOUND, f"There is no job {job_id[:80]!r}.")
        return job

    async def _watch(self, job: Job) -> Watch:
        """A watch on a job, live or ended."""
        live = await self._services.jobs.ask_again(Attach(job.id))
        if live is not None:
            return live
        # It may have ended between the two looks.
        stored = await self._services.store.read(jobs.get, job.id)
        return repeats.ended(stored or job)

    async def _newest(self, job: Job) -> Progress:
        """How a job stands now."""
        if job.final:
            return Progress(job=job)
        live = await self._services.jobs.ask_again(Peek(job.id))
        if live is not None:
            return live
        stored = await self._services.store.read(jobs.get, job.id)
        return Progress(job=stored or job)

    async def _placed(self, progress: Progress) -> Progress:
        """The same with the job's place in the line, which is told once in a while only."""
        if progress.job.state is not JobState.QUEUED or progress.position is not None:
            return progress
        live = await self._services.jobs.ask_again(Peek(progress.job.id))
        return replace(progress, position=live.position) if live else progress

    async def _reached(self, request: GatewayRequest, job_id: str) -> tuple[Progress, dict[str, str]]:
        """How the caller's job stands, after the wait that it prefers, and the headers that say so."""
        job = await self._own(request, job_id)
        headers: dict[str, str] = {}
        if wait_of(request) is not None and not job.final:
            with await self._watch(job) as watch:
                await self._wait(request, watch, headers)
        return await self._newest(job), headers

    async def _wait(self, request: GatewayRequest, watch: Watch, headers: dict[str, str]) -> None:
        """Wait for the end as long as the caller prefers; whatever cuts it short is seen in the job itself."""
        seconds = wait_of(request)
        if seconds is None:
            return
        headers["Preference-Applied"] = f"wait={seconds}"
        with trio.move_on_after(seconds):
            try:
                await watch.wait_final()
            except Failure:
                return

    async def _view(self, request: GatewayRequest, progress: Progress) -> JobView:
        [view] = await self._views(request, [progress])
        return view

    async def _views(self, request: GatewayRequest, seen: Sequence[Progress]) -> list[JobView]:
        names = [name for progress in seen for name in files_of(progress.job)]
        files = await self._services.store.read(media.some, names) if names else {}
        base = self._links.base(request)
        return [job_view(one, base, files) for one in seen]
