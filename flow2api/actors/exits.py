"""Which proxy every account goes out through right now: a plain object that anybody in the tree may ask without waiting.

What is known of the proxies is replaced whole by the actor of the pool, its only writer. An account gets its proxy when it first asks
for one and keeps it while that is healthy; each choice is one synchronous step over a picture that cannot change under it.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
import trio

from flow2api.domain.proxy import Candidate, ProxyHome, Role, Rotation, least_bad, least_loaded
from flow2api.errors import ProxyRefused
from flow2api.net.exits import ExitChoice


class OpenExit(Candidate, frozen=True, kw_only=True):
    """A proxy as a choice sees it. Disabled ones are kept too: that there are some means that nothing goes out directly."""

    url: str
    roles: tuple[Role, ...]
    enabled: bool = True

    def __repr__(self) -> str:
        return f"OpenExit({self.id})"


class Move(msgspec.Struct, frozen=True):
    """An account got a proxy, another one, or (None) none any more."""

    account_id: str
    role: Role
    proxy_id: str | None
    fixed: bool = False
    """By an operator's word."""


class ExitBook:
    """The exits of all accounts. Empty, which it is without proxies, it sends everything out directly."""

    def __init__(self, rotation: Rotation = "sticky") -> None:
        self.rotation = rotation
        """Set by the pool when the settings say another."""
        self._exits: dict[str, OpenExit] = {}
        self._homes: dict[tuple[Role, str], str] = {}
        self._fixed: set[str] = set()
        """Accounts whose home for requests is an operator's choice."""
        self._loads: Counter[str] = Counter()
        self._turns = itertools.count()
        self._moved: set[tuple[Role, str]] = set()
        self._news = trio.Event()

    def __repr__(self) -> str:
        return f"ExitBook({len(self._exits)} exits, {len(self._homes)} homes)"

    # -- for everybody -------------------------------------------------------------------------------------------

    def exit_for(self, account_id: str, role: Role = "requests", avoid: Collection[str] = ()) -> str | None:
        """The URL of the proxy for the account's next call, None for direct, which it only is when there are no proxies for it.

        Ask anew for each call. When all of them rest it is the least bad one. `avoid` names URLs that have just failed: another
        proxy is given where there is one, for this call alone.

        Raises:
            ProxyRefused: there are proxies, and every one is disabled.
        """
        pools = self._pools(role)
        usable = [(home, [one for one in exits if one.enabled]) for home, exits in pools]
        chosen = self._choose(account_id, usable, avoid) or self._choose(account_id, usable, ())
        if chosen is not None:
            return chosen.url
        if any(exits for _, exits in pools):
            raise ProxyRefused("every proxy is disabled, and nothing goes out directly while there are any")
        return None

    def choice(self, account_id: str, role: Role = "requests") -> ExitChoice:
        """`exit_for` of one account, to be passed on to whoever makes calls for it."""

        def exit_for(avoid: Collection[str] = ()) -> str | None:
            return self.exit_for(account_id, role, avoid)

        return exit_for

    def forget(self, account_id: str) -> None:
        """The account is gone, or never came to be: it burdens no proxy any more."""
        for role in ("requests", "media"):
            self._settle(role, account_id, None)

    def move(self, account_id: str, proxy_id: str | None) -> None:
        """Fix the account to this proxy, by an operator's word; None lets the next call choose."""
        self._settle("requests", account_id, proxy_id)
        if proxy_id is not None:
            self._fixed.add(account_id)

    def homes(self) -> Mapping[str, ProxyHome]:
        """Where each account stays for its requests, by its id; who goes out by turns stays nowhere."""
        return {
            account_id: ProxyHome(proxy_id=proxy_id, fixed=account_id in self._fixed)
            for (role, account_id), proxy_id in self._homes.items()
            if role == "requests"
            and proxy_id in self._exits
            and (self.rotation == "sticky" or account_id in self._fixed)
        }

    def home(self, account_id: str, role: Role = "requests") -> str | None:
        """The id of the proxy that the account stays with; None as long as it has none."""
        return self._homes.get((role, account_id))

    # -- for the pool's actor ------------------------------------------------------------------------------------

    def put(self, exits: Iterable[OpenExit]) -> None:
        """What is known of all proxies, in the order in which equals are preferred."""
        self._exits = {one.id: one for one in exits}

    def restore(self, moves: Iterable[Move]) -> None:
        """Homes of an earlier process; what is known already is newer."""
        for move in moves:
            if move.proxy_id in self._exits and (move.role, move.account_id) not in self._homes:
                self._homes[move.role, move.account_id] = move.proxy_id
                self._loads[move.proxy_id] += 1
                if move.fixed:
                    self._fixed.add(move.account_id)

    def last_resorts(self) -> frozenset[str]:
        """The ids of proxies that are used although they rest, since all others that could stand in for them do too."""
        pools = [
            [one for _, exits in self._pools(role) for one in exits if one.enabled] for role in ("requests", "media")
        ]
        return frozenset(least_bad(pool).id for pool in pools if pool and not any(one.healthy for one in pool))

    @property
    def loads(self) -> Mapping[str, int]:
        """How many accounts go out through each proxy, by id."""
        homes = {(account_id, proxy_id) for (_, account_id), proxy_id in self._homes.items()}
        return Counter(proxy_id for _, proxy_id in homes)

    async def wait_moved(self) -> None:
        """Until somebody has got another proxy since `take_moves`."""
        await self._news.wait()

    def take_moves(self) -> list[Move]:
        """Who has got another proxy since the last time."""
        moved, self._moved = self._moved, set()
        self._news = trio.Event()
        return [
            Move(account_id, role, self._homes.get((role, account_id)), self._is_fixed(role, account_id))
            for role, account_id in moved
        ]

    def give_back(self, moves: Iterable[Move]) -> None:
        """Moves that could not be stored: they are told again."""
        self._moved |= {(move.role, move.account_id) for move in moves}
        self._news.set()

    # -- the choice ----------------------------------------------------------------------------------------------

    def _pools(self, role: Role) -> list[tuple[Role, list[OpenExit]]]:
        """The proxies for a role and, where media have their own, those for requests, which stand in for them."""
        own = [one for one in self._exits.values() if role in one.roles]
        if role == "requests":
            return [("requests", own)]
        return [("media", own), *self._pools("requests")] if own else self._pools("requests")

    def _choose(
        self, account_id: str, pools: Sequence[tuple[Role, list[OpenExit]]], avoid: Collection[str]
    ) -> OpenExit | None:
        """A healthy one from the first pool that has any, else the least bad one of the first pool; None if there is none."""
        left = [(home, [one for one in exits if one.url not in avoid]) for home, exits in pools]
        for home, exits in left:
            healthy = [one for one in exits if one.healthy]
            if healthy:
                return self._take(home, account_id, healthy, for_good=not avoid)
        return next((least_bad(exits) for _, exits in left if exits), None)

    def _take(self, role: Role, account_id: str, healthy: Sequence[OpenExit], *, for_good: bool) -> OpenExit:
        home = self._homes.get((role, account_id))
        # A proxy that is gone binds nobody.
        fixed = self._is_fixed(role, account_id) and home in self._exits
        if fixed or self.rotation == "sticky":
            for one in healthy:
                if one.id == home:
                    return one
        if self.rotation == "round_robin":
            return healthy[next(self._turns) % len(healthy)]
        best = least_loaded(healthy, self._loads)
        if for_good and not fixed:
            self._settle(role, account_id, best.id)
        return best

    def _is_fixed(self, role: Role, account_id: str) -> bool:
        return role == "requests" and account_id in self._fixed

    def _settle(self, role: Role, account_id: str, proxy_id: str | None) -> None:
        before = self._homes.pop((role, account_id), None)
        if role == "requests":
            self._fixed.discard(account_id)
        if before is None and proxy_id is None:
            return
        if before is not None:
            self._loads[before] -= 1
        if proxy_id is not None:
            self._homes[role, account_id] = proxy_id
            self._loads[proxy_id] += 1
        self._moved.add((role, account_id))
        self._news.set()
