"""The handshake of `/api/live` and the events below the protocol: who may connect, and how ASGI events become texts and closes.

What the gateway says goes past ASGI to the connection itself, as bytes that all pages share. A refused handshake is answered with a status and our usual error object. Any other path is no websocket.
"""

import logging
import secrets
from functools import partial
from typing import Any, cast

import trio
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable
from quart_trio.asgi import TrioASGIWebsocketConnection

from flow2api.api.admin.door import Admin, Door
from flow2api.api.errors import envelope
from flow2api.api.exchange import new_request_id
from flow2api.api.live.connection import Connection, Ends
from flow2api.api.live.hub import Hub
from flow2api.api.services import Services
from flow2api.api.worker import WIRE
from flow2api.errors import Code, Failure
from flow2api.log import request_id

log = logging.getLogger("flow2api.live")

PATH = "/api/live"
# For the other side's answer to our close.
GOODBYE_SECONDS = 1.0


class LiveDesk:
    """What every connection of one server shares."""

    def __init__(self, hub: Hub, door: Door, services: Services, closing: trio.Event) -> None:
        self.hub = hub
        self.door = door
        self.pace = services.pace.live
        self.instance = secrets.token_hex(8)
        self._services = services
        self._closing = closing

    def ends(self, admin: Admin) -> Ends:
        """What the connection of this administrator depends on."""
        session, sessions = admin.session, self.door.sessions
        return Ends(
            draining=self._services.draining,
            closing=self._closing,
            grace_seconds=self._services.config.server.grace_seconds,
            wait_signed_out=partial(self.door.wait_over, admin),
            seen=(lambda: None) if session is None else partial(sessions.see, session.id),
        )


class Socket(TrioASGIWebsocketConnection):
    """One websocket from its handshake to its close."""

    desk: LiveDesk
    """Set by `socket_class`."""

    async def __call__(self, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        request_id.set(new_request_id())
        await receive()  # the wish to connect
        try:
            admin = await self._admitted()
        except Failure as failure:
            await _refuse(send, failure)
            return
        await send(cast("Any", {"type": "websocket.accept", "subprotocol": None, "headers": []}))
        log.info("dashboard connected address=%s session=%s", admin.address, admin.session_id)
        wire = cast("Any", self.scope)["state"][WIRE]
        connection = Connection(self.desk.hub, self.desk.pace, self.desk.ends(admin), admin.session_id, wire)
        closing = await connection.run(partial(_read_text, receive), self.desk.instance)
        log.info("dashboard left session=%s reason=%s", admin.session_id, closing.reason if closing else "gone")
        if closing is not None:
            await send(cast("Any", {"type": "websocket.close", "code": closing.code, "reason": closing.reason}))
            with trio.move_on_after(GOODBYE_SECONDS):
                while await _read_text(receive) is not None:
                    pass

    def header(self, name: bytes) -> bytes | None:
        """The first header of this lower-case name, as it came."""
        return next((bytes(value) for key, value in self.scope["headers"] if key == name), None)

    async def _admitted(self) -> Admin:
        if self.scope["path"] != PATH:
            raise Failure(Code.NOT_FOUND, f"There is no websocket at this address; the only one is {PATH}.")
        self.desk.door.require_same_origin(self)
        return await self.desk.door.enter(self, "GET")


def socket_class(desk: LiveDesk) -> type[Socket]:
    """The websocket class of one application."""
    return cast("type[Socket]", type("Socket", (Socket,), {"desk": desk}))


async def _refuse(send: ASGISendCallable, failure: Failure) -> None:
    body = envelope(failure)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start = {"type": "websocket.http.response.start", "status": failure.kind.status, "headers": headers}
    await send(cast("Any", start))
    await send(cast("Any", {"type": "websocket.http.response.body", "body": body, "more_body": False}))


async def _read_text(receive: ASGIReceiveCallable) -> str | None:
    """The next text frame, an empty one for what is no text; None when the other side is gone."""
    message = cast("dict[str, Any]", await receive())
    return (message.get("text") or "") if message["type"] == "websocket.receive" else None
