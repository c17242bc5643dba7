"""Where tabs live: the browser's own profile, or a context apart from it with its own cookies, cache and exit.

A context of its own is forgotten with all its tabs when it is left, and by the browser itself when the connection ends.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio

from flow2api.browser.cdp import Command, Session
from flow2api.browser.chromium import Chromium
from flow2api.browser.errors import BrowserFault, ConnectionLost
from flow2api.browser.launch import LOOPBACK, proxy_server, read_exit
from flow2api.net.exits import Exit

MAKE_SECONDS = 5.0
CLOSE_SECONDS = 2.0


class Context:
    """A place for tabs, which share its cookies and its exit. `id` None is the profile's own."""

    def __init__(self, session: Session, id_: str | None, exit_: Exit | None) -> None:
        self.session = session
        self.id = id_
        self.exit = exit_


def profile_context(session: Session, chromium: Chromium) -> Context:
    """The profile's own: its cookies outlive the browser, its exit is the one that the browser was started with."""
    return Context(session, None, chromium.exit)


@asynccontextmanager
async def open_context(session: Session, exit_url: str | None) -> AsyncIterator[Context]:
    """A context apart from all others, with an exit of its own (None: direct). `session` is the browser's.

    Raises:
        BrowserUnavailable: a browser cannot use this exit.
        ConnectionLost: the connection has ended."""
    exit_, target = read_exit(exit_url), session.cdp.target
    name = await make(
        session,
        target.create_browser_context(
            dispose_on_detach=True, proxy_server=proxy_server(exit_), proxy_bypass_list=LOOPBACK
        ),
    )
    try:
        yield Context(session, name, exit_)
    finally:
        await unmake(session, target.dispose_browser_context(name))


async def make(session: Session, command: Command[str]) -> str:
    """The name of a thing newly made in the browser. Not cut short by a cancellation: else nobody would know what to remove."""
    with trio.move_on_after(MAKE_SECONDS, shield=True):
        return await session.call(command)
    raise ConnectionLost(f"the browser did not answer within {MAKE_SECONDS:.0f} s")


async def unmake(session: Session, command: Command[Any]) -> None:
    """Remove a thing. When the browser cannot any more, or does not answer, the thing ends with the connection or the browser."""
    with trio.move_on_after(CLOSE_SECONDS, shield=True), suppress(BrowserFault):
        await session.call(command)
