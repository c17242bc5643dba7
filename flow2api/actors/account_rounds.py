"""Regular work on accounts: goes from one to the next and asks each account's actor, which alone decides what is to be done.

Gentle: one account of a service at a time, with a pause after each that needed the service. A failure of one keeps nobody else from
being asked, and no account is disabled by it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import trio

from flow2api.actors.account_messages import KeepFresh, Observe, Renew, Revive, RollDay
from flow2api.actors.chore import ChoreFailed
from flow2api.actors.roster import Entry, Roster
from flow2api.actors.session_refresh import SameSession
from flow2api.config import SchedulesConfig
from flow2api.domain.account import AccountState
from flow2api.domain.failure import UpstreamFailure
from flow2api.errors import Failure
from flow2api.kit.errors import ActorError
from flow2api.kit.mailbox import Ask

# More would not be read anyway; the accounts tell the rest.
_TOLD_FAILURES = 3


@dataclass
class _Tally:
    done: int = 0
    failures: list[str] = field(default_factory=list)

    def told(self, words: Callable[[int], str]) -> str:
        """What was done, in words.

        Raises:
            ChoreFailed: something failed; it tells what was done as well.
        """
        done = words(self.done) if self.done else ""
        if not self.failures:
            return done
        told = "; ".join(self.failures[:_TOLD_FAILURES])
        more = f" and {len(self.failures) - _TOLD_FAILURES} more" if len(self.failures) > _TOLD_FAILURES else ""
        raise ChoreFailed(f"{done}{', but ' if done else ''}{len(self.failures)} failed: {told}{more}")


class AccountRounds:
    """Each public method is a round over the accounts, and tells in words what came of it."""

    def __init__(
        self,
        roster: Roster,
        config: SchedulesConfig,
        random: Random | None = None,
        *,
        kept: Callable[[str], bool] = lambda account_id: False,
    ) -> None:
        self._roster = roster
        self._config = config
        self._random = random or Random()
        self._kept = kept
        """Whether a browser profile is kept for an account."""

    async def renew_logins(self) -> str:
        """Renew logins that end soon, of active accounts: one that rests or is disabled is left alone."""
        tally = await self._round(KeepFresh(self._config.login_ahead_seconds), _is_active)
        return tally.told(lambda count: f"renewed {_some(count, 'login')}")

    async def read_credits(self) -> str:
        """Read credits and tier of active accounts."""
        tally = await self._round(Observe(), _is_active)
        return tally.told(lambda count: f"read the credits of {_some(count, 'account')}")

    async def renew_sessions(self) -> str:
        """Take over newer sessions from kept browser profiles, for accounts that work and for those that need a login."""
        tally = await self._round(Renew(), self._has_browser)
        return tally.told(lambda count: f"renewed {_some(count, 'session')}")

    async def end_rests(self) -> str:
        """End rests that are over, where the account's own timer has not."""
        tally = await self._round(Revive(), _rests)
        return tally.told(lambda count: f"brought {_some(count, 'account')} back")

    async def roll_day(self) -> str:
        """Begin the counts of the day anew."""
        tally = await self._round(RollDay(), lambda entry: True)
        return tally.told(lambda count: f"began the counts of {_some(count, 'account')} anew")

    def _has_browser(self, entry: Entry) -> bool:
        return (_is_active(entry) or _needs_login(entry)) and self._kept(entry.account.id)

    async def _round(self, message: Ask[Any], chosen: Callable[[Entry], bool]) -> _Tally:
        by_provider: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._roster.entries():
            if chosen(entry):
                by_provider[entry.account.provider].append(entry)
        tally = _Tally()
        async with trio.open_nursery() as nursery:
            for entries in by_provider.values():
                nursery.start_soon(self._ask_each, entries, message, tally)
        return tally

    async def _ask_each(self, entries: Sequence[Entry], message: Ask[Any], tally: _Tally) -> None:
        for entry in entries:
            try:
                if not await entry.ref.ask(message):
                    continue
                tally.done += 1
            except SameSession as same:
                # As it should be, as long as that session works.
                if _needs_login(entry):
                    tally.failures.append(f"{entry.account.label}: {same}")
            except (UpstreamFailure, Failure, ActorError) as error:
                tally.failures.append(f"{entry.account.label}: {error}")
            if isinstance(message, KeepFresh | Observe | Renew) and entry is not entries[-1]:
                await trio.sleep(self._config.spread_seconds * self._random.uniform(0.5, 1.5))


def _is_active(entry: Entry) -> bool:
    return entry.account.standing.state is AccountState.ACTIVE


def _needs_login(entry: Entry) -> bool:
    return entry.account.standing.state is AccountState.NEEDS_LOGIN


def _rests(entry: Entry) -> bool:
    return not _is_active(entry) or bool(entry.account.model_rests)


def _some(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
