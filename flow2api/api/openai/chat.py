"""`POST /v1/chat/completions`: a picture or a clip for the last user message, as a whole answer or as a stream.

Translates and never decides: what is allowed is the catalogue's, what happens to the job is the jobs actor's. Everything that can
be checked beforehand, admission included, is answered with a status; the job is stored before the first byte goes out.
"""

import secrets
import time

from quart_trio.wrappers import TrioResponse

from flow2api.actors.jobs import Submit
from flow2api.actors.watch import Watch
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.openai import answer, conversation, repeats, sidework, turn
from flow2api.api.openai.answer import Content, Ticket
from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.openai.clips import Clips
from flow2api.api.openai.parameters import wish
from flow2api.api.openai.pictures import Pictures
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import decode, decoder, weigh
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure

ORIGIN = "chat"
_decoder = decoder(ChatRequest)


def register(app: Application, services: Services, links: Links) -> None:
    """Add the route."""
    app.route_to("POST", "/v1/chat/completions", Chat(services, links).create)


class Chat:
    """The route and what it keeps between requests."""

    def __init__(self, services: Services, links: Links) -> None:
        self._services = services
        self._links = links
        self._pictures = Pictures(services)
        self._clips = Clips(services, self._pictures.own_name)
        self._repeats = repeats.Repeats(services)

    async def create(self, request: GatewayRequest) -> TrioResponse:
        """Answer one request."""
        key = self._services.keys.caller(request)
        body = await request.body.whole()
        await weigh(body)
        asked = decode(body, _decoder)
        if not asked.messages:
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, "messages must hold at least one message.", param="messages")
        model = self._model(asked.model)
        side = sidework.answer(asked.messages)
        if side is not None:
            return turn.say(asked, _side_ticket(asked), side)
        claim = await repeats.claim_of(request, key.id, body)
        watch = await self._repeats.find(claim) or await self._submit(request, asked, model, claim)
        request.leaving.enter_context(watch)

        async def render(job: Job) -> Content:
            return await self._content(request, asked, job)

        answering = turn.Turn(asked, watch, render, self._services.pace)
        return answering.streamed() if asked.stream else await answering.whole()

    def _model(self, name: str) -> Model:
        model = self._services.catalog.get(name)
        if model is None:
            # The catalogue words this best, with names that are near.
            self._services.catalog.resolve(Wish(model=name, prompt=""))
            raise Failure(Code.MODEL_NOT_FOUND, "There is no such model.", param="model")
        return model

    async def _submit(self, request: GatewayRequest, asked: ChatRequest, model: Model, claim: repeats.Claim) -> Watch:
        if self._services.draining.is_set():
            raise Failure(Code.DRAINING, "The gateway is being stopped.", retry_after_seconds=10.0)
        talk = conversation.read(asked.messages, self._pictures.is_own)
        source = await self._clips.source(asked, talk, model, claim.caller)
        files = await self._pictures.take(talk, model) if talk.pictures or talk.earlier else []
        submit = Submit(
            generation=self._services.catalog.resolve(wish(asked, talk.prompt, files, source)),
            caller=claim.caller,
            origin=ORIGIN,
            request_id=request.request_id,
            idempotency=claim.idempotency,
        )
        watch = await self._services.jobs.ask(submit)
        self._repeats.note(claim, watch.progress.job.id)
        return watch

    async def _content(self, request: GatewayRequest, asked: ChatRequest, job: Job) -> Content:
        """What the answer says.

        Raises:
            Failure: why there is nothing to say."""
        try:
            names = answer.results(job)
        except Failure as failure:
            self._point_to_originals(request, job, failure)
            raise
        if asked.wants_images and job.generation.kind == "image":
            return Content(answer.PICTURES_TEXT, await answer.data_images(self._services.library, names))
        return Content(answer.links_text([self._links.media(request, name) for name in names]))

    def _point_to_originals(self, request: GatewayRequest, job: Job, failure: Failure) -> None:
        """Say where to find what was made all the same."""
        originals = job.error.originals if job.error else ()
        if originals:
            where = " ".join(self._links.media(request, name) for name in originals)
            made = "picture" if job.generation.kind == "image" else "clip"
            failure.message = f"{failure.message} The {made} as it was made is kept: {where}"


def _side_ticket(asked: ChatRequest) -> Ticket:
    return Ticket(f"chatcmpl-side{secrets.token_hex(10)}", int(time.time()), asked.model)
