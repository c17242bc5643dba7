"""The application object: Quart with our own exchange, and views that are handed their request instead of finding it."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, cast

import trio
from quart.ctx import RequestContext
from quart.typing import ResponseReturnValue
from quart.wrappers.base import BaseRequestWebsocket
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import BadHost
from werkzeug.routing import MapAdapter

from flow2api.api.described import Told, description_of
from flow2api.api.exchange import GatewayRequest


class View(Protocol):
    """A route: called with the request, and with the parts of the path by name."""

    def __call__(self, request: GatewayRequest, /, **parts: str) -> Awaitable[TrioResponse]: ...


class Route(NamedTuple):
    """An address and what is said of it."""

    method: str
    rule: str
    description: Told | None


class Application(QuartTrio):
    """The HTTP interface; see `exchange` for what happens around each route."""

    request_class = GatewayRequest

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.routes: list[Route] = []
        self.closing = trio.Event()
        """Set when the server stops listening: what would go on for ever has to end by itself."""

    def route_to(
        self,
        method: str,
        rule: str,
        view: Callable[..., Awaitable[TrioResponse]],
        description: Told | None = None,
    ) -> None:
        """Send `method` at `rule` to `view`. A GET also answers HEAD; OPTIONS is answered before any route.

        `description` takes the place of what `described` says of the view, for one that answers at several addresses."""
        self.routes.append(Route(method, rule, description or description_of(view)))
        self.add_url_rule(
            rule, f"{method} {rule}", cast("Any", view), methods=[method], provide_automatic_options=False
        )

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        try:
            return super().create_url_adapter(request)
        except BadHost:
            # No route depends on the name under which we are asked, so one that cannot be a name does no harm.
            assert request is not None
            path, query = request.path, request.query_string.decode("latin-1")
            return self.url_map.bind(
                "localhost", request.root_path, "", request.scheme, request.method, path, query_args=query
            )

    async def dispatch_request(self, request_context: RequestContext | None = None) -> ResponseReturnValue:
        assert request_context is not None
        request = cast("GatewayRequest", request_context.request)
        if request.routing_exception is not None:
            raise request.routing_exception
        rule = request.url_rule
        view = cast("View", self.view_functions[rule.endpoint])  # type: ignore[union-attr]
        return await view(request, **(request.view_args or {}))
