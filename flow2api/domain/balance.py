"""An account with nothing left to spend: no time of day brings it back, only money does, so it is looked at again now and then.

A look is a free call for the balance where the service has one. Where it has none the account is let back to work, and the next order
is the look: a service that refuses it for want of money takes none. Looks come at growing intervals until one of them helps.
Pure functions; a function that changes nothing returns the very account that it was given.
"""

from msgspec.structs import replace

from flow2api.domain.account import HOUR, Account, AccountState, Standing
from flow2api.domain.failure import FailureKind
from flow2api.domain.moments import clock

FIRST_LOOK_SECONDS = 600.0
LONGEST_LOOK_SECONDS = 6 * HOUR


def is_empty(standing: Standing) -> bool:
    """Whether the account waits for money."""
    return standing.state is AccountState.EXHAUSTED and standing.code == FailureKind.BALANCE_EMPTY.value


def wants_look(account: Account, now: float) -> bool:
    """Whether it is time to find out whether there is money again."""
    return is_empty(account.standing) and (account.standing.until or 0.0) <= now


def looking(account: Account, now: float) -> Account:
    """The account that is being looked at; should that find nothing, or find nothing out, it is looked at again, later each time."""
    return _still_empty(replace(account, looks=account.looks + 1), now)


def emptied(account: Account, now: float) -> Standing:
    """The standing of an account that has nothing left."""
    until = now + min(FIRST_LOOK_SECONDS * 2 ** min(account.looks, 20), LONGEST_LOOK_SECONDS)
    detail = (
        "has no balance left, and only a top-up helps: top it up at the service, then refresh the account here; "
        f"it is looked at again at {clock(until, now)}"
    )
    since = account.standing.since if is_empty(account.standing) else now
    return Standing(
        state=AccountState.EXHAUSTED, code=FailureKind.BALANCE_EMPTY.value, detail=detail, since=since, until=until
    )


def after_look(account: Account, credits_left: int | None, now: float) -> Account:
    """The account of which the service says that this is left; None where it does not say."""
    topped_up = credits_left is not None and account.credits is not None and credits_left > account.credits
    if topped_up and account.looks:
        account = replace(account, looks=0)
    if not is_empty(account.standing):
        return account
    if credits_left is not None and credits_left <= 0:
        return _still_empty(account, now)
    return replace(account, standing=Standing(since=now))


def _still_empty(account: Account, now: float) -> Account:
    return replace(account, standing=emptied(account, now))
