"""Waiting for a job on behalf of a caller: a whole answer that is kept alive with white space, and the stages worth telling.

Shared by all dialects. Knows the job only through its watch, and nothing of what an answer holds.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors.watch import Watch
from flow2api.api import sse
from flow2api.api.errors import envelope
from flow2api.api.exchange import Poured, Write
from flow2api.api.services import Pace
from flow2api.domain.job import Progress
from flow2api.errors import Failure

JSON = "application/json"
ROUTE_HEADER = "X-Flow2API-Route"
WARNING_HEADER = "X-Flow2API-Warning"

_SENTENCE = "/@:._-, '`()"
# A stage that passes sooner is not told: nobody could read it, and each line costs a write on every open stream.
SETTLE_SECONDS = 0.15


async def whole(
    finish: Callable[[], Awaitable[bytes]],
    pace: Pace,
    *,
    route: Callable[[], str] | None = None,
    warnings: Callable[[], Sequence[str]] = tuple,
    farewell: Callable[[Failure], bytes] = envelope,
) -> TrioResponse:
    """The JSON answer that `finish` comes to, in one piece. It is begun again when it takes long, so it must be repeatable.

    A failure is raised as long as no byte went out. After `pace.blank_after_seconds` the answer begins with white space, which JSON
    allows, and a failure is worded by `farewell` in the caller's dialect. An answer that comes before that names
    its `route` and its `warnings`, asked for once it is finished.
    """
    with trio.move_on_after(pace.blank_after_seconds):
        body = await finish()
        return TrioResponse(body, content_type=JSON, headers=_naming(route, warnings()))

    async def fill(line: sse.Line) -> None:
        await line.send(b" ")
        await line.send(await finish())

    async def pour(write: Write) -> None:
        await sse.Line(write, lambda: b" ", pace.beat_seconds).run(fill)

    return Poured(pour, content_type=JSON, farewell=farewell)


def _naming(route: Callable[[], str] | None, warnings: Sequence[str]) -> dict[str, str]:
    # A header holds ASCII alone, and an operator's own model may be called anything.
    headers = {ROUTE_HEADER: quote(route(), safe="/@:._-, ")} if route else {}
    return headers | ({WARNING_HEADER: quote(" ".join(warnings), safe=_SENTENCE)} if warnings else {})


async def follow(watch: Watch, tell: Callable[[Progress], Awaitable[None]]) -> None:
    """Tell every stage that lasts, until the job has ended."""
    seen: Progress | None = watch.progress
    await tell(watch.progress)
    while (seen := await watch.newer_than(seen)) is not None:
        settled = seen
        with trio.move_on_after(SETTLE_SECONDS):
            while (newer := await watch.newer_than(settled)) is not None:
                settled = newer
            return
        seen = settled
        await tell(settled)
