"""The form of a route table."""

from collections.abc import Awaitable, Callable, Iterable

from quart_trio.wrappers import TrioResponse

Table = Iterable[tuple[str, str, Callable[..., Awaitable[TrioResponse]]]]
"""Method, rule and view of each route."""
