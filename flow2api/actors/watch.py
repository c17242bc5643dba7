"""A live job as its watchers see it: the newest progress, coalesced for a slow reader; the end is never lost."""

import time
from collections.abc import AsyncIterator, Callable

import msgspec
import trio

from flow2api.domain.job import Job, JobState, Progress
from flow2api.errors import Failure


class LiveJob:
    """One job that is being worked on. Written by the task that runs it; watched by any number of callers."""

    def __init__(self, job: Job, notify: Callable[[Progress], None]) -> None:
        self.progress = Progress(job=job)
        self.version = int(time.time() * 1_000_000)
        """Rises with each progress, over restarts too, since it counts up from the time when this life began."""
        self.admitted_as = job
        """The job as it came; `job` may turn out to be an earlier one that this repeats."""
        self.ended = False
        self.interrupted: Failure | None = None
        """Set when the process stops before the job is final: the job stays stored and goes on at the next start."""
        self.stalled: Failure | None = None
        """Set while the job cannot go on for a trouble of ours that will pass."""
        self.watchers = 0
        self._breakable: tuple[trio.CancelScope, bool] | None = None
        self.cancel_asked = False
        self.left = False
        """Given up because its last caller left. Whoever asks for the same again wants a new one."""
        self.admitted = trio.Event()
        """Set once it is known whether the job is durable; `refusal` says why it is not."""
        self.repeats = False
        """Whether it turned out to be a repeat of an earlier job, whose place it took."""
        self.refusal: Failure | None = None
        self._notify = notify
        self._changed = trio.Event()

    @property
    def job(self) -> Job:
        return self.progress.job

    def show(self, **changes: object) -> None:
        """New progress for all watchers."""
        self.progress = msgspec.structs.replace(self.progress, **changes)
        self.version += 1
        self._wake()
        self._notify(self.progress)

    def resume(self, job: Job) -> None:
        """Another life of the engine goes on with the job, from where it is stored; those who watch it go on watching."""
        self.stalled = None
        self.admitted.set()
        self.show(job=job, account=None, stage="", position=None, percent=None, note="")

    def end(self, interrupted: Failure | None = None) -> None:
        """The task that runs it is done; nothing changes any more."""
        self.ended = True
        self.interrupted = interrupted
        self._wake()

    def stall(self, trouble: Failure | None) -> None:
        """The job cannot go on for a while, which its watchers are told; None: it goes on again."""
        self.stalled = trouble
        if trouble is not None:
            self._wake()

    def admit(self, earlier: Job | None) -> None:
        """The job is durable; or it was a repeat of an earlier one, whose place this takes."""
        if earlier is not None:
            self.progress = Progress(job=earlier)
            self.ended = self.repeats = True
        self.admitted.set()

    def refuse(self, refusal: Failure) -> None:
        """The job could not be made durable."""
        self.refusal = refusal
        self.ended = True
        self.admitted.set()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    async def wait_changed(self) -> None:
        await self._changed.wait()

    async def wait_ended(self) -> None:
        """Until the task that runs it is done."""
        while not self.ended:
            await self._changed.wait()

    def open_to_break(self, scope: trio.CancelScope, *, free: bool) -> None:
        """From now on the scope may be cancelled to break the work off; `free`: nothing is spent by then."""
        self._breakable = (scope, free)

    def close_to_break(self) -> None:
        self._breakable = None

    def break_off(self) -> None:
        """End the present stretch of work if it can be ended, because the process stops."""
        if self._breakable is not None:
            self._breakable[0].cancel()

    def leave(self) -> None:
        """Nobody waits for the job any more: it is given up if that is free."""
        if not self.cancel_asked and not self.ended:
            self.left = self.give_up()

    def give_up(self, *, paid: bool = False) -> bool:
        """Cancel the job if that is free, or with `paid` also when it is not any more; says whether it could be."""
        if self._breakable is None:
            if self.job.state not in (JobState.QUEUED, JobState.STARTING):
                return False
            # Between two stretches: the next one finds it.
            self.cancel_asked = True
            return True
        scope, free = self._breakable
        if not (free or paid):
            return False
        self.cancel_asked = True
        scope.cancel()
        return True


class Watch:
    """What one caller sees of one job. A context manager: leaving it tells the job that this caller is gone.

    Closing is a plain call that never waits. The last watcher of a job that nobody else waits for gives it up, if that is
    still free of charge.
    """

    def __init__(self, live: LiveJob) -> None:
        self._live = live
        self._open = True
        live.watchers += 1

    @property
    def progress(self) -> Progress:
        """The newest progress."""
        return self._live.progress

    @property
    def version(self) -> int:
        """The number of the newest progress."""
        return self._live.version

    async def newer_than(self, seen: Progress | None) -> Progress | None:
        """The newest progress once it is another than `seen`; None when the job ended and its end was seen.

        Cancelling it loses nothing.

        Raises:
            Failure: the process stops before the job is final (`draining`), or its database fails for long.
        """
        while self._live.progress is seen:
            self._check()
            if self._live.ended:
                return None
            await self._live.wait_changed()
        return self._live.progress

    async def __aiter__(self) -> AsyncIterator[Progress]:
        """The present progress at once, then the newest after each change; ends after the final state. Raises as `newer_than`."""
        progress: Progress | None = None
        while (progress := await self.newer_than(progress)) is not None:
            yield progress

    async def wait_final(self) -> Job:
        """The job once it is final.

        Raises:
            Failure: as for `newer_than`.
        """
        self._check()
        while not self._live.ended:
            await self._live.wait_changed()
            self._check()
        return self._live.job

    def _check(self) -> None:
        trouble = self._live.interrupted if self._live.ended else self._live.stalled
        if trouble is not None:
            raise trouble

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._live.watchers -= 1
        # Who left because of a stall was told that the job goes on.
        if self._live.watchers == 0 and not self._live.job.detached and self._live.stalled is None:
            self._live.leave()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
