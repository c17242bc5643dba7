"""How one chat turn is answered while its jobs run: whole, with white space when it takes long, or as a stream of progress.

Knows the jobs only through their watches. Whatever fails after the headers are out is worded in the answer's own form.
"""

from collections.abc import Awaitable, Callable, Sequence

import trio
from quart_trio.wrappers import TrioResponse

from flow2api.api import sse, waiting
from flow2api.api.batch import Batch
from flow2api.api.errors import envelope
from flow2api.api.exchange import Poured, Write
from flow2api.api.openai import answer
from flow2api.api.openai.answer import Chunks, Content, Ticket, Usage
from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.openai.stages import describe
from flow2api.api.served import Served
from flow2api.api.services import Pace
from flow2api.domain.job import Job
from flow2api.errors import Code, Failure


class Turn:
    """One request that waits for its jobs; `render` says what the answer holds once they are done, or raises a `Failure`."""

    def __init__(
        self, asked: ChatRequest, batch: Batch, render: Callable[[Sequence[Job]], Awaitable[Content]], pace: Pace
    ) -> None:
        self._asked = asked
        self._batch = batch
        self._render = render
        self._pace = pace
        self._ticket = Ticket.of(batch.first, asked.model)

    async def whole(self) -> TrioResponse:
        """The answer in one piece. A failure is raised, as long as no byte went out."""
        return await waiting.whole(
            self._finished, self._pace, route=self._batch.route, warnings=self._batch.warnings, farewell=self._farewell
        )

    def _farewell(self, failure: Failure) -> bytes:
        """The end of an answer whose status is out: a refusal can still be told in the form of an answer."""
        if failure.code is not Code.CONTENT_POLICY_VIOLATION:
            return envelope(failure)
        return answer.refused(self._ticket, failure.message, Usage.of(self._batch.first.generation.prompt))

    def streamed(self) -> TrioResponse:
        """The answer as a stream."""
        stream = _Stream(Chunks(self._ticket), self._pace)
        return Poured(
            lambda write: stream.run(write, self._fill),
            content_type=sse.CONTENT_TYPE,
            headers=sse.HEADERS,
            farewell=stream.farewell,
        )

    async def _finished(self) -> bytes:
        content = await self._render(await self._batch.wait_final())
        usage = Usage.of(self._batch.first.generation.prompt)
        return answer.whole(self._ticket, content, usage, self._batch.served())

    async def _fill(self, stream: "_Stream") -> None:
        for warning in self._batch.warnings():
            await stream.tell(warning)
        content = await self._render(await self._batch.follow(lambda progress: stream.tell(describe(progress))))
        usage = Usage.of(self._batch.first.generation.prompt) if self._asked.wants_usage else None
        await stream.end(content, usage, self._batch.served())


class _Stream:
    """The events of one answer, in the order that clients rely on."""

    def __init__(self, chunks: Chunks, pace: Pace) -> None:
        self._chunks = chunks
        self._pace = pace
        self._unsent = chunks.role
        """The first chunk; it leaves together with whatever is ready with it."""
        self._told = ""
        self._since = 0.0
        self._line: sse.Line

    async def run(self, write: Write, fill: Callable[["_Stream"], Awaitable[None]]) -> None:
        async def filling(line: sse.Line) -> None:
            await fill(self)

        self._since = trio.current_time()
        self._line = sse.Line(write, self._beat, self._pace.beat_seconds)
        await self._line.run(filling)

    async def tell(self, text: str) -> None:
        """A line of progress, unless it was told before."""
        if text != self._told:
            self._told = text
            await self._send(self._chunks.thought(f"{text}\n"))

    async def end(self, content: Content, usage: Usage | None, served: Served) -> None:
        """Everything that remains, in one piece."""
        chunks = self._chunks
        tail = chunks.usage(usage) if usage else b""
        await self._send(chunks.content(content) + chunks.finish(served) + tail + sse.DONE)

    def farewell(self, failure: Failure) -> bytes:
        """The end of a stream that failed; the line before the error is for front ends that do not show errors."""
        line = self._chunks.content(Content(f"The generation failed: {failure.message}"))
        finish = self._chunks.filtered if failure.code is Code.CONTENT_POLICY_VIOLATION else b""
        return self._unsent + line + finish + sse.error_frame(failure)

    async def _send(self, data: bytes) -> None:
        first, self._unsent = self._unsent, b""
        await self._line.send(first + data)

    def _beat(self) -> bytes:
        waited = trio.current_time() - self._since
        first, self._unsent = self._unsent, b""
        return first + self._chunks.thought(f"{self._told or 'Working'}, {waited:.0f} s so far\n")


def say(asked: ChatRequest, ticket: Ticket, text: str) -> TrioResponse:
    """An answer that needs no job."""
    content, usage = Content(text), Usage.of(asked.messages[-1].text(), text)
    if not asked.stream:
        return TrioResponse(answer.whole(ticket, content, usage), content_type=waiting.JSON)
    chunks = Chunks(ticket)
    tail = chunks.usage(usage) if asked.wants_usage else b""
    body = chunks.role + chunks.content(content) + chunks.finish() + tail + sse.DONE
    return TrioResponse(body, headers=sse.HEADERS, content_type=sse.CONTENT_TYPE)
