"""The topic `system`: the supervision tree, regular work, and what the parts that are no actors say of themselves.

Turns of life are states; depths, peaks and counts are compared a few times a second, and the nodes that differ are told.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from flow2api import __version__
from flow2api.api.live.protocol import (
    Figures,
    FiguresChanged,
    LiveStatistics,
    NodesChanged,
    NodeView,
    SystemState,
)
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.events import ScheduleChanged, ScheduleRan, SettingChanged
from flow2api.kit.life import Life
from flow2api.kit.spec import NodeStatistics


class SystemSource(Source):
    heard: ClassVar[tuple[type, ...]] = (Life, ScheduleChanged, ScheduleRan, SettingChanged)

    def __init__(self, services: Services, live: Callable[[], LiveStatistics]) -> None:
        self._services = services
        self._live = live
        self._nodes: dict[str, NodeView] = {}
        self._figures: Figures | None = None

    async def snapshot(self) -> SystemState:
        services = self._services
        return SystemState(
            version=__version__,
            started_at=services.started_at,
            draining=services.draining.is_set(),
            nodes=list(flat(services.tree())),
            schedules=services.schedules.views(),
            figures=self._gather(),
        )

    async def poll(self) -> Sequence[object]:
        told: list[object] = []
        nodes = {node.path: node for node in flat(self._services.tree())}
        changed = [node for path, node in nodes.items() if self._nodes.get(path) != node]
        gone = [path for path in self._nodes if path not in nodes]
        if changed or gone:
            told.append(NodesChanged(changed, gone))
        self._nodes = nodes
        figures = self._gather()
        if figures != self._figures:
            told.append(FiguresChanged(figures))
            self._figures = figures
        return told

    def _gather(self) -> Figures:
        services = self._services
        return Figures(
            bus=services.bus.statistics(),
            store=services.store.statistics(),
            http=services.http.statistics(),
            live=self._live(),
        )


def flat(node: NodeStatistics, parent: str = "") -> Iterator[NodeView]:
    """The tree as a list: each node before those below it."""
    path = f"{parent}/{node.name}" if parent else node.name
    yield NodeView(
        path=path,
        parent=parent,
        name=node.name,
        kind=node.kind,
        state=node.state,
        restarts=node.restarts,
        last_error=node.last_error,
        mailbox=node.mailbox,
    )
    for child in node.children:
        yield from flat(child, path)
