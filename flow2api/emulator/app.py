"""The emulator as a Quart-Trio application under Hypercorn.

A thin front: one route for everything, since which call is meant is the emulator's own affair. `fast` serves the same thing with
a third of the work.
"""

from typing import Any

import hypercorn.trio
import trio
from hypercorn.config import Config
from quart import request
from quart_trio import QuartTrio
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioResponse

from flow2api.emulator.exchange import WHOLE, Answer, Asked
from flow2api.emulator.serving import BACKLOG, MAX_REQUEST_BYTES, Service, Urls, pieces, urls_under

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
CLOSING_SECONDS = 5


class DeliveredResponse(TrioResponse):
    """A response that knows how it is to travel."""

    delivery = WHOLE


class DeliveringConnection(TrioASGIHTTPConnection):
    """Sends responses in the way they are meant to travel.

    A response that is left unfinished makes Hypercorn close the connection. To close it without any answer, an interim
    "100 Continue" is sent first: with nothing sent at all Hypercorn would answer 500 in our name.
    """

    async def _send_response(self, send: Any, response: Any) -> None:
        delivery = getattr(response, "delivery", WHOLE)
        if delivery.reset:
            await send({"type": "http.response.start", "status": 100, "headers": []})
            return
        body = await response.get_data(as_text=False)
        headers = [(name.lower().encode(), value.encode()) for name, value in response.headers.items()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        for piece, pause in pieces(body, delivery):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await trio.sleep(pause)
        if delivery.body_bytes is None:
            # Hypercorn reports the end of the response to us as a disconnect, upon which Quart-Trio cancels this very task,
            # and the connection of a client that asked for "Connection: close" would be left open for good.
            with trio.move_on_after(CLOSING_SECONDS, shield=True):
                await send({"type": "http.response.body", "body": b"", "more_body": False})


def make_app(emulator: Service) -> QuartTrio:
    """The application that serves `emulator`."""
    app = QuartTrio(__name__)
    app.asgi_http_class = DeliveringConnection
    app.url_map.merge_slashes = False
    # The emulator stalls on purpose; nothing may cut it short but its client.
    app.config.update(MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)

    @app.route("/", methods=METHODS, defaults={"path": ""})
    @app.route("/<path:path>", methods=METHODS)
    async def everything(path: str) -> TrioResponse:
        return _response(await emulator.answer(await _asked()))

    return app


async def _asked() -> Asked:
    return Asked(
        method=request.method,
        path=request.path,
        query=request.args.to_dict(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body,
        base=f"{request.scheme}://{request.host}",
        peer=request.remote_addr or "",
    )


def _response(answer: Answer) -> DeliveredResponse:
    response = DeliveredResponse(answer.body, answer.status, content_type=answer.mime)
    for name, value in answer.headers:
        response.headers[name] = value
    response.delivery = answer.delivery
    return response


async def serve_emulator(
    emulator: Service,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    certificate: tuple[str, str] | None = None,
    task_status: trio.TaskStatus[Urls] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve `emulator` until cancelled, and hand out its addresses when it can be reached.

    With a `certificate` (the files of it and of its key) over TLS, for clients that accept nothing else.
    """
    config = Config()
    if certificate is not None:
        config.certfile, config.keyfile = certificate
        config.alpn_protocols = ["http/1.1"]
    config.bind = [f"{host}:{port}"]
    config.backlog = BACKLOG
    config.errorlog = None
    config.graceful_timeout = 0.5
    config.keep_alive_max_requests = 1_000_000
    async with trio.open_nursery() as nursery:
        (base, *_) = await nursery.start(hypercorn.trio.serve, make_app(emulator), config)
        task_status.started(urls_under(base))
