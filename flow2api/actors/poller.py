"""One loop that asks how all the running clips of one account stand, with one call for all of them.

The cost of waiting grows with accounts, not with clips. The loop runs only while somebody waits.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.base import Check, Stage

log = logging.getLogger("flow2api.poller")

LONGEST_PAUSE_SECONDS = 60.0


class _Watched:
    """A clip that is waited for."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self.check: Check | None = None
        self.ended = trio.Event()
        self.listeners: list[Callable[[Check], object]] = []


class Poller:
    """Clips by media id, and the loop over them. `run` it in the account's nursery."""

    def __init__(
        self,
        name: str,
        check: Callable[[Sequence[Made]], Awaitable[list[Check]]],
        interval_seconds: Callable[[], float],
    ) -> None:
        self._name = name
        self._check = check
        self._interval_seconds = interval_seconds
        self._watched: dict[str, _Watched] = {}
        self._some = trio.Event()

    async def wait_ended(self, made: Made, tell: Callable[[Check], object] = lambda check: None) -> Check:
        """How the clip ended: done, failed, or in a way that the provider does not know. Cancelling it forgets the clip.

        `tell` is called with what each look before that finds."""
        watched = self._watched.setdefault(made.media_id, _Watched(made))
        watched.listeners.append(tell)
        self._some.set()
        try:
            await watched.ended.wait()
        finally:
            watched.listeners.remove(tell)
            if not watched.listeners:
                self._watched.pop(made.media_id, None)
        if watched.check is None:
            raise RuntimeError("a clip ended without saying how")
        return watched.check

    async def run(self) -> None:
        """Ask once each interval while anybody waits; a call that fails is made again, after growing pauses."""
        pause = self._interval_seconds()
        while True:
            if not self._watched:
                self._some = trio.Event()
                await self._some.wait()
            await trio.sleep(pause)
            pause = self._interval_seconds() if await self._round() else min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _round(self) -> bool:
        """One call for all; whether it could be made."""
        asked = [watched.made for watched in self._watched.values()]
        if not asked:
            return True
        try:
            checks = await self._check(asked)
        except UpstreamFailure as failure:
            # Nothing is known, so nothing has changed: the deadlines of the jobs bound this.
            log.warning("status call failed account=%s kind=%s: %s", self._name, failure.kind.value, failure.message)
            return False
        for check in checks:
            self._note(check)
        return True

    def _note(self, check: Check) -> None:
        watched = self._watched.get(check.made.media_id)
        if watched is None:
            return
        if check.stage in (Stage.WAITING, Stage.RUNNING):
            for tell in watched.listeners:
                tell(check)
            return
        watched.check = check
        watched.ended.set()


def failure_of(check: Check) -> UpstreamFailure:
    """Why a clip did not come about."""
    return check.failure or UpstreamFailure(FailureKind.UPSTREAM_FAULT, "the clip failed without a reason")
