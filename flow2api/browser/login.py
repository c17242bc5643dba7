"""Answers a proxy that asks a tab for a login. Runs beside a tab whose exit has credentials, and only there."""

from contextlib import suppress
from typing import Any

import trio

from flow2api.browser.cdp import Session
from flow2api.browser.errors import CommandRefused, ConnectionLost, TabLost
from flow2api.browser.lane import Event
from flow2api.net.exits import Exit


async def serve_proxy_login(
    session: Session, exit_: Exit, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    """Log in wherever the proxy asks, until the tab ends. To have that asked, every request of the tab is let through here."""
    fetch = session.cdp.fetch
    asked: set[str] = set()
    with session.events("Fetch.requestPaused", "Fetch.authRequired") as events:
        await session.call(fetch.enable(handle_auth_requests=True))
        task_status.started()
        with suppress(ConnectionLost, TabLost):
            async for event in events:
                # A request that the page has given up meanwhile is not known any more.
                with suppress(CommandRefused):
                    await session.call(_answer(fetch, event, exit_, asked))


def _answer(fetch: Any, event: Event, exit_: Exit, asked: set[str]) -> Any:
    """The command that lets the request go on. `asked` are those for which we have given the login once already."""
    request = fetch.RequestId(event.params["requestId"])
    if event.method == "Fetch.requestPaused":
        return fetch.continue_request(request)
    if event.params["authChallenge"].get("source") != "Proxy":
        return fetch.continue_with_auth(request, fetch.AuthChallengeResponse("Default"))
    if request in asked:
        # The proxy did not take it: without this the two would go on for ever.
        return fetch.continue_with_auth(request, fetch.AuthChallengeResponse("CancelAuth"))
    asked.add(request)
    login = fetch.AuthChallengeResponse("ProvideCredentials", exit_.username, exit_.password)
    return fetch.continue_with_auth(request, login)
