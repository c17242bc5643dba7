"""Regular work as the outside sees it, and when it is due: pure records and arithmetic. Times are Unix seconds (UTC)."""

import math

import msgspec

# Runs that were missed while the program was stopped come within this time after its start, not all in its first moment.
CATCH_UP_SECONDS = 30.0
# A run that was cut short by the end of the program is made up for, but not so soon that it could end the next one as well.
CUT_SHORT_SECONDS = 300.0


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of regular work."""

    started_at: float
    seconds: float | None = None
    """How long it took; None as long as it runs."""
    result: str = ""
    """What was done, in words."""
    error: str | None = None
    """What went wrong, in words."""
    by_hand: bool = False
    """Whether an operator asked for it."""


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How often something is done."""

    interval_seconds: float
    jitter: float = 0.0
    """The share of the interval by which a run may come later, so that many do not march in step."""
    aligned: bool = False
    """Whether runs fall on multiples of the interval since 1970: those of a day on midnight, UTC."""

    def next_run(self, anchor: float, now: float, chance: float) -> float:
        """When the run after the one at `anchor` is due, never before `now`; `chance` from 0 to 1 chooses within the jitter.

        However many runs were missed, one makes up for all.
        """
        interval = self.interval_seconds
        # A clock that was set back must not put the next run off by as much.
        start = min(anchor, now)
        due = (math.floor(start / interval) + 1) * interval if self.aligned else start + interval
        late = chance * self.jitter * interval
        return due + late if due > now else now + min(late, CATCH_UP_SECONDS)


class ScheduleView(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of regular work: what it is, how it went last and when it comes next."""

    name: str
    purpose: str
    """What it does, in words."""
    interval_seconds: float
    default_seconds: float
    """The interval in the settings, which one that is set at run time replaces."""
    jitter: float
    aligned: bool
    paused: bool = False
    running: bool = False
    last: Run | None = None
    """The newest run that has begun."""
    next_run: float | None = None
    """None while it is paused or runs."""
    runs: int = 0
    """How many runs have ended since the program started."""
    failures: int = 0
    """How many of them went wrong."""
