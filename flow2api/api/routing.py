"""The application object: Quart with our own exchange, and views that are handed their request instead of finding it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from quart.ctx import RequestContext
from quart.typing import ResponseReturnValue
from quart_trio import QuartTrio
from quart_trio.wrappers import TrioResponse

from flow2api.api.exchange import GatewayRequest


class View(Protocol):
    """A route: called with the request, and with the parts of the path by name."""

    def __call__(self, request: GatewayRequest, /, **parts: str) -> Awaitable[TrioResponse]: ...


class Application(QuartTrio):
    """The HTTP interface; see `exchange` for what happens around each route."""

    request_class = GatewayRequest

    def route_to(self, method: str, rule: str, view: Callable[..., Awaitable[TrioResponse]]) -> None:
        """Send `method` at `rule` to `view`. A GET also answers HEAD; OPTIONS is answered before any route."""
        self.add_url_rule(
            rule, f"{method} {rule}", cast("Any", view), methods=[method], provide_automatic_options=False
        )

    async def dispatch_request(self, request_context: RequestContext | None = None) -> ResponseReturnValue:
        assert request_context is not None
        request = cast("GatewayRequest", request_context.request)
        if request.routing_exception is not None:
            raise request.routing_exception
        rule = request.url_rule
        view = cast("View", self.view_functions[rule.endpoint])  # type: ignore[union-attr]
        return await view(request, **(request.view_args or {}))
