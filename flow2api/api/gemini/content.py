"""`generateContent`, `streamGenerateContent` and `countTokens`: pictures and clips for the last turn of the user.

Translates and never decides, as the chat route does; the conversation is read by the same rules.
"""

import secrets
from collections.abc import Sequence
from urllib.parse import parse_qs

import trio
from msgspec.structs import replace
from quart_trio.wrappers import TrioResponse

from flow2api.api import batch, results, sse, waiting
from flow2api.api.batch import Batch, Parts
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.gemini.answers import Answer, Ticket, TokenCount, is_refusal, tokens
from flow2api.api.gemini.bodies import read
from flow2api.api.gemini.content_request import ContentRequest, messages, own_words
from flow2api.api.gemini.dialect import envelope
from flow2api.api.gemini.files import Files
from flow2api.api.gemini.pieces import BEAT, Array, Events, Pieces
from flow2api.api.links import Links
from flow2api.api.openai import conversation, sidework
from flow2api.api.openai.answer import links_text
from flow2api.api.openai.chat_request import Message
from flow2api.api.openai.stages import describe
from flow2api.api.services import Pace, Services
from flow2api.api.wire import answer, encode
from flow2api.api.wishes import wish
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job, Progress
from flow2api.domain.model import Model
from flow2api.errors import Failure

ORIGIN = "gemini"
_FEW_PARTS = 50


class ContentRoutes:
    """The verbs of a model that answer with content."""

    def __init__(self, services: Services, links: Links, desk: Desk, files: Files) -> None:
        self._services = services
        self._links = links
        self._desk = desk
        self._files = files

    async def generate(self, request: GatewayRequest, model_id: str) -> TrioResponse:
        """The answer in one piece."""
        return await self._answer(request, model_id, None)

    async def stream(self, request: GatewayRequest, model_id: str) -> TrioResponse:
        """Progress, then the answer."""
        query = parse_qs(request.scope["query_string"].decode("latin-1"))
        return await self._answer(request, model_id, Events() if query.get("alt") == ["sse"] else Array())

    async def count(self, request: GatewayRequest, model_id: str) -> TrioResponse:
        """A guess at the tokens of the prompt; nothing is counted by them."""
        key = self._services.keys.caller(request, "gemini")
        asked, _ = await read(request, ContentRequest)
        self._desk.model(model_id, key)
        total = sum(tokens(part.text or "") for turn in asked.turns() for part in turn.each())
        return answer(TokenCount(total))

    async def _answer(self, request: GatewayRequest, model_id: str, pieces: Pieces | None) -> TrioResponse:
        key = self._services.keys.caller(request, "gemini")
        asked, body = await read(request, ContentRequest)
        asked.model, asked.n = model_id, asked.config.candidate_count or asked.n
        model = self._desk.model(model_id, key)
        said = await self._said(asked)
        openings = sidework.with_further(self._services.config.chat.side_requests)
        if (side := sidework.answer(said, openings)) is not None:
            return _say(Ticket(secrets.token_hex(10), model_id, said[-1].text()), side, pieces)
        claim = await self._desk.claim(request, key.id, body)
        parts = Parts.of(model, asked.n)
        jobs = await self._desk.batch(request, claim, parts, ORIGIN, lambda: self._wish(asked, said, model, key.id))
        request.leaving.enter_context(jobs)
        turn = _Turn(self, request, asked, jobs)
        pace = self._services.pace
        return (
            turn.streamed(pieces, pace)
            if pieces
            else await waiting.whole(turn.whole, pace, route=jobs.route, warnings=jobs.warnings, farewell=envelope)
        )

    async def _said(self, asked: ContentRequest) -> list[Message]:
        """The conversation. Files that it names are looked for on disk, which may take a while for many."""
        turns, own = asked.turns(), self._files.link
        if sum(len(turn.each()) for turn in turns) <= _FEW_PARTS:
            return messages(turns, own)
        return await trio.to_thread.run_sync(messages, turns, own)

    async def _wish(self, asked: ContentRequest, said: list[Message], model: Model, caller: str) -> Wish:
        desk = self._desk
        desk.check_open()
        with own_words():
            talk = conversation.read(said, desk.inputs.is_own)
            link = talk.clip or (talk.earlier_clip if model.mode == "extend" else None)
            source = await desk.sources.find(model, caller, link=link)
            files = await desk.pictures(talk.pictures, model, talk.earlier)
            return wish(asked, talk.prompt, files, source)

    async def content(
        self, request: GatewayRequest, asked: ContentRequest, ticket: Ticket, jobs: Sequence[Job]
    ) -> Answer:
        """What the answer of finished jobs says.

        Raises:
            Failure: why there is nothing to say; a refusal by the provider's rules is an answer."""
        try:
            names = batch.names(jobs, lambda name: self._links.media(request, name))
        except Failure as failure:
            if is_refusal(failure):
                return ticket.refused(failure)
            raise
        if jobs[0].generation.kind == "video":
            links = [self._links.media(request, name) for name in names]
            return ticket.clips(links_text(links), links)
        pictures = [await results.inline(self._services.library, name) for name in names]
        return ticket.pictures(pictures, with_text=asked.wants_text)


class _Turn:
    """One request that waits for its jobs."""

    def __init__(self, routes: ContentRoutes, request: GatewayRequest, asked: ContentRequest, jobs: Batch) -> None:
        self._routes = routes
        self._request = request
        self._asked = asked
        self._jobs = jobs
        self._ticket = Ticket.of(jobs.first, asked.model)

    async def whole(self) -> bytes:
        return encode(await self._content(await self._jobs.wait_final()))

    def streamed(self, pieces: Pieces, pace: Pace) -> TrioResponse:
        """Progress, then the answer."""

        async def pour(write: Write) -> None:
            async def fill(line: sse.Line) -> None:
                async def tell(progress: Progress) -> None:
                    await line.send(pieces.piece(self._ticket.progress(f"{describe(progress)}\n")))

                answered = await self._content(await self._jobs.follow(tell))
                await line.send(pieces.piece(answered) + pieces.end)

            await sse.Line(write, lambda: BEAT, pace.beat_seconds).run(fill)

        return Poured(pour, content_type=pieces.content_type, headers=sse.HEADERS, farewell=pieces.failure)

    async def _content(self, jobs: Sequence[Job]) -> Answer:
        said = await self._routes.content(self._request, self._asked, self._ticket, jobs)
        return replace(said, x_flow2api=self._jobs.served())


def _say(ticket: Ticket, text: str, pieces: Pieces | None) -> TrioResponse:
    """An answer that needs no job."""
    if pieces is None:
        return answer(ticket.said(text))
    body = pieces.piece(ticket.said(text)) + pieces.end
    return TrioResponse(body, headers=sse.HEADERS, content_type=pieces.content_type)
