"""What commands need from outside, in one record, so that tests can hand in other things.

The gateway and the HTTP client are imported when a command first needs them: loading the server's libraries costs a second
that `--version` and `config` should not pay.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from flow2api.cli.events import post_events
from flow2api.config import Resolved
from flow2api.log import Secret
from flow2api.net.message import Limits, Response


class Gateway(Protocol):
    """A running gateway, as far as commands care."""

    @property
    def url(self) -> str: ...

    @property
    def admin_token(self) -> Secret: ...

    @property
    def first_key(self) -> Secret | None: ...

    @property
    def setup_token(self) -> Secret | None: ...

    @property
    def notes(self) -> tuple[str, ...]: ...


class App(Protocol):
    """The composition root, as far as commands care."""

    def open_gateway(
        self, resolved: Resolved, environ: Mapping[str, str], *, take_up: bool
    ) -> AbstractAsyncContextManager[Gateway]: ...

    async def run_gateway(
        self, resolved: Resolved, environ: Mapping[str, str], *, on_ready: Callable[[Any], None]
    ) -> int: ...


class Demo(Protocol):
    """The gateway over the emulator, as far as commands care."""

    async def run_demo(
        self,
        resolve: Callable[[Mapping[str, object]], Resolved],
        environ: Mapping[str, str],
        *,
        api_key: str | None,
        on_ready: Callable[[Any], None],
    ) -> int: ...


class Http(Protocol):
    """The HTTP client, as far as commands care."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        exit_url: str | None = None,
        limits: Limits = ...,
    ) -> Response: ...


class PostEvents(Protocol):
    """A POST that is answered by a stream of events; see `flow2api.cli.events`."""

    async def __call__(
        self, url: str, headers: Sequence[tuple[str, str]], body: bytes, on_event: Callable[[bytes], None]
    ) -> tuple[int, bytes]: ...


class Visit(Protocol):
    """A browser without a window, with one page; see `flow2api.browser.visit`."""

    version: str

    async def load(self) -> None: ...

    async def cookies(self) -> str: ...


class OpenVisit(Protocol):
    """Opens a browser on a profile; see `flow2api.browser.visit`."""

    def __call__(
        self, folder: Path, url: str, *, exit_url: str | None = None
    ) -> AbstractAsyncContextManager[Visit]: ...


class ShowWindow(Protocol):
    """Shows a browser to a person; see `flow2api.browser.window`."""

    async def __call__(self, folder: Path, url: str, *, exit_url: str | None = None) -> None: ...


@dataclass(frozen=True)
class Browser:
    """What commands do with a browser."""

    open_visit: OpenVisit
    show_window: ShowWindow


def _load_browser() -> Browser:
    from flow2api.browser.visit import open_visit  # lazy on purpose, see above
    from flow2api.browser.window import show_window  # lazy on purpose, see above

    return Browser(open_visit, show_window)


@dataclass(frozen=True)
class Wiring:
    """Everything that commands reach for."""

    load_app: Callable[[], App]
    load_demo: Callable[[], Demo]
    open_http: Callable[[], AbstractAsyncContextManager[Http]]
    post_events: PostEvents
    environ: Mapping[str, str] = field(repr=False)
    load_browser: Callable[[], Browser] = _load_browser


def real_wiring() -> Wiring:
    """The gateway, the network and the environment of this process."""
    return Wiring(_load_app, _load_demo, _open_http, post_events, os.environ)


def _load_app() -> App:
    from flow2api import app  # lazy on purpose, see above

    return app


def _load_demo() -> Demo:
    from flow2api import demo  # lazy on purpose, see above

    return demo


def _open_http() -> AbstractAsyncContextManager[Http]:
    from flow2api.net.http import open_http  # lazy on purpose, see above

    return open_http()
