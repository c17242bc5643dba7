"""Calls that change to another exit when theirs could not even be entered.

A call is made again only when not a byte of it can have gone out, so this holds for calls that must not be made twice. Knows no
pool: whoever chooses exits is told which have just failed.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flow2api.errors import AddressForbidden, NetworkFault
from flow2api.net.exits import ExitChoice

T = TypeVar("T")

# Several exits may die together, of one provider say; a call that waits for more than these waits too long.
EXITS_PER_CALL = 3


async def with_detours(exit_for: ExitChoice, ask: Callable[[str | None], Awaitable[T]]) -> T:
    """The result of `ask` over the chosen exit or, where nothing was sent, over another one; each exit is tried once.

    Raises:
        NetworkFault: that of the last exit."""
    tried: set[str | None] = set()
    exit_url = exit_for()
    while True:
        try:
            return await ask(exit_url)
        except NetworkFault as fault:
            tried.add(exit_url)
            if exit_url is None or fault.maybe_sent or isinstance(fault, AddressForbidden):
                raise
            if len(tried) == EXITS_PER_CALL:
                raise
            exit_url = exit_for([url for url in tried if url])
            if exit_url in tried:
                raise
