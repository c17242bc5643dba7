"""Regular work as data, and the board that shows how all of it stands. Knows neither time nor actor."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field

from flow2api.domain.schedule import ScheduleView


class ChoreFailed(Exception):
    """The work could not be done, or not all of it; the message is for the operator."""


@dataclass(frozen=True)
class Chore:
    """One piece of regular work, as data. `work` answers in words what it did, or with nothing if there was nothing to do."""

    name: str
    purpose: str
    interval: Callable[[], float]
    """Seconds between two runs, as the settings say now."""
    work: Callable[[], Awaitable[str]] = field(repr=False)
    _: KW_ONLY
    jitter: float = 0.1
    aligned: bool = False
    limit_seconds: float = 1800.0
    """A run that takes longer is given up."""

    @property
    def interval_seconds(self) -> float:
        return self.interval()

    def view(self) -> ScheduleView:
        """How it is shown before it has begun."""
        return ScheduleView(
            name=self.name,
            purpose=self.purpose,
            interval_seconds=self.interval_seconds,
            default_seconds=self.interval_seconds,
            jitter=self.jitter,
            aligned=self.aligned,
        )


class Board:
    """How all regular work stands. A plain object that everybody may read; each entry is written by its own actor."""

    def __init__(self, views: Sequence[ScheduleView]) -> None:
        self._views = {view.name: view for view in views}

    def __getitem__(self, name: str) -> ScheduleView:
        return self._views[name]

    def put(self, view: ScheduleView) -> None:
        self._views[view.name] = view

    def views(self) -> list[ScheduleView]:
        return list(self._views.values())
