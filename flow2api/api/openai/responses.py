"""`POST /v1/responses`, `GET /v1/responses/<id>` and its `/cancel`: a picture as the result of the image tool, or as a link in a
message where that tool was not offered; clips always as links.

Translates and never decides. The conversation is read by chat's rules; an earlier response is known by its job, which has made the
picture to start from.
"""

from collections.abc import Callable
from functools import partial

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Cancel
from flow2api.api import batch, pictures, sse, waiting, wire
from flow2api.api.batch import Batch, Parts
from flow2api.api.described import EVENTS, GENERATING, JSON, REPEATING, Content, described
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.inputs import Reference
from flow2api.api.links import Links
from flow2api.api.openai import answer, conversation, responses_answer, responses_request, sidework
from flow2api.api.openai.chat_request import Message
from flow2api.api.openai.responses_answer import Events, Picture, Response, Said
from flow2api.api.openai.responses_look import Look
from flow2api.api.openai.responses_request import ResponsesRequest
from flow2api.api.routing import Application
from flow2api.api.services import Pace, Services
from flow2api.api.wire import answer as json_answer
from flow2api.api.wire import decode, decoder, encode, weigh
from flow2api.api.wishes import wish
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job, JobState
from flow2api.domain.key import ApiKey
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure
from flow2api.store import jobs

ORIGIN = "responses"
_decoder = decoder(ResponsesRequest)


class Again(msgspec.Struct, frozen=True):
    """The query of a look at a response."""

    stream: bool | None = None


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add the routes."""
    responses = Responses(services, links, desk)
    app.route_to("POST", "/v1/responses", responses.create)
    app.route_to("GET", "/v1/responses/<response_id>", responses.get)
    app.route_to("POST", "/v1/responses/<response_id>/cancel", responses.cancel)


class Responses:
    """The routes and what they need."""

    def __init__(self, services: Services, links: Links, desk: Desk) -> None:
        self._services = services
        self._links = links
        self._desk = desk

    @described(
        "Make a picture as the result of the image tool, or a picture or clip as a link in a message",
        answers={200: Content({JSON: Response, EVENTS: None})},
        body=ResponsesRequest,
        scope="responses",
        headers=REPEATING,
        errors=GENERATING,
        more="With `background` it is answered at once, and looked after by its id.",
    )
    async def create(self, request: GatewayRequest) -> TrioResponse:
        """Answer one request."""
        key = self._services.keys.caller(request, "responses")
        body = await request.body.whole()
        await weigh(body)
        asked = decode(body, _decoder)
        model = self._model(asked, key)
        asked = responses_request.with_options(asked, model)
        responses_request.check(asked)
        look = Look.asked(asked)
        said = responses_request.messages(asked.input)
        openings = sidework.with_further(self._services.config.chat.side_requests)
        side = sidework.answer([Message("system", asked.instructions), *said], openings)
        if side is not None:
            return _say(asked, side)
        claim = await self._desk.claim(request, key.id, body)
        parts = Parts.of(model, None)
        waited = await self._desk.batch(
            request,
            claim,
            parts,
            ORIGIN,
            lambda: self._wish(asked, model, key),
            detached=look.background,
            terms=look.terms(asked.metadata),
        )
        request.leaving.enter_context(waited)
        if look.background and not asked.stream:
            return json_answer(responses_answer.repeating(await self._seen(request, waited.first), asked))
        turn = _Turn(waited, asked, self._output(request, look), self._services.pace)
        return turn.streamed() if asked.stream else await turn.answer()

    @described(
        "How a response stands",
        Response,
        query=Again,
        scope="responses",
        errors=(Code.NOT_FOUND, Code.UNSUPPORTED_OPERATION),
    )
    async def get(self, request: GatewayRequest, response_id: str) -> TrioResponse:
        """Look one up; never waits."""
        job = await self._own(request, response_id)
        if wire.query(request, Again).stream:
            message = (
                "The events of a response are told once, to its request. Ask for it without stream until it is done."
            )
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param="stream")
        return json_answer(await self._seen(request, job))

    @described(
        "Give a response up",
        Response,
        scope="responses",
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        more="One that has ended is answered as it is. 409: it is with the provider, who cannot be stopped, and goes on.",
    )
    async def cancel(self, request: GatewayRequest, response_id: str) -> TrioResponse:
        job = await self._own(request, response_id)
        return json_answer(await self._seen(request, await self._services.jobs.ask(Cancel(job.id))))

    async def _own(self, request: GatewayRequest, response_id: str) -> Job:
        """The job of a response of the caller's.

        Raises:
            Failure: `not_found`, there is none."""
        job = await self._job(response_id, self._services.keys.caller(request, "responses"))
        if job is None or job.origin != ORIGIN:
            raise Failure(Code.NOT_FOUND, "There is no such response. They are kept for a limited time.")
        return job

    async def _seen(self, request: GatewayRequest, job: Job) -> Response:
        """How the response to a job stands."""
        response = responses_answer.begun(job)
        if not job.final:
            return response
        if job.state is JobState.CANCELLED:
            return responses_answer.cancelled(response)
        try:
            return responses_answer.done(response, job, await self._output(request, Look.of(job)).of(job))
        except Failure as failure:
            return responses_answer.failed(response, failure)

    def _output(self, request: GatewayRequest, look: Look) -> "_Output":
        return _Output(self._services, partial(self._links.media, request), look)

    def _model(self, asked: ResponsesRequest, key: ApiKey) -> Model:
        """The model of the request; where that is one for text, which is none of ours, the one that its tool names."""
        named = asked.tool.model if asked.tool else None
        if named and self._services.catalog.get(asked.model or "") is None:
            return self._desk.model(named, key)
        return self._desk.model(asked.model, key) if asked.model else self._desk.usual_model("image", key)

    async def _wish(self, asked: ResponsesRequest, model: Model, key: ApiKey) -> Wish:
        desk = self._desk
        desk.check_open()
        previous = await self._previous(asked, key)
        talk = conversation.read(await self._messages(asked, key), desk.inputs.is_own, "input")
        link = talk.clip or (talk.earlier_clip if model.mode == "extend" else None)
        job = (
            Reference(previous.id, "previous_response_id") if previous and model.mode == "extend" and not link else None
        )
        source = await desk.sources.find(model, key.id, job=job, link=link)
        earlier = talk.earlier or (_picture_of(previous, "previous_response_id") if previous else None)
        return wish(asked, talk.prompt, await desk.pictures(talk.pictures, model, earlier), source)

    async def _messages(self, asked: ResponsesRequest, key: ApiKey) -> list[Message]:
        """The conversation; what it only names is found by its job."""
        talk = responses_request.messages(asked.input)
        for index, named in responses_request.only_named(asked.input):
            job = await self._job(named, key)
            if job is not None and job.results:
                talk[index] = _brought(job)
            elif responses_answer.is_picture(named):
                message = f"There is no picture {named[:80]!r} any more; send it along as its base64 or its link."
                raise Failure(Code.INVALID_VALUE, message, param=f"input[{index}].id")
        return talk

    async def _previous(self, asked: ResponsesRequest, key: ApiKey) -> Job | None:
        """The job of the response that this one follows."""
        named = asked.previous_response_id
        if not named:
            return None
        job = await self._job(named, key)
        if job is None:
            message = f"There is no response {named[:80]!r} any more; send the earlier picture in input instead."
            raise Failure(Code.INVALID_VALUE, message, param="previous_response_id")
        return job

    async def _job(self, named: str, key: ApiKey) -> Job | None:
        found = responses_answer.job_id(named)
        job = await self._services.store.read(jobs.get, found) if found else None
        return job if job and job.caller == key.id else None


class _Output:
    """Makes the items of an answer."""

    def __init__(self, services: Services, link: Callable[[str], str], look: Look) -> None:
        self._services = services
        self._link = link
        self._look = look

    def shows(self, job: Job) -> bool:
        """Whether a picture comes as the tool's result."""
        return self._look.tool and job.generation.kind == "image"

    async def of(self, job: Job) -> tuple[Picture | Said, ...]:
        """What a finished job's answer holds.

        Raises:
            Failure: why there is nothing."""
        names = batch.names([job], self._link)
        if not self.shows(job):
            text = answer.links_text([self._link(name) for name in names], self._services.config.chat.video_form)
            return (responses_answer.said(job, text),)
        made = await pictures.finish(self._services, names[0], self._look.rendition, inline=True)
        picture = Picture(
            id=responses_answer.picture_id(job),
            status="completed",
            result=made.base64,
            output_format=made.format,
            size=made.size,
            quality=pictures.quality(job.generation),
            background=made.background,
        )
        return picture, responses_answer.said(job, answer.PICTURES_TEXT)


class _Turn:
    """One request that waits for its job."""

    def __init__(self, waited: Batch, asked: ResponsesRequest, output: _Output, pace: Pace) -> None:
        self._batch = waited
        self._output = output
        self._pace = pace
        self._response = responses_answer.waited_for(waited.first, asked)

    async def answer(self) -> TrioResponse:
        """The answer in one piece."""
        return await waiting.whole(self._whole, self._pace, route=self._batch.route, warnings=self._batch.warnings)

    async def _whole(self) -> bytes:
        return encode(await self._finished())

    def streamed(self) -> TrioResponse:
        """The answer as a stream of events."""
        first, events = self._batch.first, Events(self._response)
        begun = Picture(id=responses_answer.picture_id(first), status="in_progress", result=None)

        async def fill(line: sse.Line) -> None:
            await line.send(events.opening(begun if self._output.shows(first) else None))
            await line.send(events.closing(await self._finished()))

        async def pour(write: Write) -> None:
            await sse.Line(write, events.beat, self._pace.beat_seconds).run(fill)

        return Poured(pour, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS, farewell=events.failed)

    async def _finished(self) -> Response:
        [job] = await self._batch.wait_final()
        return responses_answer.done(self._response, job, await self._output.of(job))


def _picture_of(job: Job, param: str) -> Reference | None:
    """The picture that a job made, by a link of ours."""
    if job.generation.kind != "image" or not job.results:
        return None
    return Reference(f"/media/{job.results[0]}", param)


def _brought(job: Job) -> Message:
    """What a job's answer brought, as a message of the conversation."""
    links = [f"/media/{name}" for name in job.results]
    if job.generation.kind == "image":
        return Message("assistant", images=[*links])
    return Message("assistant", "\n".join(links))


def _say(asked: ResponsesRequest, text: str) -> TrioResponse:
    """An answer that needs no job."""
    response = responses_answer.unpaid(asked, text)
    if not asked.stream:
        return json_answer(response)
    events = Events(msgspec.structs.replace(response, status="in_progress", output=(), usage=None))
    return TrioResponse(
        events.opening(None) + events.closing(response), headers=sse.HEADERS, content_type=sse.CONTENT_TYPE
    )
