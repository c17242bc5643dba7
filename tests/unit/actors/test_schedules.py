"""Regular work comes at its time, never twice at a time, survives restarts, and fails alone."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from flow2api.actors.chore import Chore, ChoreFailed
from flow2api.actors.schedule import Saved, ScheduleParts, stored_as
from flow2api.actors.schedule_messages import Pause, Resume, RunNow, SetInterval
from flow2api.actors.schedules import Schedules
from flow2api.domain.events import ScheduleChanged, ScheduleRan
from flow2api.domain.schedule import Run, ScheduleView
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.store import settings
from flow2api.store.base import Store
from flow2api.store.database import Database
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreFault
from tests.doubles.spy import Spy
from tests.doubles.world import EPOCH, now

HOUR = 3600.0


class Work:
    """What a chore does: notes when it was done, and follows a script."""

    def __init__(self, *script: str | Exception | trio.Event) -> None:
        self.times: list[float] = []
        self.script = list(script)
        self.busy = 0

    async def __call__(self) -> str:
        self.times.append(trio.current_time())
        assert self.busy == 0, "runs overlap"
        self.busy += 1
        try:
            return await self._play(self.script.pop(0) if self.script else "done")
        finally:
            self.busy -= 1

    async def _play(self, step: str | Exception | trio.Event) -> str:
        await trio.lowlevel.checkpoint()
        if isinstance(step, Exception):
            raise step
        if isinstance(step, trio.Event):
            await step.wait()
            return "waited"
        return step


def chore(work: Work, name: str = "sweep", **fields: object) -> Chore:
    base: dict[str, object] = {"purpose": "Sweeps.", "interval": lambda: HOUR, "jitter": 0.0}
    return Chore(name=name, work=work, **(base | fields))  # type: ignore[arg-type]


class Group:
    """Running schedules and what a test needs of them."""

    def __init__(self, schedules: Schedules, spy: Spy) -> None:
        self.schedules = schedules
        self.spy = spy

    def view(self, name: str = "sweep") -> ScheduleView:
        return next(view for view in self.schedules.views() if view.name == name)

    async def ran(self, name: str = "sweep") -> Run:
        """The next run that ends."""
        while True:
            event = await self.spy.wait(ScheduleRan)
            if event.view.name == name:
                assert event.view.last is not None
                return event.view.last


@asynccontextmanager
async def running(store: Store, *chores: Chore, random: Random | None = None) -> AsyncIterator[Group]:
    bus = EventBus()
    schedules = Schedules(chores, ScheduleParts(store, bus, now, random or Random(5)))
    supervisor = schedules.supervisor()
    async with trio.open_nursery() as nursery:
        with Spy(bus) as spy:
            await nursery.start(supervisor.run)
            yield Group(schedules, spy)
            await supervisor.stop()


async def test_work_comes_one_interval_after_it_is_first_known_and_then_again_and_again(
    autojump_clock: MockClock,
) -> None:
    work = Work()
    async with open_inline_store() as store, running(store, chore(work)) as group:
        before = group.view()
        assert (before.last, before.next_run, before.running) == (None, EPOCH + HOUR, False)
        await trio.sleep(3 * HOUR + 1)
        after = group.view()
        assert work.times == pytest.approx([HOUR, 2 * HOUR, 3 * HOUR])
        assert (after.runs, after.failures) == (3, 0)
        assert after.last is not None
        assert (after.last.result, after.last.error, after.last.by_hand) == ("done", None, False)
        assert after.last.started_at == pytest.approx(EPOCH + 3 * HOUR)
        assert after.next_run == pytest.approx(EPOCH + 4 * HOUR)


async def test_runs_are_spread_within_the_jitter_and_not_in_step(autojump_clock: MockClock) -> None:
    first, second = Work(), Work()
    chores = (chore(first, "one", jitter=0.5), chore(second, "two", jitter=0.5))
    async with open_inline_store() as store, running(store, *chores):
        await trio.sleep(20 * HOUR)
    gaps = [later - earlier for earlier, later in zip([0.0, *first.times], first.times, strict=False)]
    assert all(HOUR <= gap <= 1.5 * HOUR + 1 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.1 * HOUR
    assert first.times != second.times


async def test_a_run_that_takes_long_never_overlaps_the_next(autojump_clock: MockClock) -> None:
    gate = trio.Event()
    work = Work(gate)
    async with open_inline_store() as store, running(store, chore(work, limit_seconds=9 * HOUR)) as group:
        await trio.sleep(5 * HOUR)
        assert work.times == pytest.approx([HOUR])
        view = group.view()
        assert (view.running, view.next_run) == (True, None)
        assert view.last is not None
        assert view.last.seconds is None
        gate.set()
        await trio.sleep(HOUR / 2)
        assert work.times == pytest.approx([HOUR, 5 * HOUR], abs=31)


async def test_a_run_without_end_is_given_up_and_says_so(autojump_clock: MockClock) -> None:
    work = Work(trio.Event())
    async with open_inline_store() as store, running(store, chore(work, limit_seconds=60)) as group:
        run = await group.ran()
        assert run.error == "took longer than 60 seconds and was given up"
        assert run.seconds == pytest.approx(60)
        assert (await group.ran()).error is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ChoreFailed("2 files are stuck"), "2 files are stuck"),
        (StoreFault("the disk is full"), "the disk is full"),
        (OSError(28, "No space left on device"), "[Errno 28] No space left on device"),
        (Failure(Code.INTERNAL_ERROR, "broken"), "broken"),
    ],
)
async def test_work_that_fails_says_so_and_comes_again_at_its_next_time(
    autojump_clock: MockClock, error: Exception, words: str
) -> None:
    work = Work(error)
    async with open_inline_store() as store, running(store, chore(work)) as group:
        assert (await group.ran()).error == words
        assert group.view().failures == 1
        assert (await group.ran()).error is None
        assert work.times == pytest.approx([HOUR, 2 * HOUR])


async def test_a_bug_in_one_piece_is_told_hurts_no_other_and_makes_no_crash_loop(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "flow2api.kit")
    broken, sound = Work(*[ZeroDivisionError("by zero")] * 4), Work()
    async with open_inline_store() as store, running(store, chore(broken, "broken"), chore(sound, "sound")) as group:
        run = await group.ran("broken")
        assert run.error == "met a bug: ZeroDivisionError: by zero"
        await trio.sleep(5.5 * HOUR)
        assert broken.times == pytest.approx([HOUR * n for n in range(1, 7)])
        assert sound.times == pytest.approx([HOUR * n for n in range(1, 7)])
        assert (group.view("broken").failures, group.view("broken").runs) == (4, 6)
        assert group.view("sound").failures == 0


async def test_a_paused_piece_does_not_run_and_makes_up_for_it_once(autojump_clock: MockClock) -> None:
    work = Work()
    async with open_inline_store() as store, running(store, chore(work)) as group:
        paused = await group.schedules.ask("sweep", Pause())
        assert (paused.paused, paused.next_run) == (True, None)
        await trio.sleep(10 * HOUR)
        assert work.times == []
        assert not (await group.schedules.ask("sweep", Resume())).paused
        await trio.sleep(0.9 * HOUR)
        assert work.times == pytest.approx([10 * HOUR], abs=31)


async def test_a_piece_is_run_by_hand_also_while_it_is_paused_and_not_twice_at_a_time(
    autojump_clock: MockClock,
) -> None:
    gate = trio.Event()
    work = Work(gate)
    async with open_inline_store() as store, running(store, chore(work)) as group:
        await group.schedules.ask("sweep", Pause())
        assert (await group.schedules.ask("sweep", RunNow())).running
        for _ in range(2):
            with pytest.raises(Failure) as refused:
                await group.schedules.ask("sweep", RunNow())
            assert refused.value.code is Code.CONFLICT
            await wait_all_tasks_blocked()
        gate.set()
        run = await group.ran()
        assert (run.by_hand, run.result) == (True, "waited")
        await trio.sleep(5 * HOUR)
        assert len(work.times) == 1


async def test_a_run_by_hand_puts_the_next_one_off(autojump_clock: MockClock) -> None:
    work = Work()
    async with open_inline_store() as store, running(store, chore(work)) as group:
        await trio.sleep(HOUR / 2)
        await group.schedules.ask("sweep", RunNow())
        await group.ran()
        assert group.view().next_run == pytest.approx(EPOCH + 1.5 * HOUR)


async def test_another_interval_counts_from_the_last_run_and_none_is_the_usual_one(autojump_clock: MockClock) -> None:
    work = Work()
    async with open_inline_store() as store, running(store, chore(work)) as group:
        await group.ran()
        shorter = await group.schedules.ask("sweep", SetInterval(600.0))
        assert (shorter.interval_seconds, shorter.default_seconds) == (600.0, HOUR)
        assert shorter.next_run == pytest.approx(EPOCH + HOUR + 600)
        await group.ran()
        usual = await group.schedules.ask("sweep", SetInterval(None))
        assert usual.next_run == pytest.approx(EPOCH + 2 * HOUR + 600)
        assert work.times == pytest.approx([HOUR, HOUR + 600])


@pytest.mark.parametrize("seconds", [0.0, -1.0, 9.9, 1e9, float("nan")])
async def test_an_interval_that_makes_no_sense_is_refused(autojump_clock: MockClock, seconds: float) -> None:
    async with open_inline_store() as store, running(store, chore(Work())) as group:
        with pytest.raises(Failure, match="from 10 to 2678400") as refused:
            await group.schedules.ask("sweep", SetInterval(seconds))
        assert (refused.value.code, refused.value.param) == (Code.INVALID_VALUE, "seconds")
        assert group.view().interval_seconds == HOUR


async def test_a_piece_that_does_not_exist_is_not_found(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, running(store, chore(Work())) as group:
        with pytest.raises(Failure, match="There is no schedule nope") as refused:
            await group.schedules.ask("nope", RunNow())
        assert refused.value.code is Code.NOT_FOUND


async def test_pause_interval_and_last_run_survive_a_restart(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with running(store, chore(Work()), chore(Work(), "other")) as group:
            await group.ran()
            await group.schedules.ask("sweep", SetInterval(1800.0))
            await group.schedules.ask("other", Pause())
        await trio.sleep(600)
        async with running(store, chore(Work()), chore(Work(), "other")) as group:
            view = group.view()
            assert view.interval_seconds == 1800.0
            assert view.last is not None
            assert view.last.result == "done"
            assert view.next_run == pytest.approx(EPOCH + HOUR + 1800)
            assert group.view("other").paused


async def test_however_many_runs_were_missed_while_stopped_one_makes_up_for_them(autojump_clock: MockClock) -> None:
    work = Work()
    async with open_inline_store() as store:
        async with running(store, chore(work)):
            pass
        await trio.sleep(10 * HOUR)
        async with running(store, chore(work, jitter=0.5)):
            await trio.sleep(0.9 * HOUR)
        assert len(work.times) == 1
        assert 10 * HOUR <= work.times[0] <= 10 * HOUR + 30


async def test_a_run_that_was_cut_short_is_told_and_made_up_for_but_not_at_once(autojump_clock: MockClock) -> None:
    work = Work(trio.Event())
    async with open_inline_store() as store:
        async with running(store, chore(work)):
            await trio.sleep(HOUR + 1)
            assert work.busy == 1
        assert work.busy == 0
        async with running(store, chore(work)) as group:
            last = group.view().last
            assert last is not None
            assert last.error == "was cut short"
            await trio.sleep(299)
            assert len(work.times) == 1
            assert (await group.ran()).error is None
            assert work.times == pytest.approx([HOUR, HOUR + 301])


async def test_work_at_midnight_utc_runs_once_for_each_day(autojump_clock: MockClock) -> None:
    work = Work()
    async with open_inline_store() as store:
        async with running(store, chore(work, interval=lambda: 86400.0, aligned=True)) as group:
            due = group.view().next_run
            assert due is not None
            midnight = datetime.fromtimestamp(due, UTC)
            assert (midnight.hour, midnight.minute, midnight.second) == (0, 0, 0)
            assert EPOCH < due <= EPOCH + 86400
            await group.schedules.ask("sweep", RunNow())
            await group.ran()
            assert group.view().next_run == due
            await trio.sleep(2 * 86400)
        _by_hand, *regular = work.times
        assert [(EPOCH + moment) % 86400 for moment in regular] == pytest.approx([0.0, 0.0], abs=0.01)


async def test_a_clock_that_is_set_back_does_not_put_work_off_for_ever(autojump_clock: MockClock) -> None:
    work, ahead = Work(), 10 * 86400.0

    def told() -> float:
        return now() + ahead

    async with open_inline_store() as store:
        bus = EventBus()
        supervisor = Schedules((chore(work),), ScheduleParts(store, bus, told)).supervisor()
        async with trio.open_nursery() as nursery:
            await nursery.start(supervisor.run)
            await trio.sleep(HOUR / 2)
            ahead = 0.0
            await trio.sleep(1.1 * HOUR)
            assert len(work.times) == 1
            await supervisor.stop()


async def test_a_run_is_told_on_the_bus_when_it_begins_and_when_it_ends(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, running(store, chore(Work(""))) as group:
        began = await group.spy.wait(ScheduleChanged)
        assert began.view.running
        ended = await group.spy.wait(ScheduleRan)
        assert not ended.view.running
        assert ended.view.last is not None
        assert ended.view.last.result == "nothing to do"
        await group.schedules.ask("sweep", Pause())
        assert (await group.spy.wait(ScheduleChanged)).view.paused


class Faulty:
    """A store that fails at every write."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def write(self, *args: object) -> object:
        await trio.lowlevel.checkpoint()
        raise StoreFault("the disk is full")

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


async def test_work_goes_on_when_its_state_cannot_be_stored(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    async with open_inline_store() as store, running(Faulty(store), chore(work)) as group:  # type: ignore[arg-type]
        assert (await group.ran()).result == "done"
        assert (await group.schedules.ask("sweep", Pause())).paused
        assert len(work.times) == 1
    assert "the state of sweep could not be stored: the disk is full" in caplog.text


@pytest.mark.parametrize("stored", [{"since": "yesterday"}, 5, {}])
async def test_a_stored_state_that_cannot_be_read_is_like_none(
    autojump_clock: MockClock, stored: object, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_inline_store() as store:
        await store.write(settings.put, stored_as("sweep"), stored)
        async with running(store, chore(Work())) as group:
            assert group.view().next_run == EPOCH + HOUR
            assert (await group.ran()).error is None
    assert "the state of sweep cannot be read" in caplog.text


async def test_the_state_lies_among_the_settings_under_a_name_that_no_setting_has(autojump_clock: MockClock) -> None:
    def moved(db: Database) -> None:
        settings.put(db, stored_as("sweep"), Saved(since=EPOCH - HOUR, paused=True, interval_seconds=600.0))

    async with open_inline_store() as store:
        await store.write(moved)
        async with running(store, chore(Work())) as group:
            assert (group.view().paused, group.view().interval_seconds) == (True, 600.0)
