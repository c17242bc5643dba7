"""Notices when one step of a task holds up all others: an instrument for development, off unless it is asked for.

Trio runs one task at a time, so whatever a task does between two checkpoints, garbage collection included, is felt on every
connection. It warns and counts; it changes nothing.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import trio

log = logging.getLogger("flow2api.kit")


class StallWatch(trio.abc.Instrument):
    """Logs a warning for each step that holds this thread for longer than `seconds`.

    Time for which the machine was busy with other programs is taken off, as far as the system tells it. The line says how long
    the step took, how much of that was work of this thread (the rest it waited: for a file, or for the interpreter), and where
    the task came to rest.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.stalls = 0
        self._seconds = seconds
        self._clock = clock
        self._queue = _RunQueue()
        self._began = clock()
        self._worked = time.thread_time()
        self._queued = self._queue.seconds()

    def after_io_wait(self, timeout: float) -> None:
        # Once for each batch of steps: asking before every step would cost more than most steps do.
        self._queued = self._queue.seconds()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self._began = self._clock()
        self._worked = time.thread_time()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._clock() - self._began <= self._seconds:
            return
        worked, took = time.thread_time() - self._worked, self._clock() - self._began
        before, self._queued = self._queued, self._queue.seconds()
        # What was waited for may lie before this step, so it takes nothing off the step's own work.
        took = max(worked, took - (self._queued - before))
        if took > self._seconds:
            self.stalls += 1
            log.warning(
                "a step held up all tasks task=%r seconds=%.3f worked=%.3f until=%s",
                *(task.name, took, worked, _resting_place(task)),
            )

    def close(self) -> None:
        self._queue.close()


class _RunQueue:
    """For how long this thread was ready to run and another one had the processor; always 0 where the system does not tell."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1

    def seconds(self) -> float:
        return int(os.pread(self._file, 64, 0).split()[1]) / 1e9 if self._file >= 0 else 0.0

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


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
        watch.close()


def _resting_place(task: trio.lowlevel.Task) -> str:
    """The innermost function, outside of Trio, in which the task waits now."""
    place = "its end"
    for frame, line in task.iter_await_frames():
        module = str(frame.f_globals.get("__name__"))
        if not module.startswith("trio."):
            place = f"{module}.{frame.f_code.co_name}:{line}"
    return place
