"""`POST /v1/chat/completions`: a picture or a clip for the last user message, as a whole answer or as a stream.

Translates and never decides: what is allowed is the catalogue's, what happens to the job is the jobs actor's. Everything that can
be checked beforehand, admission included, is answered with a status; the job is stored before the first byte goes out.
"""

import secrets
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from quart_trio.wrappers import TrioResponse

from flow2api.api import batch
from flow2api.api.batch import Parts
from flow2api.api.described import EVENTS, GENERATING, JSON, REPEATING, Content, described
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Reference
from flow2api.api.links import Links
from flow2api.api.openai import answer, conversation, sidework, turn
from flow2api.api.openai.answer import Ticket
from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import decode, decoder, weigh
from flow2api.api.wishes import wish
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure

ORIGIN = "chat"
_decoder = decoder(ChatRequest)


def register(app: Application, services: Services, links: Links, desk: Desk) -> None:
    """Add the route."""
    app.route_to("POST", "/v1/chat/completions", Chat(services, links, desk).create)


class Chat:
    """The route and what it needs."""

    def __init__(self, services: Services, links: Links, desk: Desk) -> None:
        self._services = services
        self._links = links
        self._desk = desk

    @described(
        "Make a picture or a clip for the last message",
        Content({JSON: answer.Completion, EVENTS: None}),
        body=ChatRequest,
        scope="chat",
        headers=REPEATING,
        errors=GENERATING,
        more="With `stream` the answer comes as events of the type `chat.completion.chunk`, with the progress as reasoning.",
    )
    async def create(self, request: GatewayRequest) -> TrioResponse:
        """Answer one request."""
        key = self._services.keys.caller(request, "chat")
        body = await request.body.whole()
        await weigh(body)
        asked = decode(body, _decoder)
        if not asked.messages:
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, "messages must hold at least one message.", param="messages")
        model = self._desk.model(asked.model, key)
        side = sidework.answer(asked.messages, sidework.with_further(self._services.config.chat.side_requests))
        if side is not None:
            return turn.say(asked, _side_ticket(asked), side)
        claim = await self._desk.claim(request, key.id, body)
        parts = Parts.of(model, asked.n)
        waited = await self._desk.batch(request, claim, parts, ORIGIN, lambda: self._wish(asked, model, claim.caller))
        request.leaving.enter_context(waited)

        async def render(jobs: Sequence[Job]) -> answer.Content:
            return await self._content(request, asked, jobs)

        answering = turn.Turn(asked, waited, render, self._services.pace)
        return answering.streamed() if asked.stream else await answering.whole()

    async def _wish(self, asked: ChatRequest, model: Model, caller: str) -> Wish:
        desk = self._desk
        desk.check_open()
        talk = conversation.read(asked.messages, desk.inputs.is_own)
        job = Reference(job_id, "video.id") if (job_id := asked.source_job()) else None
        link = talk.clip or (talk.earlier_clip if model.mode == "extend" else None)
        source = await desk.sources.find(model, caller, job=job, link=link)
        files = await desk.pictures(talk.pictures, model, talk.earlier)
        return wish(asked, talk.prompt, files, source)

    async def _content(self, request: GatewayRequest, asked: ChatRequest, jobs: Sequence[Job]) -> answer.Content:
        """What the answer says.

        Raises:
            Failure: why there is nothing to say."""
        names = batch.names(jobs, lambda name: self._links.media(request, name))
        if self._inside(asked) and jobs[0].generation.kind == "image":
            return answer.Content(answer.PICTURES_TEXT, await answer.data_images(self._services.library, names))
        links = [self._links.media(request, name) for name in names]
        return answer.Content(answer.links_text(links, self._services.config.chat.video_form))

    def _inside(self, asked: ChatRequest) -> bool:
        """Whether pictures stand inside the answer; never both there and as links, since some readers would show them twice."""
        inline = self._services.config.chat.inline_models
        return asked.wants_images or any(fnmatchcase(asked.model, pattern) for pattern in inline)


def _side_ticket(asked: ChatRequest) -> Ticket:
    return Ticket(f"chatcmpl-side{secrets.token_hex(10)}", int(time.time()), asked.model)
