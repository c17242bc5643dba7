"""The emulated Flow service over real sockets, and the provider's way to it."""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import trio
from PIL import Image

from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.knobs import Knobs
from flow2api.net.exits import directly
from flow2api.net.http import Http, open_http
from flow2api.providers.base import Picture
from flow2api.providers.flow.provider import FlowProvider
from flow2api.providers.flow.session import FlowSession

ADA, BOB = "ada@example.org", "bob@example.org"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    labs_base_url: str
    api_base_url: str
    request_timeout: float = 10.0
    image_timeout: float = 10.0
    page_url: str = "https://labs.test/fx/tools/flow"
    recaptcha_site_key: str = "key"
    poll_interval: float = 0.05
    video_timeout: float = 60.0
    projects_per_account: int = 2


class World(msgspec.Struct):
    """An emulated service, and our way to it."""

    emulator: Emulator
    http: Http
    settings: Settings

    def session(self, email: str = ADA) -> FlowSession:
        provider = FlowProvider(self.http, self.settings)
        return provider.open(email, provider.vault_for(self.emulator.accounts[email].session_token), directly)

    async def signed_in(self, email: str = ADA) -> FlowSession:
        session = self.session(email)
        await session.sign_in()
        return session


@asynccontextmanager
async def open_world(knobs: Knobs | None = None, **setup: object) -> AsyncIterator[World]:
    """A service with two accounts; `setup` is the first one's."""
    first = msgspec.convert({"email": ADA, "name": "Ada"} | setup, AccountSetup)
    emulator = Emulator([first, AccountSetup(email=BOB)], knobs)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery, open_http() as http:
            urls = await nursery.start(serve_fast, emulator)
            settings = Settings(labs_base_url=urls.labs_base_url, api_base_url=urls.api_base_url)
            yield World(emulator, http, settings)
            nursery.cancel_scope.cancel()


def a_picture(folder: Path, name: str = "picture.png", colour: str = "red") -> Picture:
    """A small picture on disk."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(data, "PNG")
    path = folder / name
    path.write_bytes(data.getvalue())
    return Picture(path=path, mime="image/png", digest=hashlib.sha256(data.getvalue()).hexdigest())
