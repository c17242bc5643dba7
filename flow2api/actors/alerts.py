"""Says what wants a person, once when it begins and once when it is over: to the dashboard, and to whoever else hears the bus.

Hears of every change and decides anew after a moment, so that a storm of changes costs one look. What is the case now stands on a
board that anybody may read.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Never

import trio
from msgspec.structs import replace

from flow2api.actors.roster import Roster
from flow2api.domain.account import Account
from flow2api.domain.alerts import alerts_of
from flow2api.domain.events import AccountChanged, AccountRemoved, AlertCleared, AlertRaised, ScheduleRan
from flow2api.domain.overview import Alert
from flow2api.domain.schedule import ScheduleView
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.life import Life

# Many accounts change together when the network fails or comes back.
SETTLE_SECONDS = 0.5
_HEARD = (AccountChanged, AccountRemoved, ScheduleRan, Life)


class AlertBoard:
    """What wants a person now. Written by `Alerts` alone."""

    def __init__(self) -> None:
        self.parked: dict[str, str] = {}
        self._alerts: Mapping[str, Alert] = {}

    def alerts(self) -> tuple[Alert, ...]:
        """All of it, the oldest first."""
        return tuple(sorted(self._alerts.values(), key=lambda alert: (alert.since, alert.id)))

    def put(self, alerts: Mapping[str, Alert]) -> tuple[list[Alert], list[Alert]]:
        """The new picture; what is new in it, and what is no more. What goes on keeps the time of its begin."""
        before = self._alerts
        kept = {
            id_: replace(alert, since=before[id_].since) if id_ in before else alert for id_, alert in alerts.items()
        }
        self._alerts = kept
        raised = [alert for id_, alert in kept.items() if id_ not in before]
        return raised, [alert for id_, alert in before.items() if id_ not in kept]


class Alerts(Actor[Never]):
    """Keeps the board."""

    mailbox_size: ClassVar[int] = 1

    def __init__(
        self,
        board: AlertBoard,
        bus: EventBus,
        roster: Roster,
        schedules: Callable[[], Iterable[ScheduleView]],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._bus = bus
        self._roster = roster
        self._schedules = schedules
        self._now = now

    async def start(self) -> None:
        await self.tasks.start(self._watch)

    async def _watch(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self._bus.subscribe(1024, only=_HEARD) as events:
            self._look()
            task_status.started()
            async for first in events:
                await trio.sleep(SETTLE_SECONDS)
                for event in (first, *events.take_nowait()):
                    if isinstance(event, Life):
                        self._note(event)
                self._look()

    def _note(self, life: Life) -> None:
        if life.what == "parked":
            self._board.parked[life.name] = life.detail
        elif life.what in ("started", "stopped"):
            self._board.parked.pop(life.name, None)

    def _look(self) -> None:
        now = self._now()
        accounts: list[Account] = [entry.account for entry in self._roster.entries()]
        raised, cleared = self._board.put(alerts_of(accounts, self._schedules(), self._board.parked, now))
        for alert in raised:
            self._bus.publish(AlertRaised(alert=alert, at=now))
        for alert in cleared:
            self._bus.publish(AlertCleared(alert=alert, at=now))
