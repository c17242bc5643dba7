"""What the actor of one piece of regular work understands."""

from flow2api.domain.schedule import ScheduleView
from flow2api.kit.mailbox import Ask


class RunNow(Ask[ScheduleView], frozen=True):
    """Begin a run at once, also while it is paused. Answered when it begins; `Failure` conflict when it runs already."""


class Pause(Ask[ScheduleView], frozen=True):
    """Begin no run by itself any more. One that runs goes on."""


class Resume(Ask[ScheduleView], frozen=True):
    """Run by itself again; what was missed meanwhile is made up for once."""


class SetInterval(Ask[ScheduleView], frozen=True):
    """Another interval from the last run on; None is the one of the settings. `Failure` invalid_value when it is out of range."""

    seconds: float | None


ScheduleMessage = RunNow | Pause | Resume | SetInterval
