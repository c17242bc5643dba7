"""The topic `overview`: the numbers of this moment and of the last hour, how each part is, and what wants a person; and which setting
was changed, since every page shows this topic."""

from collections.abc import Sequence
from typing import ClassVar

import trio
from msgspec.structs import replace

from flow2api.api.live.protocol import NowChanged, OverviewState, PartsChanged, TrendsChanged
from flow2api.api.live.source import Source
from flow2api.api.overview import Gathering
from flow2api.api.services import Services
from flow2api.domain.events import AlertCleared, AlertRaised, SettingChanged
from flow2api.domain.overview import Now, Part, Trends

# Charts by the minute need not be drawn more often.
TRENDS_SECONDS = 5.0


class OverviewSource(Source):
    heard: ClassVar[tuple[type, ...]] = (AlertRaised, AlertCleared, SettingChanged)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._gathering = Gathering(services)
        self._now: Now | None = None
        self._trends: Trends | None = None
        self._parts: tuple[Part, ...] = ()
        self._trends_at = float("-inf")

    async def snapshot(self) -> OverviewState:
        return OverviewState(await self._gathering.overview("hour", self._services.live.connections))

    async def poll(self) -> Sequence[object]:
        told: list[object] = []
        now = await self._gathering.now(self._services.live.connections)
        if now is not None and (self._now is None or replace(now, at=self._now.at) != self._now):
            told.append(NowChanged(now))
        self._now = now
        if trio.current_time() - self._trends_at >= TRENDS_SECONDS or self._trends is None:
            trends = await self._gathering.trends("hour")
            self._trends_at = trio.current_time()
            if trends != self._trends:
                self._trends = trends
                told.append(TrendsChanged(trends))
        parts = await self._gathering.parts(now, self._trends)
        if parts != self._parts:
            self._parts = parts
            told.append(PartsChanged(parts))
        return told
