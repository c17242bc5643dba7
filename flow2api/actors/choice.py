"""Which account serves a wish, and on which of its ways; and why none can.

Synchronous, over the roster as it is at the moment. Holds nothing but whose turn it is among ways that share the work. Gives out
no leases: the dispatcher does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from flow2api.actors.roster import Entry, Roster
from flow2api.domain import rest
from flow2api.domain.account import Hindrance
from flow2api.domain.job import Generation, ways_of
from flow2api.errors import Code, Failure

_TOLD_ACCOUNTS = 20


class Wanted(msgspec.Struct, frozen=True):
    """What is to be made, and on which accounts if not on any."""

    generation: Generation
    only: str | None = None
    """The one account that can serve it, because it owns what the work continues."""
    avoid: frozenset[str] = frozenset()
    """Accounts to take only when there is no other."""


class Choice(NamedTuple):
    """An account, and the generation on the way that leads to it."""

    entry: Entry
    generation: Generation


class Chooser:
    """Chooses among the accounts of a roster."""

    def __init__(self, roster: Roster) -> None:
        self._roster = roster
        self._turns = _Turns()

    def choose(self, wanted: Wanted, now: float) -> Choice | None:
        """The first choice that could begin at once; None when none can.

        Ways of one order share the work by weight. The next order is for when all accounts before it are hindered or have just
        failed: one that is only busy is waited for."""
        spare: list[Choice] = []
        for ways in _by_order(wanted.generation):
            free = [one for one in self._offers(wanted, ways, busy=False) if self._hindrance(*one, now) is None]
            fresh = [one for one in free if one.entry.account.id not in wanted.avoid]
            if fresh:
                return self._best(fresh)
            spare = spare or free
            if wanted.generation.ways and self._is_waited_for(wanted, ways, now):
                break
        return self._best(spare) if spare else None

    def hopeless(self, wanted: Wanted, now: float, deadline: float) -> Failure | None:
        """Why no account can serve it before the deadline, with every account's reason; None while one may."""
        reasons: dict[str, Hindrance] = {}
        for way in ways_of(wanted.generation):
            for entry in self._candidates(wanted, way):
                hindrance = self._hindrance(entry, way, now)
                if hindrance is None or (hindrance.until is not None and hindrance.until < deadline):
                    return None
                reasons.setdefault(entry.account.label, hindrance)
        return _no_account(list(reasons.items()), wanted, now)

    def _best(self, choices: Sequence[Choice]) -> Choice:
        """Of the ways the one whose turn it is, and of its accounts the best."""
        ways = {one.generation.route: one.generation for one in choices}
        chosen = self._turns.next(choices[0].generation.model, ways) if len(ways) > 1 else next(iter(ways))
        return min((one for one in choices if one.generation.route == chosen), key=self._rank)

    def _rank(self, choice: Choice) -> tuple[object, ...]:
        """Smaller is better: signed in, tier known, least loaded, longest unused."""
        account, kind = choice.entry.account, choice.generation.kind
        limit = account.image_concurrency if kind == "image" else account.video_concurrency
        return (
            account.captcha_strikes > 0,
            not choice.entry.signed_in,
            account.tier == "unknown",
            self._roster.in_flight(account.id, kind) / limit,
            account.last_used_at or 0.0,
        )

    def _offers(self, wanted: Wanted, ways: Sequence[Generation], *, busy: bool) -> Iterator[Choice]:
        """The accounts of these ways that have no free slot, or those that have; whatever else may hinder them."""
        for way in ways:
            for entry in self._candidates(wanted, way):
                if (not self._roster.free_slots(entry.account, way.kind)) is busy:
                    yield Choice(entry, way)

    def _is_waited_for(self, wanted: Wanted, ways: Sequence[Generation], now: float) -> bool:
        """Whether some account of these ways is only busy, and has not just failed."""
        return any(
            one.entry.account.id not in wanted.avoid and self._hindrance(*one, now) is None
            for one in self._offers(wanted, ways, busy=True)
        )

    def _candidates(self, wanted: Wanted, way: Generation) -> Iterable[Entry]:
        """Accounts that the way is for at all. Work on what an account made already is not moved by a change of its group."""
        if wanted.only is None:
            return (entry for entry in self._roster.entries() if rest.is_for(entry.account, way))
        only = self._roster.get(wanted.only)
        return () if only is None or only.account.provider != way.provider else (only,)

    def _hindrance(self, entry: Entry, way: Generation, now: float) -> Hindrance | None:
        account = entry.account
        reserved = self._roster.reserved(account.id)
        if reserved and account.credits is not None:
            account = msgspec.structs.replace(account, credits=account.credits - reserved)
        return rest.hindrance(account, way, now)


class _Turns:
    """Smooth weighted round robin: in each round everyone gains its weight, and who is served pays for all.

    Each model has rounds of its own: in common ones, models that share ways would take turns with each other, and each of them
    might go one way only."""

    def __init__(self) -> None:
        self._gained: defaultdict[tuple[str, str], int] = defaultdict(int)

    def next(self, model: str, ways: dict[str, Generation]) -> str:
        """Whose turn it is; counts as a turn."""
        for route, way in ways.items():
            self._gained[model, route] += way.weight
        chosen = max(ways, key=lambda route: self._gained[model, route])
        self._gained[model, chosen] -= sum(way.weight for way in ways.values())
        return chosen


def _by_order(generation: Generation) -> Iterator[list[Generation]]:
    if not generation.ways:
        yield [generation]
        return
    for _, ways in groupby(sorted(ways_of(generation), key=lambda way: way.order), key=lambda way: way.order):
        yield list(ways)


def _no_account(reasons: list[tuple[str, Hindrance]], wanted: Wanted, now: float) -> Failure:
    generation = wanted.generation
    if not reasons and wanted.only is not None:
        message = "Only the account that made the clip can go on with it, and that is not here, or of another service."
        return Failure(Code.NO_ACCOUNT_AVAILABLE, message)
    if not reasons:
        ways = ways_of(generation)
        services = " or ".join(dict.fromkeys(_place(way) for way in ways))
        commands = " or ".join(
            f"`flow2api account add --kind {kind}`" for kind in dict.fromkeys(way.provider for way in ways)
        )
        message = (
            f"There is no account at {services} that could serve this. Add one with {commands}, or in the dashboard."
        )
        return Failure(Code.NO_ACCOUNT_AVAILABLE, message)
    listed = "; ".join(f"{label}: {hindrance.detail}" for label, hindrance in reasons[:_TOLD_ACCOUNTS])
    more = f"; and {len(reasons) - _TOLD_ACCOUNTS} more" if len(reasons) > _TOLD_ACCOUNTS else ""
    returns = [hindrance.until for _, hindrance in reasons if hindrance.until is not None]
    broke = all(hindrance.code in rest.OUT_OF_CREDIT_CODES for _, hindrance in reasons)
    return Failure(
        Code.INSUFFICIENT_QUOTA if broke else Code.NO_ACCOUNT_AVAILABLE,
        f"No account can serve this now. {listed}{more}.",
        retry_after_seconds=max(1.0, min(returns) - now) if returns else None,
    )


def _place(way: Generation) -> str:
    return f"{way.provider} in the group {way.group}" if way.group else way.provider
