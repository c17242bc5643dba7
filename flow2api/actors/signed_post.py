"""One message to somebody else's server: only where the guard lets it, in limited time, with no redirect followed and no hidden repeat."""

from collections.abc import Sequence

import trio

from flow2api.errors import TimedOut
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.net.message import Limits, Response
from flow2api.net.url import parse_url

CONNECT_SECONDS = 10.0
# What a receiver says is not read, but some say much.
MAX_ANSWER_BYTES = 1024 * 1024
_JSON = ("content-type", "application/json")


async def post(
    http: Http, guard: Guard, url: str, body: bytes, headers: Sequence[tuple[str, str]], seconds: float
) -> Response:
    """The receiver's answer, whatever its status.

    Raises:
        NetworkFault: the receiver may not or cannot be reached, or did not answer in time."""
    limits = Limits(connect_seconds=min(CONNECT_SECONDS, seconds), total_seconds=seconds, max_bytes=MAX_ANSWER_BYTES)
    # Resolving its name has no limit of its own.
    with trio.move_on_after(seconds):
        target = await guard.check(url)
        return await http.request(
            "POST",
            target.url,
            headers=[_JSON, *headers],
            body=body,
            limits=limits,
            # One that died unnoticed would cost a try, and a repeat behind our back would not be seen.
            fresh=True,
            addresses=target.addresses,
        )
    raise TimedOut(f"no complete answer from {parse_url(url).place} within {seconds:g} s")


def refusal(status: int) -> str:
    """Why an answer does not count as taken, in words; empty if it does."""
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"the receiver answered {status}; redirects are not followed"
    return f"the receiver answered {status}"
