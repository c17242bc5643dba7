"""The whole gateway over the emulated services that are reached with a key: real sockets, a real database, a real clock."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any

import httpx
import trio

from flow2api.emulator.fal.core import FalEmulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.gateway.core import GatewayEmulator
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedKnobs, KeyedService
from tests.doubles.gateway import LIMIT_SECONDS, TestedGateway, open_tested_gateway
from tests.doubles.pictures import data_url

FAL_KEY, RELAY_KEY = "fal-id:fal-secret-of-a-test", "sk-relay-secret-of-a-test"
QUICK: Mapping[str, object] = {
    "fal.poll_interval": 0.03,
    "gateway.poll_interval": 0.03,
    "accounts.default_video_concurrency": 50,
    "accounts.default_image_concurrency": 50,
}


class KeyedGateway:
    """A running gateway, and the emulated services behind it."""

    def __init__(
        self, tested: TestedGateway, fal: FalEmulator, relay: GatewayEmulator, urls: Mapping[str, str]
    ) -> None:
        self.tested = tested
        self.fal = fal
        self.relay = relay
        self.urls = urls

    def service(self, kind: str) -> KeyedService:
        return self.fal if kind == "fal" else self.relay

    def key(self, kind: str) -> ApiKey:
        """The key as the service knows it."""
        return next(iter(self.service(kind).keys))

    async def add(self, kind: str, **more: object) -> dict[str, Any]:
        """Add the account of one service."""
        known = {"fal": {"credential": FAL_KEY}, "gateway": {"credential": RELAY_KEY, "base_url": self.urls["gateway"]}}
        told: dict[str, Any] = await self.tested.admin(
            "POST", "/api/accounts", {"provider": kind, **known[kind], **more}
        )
        return told

    async def ask(self, model: str, prompt: str, pictures: tuple[bytes, ...] = (), **fields: object) -> httpx.Response:
        """A chat completion with pictures."""
        parts = [{"type": "image_url", "image_url": {"url": data_url(data)}} for data in pictures]
        content = [{"type": "text", "text": prompt}, *parts]
        return await self.tested.post({"model": model, "messages": [{"role": "user", "content": content}], **fields})

    async def standing(self, kind: str) -> dict[str, Any]:
        """How the account of one service stands."""
        views = (await self.tested.admin("GET", "/api/accounts"))["accounts"]
        [account] = [view["account"] for view in views if view["account"]["provider"] == kind]
        told: dict[str, Any] = account
        return told


@asynccontextmanager
async def open_keyed_gateway(
    *,
    knobs: KeyedKnobs | None = None,
    settings: Mapping[str, object] = MappingProxyType({}),
    limit_seconds: float = LIMIT_SECONDS,
    add: bool = True,
) -> AsyncIterator[KeyedGateway]:
    """A gateway with one account at each service, and one API key."""
    fal = FalEmulator([ApiKey(key=FAL_KEY, label="fal", balance=1000)], knobs)
    relay = GatewayEmulator([ApiKey(key=RELAY_KEY, label="relay", balance=1000)], knobs)
    async with trio.open_nursery() as nursery:
        at = {
            "fal": (await nursery.start(serve_fast, fal)).base,
            "gateway": f"{(await nursery.start(serve_fast, relay)).base}/v1",
        }
        hosts = dict.fromkeys(("fal.queue_base_url", "fal.storage_base_url", "fal.billing_base_url"), at["fal"])
        async with open_tested_gateway(
            (), settings={**QUICK, **hosts, **settings}, limit_seconds=limit_seconds
        ) as tested:
            keyed = KeyedGateway(tested, fal, relay, at)
            if add:
                await keyed.add("fal")
                await keyed.add("gateway")
            yield keyed
            assert [key for key in (FAL_KEY, RELAY_KEY) if key in tested.log.text] == []
        nursery.cancel_scope.cancel()
