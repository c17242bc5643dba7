"""A scripted server and an `Http` beside it, within a time limit on the real clock."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from flow2api.net.http import Http, open_http
from tests.doubles.server import Answer, Server, open_server

# Far more than any of these tests takes, on a busy machine as well.
LIMIT_SECONDS = 90.0


@asynccontextmanager
async def open_asking(
    *answers: Answer, default: Answer | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Server, Http]]:
    """A server with scripted answers and a client that trusts what the system trusts."""
    with trio.fail_after(LIMIT_SECONDS):
        async with open_server(*answers, default=default, tls=tls) as server, open_http() as http:
            yield server, http
