"""One piece of regular work: runs it when it is due, never twice at a time, and keeps what became of it.

Interval, pause and last run are stored, so they survive a restart, and a run that was missed meanwhile is made up for once. A run that
fails says so and comes again at its next time. One that meets a bug ends this actor alone; its next life waits for the next time too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar, assert_never

import msgspec
import trio
from msgspec.structs import replace

from flow2api.actors.chore import Board, Chore, ChoreFailed
from flow2api.actors.schedule_messages import Pause, Resume, RunNow, ScheduleMessage, SetInterval
from flow2api.config import LONGEST_INTERVAL, SHORTEST_INTERVAL
from flow2api.domain.events import ScheduleChanged, ScheduleRan, SettingChanged
from flow2api.domain.failure import UpstreamFailure
from flow2api.domain.schedule import CUT_SHORT_SECONDS, Rhythm, Run, ScheduleView
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import ActorError, describe
from flow2api.store import settings
from flow2api.store.base import Store
from flow2api.store.errors import StoreError

log = logging.getLogger("flow2api.schedules")

# A wall clock may be set, and a machine may sleep: nobody waits longer than this without a look at the time.
LOOK_SECONDS = 60.0
LAST_WRITE_SECONDS = 5.0
NOTHING = "nothing to do"

# What may go wrong with regular work without being a bug.
_EXPECTED = (ChoreFailed, StoreError, Failure, UpstreamFailure, NetworkFault, ActorError, OSError)


@dataclass(frozen=True)
class ScheduleParts:
    """What every piece of regular work is run with."""

    store: Store
    bus: EventBus
    now: Callable[[], float]
    random: Random = field(default_factory=Random, repr=False)


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of one piece of regular work, under its name in the settings."""

    since: float
    """When it was first known: it was not missed before that."""
    paused: bool = False
    interval_seconds: float | None = None
    last: Run | None = None


def stored_as(name: str) -> str:
    """The name under which its state is stored; no setting has such a name."""
    return f"schedule:{name}"


class Schedule(Actor[ScheduleMessage]):
    """The only writer of one entry of the board."""

    mailbox_size: ClassVar[int] = 8
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure,)

    def __init__(self, chore: Chore, board: Board, parts: ScheduleParts) -> None:
        self._chore = chore
        self._board = board
        self._parts = parts
        self._saved: Saved
        self._due = 0.0
        self._wanted = False
        self._running = False
        self._changed = trio.Event()
        self._saving = trio.Lock()

    async def start(self) -> None:
        self._saved = await self._load()
        last = self._saved.last
        self._plan()
        if last is not None and last.seconds is None:
            self._saved = replace(self._saved, last=replace(last, seconds=0.0, error="was cut short"))
            self._due = self._parts.now() + min(CUT_SHORT_SECONDS, self._rhythm.interval_seconds)
        self._show()
        self.tasks.start_soon(self._keep_time)
        await self.tasks.start(self._follow_settings)

    async def handle(self, message: ScheduleMessage) -> object:
        match message:
            case RunNow():
                self._want()
            case Pause():
                await self._change(replace(self._saved, paused=True))
            case Resume():
                await self._change(replace(self._saved, paused=False))
            case SetInterval():
                await self._change(replace(self._saved, interval_seconds=_in_range(message.seconds)), plan=True)
            case _:
                assert_never(message)
        view = self._show()
        self._parts.bus.publish(ScheduleChanged(view=view, at=self._parts.now()))
        return view

    # -- when ----------------------------------------------------------------------------------------------------

    @property
    def _rhythm(self) -> Rhythm:
        chore = self._chore
        interval = self._saved.interval_seconds or chore.interval_seconds
        return Rhythm(interval_seconds=interval, jitter=chore.jitter, aligned=chore.aligned)

    def _plan(self) -> None:
        """Choose the time of the next run."""
        anchor = self._saved.last.started_at if self._saved.last else self._saved.since
        self._due = self._rhythm.next_run(anchor, self._parts.now(), self._parts.random.random())
        self._changed.set()

    def _want(self) -> None:
        if self._wanted or self._running:
            raise Failure(Code.CONFLICT, f"{self._chore.name} is running already. Wait for its end.")
        self._wanted = True
        self._changed.set()

    async def _follow_settings(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Another interval in the settings counts from the last run on, unless an operator has set one here."""
        planned = self._rhythm
        with self._parts.bus.subscribe(only=SettingChanged) as events:
            task_status.started()
            async for _ in events:
                if self._board[self._chore.name].default_seconds == self._chore.interval_seconds:
                    continue
                if self._rhythm != planned and not self._running:
                    self._plan()
                planned = self._rhythm
                self._parts.bus.publish(ScheduleChanged(view=self._show(), at=self._parts.now()))

    async def _change(self, saved: Saved, *, plan: bool = False) -> None:
        self._saved = saved
        if plan:
            self._plan()
        self._changed.set()
        await self._save()

    async def _keep_time(self) -> None:
        while True:
            await self._wait_due()
            await self._run()

    async def _wait_due(self) -> None:
        while not self._wanted:
            now, rhythm = self._parts.now(), self._rhythm
            latest = now + rhythm.interval_seconds * (1 + rhythm.jitter)
            if self._due > latest:  # the clock was set back
                self._due = latest
                self._show()
            if self._due <= now and not self._saved.paused:
                return
            pause = LOOK_SECONDS if self._saved.paused else min(LOOK_SECONDS, self._due - now)
            self._changed = trio.Event()
            with trio.move_on_after(pause):
                await self._changed.wait()

    # -- what ----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        began = trio.current_time()
        run = Run(started_at=self._parts.now(), by_hand=self._wanted)
        self._wanted, self._running = False, True
        self._saved = replace(self._saved, last=run)
        self._parts.bus.publish(ScheduleChanged(view=self._show(), at=run.started_at))
        # Stored before the work begins: should that end the whole process, the next start does not run into it at once.
        await self._save()
        try:
            ended = await self._outcome(run)
        except BaseException as cut:
            if isinstance(cut, Exception):
                with trio.move_on_after(LAST_WRITE_SECONDS, shield=True):
                    await self._end(replace(run, error=f"met a bug: {describe(cut)}"), began)
            raise
        await self._end(ended, began)

    async def _outcome(self, run: Run) -> Run:
        limit = self._chore.limit_seconds
        with trio.move_on_after(limit):
            try:
                return replace(run, result=await self._chore.work() or NOTHING)
            except _EXPECTED as error:
                return replace(run, error=str(error) or describe(error))
        return replace(run, error=f"took longer than {limit:g} seconds and was given up")

    async def _end(self, run: Run, began: float) -> None:
        run = replace(run, seconds=trio.current_time() - began)
        self._running, self._saved = False, replace(self._saved, last=run)
        self._plan()
        before = self._board[self._chore.name]
        failed = run.error is not None
        self._board.put(replace(before, runs=before.runs + 1, failures=before.failures + failed))
        self._parts.bus.publish(ScheduleRan(view=self._show(), at=self._parts.now()))
        _log_end(self._chore.name, run)
        await self._save()

    # -- what is kept --------------------------------------------------------------------------------------------

    def _show(self) -> ScheduleView:
        running, paused = self._running or self._wanted, self._saved.paused
        view = replace(
            self._board[self._chore.name],
            interval_seconds=self._rhythm.interval_seconds,
            default_seconds=self._chore.interval_seconds,
            paused=paused,
            running=running,
            last=self._saved.last,
            next_run=None if running or paused else self._due,
        )
        self._board.put(view)
        return view

    async def _load(self) -> Saved:
        fresh = Saved(since=self._parts.now())
        try:
            stored = await self._parts.store.read(settings.get, stored_as(self._chore.name))
            if stored is not None:
                return msgspec.convert(stored, Saved)
        except (StoreError, msgspec.ValidationError) as error:
            # Nothing to fail over: it runs in its usual rhythm.
            log.warning("the state of %s cannot be read: %s", self._chore.name, error)
            return fresh
        self._saved = fresh
        await self._save()
        return fresh

    async def _save(self) -> None:
        """Store the state. When that fails the work goes on all the same: it may be what frees the full disk."""
        try:
            async with self._saving:
                await self._parts.store.write(settings.put, stored_as(self._chore.name), self._saved)
        except StoreError as fault:
            log.warning("the state of %s could not be stored: %s", self._chore.name, fault)


def _in_range(seconds: float | None) -> float | None:
    if seconds is not None and not SHORTEST_INTERVAL <= seconds <= LONGEST_INTERVAL:
        allowed = f"a number of seconds from {SHORTEST_INTERVAL:.0f} to {LONGEST_INTERVAL:.0f}"
        raise Failure(Code.INVALID_VALUE, f"The interval must be {allowed}.", param="seconds")
    return seconds


def _log_end(name: str, run: Run) -> None:
    if run.error is not None:
        log.warning("schedule failed name=%s seconds=%.2f error=%r", name, run.seconds, run.error)
    elif run.result == NOTHING:
        log.debug("schedule ran name=%s seconds=%.2f, nothing to do", name, run.seconds)
    else:
        log.info("schedule ran name=%s seconds=%.2f result=%r", name, run.seconds, run.result)
