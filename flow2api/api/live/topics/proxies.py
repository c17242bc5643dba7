"""The topic `proxies`: every proxy, and who stays with which; its score and its counts are numbers."""

from typing import ClassVar

from flow2api.actors.proxy_messages import ListHomes, ListProxies
from flow2api.api.live.coalesce import GONE, Mark
from flow2api.api.live.protocol import ProxiesState
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.events import HomesChanged, ProxyChanged, ProxyRemoved


class ProxiesSource(Source):
    heard: ClassVar[tuple[type, ...]] = (ProxyChanged, ProxyRemoved, HomesChanged)

    def __init__(self, services: Services) -> None:
        self._ask = services.proxies.ask

    def mark(self, event: object) -> Mark | None:
        match event:
            case ProxyChanged(view=view):
                return Mark(view.proxy.id, (view.proxy, view.state, view.last_resort))
            case ProxyRemoved():
                return Mark(event.proxy_id, GONE)
        return None

    async def snapshot(self) -> ProxiesState:
        return ProxiesState(await self._ask(ListProxies()), await self._ask(ListHomes()))
