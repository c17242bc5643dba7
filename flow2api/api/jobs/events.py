"""The events of one job as server-sent events: at once how it stands, then each change, the end last.

Each event holds the whole view, so a reader who missed some misses nothing. Ids rise, over restarts of the gateway too; who comes back
with the id of the end is told that there is nothing more.
"""

from collections.abc import Awaitable, Callable

from quart_trio.wrappers import TrioResponse

from flow2api.actors.watch import Watch
from flow2api.api import sse
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.wire import encode
from flow2api.domain.job import Progress
from flow2api.domain.job_view import JobView

BEAT = b": still here\n\n"
# The job goes on without the reader, who comes back by itself.
FAREWELL = b": the gateway is interrupted; come back with Last-Event-ID\n\n"
_MICROSECONDS = 1_000_000

Show = Callable[[Progress], Awaitable[JobView]]


def last_seen(request: GatewayRequest) -> int | None:
    """The id of the last event that the reader saw, as readers say it by themselves when they come back."""
    given = (request.header(b"last-event-id") or b"").strip()
    return int(given) if given.isdigit() and len(given) < 20 else None


def stream(watch: Watch, seen: int | None, show: Show, beat_seconds: float) -> TrioResponse:
    """The events after the one with the id `seen`."""
    if watch.progress.job.final and seen == _number(watch):
        # To a browser this says not to come back.
        return TrioResponse(b"", 204)

    async def fill(line: sse.Line) -> None:
        async for progress in watch:
            number = _number(watch)
            if number != seen:
                await line.send(_event(number, await show(progress)))

    async def pour(write: Write) -> None:
        await sse.Line(write, lambda: BEAT, beat_seconds).run(fill)

    return Poured(pour, content_type=sse.CONTENT_TYPE, headers=sse.HEADERS, farewell=lambda _: FAREWELL)


def _number(watch: Watch) -> int:
    """The id of the newest progress. That of the end follows from the stored job, so it is the same in every life of the gateway;
    it is above those before it, which count up from a time before it, slower than once in a microsecond."""
    job = watch.progress.job
    return int((job.finished_at or job.updated_at) * _MICROSECONDS) if job.final else watch.version


def _event(number: int, view: JobView) -> bytes:
    return b"id: %d\ndata: " % number + encode(view) + b"\n\n"
