"""Whether an exit works, found out gently: one connection through it as far as TLS, and not one request."""

import trio

from flow2api.errors import Unreachable
from flow2api.net.dial import close_now, open_stream
from flow2api.net.exits import Exit, is_loopback
from flow2api.net.url import Url

PROBE_SECONDS = 10.0


async def probe(exit_: Exit, target: Url) -> float:
    """The seconds that it takes to reach `target` through the exit. What no exit could reach is not asked for: then only the
    exit itself is.

    Raises:
        NetworkFault: it cannot be reached."""
    start = trio.current_time()
    with trio.move_on_after(PROBE_SECONDS):
        if is_loopback(target.host):
            stream = await open_stream(exit_.host, exit_.port, tls=False)
        else:
            stream = await open_stream(target.host, target.port, tls=target.scheme == "https", exit_url=exit_.url)
        close_now(stream)
        return trio.current_time() - start
    raise Unreachable(f"the proxy {exit_.place} did not lead to {target.place} within {PROBE_SECONDS:g} s")
