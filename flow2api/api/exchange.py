"""One HTTP request and its answer: what happens around every route, without a chain of middleware.

Replaces Quart's own connection class, so that the request id, CORS, preflights, body limits and the answer's bytes cost one pass.
A route reads its body with `request.body.whole()`, gives back a response, and hangs what must be closed at the end, whatever
the end is, on `request.leaving`. When the caller goes away the route is cancelled. Knows no route and no actor.
"""

import secrets
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import partial
from typing import Any, cast

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart.wrappers.response import DataBody
from quart_trio.asgi import TrioASGIHTTPConnection
from quart_trio.wrappers import TrioRequest, TrioResponse

from flow2api.api.cors import Cors
from flow2api.api.errors import failure_of
from flow2api.config import ServerConfig
from flow2api.errors import Code, Failure
from flow2api.log import request_id

Write = Callable[[bytes], Awaitable[None]]

# A body may stall for so long in all, and must otherwise keep up this rate: slow senders hold memory and a connection.
BODY_PATIENCE_SECONDS = 30.0
BODY_BYTES_PER_SECOND = 16 * 1024
# An answer that is sent before its request was read to the end would be lost with the connection, so the rest is read and
# thrown away, up to a limit.
DRAIN_BYTES = 32 * 1024 * 1024
DRAIN_SECONDS = 10.0


class Body:
    """The bytes of a request as they arrive, counted. Stands in for Quart's own, which knows no rate and no draining."""

    def __init__(self, expected_content_length: int | None, max_content_length: int | None) -> None:
        self._limit = max_content_length or 0
        # Grown in place: putting pieces together at the end would hold up everybody for a tenth of a second.
        self._data = bytearray()
        self._size = 0
        self._complete = trio.Event()
        self._unwanted = expected_content_length is not None and expected_content_length > self._limit
        self._stop = trio.Event()
        self._scope: trio.CancelScope | None = None
        if self._unwanted:
            self._stop.set()

    @property
    def complete(self) -> bool:
        """Whether all of it has arrived."""
        return self._complete.is_set()

    def append(self, data: bytes) -> None:
        """Take what arrived; called by the connection."""
        self._size += len(data)
        if self._size > self._limit:
            self._unwanted = True
            self._data = bytearray()
            self._stop.set()
        elif not self._unwanted:
            self._data += data
        if self._scope is not None:
            self._scope.deadline += len(data) / BODY_BYTES_PER_SECOND

    def set_complete(self) -> None:
        """The end has arrived; called by the connection."""
        self._complete.set()
        self._stop.set()

    async def whole(self) -> bytes | bytearray:
        """All of it. Cancelling this leaves what arrived in place.

        Raises:
            Failure: `request_too_large`, or `request_timeout` when it comes too slowly."""
        if not self._stop.is_set():
            with trio.move_on_after(BODY_PATIENCE_SECONDS) as self._scope:
                await self._stop.wait()
            self._scope = None
        if self._unwanted:
            limit = f"{self._limit // 1024} KiB"
            raise Failure(
                Code.REQUEST_TOO_LARGE, f"The request body is larger than {limit}, the limit of this gateway."
            )
        if not self._complete.is_set():
            raise Failure(Code.REQUEST_TIMEOUT, "The request body arrived too slowly.")
        return self._data

    async def drain(self) -> None:
        """Let the rest arrive and forget it, within limits, so that the caller reads an answer and no broken connection."""
        self._unwanted = True
        self._data = bytearray()
        self._size, self._limit = 0, DRAIN_BYTES
        if not self._complete.is_set():
            self._stop = trio.Event()
            with trio.move_on_after(DRAIN_SECONDS):
                await self._stop.wait()


class GatewayRequest(TrioRequest):
    """A request with its id and what must be closed when it is over."""

    body_class = Body  # type: ignore[assignment]
    body: Body  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request_id = new_request_id()
        self.leaving = ExitStack()
        self.act_subject = ""
        """What an administrator's act was done to where the address does not name it, for the audit log; never what was sent along."""
        self.act_detail = ""
        """What of an act that was done did not go through."""

    def header(self, name: bytes) -> bytes | None:
        """The first header of this lower-case name, as it came."""
        for key, value in self.scope["headers"]:
            if key == name:
                return bytes(value)
        return None


def new_request_id() -> str:
    """An id for one request, by which its answer and its lines in the log are found."""
    return f"req_{secrets.token_hex(12)}"


class Poured(TrioResponse):
    """An answer that is written piece by piece after its headers are out.

    `pour` may open nurseries and scopes. When it fails, `farewell` words the failure in the answer's own form; nothing but
    that can still be told.
    """

    def __init__(
        self,
        pour: Callable[[Write], Awaitable[None]],
        *,
        content_type: str,
        farewell: Callable[[Failure], bytes] | None = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(None, status, headers, content_type=content_type)
        self.pour = pour
        self.farewell = farewell


class Exchange(TrioASGIHTTPConnection):
    """Runs one request through the application."""

    cors: Cors
    server: ServerConfig
    """Both set by `exchange_class`."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        # Where Quart looks for it when it makes the request.
        self.app.config["MAX_CONTENT_LENGTH"] = self.server.max_body_bytes
        request = cast("GatewayRequest", self._create_request_from_scope(send))
        request_id.set(request.request_id)
        with request.leaving:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_listen, nursery, request.body, receive)
                if request.method == "OPTIONS":
                    response = TrioResponse(b"", 204)
                    response.headers.clear()
                else:
                    response = cast("TrioResponse", await self.app.handle_request(request))
                if not request.body.complete:
                    await request.body.drain()
                await self._answer(request, response, send)
                nursery.cancel_scope.cancel()

    async def _answer(self, request: GatewayRequest, response: TrioResponse, send: Any) -> None:
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.headers]
        headers += self._common(request)
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        if request.method == "HEAD":
            body = b""
        elif isinstance(response, Poured):
            await self._pour(response, partial(_write, send))
            body = b""
        else:
            body = await _bytes_of(response)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _pour(self, response: Poured, write: Write) -> None:
        try:
            await response.pour(write)
        except Exception as error:
            # The boundary of a request whose status is out already: what went wrong is worded in the answer's own form.
            failure = failure_of(error)
            if response.farewell is None:
                raise
            await write(response.farewell(failure))

    def _common(self, request: GatewayRequest) -> list[tuple[bytes, bytes]]:
        """The headers of every answer."""
        path, origin = self.scope["raw_path"], request.header(b"origin")
        if request.method == "OPTIONS":
            granted = self.cors.preflight(path, origin, request.header(b"access-control-request-headers"))
        else:
            granted = self.cors.headers(path, origin)
        return [(b"x-request-id", request.request_id.encode()), *granted]


def exchange_class(cors: Cors, server: ServerConfig) -> type[Exchange]:
    """The connection class of one application."""
    return cast("type[Exchange]", type("Exchange", (Exchange,), {"cors": cors, "server": server}))


async def _listen(nursery: trio.Nursery, body: Body, receive: ASGIReceiveCallable) -> None:
    """Take in the body, then wait for the caller to go away, which cancels everything."""
    while True:
        message = cast("dict[str, Any]", await receive())
        if message["type"] == "http.disconnect":
            nursery.cancel_scope.cancel()
            return
        body.append(message.get("body", b""))
        if not message.get("more_body", False):
            body.set_complete()


async def _write(send: Any, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


async def _bytes_of(response: TrioResponse) -> bytes:
    if isinstance(response.response, DataBody):
        return response.response.data
    return await response.get_data(as_text=False)
