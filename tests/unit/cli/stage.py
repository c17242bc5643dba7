"""A stage for commands: a gateway made of prepared answers, and what was asked of it."""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import click.testing

from flow2api.cli import cli
from flow2api.cli.wiring import Browser, Wiring
from flow2api.config import Resolved
from flow2api.log import Secret
from flow2api.net.message import Headers, Limits, Response

TOKEN = "admin-token-of-the-gateway"


@dataclass(frozen=True)
class FakeGateway:
    url: str = "http://127.0.0.1:4321"
    admin_token: Secret = field(default_factory=lambda: Secret(TOKEN))
    first_key: Secret | None = None
    setup_token: Secret | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    method: str
    url: str
    authorization: str
    body: Any


def _no_browser(*arguments: object, **options: object) -> Any:
    raise AssertionError("no browser is expected here")


@dataclass
class Stage:
    """Answers by `METHOD /path`: a JSON value, bytes, a (status, value) pair, or an exception to raise."""

    answers: dict[str, Any] = field(default_factory=dict)
    events: Sequence[object] = ()
    environ: dict[str, str] = field(default_factory=dict)
    failure: BaseException | None = None
    """Raised where a gateway is started."""
    gateway: FakeGateway = FakeGateway()
    browser: Browser = field(default_factory=lambda: Browser(_no_browser, _no_browser))
    asked: list[Asked] = field(default_factory=list)
    started: list[Resolved] = field(default_factory=list)
    demo_keys: list[str | None] = field(default_factory=list)

    def run(self, *arguments: str, input: str | None = None) -> click.testing.Result:
        """Run a command; an unexpected exception is raised here."""
        wiring = Wiring(
            lambda: self, lambda: self, self.open_http, self.post_events, self.environ, lambda: self.browser
        )
        runner = click.testing.CliRunner()
        return runner.invoke(cli, arguments, obj=wiring, input=input, catch_exceptions=False)

    @asynccontextmanager
    async def open_gateway(
        self, resolved: Resolved, environ: Mapping[str, str], *, take_up: bool
    ) -> AsyncIterator[FakeGateway]:
        assert not take_up, "a command would begin what it does not stay for"
        self._start(resolved)
        yield self.gateway

    async def run_gateway(
        self, resolved: Resolved, environ: Mapping[str, str], *, on_ready: Callable[[Any], None]
    ) -> int:
        self._start(resolved)
        on_ready(self.gateway)
        return 0

    async def run_demo(
        self,
        resolve: Callable[[Mapping[str, object]], Resolved],
        environ: Mapping[str, str],
        *,
        api_key: str | None,
        on_ready: Callable[[Any], None],
    ) -> int:
        self.demo_keys.append(api_key)
        self.gateway = replace(self.gateway, first_key=Secret(api_key or "f2a_of_the_demo"))
        return await self.run_gateway(resolve({"captcha.method": "none"}), environ, on_ready=on_ready)

    def _start(self, resolved: Resolved) -> None:
        self.started.append(resolved)
        if self.failure is not None:
            raise self.failure

    @asynccontextmanager
    async def open_http(self) -> AsyncIterator["Stage"]:
        yield self

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        exit_url: str | None = None,
        limits: Limits | None = None,
    ) -> Response:
        status, content = self._answer(method, url, headers, body)
        return Response(status=status, headers=Headers(), body=content, url=url)

    async def post_events(
        self, url: str, headers: Sequence[tuple[str, str]], body: bytes, on_event: Callable[[bytes], None]
    ) -> tuple[int, bytes]:
        if "POST /v1/chat/completions" in self.answers:
            return self._answer("POST", url, headers, body)
        self._note("POST", url, headers, body)
        for event in self.events:
            on_event(event if isinstance(event, bytes) else json.dumps(event).encode())
        return 200, b""

    def _answer(self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> tuple[int, bytes]:
        self._note(method, url, headers, body)
        answer = self.answers[f"{method} /{url.split('/', 3)[3]}"]
        if isinstance(answer, BaseException):
            raise answer
        status, value = answer if isinstance(answer, tuple) else (200, answer)
        return status, value if isinstance(value, bytes) else json.dumps(value).encode()

    def _note(self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        self.asked.append(Asked(method, url, dict(headers)["Authorization"], json.loads(body) if body else None))
