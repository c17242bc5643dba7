"""Notices when one step of a task holds up all others: an instrument for development, off unless it is asked for.

Trio runs one task at a time, so whatever a task does between two checkpoints, garbage collection included, is felt on every
connection. It warns and counts; it changes nothing.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

log = logging.getLogger("flow2api.kit")


class StallWatch(trio.abc.Instrument):
    """Logs a warning for each step that takes longer than `seconds`.

    The line tells how long the step took, how much of that was work of this thread (the rest it waited: for a file, for the
    interpreter, or for the processor), and where the task came to rest.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.stalls = 0
        self._seconds = seconds
        self._clock = clock
        self._began = clock()
        self._worked = time.thread_time()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._began = self._clock()
        self._worked = time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        took = self._clock() - self._began
        if took > self._seconds:
            self.stalls += 1
            worked = time.thread_time() - self._worked
            log.warning(
                "a step held up all tasks task=%r seconds=%.3f worked=%.3f until=%s",
                *(task.name, took, worked, _resting_place(task)),
            )


@contextmanager
def watching_stalls(seconds: float) -> Iterator[StallWatch | None]:
    """Watch this run of Trio during the block; with `seconds` 0 nothing is watched and nothing is paid for it."""
    if seconds <= 0:
        yield None
        return
    watch = StallWatch(seconds)
    trio.lowlevel.add_instrument(watch)
    try:
        yield watch
    finally:
        trio.lowlevel.remove_instrument(watch)


def _resting_place(task: trio.lowlevel.Task) -> str:
    """The innermost function, outside of Trio, in which the task waits now."""
    place = "its end"
    for frame, line in task.iter_await_frames():
        module = str(frame.f_globals.get("__name__"))
        if not module.startswith("trio."):
            place = f"{module}.{frame.f_code.co_name}:{line}"
    return place
