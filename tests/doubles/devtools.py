"""A DevTools server on a real websocket that answers by script, rightly or wrongly, and says things on its own.

It records what it was asked. A command that it has no answer for is refused as a browser refuses one that it does not know.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec
import trio
import trio_websocket

VERSION = {
    "protocolVersion": "1.3",
    "product": "Chrome/1.2.3.4",
    "revision": "@0",
    "userAgent": "Double/1.0",
    "jsVersion": "1.0",
}


class Asked(NamedTuple):
    """A command as it came."""

    id: int
    method: str
    params: dict[str, Any]
    session_id: str | None


class Refusal(NamedTuple):
    """An answer that is an error."""

    code: int
    message: str


Answer = dict[str, Any] | Refusal | Callable[[Asked], dict[str, Any] | Refusal]


@dataclass
class DevTools:
    """What the server was asked and what it answers."""

    answers: dict[str, Answer] = field(default_factory=lambda: {"Browser.getVersion": VERSION})
    silent: set[str] = field(default_factory=set)
    """Commands that it takes and never answers; `answer` may do it later."""
    deaf: bool = False
    """Take no more commands at all, so that they pile up on the way."""
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    _websocket: trio_websocket.WebSocketConnection | None = None
    _changed: trio.Event = field(default_factory=trio.Event)

    @property
    def address(self) -> str:
        return f"ws://127.0.0.1:{self.port}/devtools/browser/double"

    async def wait_asked(self, method: str, times: int = 1) -> Asked:
        """The latest command of this name, once there were so many of them."""
        while len(found := [asked for asked in self.asked if asked.method == method]) < times:
            await self._changed.wait()
        return found[-1]

    async def answer(self, asked: Asked, result: dict[str, Any] | Refusal) -> None:
        if isinstance(result, Refusal):
            await self._send({"id": asked.id, "error": {"code": result.code, "message": result.message}})
        else:
            await self._send({"id": asked.id, "result": result})

    async def say(self, method: str, params: dict[str, Any] | None = None, session_id: str | None = None) -> None:
        """Let something happen."""
        session = {} if session_id is None else {"sessionId": session_id}
        await self._send({"method": method, "params": params or {}, **session})

    async def send_raw(self, text: str) -> None:
        await self._open.send_message(text)

    async def close(self, code: int, reason: str) -> None:
        """End the connection by the protocol's rules."""
        await self._open.aclose(code, reason)

    async def cut(self) -> None:
        """End the connection without a word."""
        await self._open._stream.aclose()

    async def serve(self, request: trio_websocket.WebSocketRequest) -> None:
        self.connections += 1
        self._websocket = await request.accept()
        while True:
            try:
                frame = await self._websocket.get_message()
            except trio_websocket.ConnectionClosed:
                return
            if self.deaf:
                await trio.sleep_forever()
            await self._take(frame)

    async def _take(self, frame: str | bytes) -> None:
        message = msgspec.json.decode(frame)
        asked = Asked(message["id"], message["method"], message["params"], message.get("sessionId"))
        self.asked.append(asked)
        if asked.method not in self.silent:
            await self._answer_by_script(asked)
        self._changed.set()
        self._changed = trio.Event()

    async def _answer_by_script(self, asked: Asked) -> None:
        if asked.method == "Target.attachToTarget" and asked.method not in self.answers:
            target_id = asked.params["targetId"]
            session = f"session-of-{target_id}"
            info = {"targetId": target_id, "type": "page"}
            await self.say("Target.attachedToTarget", {"sessionId": session, "targetInfo": info})
            await self.answer(asked, {"sessionId": session})
        elif asked.method == "Target.setDiscoverTargets":
            await self.answer(asked, {})
        else:
            answer = self.answers.get(asked.method, Refusal(-32601, f"'{asked.method}' wasn't found"))
            await self.answer(asked, answer(asked) if callable(answer) else answer)

    @property
    def _open(self) -> trio_websocket.WebSocketConnection:
        assert self._websocket is not None, "nobody has connected"
        return self._websocket

    async def _send(self, message: dict[str, Any]) -> None:
        await self._open.send_message(msgspec.json.encode(message).decode())


@asynccontextmanager
async def open_devtools() -> AsyncIterator[DevTools]:
    """A running server for one connection at a time."""
    devtools = DevTools()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(
            partial(trio_websocket.serve_websocket, devtools.serve, "127.0.0.1", 0, ssl_context=None)
        )
        devtools.port = server.port
        yield devtools
        nursery.cancel_scope.cancel()
