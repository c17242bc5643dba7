"""When an account may work, when it rests and when it comes back: what each kind of failure does to it, in one table.

Pure functions over `domain.account`; `now` is always given (Unix seconds, UTC). A function that changes nothing returns the very
account that it was given, so that callers see with `is` whether there is something to store.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from flow2api.domain import balance
from flow2api.domain.account import HOUR, Account, AccountState, Counts, Hindrance, ModelRest, RestPolicy, Standing
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, price, upstream_key
from flow2api.domain.moments import clock
from flow2api.domain.tier import Tier, allows

OUT_OF_CREDIT_CODES = frozenset({"exhausted", "not_enough_credits", "model_quota_reached"})
"""Codes of a `Hindrance` that mean: the account has used up what it may use."""

ERRORS = frozenset({FailureKind.UPSTREAM_FAULT, FailureKind.OUTCOME_UNKNOWN, FailureKind.UNREADABLE})
"""Kinds that count towards the errors in a row."""

LOGIN_FAILURES = frozenset(
    {
        FailureKind.LOGIN_EXPIRED,
        FailureKind.NEEDS_LOGIN,
        FailureKind.KEY_REFUSED,
        FailureKind.ACCOUNT_MOVED,
        FailureKind.WRONG_ACCOUNT,
        FailureKind.ACCOUNT_BLOCKED,
    }
)
"""Kinds that say that the account's login is no good."""

# Google's daily quotas are reported to roll over at midnight, Pacific time.
_QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
_SHORT_THROTTLE_REASON = "PUBLIC_ERROR_USER_REQUESTS_THROTTLED"
_LONGEST_CAPTCHA_REST_SECONDS = 30 * 60.0
# An answer may name any wait; none is taken for more than this or for no wait at all.
_LONGEST_NAMED_WAIT_SECONDS = 30 * 86400.0
_SHORTEST_NAMED_WAIT_SECONDS = 1.0

_HARDNESS = {
    AccountState.ACTIVE: 0,
    AccountState.RESTING: 1,
    AccountState.EXHAUSTED: 1,
    AccountState.NEEDS_LOGIN: 2,
    AccountState.DISABLED: 3,
}


def hindrance(account: Account, generation: Generation, now: float) -> Hindrance | None:
    """Why the account cannot take the generation now, None when it can; free slots are not looked at.

    Of several reasons the one that lasts longest is told: first what waiting does not cure.
    """
    return max(_hindrances(account, generation, now), key=lambda found: _end(found.until), default=None)


def is_for(account: Account, generation: Generation) -> bool:
    """Whether the account is of the provider, and of the group, that the generation is to be made with."""
    return account.provider == generation.provider and generation.group in ("", account.group)


def revived(account: Account, now: float) -> Account:
    """The account without the rests that are over."""
    standing = account.standing
    # Of an empty balance nothing but a look tells whether it is over.
    if _HARDNESS[standing.state] == 1 and _end(standing.until) <= now and not balance.is_empty(standing):
        standing = Standing(since=now)
    model_rests = {key: rest for key, rest in account.model_rests.items() if _end(rest.until) > now}
    if standing is account.standing and len(model_rests) == len(account.model_rests):
        return account
    return replace(account, standing=standing, model_rests=model_rests)


def after_failure(
    account: Account, failure: UpstreamFailure, model_key: str, now: float, policy: RestPolicy
) -> Account:
    """The account after a failed call for the model of this upstream key."""
    return RULES[failure.kind](account, _Case(failure, model_key, now, policy))


def noted(account: Account, failure: UpstreamFailure, now: float) -> Account:
    """The account with the failure as its last error; its standing is not touched."""
    counts = with_day(account.counts, now)
    counts = replace(counts, errors=counts.errors + 1, errors_today=counts.errors_today + 1)
    return replace(account, last_error=failure.message, counts=counts)


def after_success(account: Account, generation: Generation, now: float, credits_left: int | None) -> Account:
    """The account after an accepted generation: the row of errors and the captcha strikes are forgotten, rests are not.

    Where the answer does not say what is left, the known price is taken off.
    """
    if credits_left is None and account.credits is not None:
        credits_left = max(0, account.credits - price(generation, account.tier))
    return replace(
        account,
        errors_in_row=0,
        looks=0,
        captcha_strikes=0,
        struck_at=None,
        last_used_at=now,
        credits=credits_left,
        counts=_with_made(with_day(account.counts, now), generation),
    )


def after_sign_in(account: Account, tier: Tier, credits_left: int | None, now: float) -> Account:
    """The account after a good login or a look at what it has left: it no longer needs a login, money is noticed, and what another
    tier was denied may be tried again."""
    account = balance.after_look(account, credits_left, now)
    standing, model_rests = account.standing, account.model_rests
    if standing.state is AccountState.NEEDS_LOGIN:
        standing = Standing(since=now)
    if tier is not account.tier:
        denied = FailureKind.MODEL_DENIED.value
        model_rests = {key: rest for key, rest in model_rests.items() if rest.code != denied}
    return replace(account, standing=standing, model_rests=model_rests, tier=tier, credits=credits_left)


def next_return(account: Account) -> float:
    """When the first rest of the account ends; infinity when none ends by itself."""
    times = [rest.until for rest in account.model_rests.values()]
    if account.standing.state is not AccountState.ACTIVE:
        times.append(account.standing.until)
    return min((until for until in times if until is not None), default=float("inf"))


def with_day(counts: Counts, now: float) -> Counts:
    """The counts with today's share at zero if the UTC day has changed."""
    day = datetime.fromtimestamp(now, UTC).date().isoformat()
    if counts.day == day:
        return counts
    return replace(counts, day=day, images_today=0, videos_today=0, errors_today=0)


def rolled_over(account: Account, now: float) -> Account:
    """The account with its counts of the day at zero if the UTC day has changed."""
    counts = with_day(account.counts, now)
    return account if counts is account.counts else replace(account, counts=counts)


def enabled_by_hand(account: Account, now: float) -> Account:
    """The account ready for work, with rests, strikes and the row of errors forgotten."""
    changes = {"errors_in_row": 0, "looks": 0, "captcha_strikes": 0, "struck_at": None}
    return replace(account, standing=Standing(since=now), model_rests={}, **changes)


def disabled_by_hand(account: Account, now: float) -> Account:
    """The account switched off until an operator enables it again."""
    standing = Standing(
        state=AccountState.DISABLED, code="admin", detail="was disabled by an operator", since=now, by="admin"
    )
    return replace(account, standing=standing)


def can_rest(account: Account) -> bool:
    """Whether the account is at work or just rests, so that rests mean something."""
    return _HARDNESS[account.standing.state] <= 1


def resting_by_hand(account: Account, until: float, now: float) -> Account:
    """The account left alone until then."""
    standing = Standing(
        state=AccountState.RESTING, code="admin", detail="rests because an operator said so", since=now, until=until
    )
    return replace(account, standing=standing)


def next_quota_reset(now: float) -> float:
    """The next midnight at which daily quotas begin anew."""
    tomorrow = datetime.fromtimestamp(now, _QUOTA_ZONE).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), _QUOTA_ZONE).timestamp()


def _hindrances(account: Account, generation: Generation, now: float) -> Iterator[Hindrance]:
    standing = account.standing
    if balance.is_empty(standing):
        # The next look is no promise that anybody could wait for.
        yield Hindrance(code=standing.state.value, detail=standing.detail)
    elif standing.state is not AccountState.ACTIVE and _end(standing.until) > now:
        yield Hindrance(code=standing.state.value, detail=standing.detail, until=standing.until)
    if not (account.images_on if generation.kind == "image" else account.videos_on):
        yield Hindrance(code=f"{generation.kind}s_off", detail=f"is set to make no {generation.kind}s")
    if not allows(account.tier, generation.min_tier):
        detail = f"has tier {account.tier.value}; {generation.model} needs {generation.min_tier.value}"
        yield Hindrance(code="tier_too_low", detail=detail)
    cost = price(generation, account.tier)
    if account.credits is not None and account.credits < cost:
        detail = f"has {account.credits} credits left; this costs {cost}"
        yield Hindrance(code="not_enough_credits", detail=detail)
    rest = account.model_rests.get(upstream_key(generation, account.tier))
    if rest is not None and _end(rest.until) > now:
        yield Hindrance(code=rest.code, detail=rest.detail, until=rest.until)


def _with_made(counts: Counts, generation: Generation) -> Counts:
    made = generation.count
    if generation.kind == "image":
        return replace(counts, images=counts.images + made, images_today=counts.images_today + made)
    return replace(counts, videos=counts.videos + made, videos_today=counts.videos_today + made)


class _Case(NamedTuple):
    failure: UpstreamFailure
    model_key: str
    now: float
    policy: RestPolicy

    @property
    def code(self) -> str:
        return self.failure.kind.value


_Rule = Callable[[Account, _Case], Account]


def _no_fault_of_the_account(account: Account, case: _Case) -> Account:
    return account


def _captcha_strike(account: Account, case: _Case) -> Account:
    """Refusals of one burst have one cause, so they are one strike; each further strike doubles the rest."""
    now, policy = case.now, case.policy
    if account.struck_at is not None and abs(now - account.struck_at) < policy.captcha_burst_seconds:
        return account
    doublings = min(account.captcha_strikes, 20)
    seconds = min(policy.captcha_rest_seconds * 2**doublings, _LONGEST_CAPTCHA_REST_SECONDS)
    struck = replace(account, captcha_strikes=account.captcha_strikes + 1, struck_at=now)
    return _resting(struck, case, now + seconds, "captcha tokens were refused as unusual activity")


def _throttle(account: Account, case: _Case) -> Account:
    failure, policy = case.failure, case.policy
    seconds = policy.throttled_seconds
    if failure.reason == _SHORT_THROTTLE_REASON:
        seconds = policy.short_throttle_seconds
    until = case.now + _named_wait(failure, seconds)
    return _resting(noted(account, failure, case.now), case, until, "too many requests")


def _named_wait(failure: UpstreamFailure, usual: float) -> float:
    """The wait that the answer names, within reason; else the usual one."""
    named = failure.retry_after_seconds
    if named is None or not named >= 0:  # not so for a wait that is no number
        return usual
    return min(max(named, _SHORTEST_NAMED_WAIT_SECONDS), _LONGEST_NAMED_WAIT_SECONDS)


def _model_throttled(account: Account, case: _Case) -> Account:
    until = case.now + _named_wait(case.failure, case.policy.model_throttled_seconds)
    detail = f"leaves {case.model_key} until {clock(until, case.now)}: too many requests"
    return _model_resting(noted(account, case.failure, case.now), case, until, detail)


def _model_away(seconds: float, why: str) -> _Rule:
    """Waiting alone does not cure it, but somebody may; so it is looked at again after a while."""

    def rule(account: Account, case: _Case) -> Account:
        until = case.now + seconds
        detail = f"{why.format(model=case.model_key)}; tries again at {clock(until, case.now)}"
        return _model_resting(noted(account, case.failure, case.now), case, until, detail)

    return rule


def _exhaust(account: Account, case: _Case) -> Account:
    until = next_quota_reset(case.now)
    standing = Standing(
        state=AccountState.EXHAUSTED,
        code=case.code,
        detail=f"has used up its quota until {clock(until, case.now)}",
        since=case.now,
        until=until,
    )
    return _stand(noted(account, case.failure, case.now), standing)


def _empty(account: Account, case: _Case) -> Account:
    return _stand(noted(account, case.failure, case.now), balance.emptied(account, case.now))


def _model_quota(account: Account, case: _Case) -> Account:
    until = next_quota_reset(case.now)
    detail = f"has used up {case.model_key} until {clock(until, case.now)}"
    return _model_resting(noted(account, case.failure, case.now), case, until, detail)


def _model_busy(account: Account, case: _Case) -> Account:
    until = case.now + case.policy.model_busy_seconds
    return _model_resting(account, case, until, f"leaves {case.model_key} until {clock(until, case.now)}: overloaded")


def _model_denied(account: Account, case: _Case) -> Account:
    detail = f"may not use {case.model_key}: its tier is too low"
    return _model_resting(noted(account, case.failure, case.now), case, None, detail)


def _login_needed(why: str) -> _Rule:
    def rule(account: Account, case: _Case) -> Account:
        standing = Standing(state=AccountState.NEEDS_LOGIN, code=case.code, detail=why, since=case.now)
        return _stand(noted(account, case.failure, case.now), standing)

    return rule


def _block(account: Account, case: _Case) -> Account:
    standing = Standing(
        state=AccountState.DISABLED,
        code=case.code,
        detail=f"was blocked by the service: {case.failure.message}",
        since=case.now,
        by="upstream",
    )
    return _stand(noted(account, case.failure, case.now), standing)


def _count_error(account: Account, case: _Case) -> Account:
    threshold = max(1, case.policy.error_threshold)
    errors = min(account.errors_in_row + 1, threshold)
    account = replace(noted(account, case.failure, case.now), errors_in_row=errors)
    if errors < threshold:
        return account
    standing = Standing(
        state=AccountState.DISABLED,
        code="errors",
        detail=f"was disabled after {errors} failures in a row; the last one: {case.failure.message}",
        since=case.now,
        by="errors",
    )
    return _stand(account, standing)


_K = FailureKind

RULES: Mapping[FailureKind, _Rule] = {
    _K.LOGIN_EXPIRED: _login_needed("needs a new login: its renewed access was refused too"),
    _K.NEEDS_LOGIN: _login_needed("needs a new login: its session has ended"),
    _K.KEY_REFUSED: _login_needed("needs another key: the service refuses this one"),
    _K.ACCOUNT_MOVED: _login_needed("was moved by the service to a front end that cannot be driven from here"),
    _K.WRONG_ACCOUNT: _login_needed("needs a new login: the session belongs to another person"),
    _K.ACCOUNT_BLOCKED: _block,
    _K.CAPTCHA_REFUSED: _captcha_strike,
    _K.CAPTCHA_UNAVAILABLE: _no_fault_of_the_account,
    _K.THROTTLED: _throttle,
    _K.QUOTA_REACHED: _exhaust,
    _K.BALANCE_EMPTY: _empty,
    _K.MODEL_QUOTA_REACHED: _model_quota,
    _K.MODEL_THROTTLED: _model_throttled,
    _K.MODEL_GONE: _model_away(86400.0, "finds no {model} at the service"),
    _K.BILLING_NEEDED: _model_away(6 * HOUR, "has no billing, which {model} needs"),
    _K.MODEL_DENIED: _model_denied,
    _K.MODEL_BUSY: _model_busy,
    _K.CONTENT_REFUSED: _no_fault_of_the_account,
    _K.REQUEST_REJECTED: _no_fault_of_the_account,
    _K.MEDIA_GONE: _no_fault_of_the_account,
    _K.UPSTREAM_FAULT: _count_error,
    _K.UNREACHABLE: _no_fault_of_the_account,
    _K.OUTCOME_UNKNOWN: _count_error,
    _K.UNREADABLE: _count_error,
}
"""What a failure does to its account. `LOGIN_EXPIRED` comes here only when the renewed login was refused too."""


def _resting(account: Account, case: _Case, until: float, why: str) -> Account:
    detail = f"rests until {clock(until, case.now)}: {why}"
    return _stand(
        account, Standing(state=AccountState.RESTING, code=case.code, detail=detail, since=case.now, until=until)
    )


def _stand(account: Account, standing: Standing) -> Account:
    """The harder standing wins, of two rests the longer; so nothing but an operator brings a disabled account back."""
    held, new = _HARDNESS[account.standing.state], _HARDNESS[standing.state]
    if held > new or (held == new and _end(account.standing.until) >= _end(standing.until)):
        return account
    return replace(account, standing=standing)


def _model_resting(account: Account, case: _Case, until: float | None, detail: str) -> Account:
    held = account.model_rests.get(case.model_key)
    if held is not None and _end(held.until) >= _end(until):
        return account
    rest = ModelRest(code=case.code, detail=detail, since=case.now, until=until)
    return replace(account, model_rests={**account.model_rests, case.model_key: rest})


def _end(until: float | None) -> float:
    return float("inf") if until is None else until
