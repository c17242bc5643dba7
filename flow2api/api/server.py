"""The HTTP server: `make_app` puts the routes together, `serve` runs them on Hypercorn's Trio worker until the gateway drains."""

import errno
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import NamedTuple, cast

import trio
from hypercorn.config import Config as HypercornConfig
from quart import request
from quart_trio.wrappers import TrioResponse

from flow2api.api import dashboard, files, health, reference, welcome
from flow2api.api.admin import routes as admin
from flow2api.api.cors import Cors
from flow2api.api.desk import Desk
from flow2api.api.errors import respond
from flow2api.api.exchange import GatewayRequest, exchange_class
from flow2api.api.gemini import dialect
from flow2api.api.gemini import routes as gemini
from flow2api.api.jobs import routes as jobs
from flow2api.api.links import Links
from flow2api.api.live import routes as live
from flow2api.api.openai import chat, images, models, responses, videos
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.worker import serve_connections
from flow2api.config import Config, ServerConfig
from flow2api.domain.present import present

log = logging.getLogger("flow2api.http")

# A thousand browsers may connect at once; what does not fit waits for whole seconds. The kernel caps it at somaxconn.
BACKLOG = 4096
# Longer than the idle limit of the usual proxies, so that they are the ones who close an unused connection.
KEEP_ALIVE_SECONDS = 75.0
HEAD_BYTES = 64 * 1024
# Bounds what is held of one message of a websocket. The live connection wants far smaller ones, and sends away in good order who does
# not keep to that; whoever sends more than this is closed by Hypercorn, and only given up once it is silent.
FRAME_BYTES = 1024 * 1024


# What the settings say of these is read for each request; it is put together only when it has changed.
_cors = lru_cache(maxsize=4)(Cors)
_links = lru_cache(maxsize=4)(Links)


def make_app(services: Services) -> Application:
    """The whole HTTP interface over `services`."""
    app = Application("flow2api.api", static_folder=None)
    server = services.config.server
    app.asgi_http_class = exchange_class(present(lambda: _cors(server.cors_origins)), server)
    app.config.update(
        RESPONSE_TIMEOUT=None,
        BODY_TIMEOUT=None,
        BACKGROUND_TASK_SHUTDOWN_TIMEOUT=None,
    )
    # Two slashes in a row would be answered with a redirect, and model ids may hold slashes.
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.register_error_handler(Exception, _on_error)
    links = present(lambda: _links(server.public_url, server.trusted_proxies))
    desk = Desk(services)
    models.register(app, services, gemini.register(app, services, links, desk))
    chat.register(app, services, links, desk)
    images.register(app, services, links, desk)
    responses.register(app, services, links, desk)
    jobs.register(app, services, links, desk)
    videos.register(app, services, links, desk)
    files.register(app, services)
    health.register(app, services)
    built = dashboard.register(app)
    welcome.register(app, services, links, dashboard.PATH if built else None)
    reference.register(app)
    door = admin.register(app, services, links, desk)
    live.register(app, services, door)

    @app.before_serving
    async def attend() -> None:
        app.nursery.start_soon(services.keys.keep_flushed)

    return app


class Listeners(NamedTuple):
    """Bound sockets and their addresses; they outlive a restart of the server that answers on them."""

    sockets: list[trio.SocketListener]
    urls: list[str]


@asynccontextmanager
async def open_listeners(config: ServerConfig) -> AsyncIterator[Listeners]:
    """Bind the configured address; whoever connects waits until somebody serves.

    Raises:
        OSError: the address cannot be bound; the message names it and says what to do."""
    try:
        sockets = await trio.open_tcp_listeners(config.port, host=config.host, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, _why_not_bound(error, config)) from error
    try:
        yield Listeners(sockets, [_url(listener) for listener in sockets])
    finally:
        for listener in sockets:
            listener.socket.close()


def _why_not_bound(error: OSError, config: ServerConfig) -> str:
    place = f"Cannot listen on {config.host} port {config.port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"{place}: another program listens there. Stop that one, or choose another port with --port or server.port."
        )
    if error.errno == errno.EACCES:
        return f"{place}: this user may not. Choose a port above 1023 with --port or server.port."
    return f"{place}: {error.strerror or error}. Choose an address of this machine with --host or server.host."


async def serve(
    app: Application,
    config: Config,
    listeners: Listeners,
    *,
    draining: trio.Event,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer until `draining` is set, then stop listening and let open requests run on for the grace.

    Cancelling it cuts every connection; the listeners stay open for the next server then."""
    settings = _hypercorn_settings(config.server.grace_seconds)

    async def wait_stop() -> None:
        await draining.wait()
        app.closing.set()

    async with trio.open_nursery() as nursery:
        await nursery.start(serve_connections, app, settings, listeners.sockets, wait_stop)
        log.info("listening url=%s", " ".join(listeners.urls))
        task_status.started()


async def _on_error(error: Exception) -> TrioResponse:
    """The answer in the caller's own dialect."""
    asked = cast("GatewayRequest", request)
    return dialect.respond(error) if dialect.speaks(asked) else respond(error)


def _hypercorn_settings(grace_seconds: float) -> HypercornConfig:
    settings = HypercornConfig()
    settings.accesslog = None
    settings.errorlog = log
    settings.graceful_timeout = grace_seconds
    settings.h11_max_incomplete_size = HEAD_BYTES
    settings.include_server_header = False
    settings.keep_alive_timeout = KEEP_ALIVE_SECONDS
    settings.websocket_max_message_size = FRAME_BYTES
    return settings


def _url(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
