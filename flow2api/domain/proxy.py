"""Proxies: what is known of each, how its health goes up and down, when it rests, and which one is chosen.

Records and pure arithmetic; times are Unix seconds and always given, as is chance. Addresses stand here with their credentials
masked: no record of this module holds a secret.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

Role = Literal["requests", "media"]
Rotation = Literal["sticky", "round_robin"]
Origin = Literal["config", "operator"]

# One use moves the score by this share of the way: five in a row by two thirds.
_WEIGHT = 0.2
# A proxy that comes back from a rest starts with this, so that its next failures weigh.
_SCORE_OF_RETURN = 0.5
# No score makes a proxy look more than ten times as loaded as it is.
_LEAST_WEIGHT = 0.1


class ProxyState(StrEnum):
    """Where a proxy stands. One that rests stays so after its time until a check goes well."""

    HEALTHY = "healthy"
    RESTING = "resting"
    DISABLED = "disabled"


class ExitFault(StrEnum):
    """How a call through a proxy failed, told apart by what that says about the proxy."""

    REFUSED = "refused"
    """The proxy was not there, did not let us in or did not lead on."""
    UNREACHABLE = "unreachable"
    """No connection came about through it in time."""
    TLS = "tls"
    """What it led to was not the target."""
    BROKEN = "broken"
    """The connection ended in the middle."""
    TIMED_OUT = "timed_out"
    """No complete answer came in time, which may be the target's doing as well."""


CONNECT_FAULTS = frozenset({ExitFault.REFUSED, ExitFault.UNREACHABLE, ExitFault.TLS})


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """One proxy as it is stored, beside its address, which is kept apart and sealed."""

    id: str
    place: str
    """Scheme, host and port, a mask for credentials."""
    roles: tuple[Role, ...]
    origin: Origin
    """Whether it stands in the settings or was added while the program ran."""
    enabled: bool = True
    created_at: float = 0.0


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a proxy has fared since the process began."""

    score: float = 1.0
    """Share of good uses between 0 and 1, the newest weighing most."""
    connect_failures_in_row: int = 0
    rests_in_row: int = 0
    """Rests without a good use between them; each is twice as long as the one before."""
    resting_since: float | None = None
    resting_until: float | None = None
    uses: int = 0
    failures: int = 0
    last_used_at: float | None = None
    last_ok_at: float | None = None
    last_checked_at: float | None = None
    latency_seconds: float | None = None
    """What the last good check took."""
    last_fault: str = ""
    """The kind of the last failure."""
    last_error: str = ""
    """The last failure in words."""


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One call through a proxy, or a check of it, and how it ended."""

    begun_at: float
    ended_at: float
    fault: ExitFault | None = None
    detail: str = ""


class ProxyView(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy as others see it."""

    proxy: Proxy
    state: ProxyState
    health: Health
    accounts: int = 0
    """How many accounts go out through it."""
    last_resort: bool = False
    """It is used although it rests, because every other one does too."""


class ProxyHome(msgspec.Struct, frozen=True, kw_only=True):
    """The proxy that an account stays with."""

    proxy_id: str
    fixed: bool = False
    """By an operator's word: while it does not work others stand in, and the account comes back to it. Otherwise the pool has chosen
    it, and the account moves on for good when it fails."""


class RestRules(msgspec.Struct, frozen=True, kw_only=True):
    """When a proxy rests, and for how long."""

    strikes: int = 2
    """Connections in a row that did not come about."""
    poor_score: float = 0.2
    first_seconds: float = 30.0
    limit_seconds: float = 30 * 60.0
    jitter: float = 0.2
    """By which share a rest may be shorter, so that proxies that fell together do not return together."""
    check_seconds: float = 60.0
    """Least time between two checks of one proxy."""
    idle_seconds: float = 300.0
    """After so long without a use a proxy is checked."""


# -- health --------------------------------------------------------------------------------------------------------


def state_of(proxy: Proxy, health: Health) -> ProxyState:
    """Where the proxy stands."""
    if not proxy.enabled:
        return ProxyState.DISABLED
    return ProxyState.HEALTHY if health.resting_since is None else ProxyState.RESTING


def after_use(health: Health, use: Use, rules: RestRules, chance: float) -> Health:
    """The health after a call. `chance` in [0, 1) sets the jitter of a rest that may follow.

    What began before the present rest neither ends it nor makes it longer: it tells only what is known already.
    """
    used = replace(health, uses=health.uses + 1, last_used_at=use.ended_at)
    if use.fault is None:
        return _after_good(used, use)
    return _after_bad(used, use, use.fault, rules, chance)


def after_check(health: Health, use: Use, rules: RestRules, chance: float) -> Health:
    """The health after a check, which counts as no use; a good one ends a rest whenever that began."""
    checked = replace(health, last_checked_at=use.ended_at)
    if use.fault is None:
        latency = use.ended_at - use.begun_at
        return returned(replace(checked, latency_seconds=latency, last_ok_at=use.ended_at))
    return _after_bad(checked, use, use.fault, rules, chance)


def returned(health: Health) -> Health:
    """Back in service. The row of rests is kept until a use goes well, so that one that fails again rests longer."""
    if health.resting_since is None:
        return replace(health, connect_failures_in_row=0)
    score = max(health.score, _SCORE_OF_RETURN)
    return replace(health, score=score, connect_failures_in_row=0, resting_since=None, resting_until=None)


def rest_seconds(rests_before: int, rules: RestRules, chance: float) -> float:
    """The length of a rest after so many others in a row."""
    # Bounded, since no rest is longer than the limit and powers of two soon leave the range of numbers.
    longest = min(rules.limit_seconds, rules.first_seconds * 2.0 ** min(rests_before, 30))
    return longest * (1.0 - rules.jitter * chance)


def next_check(proxy: Proxy, health: Health, known_since: float, rules: RestRules) -> float | None:
    """When the proxy is to be checked next: after a rest, after a failed check, or idle for long; None for never."""
    if not proxy.enabled:
        return None
    earliest = known_since if health.last_checked_at is None else health.last_checked_at + rules.check_seconds
    if health.resting_until is not None:
        return max(earliest, health.resting_until)
    quiet_since = max(health.last_used_at or known_since, health.last_checked_at or known_since)
    doubted = health.connect_failures_in_row > 0
    return max(earliest, quiet_since + (rules.check_seconds if doubted else rules.idle_seconds))


def _after_good(health: Health, use: Use) -> Health:
    good = replace(health, score=_blend(health.score, 1.0), last_ok_at=use.ended_at)
    if good.resting_since is None:
        return replace(good, connect_failures_in_row=0, rests_in_row=0)
    return returned(good) if use.begun_at >= good.resting_since else good


def _after_bad(health: Health, use: Use, fault: ExitFault, rules: RestRules, chance: float) -> Health:
    in_row = health.connect_failures_in_row + (fault in CONNECT_FAULTS)
    bad = replace(
        health,
        score=_blend(health.score, 0.0),
        failures=health.failures + 1,
        connect_failures_in_row=in_row,
        last_fault=fault.value,
        last_error=use.detail,
    )
    if bad.resting_since is not None:
        return _resting(bad, use.ended_at, rules, chance) if use.begun_at >= bad.resting_since else bad
    tired = in_row >= rules.strikes or bad.score < rules.poor_score
    return _resting(bad, use.ended_at, rules, chance) if tired else bad


def _resting(health: Health, now: float, rules: RestRules, chance: float) -> Health:
    until = now + rest_seconds(health.rests_in_row, rules, chance)
    return replace(health, rests_in_row=health.rests_in_row + 1, resting_since=now, resting_until=until)


def _blend(score: float, outcome: float) -> float:
    return score + _WEIGHT * (outcome - score)


# -- choice --------------------------------------------------------------------------------------------------------


class Candidate(msgspec.Struct, frozen=True):
    """What a choice looks at; `score` and `rests_in_row` as in `Health`."""

    id: str
    healthy: bool
    score: float = 1.0
    rests_in_row: int = 0


C = TypeVar("C", bound=Candidate)


def least_loaded(candidates: Sequence[C], loads: Mapping[str, int]) -> C:
    """The one that a further account burdens least; a low score makes it look more loaded. The first of equals."""
    return min(candidates, key=lambda one: (loads.get(one.id, 0) + 1) / max(one.score, _LEAST_WEIGHT))


def least_bad(candidates: Sequence[C]) -> C:
    """The one to use when all rest: the one that has rested least often in a row, then the one with the best score."""
    return min(candidates, key=lambda one: (one.rests_in_row, -one.score))
