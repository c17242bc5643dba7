"""The HTTP server: `make_app` puts the routes together, `serve` runs them on Hypercorn's Trio worker until the gateway drains."""

import logging

import trio
from hypercorn.config import Config as HypercornConfig
from quart_trio.wrappers import TrioResponse

from flow2api.api import files, health, welcome
from flow2api.api.admin import routes as admin
from flow2api.api.cors import Cors
from flow2api.api.errors import respond
from flow2api.api.exchange import exchange_class
from flow2api.api.links import Links
from flow2api.api.openai import chat, models
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.worker import serve_connections
from flow2api.config import Config

log = logging.getLogger("flow2api.http")

# A thousand browsers may connect at once; what does not fit waits for whole seconds. The kernel caps it at somaxconn.
BACKLOG = 4096
# Longer than the idle limit of the usual proxies, so that they are the ones who close an unused connection.
KEEP_ALIVE_SECONDS = 75.0
HEAD_BYTES = 64 * 1024


def make_app(services: Services) -> Application:
    """The whole HTTP interface over `services`."""
    app = Application("flow2api.api", static_folder=None)
    server = services.config.server
    app.asgi_http_class = exchange_class(Cors(server.cors_origins))
    app.config.update(
        MAX_CONTENT_LENGTH=server.max_body_bytes,
        RESPONSE_TIMEOUT=None,
        BODY_TIMEOUT=None,
        BACKGROUND_TASK_SHUTDOWN_TIMEOUT=None,
    )
    # Two slashes in a row would be answered with a redirect, and model ids may hold slashes.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.register_error_handler(Exception, _on_error)
    links = Links(server.public_url, server.trusted_proxies)
    models.register(app, services)
    chat.register(app, services, links)
    files.register(app, services)
    health.register(app, services)
    welcome.register(app, services, links)
    admin.register(app, services, links)

    @app.before_serving
    async def attend() -> None:
        app.nursery.start_soon(services.keys.keep_flushed)

    return app


async def serve(
    app: Application,
    config: Config,
    *,
    draining: trio.Event,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Listen and answer until `draining` is set, then let open requests run on for the grace.

    Tells the bound addresses through `task_status`. Cancelling it cuts every connection.

    Raises:
        OSError: the address cannot be bound."""
    host, port = config.server.host, config.server.port
    listeners = await trio.open_tcp_listeners(port, host=host, backlog=BACKLOG)
    try:
        async with trio.open_nursery() as nursery:
            settings = _hypercorn_settings(config.server.grace_seconds)
            await nursery.start(serve_connections, app, settings, listeners, draining.wait)
            urls = [_url(listener) for listener in listeners]
            for url in urls:
                log.info("listening url=%s", url)
            task_status.started(urls)
    finally:
        for listener in listeners:
            listener.socket.close()


async def _on_error(error: Exception) -> TrioResponse:
    return respond(error)


def _hypercorn_settings(grace_seconds: float) -> HypercornConfig:
    settings = HypercornConfig()
    settings.accesslog = None
    settings.errorlog = log
    settings.graceful_timeout = grace_seconds
    settings.h11_max_incomplete_size = HEAD_BYTES
    settings.include_server_header = False
    settings.keep_alive_timeout = KEEP_ALIVE_SECONDS
    return settings


def _url(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
