"""Which call a method and a path mean. Exact paths first, then patterns with one variable part."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from flow2api.emulator.accounts import Account
from flow2api.emulator.exchange import Answer, Asked, Refused, Side


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request on its way through the service. `part` is the variable part of its path."""

    asked: Asked
    account: Account | None
    part: str = ""

    @property
    def caller(self) -> Account:
        """Whose call it is, where the route lets only known callers in."""
        if self.account is None:
            raise Refused(401, "No session found")
        return self.account


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the service.

    `name` is what faults and records call it. `path` may hold one `*` for a variable part without a slash. `open_to_all`: callers
    without a good credential get in, and the route decides.
    """

    name: str
    method: str
    path: str
    side: Side
    handle: Callable[[Call], Awaitable[Answer]]
    open_to_all: bool = False


class Subject(Protocol):
    """A part of the service that brings its own calls."""

    def routes(self) -> list[Route]: ...


class Router:
    """Finds routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, str, Route]] = []
        for route in routes:
            before, star, after = route.path.partition("*")
            if star:
                self._patterns.append((before, after, route))
            else:
                self._exact[route.method, route.path] = route

    def find(self, method: str, path: str) -> tuple[Route, str] | None:
        """The route and the variable part of the path."""
        if exact := self._exact.get((method, path)):
            return exact, ""
        for before, after, route in self._patterns:
            if method == route.method and path.startswith(before) and path.endswith(after):
                part = path[len(before) : len(path) - len(after)]
                if part and "/" not in part:
                    return route, part
        return None
