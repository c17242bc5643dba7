"""The topic `keys`: every API key without what opens the door; when one was used last and what it has spent are numbers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from msgspec.structs import replace

from flow2api.actors.jobs import CountSpending
from flow2api.api.admin.keys import KeyView, view_of
from flow2api.api.live.coalesce import Mark
from flow2api.api.live.protocol import KeyShown, KeysState
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.charge import Spending
from flow2api.domain.events import KeyChanged


class KeysSource(Source):
    heard: ClassVar[tuple[type, ...]] = (KeyChanged,)

    def __init__(self, services: Services) -> None:
        self._ring = services.keys
        self._jobs = services.jobs
        self._spent: Mapping[str, Spending] = {}
        self._told: dict[str, KeyView] = {}

    def shown(self, event: object) -> Iterable[object]:
        assert isinstance(event, KeyChanged)
        return [KeyShown(view) for view in self._views() if view.id == event.key_id]

    def mark(self, event: object) -> Mark | None:
        assert isinstance(event, KeyShown)
        return Mark(event.view.id, replace(event.view, last_used_at=None, spent_today=0, spent_total=0))

    async def snapshot(self) -> KeysState:
        self._spent = await self._jobs.ask_again(CountSpending())
        return KeysState(self._views())

    async def poll(self) -> Sequence[object]:
        """The uses, which nothing tells on the bus: there is one with every request."""
        self._spent = await self._jobs.ask_again(CountSpending())
        before, self._told = self._told, {view.id: view for view in self._views()}
        return [KeyShown(view) for id_, view in self._told.items() if id_ in before and view != before[id_]]

    def _views(self) -> list[KeyView]:
        return [view_of(key, self._spent.get(key.id)) for key in self._ring.listed()]
