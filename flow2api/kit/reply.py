"""The answer that an asker waits for: settled once, or abandoned when the asker goes away first.

Promises: a value that `set` accepted reaches the asker, even one that is cancelled in the same tick; and when the asker goes,
all work inside the reply's scopes is cancelled. It does not know mailboxes, actors or supervisors.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Generic, TypeVar, cast

import trio

R = TypeVar("R")


class _State(Enum):
    OPEN = auto()
    VALUE = auto()
    ERROR = auto()
    ABANDONED = auto()


class Reply(Generic[R]):
    """One pending answer. An actor gets it from `Actor.later` and may settle it from any task, now or much later.

    `set` and `fail` are synchronous and never wait. True means that the asker will certainly get this value or error, so what
    is granted that way cannot leak; False means that nobody will (the asker is gone, or the reply was settled before), so
    whatever was to be handed over must be taken back.
    """

    __slots__ = ("_callbacks", "_handling", "_outcome", "_over", "_scope", "_state", "_task")

    def __init__(self) -> None:
        self._state = _State.OPEN
        self._outcome: object = None
        self._task: trio.lowlevel.Task | None = None
        self._handling: trio.CancelScope | None = None
        self._scope: trio.CancelScope | None = None
        self._callbacks: list[Callable[[], object]] = []
        self._over: Callable[[Reply[R]], object] | None = None

    @property
    def settled(self) -> bool:
        """Whether it has been answered, with a value or an error."""
        return self._state is _State.VALUE or self._state is _State.ERROR

    @property
    def abandoned(self) -> bool:
        """Whether the asker went away before it was answered."""
        return self._state is _State.ABANDONED

    @property
    def scope(self) -> trio.CancelScope:
        """A cancel scope for the work that leads to the answer; cancelled when the asker goes away.

        As with all of Trio's scopes, only one `with` block can use it. `handle` itself runs in another one.
        """
        if self._scope is None:
            self._scope = trio.CancelScope()
            if self.abandoned:
                self._scope.cancel()
        return self._scope

    def set(self, value: R) -> bool:
        """Answer with a value. Whether the asker gets it."""
        return self._settle(_State.VALUE, value)

    def fail(self, error: Exception) -> bool:
        """Answer with an error, which is raised at the asker. Whether the asker gets it."""
        return self._settle(_State.ERROR, error)

    def on_abandon(self, callback: Callable[[], object]) -> None:
        """Call `callback` once if the asker goes away before there is an answer; at once if it has gone already.

        It runs in the asker's task, which is being cancelled: it must be synchronous and quick, and not raise.
        """
        if self._state is _State.OPEN:
            self._callbacks.append(callback)
        elif self.abandoned:
            callback()

    # The rest is for the kit itself.

    def handling(self) -> trio.CancelScope:
        """The scope for `handle`, apart from `scope`, which `handle` may enter itself or give to a task."""
        self._handling = trio.CancelScope()
        return self._handling

    def when_over(self, callback: "Callable[[Reply[R]], object]") -> None:
        """Call `callback` once it is settled or abandoned, before anything else learns of it."""
        self._over = callback

    async def wait(self) -> R:
        """Wait for the answer; cancellation abandons it. Only the asker may call this, and once."""
        try:
            if self._state is _State.OPEN:
                # Trio's own primitives could not keep the promise of `set`: once this task has been rescheduled by it, a
                # cancellation can no longer hit it here, and before that the abort function turns the reply down.
                self._task = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(self._abort)
        finally:
            if not self.settled:
                self._abandon()
        if self._state is _State.ERROR:
            raise cast("Exception", self._outcome)
        return cast("R", self._outcome)

    def _abort(self, _: object) -> trio.lowlevel.Abort:
        self._state = _State.ABANDONED
        return trio.lowlevel.Abort.SUCCEEDED

    def _settle(self, state: _State, outcome: object) -> bool:
        if self._state is not _State.OPEN:
            return False
        self._state = state
        self._outcome = outcome
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)
        self._finish()
        return True

    def _abandon(self) -> None:
        for scope in (self._handling, self._scope):
            if scope is not None:
                scope.cancel()
        callbacks = self._callbacks
        self._finish()
        for callback in callbacks:
            callback()

    def _finish(self) -> None:
        self._callbacks = []
        if self._over is not None:
            self._over(self)
