"""The least server on the same foundation, Hypercorn on Trio without a framework: what the foundation itself costs.

Prints one line of JSON with its address. `/wait/<seconds>` answers an event stream whose end comes after that time.
"""

from functools import partial
from typing import Any

import msgspec
import trio
from hypercorn.config import Config
from hypercorn.trio import serve

_ANSWER = b'{"object":"chat.completion","choices":[{"message":{"content":"hello world"}}]}'
_FIRST = b'data: {"choices":[{"delta":{"role":"assistant"}}]}\n\n'
_REST = b'data: {"choices":[{"delta":{"content":"hello world"}}]}\n\ndata: [DONE]\n\n'


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The application."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
    while (await receive()).get("more_body"):
        pass
    path: str = scope["path"]
    streamed = path.startswith("/wait/")
    mime = b"text/event-stream" if streamed else b"application/json"
    headers = [(b"content-type", mime)]
    if not streamed:
        headers.append((b"content-length", str(len(_ANSWER)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if streamed:
        await send({"type": "http.response.body", "body": _FIRST, "more_body": True})
        await trio.sleep(float(path.removeprefix("/wait/")))
    await send({"type": "http.response.body", "body": _REST if streamed else _ANSWER})


async def main() -> None:
    """Serve until killed."""
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.backlog = 4096
    config.loglevel = "ERROR"
    async with trio.open_nursery() as nursery:
        bound: list[str] = await nursery.start(partial(serve, app, config))
        print(msgspec.json.encode({"url": bound[0]}).decode(), flush=True)


if __name__ == "__main__":
    trio.run(main)
