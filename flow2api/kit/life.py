"""Makes every life visible: an event on the bus and a line in the log for each turn that a child of a supervisor takes.

Promises one wording for all of them. It does not decide anything.
"""

import logging
import time
from typing import Literal

import msgspec

from flow2api.kit.bus import EventBus
from flow2api.kit.errors import describe

log = logging.getLogger("flow2api.kit")

What = Literal["started", "crashed", "restarting", "parked", "draining", "stopped"]

# A crash and a parked child want somebody's eye; a restart is the machinery at work; the rest is the ordinary course.
_LEVELS: dict[What, int] = {"crashed": logging.ERROR, "parked": logging.ERROR, "restarting": logging.WARNING}


class Life(msgspec.Struct, frozen=True, tag="life"):
    """A turn in the life of the child called `name`; `detail` says why or for how long, `at` is Unix time in seconds."""

    name: str
    what: What
    detail: str
    at: float


class Herald:
    """Announces turns of life on a bus and in the log `flow2api.kit`; log records carry the child's name as `actor`."""

    def __init__(self, bus: EventBus) -> None:
        self._bus = bus

    def announce(self, name: str, what: What, detail: str = "") -> None:
        """Say that something happened to a child."""
        self._log(name, what, detail, None)
        self._bus.publish(Life(name, what, detail, time.time()))

    def announce_crash(self, name: str, error: Exception) -> None:
        """Say that a child crashed; the log gets the traceback, the bus a line."""
        self._log(name, "crashed", describe(error), error)
        self._bus.publish(Life(name, "crashed", describe(error), time.time()))

    def _log(self, name: str, what: What, detail: str, error: Exception | None) -> None:
        line = f"{what} actor=%s detail=%r" if detail else f"{what} actor=%s"
        values = (name, detail) if detail else (name,)
        log.log(_LEVELS.get(what, logging.INFO), line, *values, exc_info=error, extra={"actor": name})
