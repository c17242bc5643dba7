"""How one chat turn is answered while its job runs: whole, with white space when it takes long, or as a stream of progress.

Knows the job only through its watch. Whatever fails after the headers are out is worded in the answer's own form.
"""

from collections.abc import Awaitable, Callable

import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors.watch import Watch
from flow2api.api import sse, waiting
from flow2api.api.exchange import Poured, Write
from flow2api.api.openai import answer
from flow2api.api.openai.answer import Chunks, Content, Ticket, Usage
from flow2api.api.openai.chat_request import ChatRequest
from flow2api.api.openai.stages import describe
from flow2api.api.services import Pace
from flow2api.domain.job import Job
from flow2api.errors import Failure


class Turn:
    """One request that waits for one job; `render` says what a finished job's answer holds, or raises its `Failure`."""

    def __init__(
        self, asked: ChatRequest, watch: Watch, render: Callable[[Job], Awaitable[Content]], pace: Pace
    ) -> None:
        self._asked = asked
        self._watch = watch
        self._render = render
        self._pace = pace
        self._ticket = Ticket.of(watch.progress.job, asked.model)

    async def whole(self) -> TrioResponse:
        """The answer in one piece. A failure is raised, as long as no byte went out."""
        return await waiting.whole(self._finished, self._pace)

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
        job = await self._watch.wait_final()
        content = await self._render(job)
        return answer.whole(self._ticket, content, Usage.of(job.generation.prompt))

    async def _fill(self, stream: "_Stream") -> None:
        await waiting.follow(self._watch, lambda progress: stream.tell(describe(progress)))
        job = self._watch.progress.job
        content = await self._render(job)
        usage = Usage.of(job.generation.prompt) if self._asked.wants_usage else None
        await stream.end(content, usage)


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

    async def end(self, content: Content, usage: Usage | None) -> None:
        """Everything that remains, in one piece."""
        chunks = self._chunks
        tail = chunks.usage(usage) if usage else b""
        await self._send(chunks.content(content) + chunks.finish + tail + sse.DONE)

    def farewell(self, failure: Failure) -> bytes:
        """The end of a stream that failed; the line before the error is for front ends that do not show errors."""
        line = self._chunks.content(Content(f"The generation failed: {failure.message}"))
        return self._unsent + line + sse.error_frame(failure)

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
    body = chunks.role + chunks.content(content) + chunks.finish + tail + sse.DONE
    return TrioResponse(body, headers=sse.HEADERS, content_type=sse.CONTENT_TYPE)
