"""`GET /openapi.json`, and `GET /docs`: the same for people, on one page that loads nothing from anywhere.

Both are made once, when they are first asked for, since by then every route is registered.
"""

import functools

from quart_trio.wrappers import TrioResponse

from flow2api.api import openapi, reference_page, wire
from flow2api.api.described import JSON, Content, described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.routing import Application


def register(app: Application) -> None:
    """Add both."""

    @functools.cache
    def document() -> bytes:
        return wire.encode(openapi.document(app.routes))

    @functools.cache
    def page() -> bytes:
        return reference_page.render(openapi.document(app.routes)).encode()

    @described("This document", Content({JSON: None}))
    async def show_document(request: GatewayRequest) -> TrioResponse:
        return TrioResponse(document(), headers={"Cache-Control": "no-cache"}, content_type=JSON)

    @described("This document for people", Content({"text/html": None}))
    async def show_page(request: GatewayRequest) -> TrioResponse:
        return TrioResponse(page(), headers=reference_page.HEADERS, content_type="text/html; charset=utf-8")

    app.route_to("GET", "/openapi.json", show_document)
    app.route_to("GET", "/docs", show_page)
