"""Talks to a gateway: the one that runs on the data folder, else one that is started for this command and stopped after it.

Either way everything goes through the gateway's HTTP API, so a command does the same with and without a running instance.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from flow2api.cli.options import Start, start_log
from flow2api.cli.outcomes import NO_INSTANCE, REFUSED, CommandFailed, run
from flow2api.cli.wiring import Http, Wiring
from flow2api.errors import KINDS
from flow2api.instance import read_instance
from flow2api.log import Secret, register_secret
from flow2api.net.message import Limits

T = TypeVar("T")

# Adding an account signs in at the service, which takes a while on a bad day.
_LIMITS = Limits(total_seconds=180.0, max_bytes=64 * 1024 * 1024)


class Client:
    """One gateway with the right to administer it."""

    def __init__(self, url: str, token: Secret, http: Http, wiring: Wiring) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._http = http
        self._wiring = wiring

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """One call with JSON both ways; None where the answer has no body.

        Raises:
            CommandFailed: the gateway refused; with its message.
            NetworkFault: it cannot be reached.
        """
        content = b"" if body is None else msgspec.json.encode(body)
        answer = await self._http.request(
            method, self.url + path, headers=self._headers(), body=content, limits=_LIMITS
        )
        if answer.status >= 400:
            raise refused(answer.status, answer.body)
        return decode(answer.body, Any) if answer.body else None

    async def fetch(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            CommandFailed, NetworkFault: as for `call`."""
        answer = await self._http.request("GET", self.url + path, headers=self._headers(), limits=_LIMITS)
        if answer.status != 200:
            raise refused(answer.status, answer.body)
        return answer.body

    async def events(self, path: str, body: object, on_event: Callable[[bytes], None]) -> None:
        """POST, and the data of each event that comes back.

        Raises:
            CommandFailed, NetworkFault: as for `call`."""
        status, content = await self._wiring.post_events(
            self.url + path, self._headers(), msgspec.json.encode(body), on_event
        )
        if status != 200 or content:
            raise refused(status, content)

    def _headers(self) -> list[tuple[str, str]]:
        return [("Authorization", f"Bearer {self._token.reveal()}"), ("Content-Type", "application/json")]


@asynccontextmanager
async def open_client(wiring: Wiring, start: Start) -> AsyncIterator[Client]:
    """A client of the running instance, or of a gateway that lives as long as the block and takes up nothing that is stored."""
    resolved = start.resolve(wiring)
    async with wiring.open_http() as http:
        running = read_instance(Path(resolved.config.storage.data_dir))
        if running is not None:
            yield Client(running.url, running.admin_token, http, wiring)
            return
        alone = start.with_flags({"server.host": "127.0.0.1", "server.port": 0, "log.level": "error"})
        own = alone.resolve(wiring)
        start_log(own, wiring.environ)
        async with wiring.load_app().open_gateway(own, wiring.environ, take_up=False) as gateway:
            register_secret(gateway.admin_token)
            yield Client(gateway.url, gateway.admin_token, http, wiring)


def decode(content: bytes, kind: Any) -> Any:
    """What the gateway answered, as JSON of this type.

    Raises:
        CommandFailed: it is something else."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _stranger() from None


def checked(answer: Any, kind: type[T]) -> T:
    """A part of an answer in its type.

    Raises:
        CommandFailed: it has another."""
    try:
        return msgspec.convert(answer, kind)
    except msgspec.ValidationError:
        raise _stranger() from None


def _stranger() -> CommandFailed:
    return CommandFailed("what answers there is not a gateway of this version", NO_INSTANCE)


def part(text: str) -> str:
    """`text` as one part of a path."""
    return quote(text, safe="")


def call(wiring: Wiring, start: Start, method: str, path: str, body: object = None) -> Any:
    """One call from a command, which waits for it."""

    async def once() -> Any:
        async with open_client(wiring, start) as client:
            return await client.call(method, path, body)

    return run(once)


class GatewayRefused(CommandFailed):
    """The gateway refused what was asked of it."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(f"{message} ({code})" if code else message, REFUSED)
        self.may_pass = any(code == known and kind.retry for known, kind in KINDS.items())
        """Whether the same may be accepted later."""


class Refusal(msgspec.Struct):
    """Why the gateway refuses, in its own words."""

    message: str
    code: str | None = None

    def failed(self) -> GatewayRefused:
        return GatewayRefused(self.message, self.code)


class _Envelope(msgspec.Struct):
    error: Refusal


def refused(status: int, body: bytes) -> CommandFailed:
    """The refusal in an answer, or at least its status."""
    try:
        return msgspec.json.decode(body, type=_Envelope).error.failed()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return GatewayRefused(f"the gateway answered with status {status}")
