"""An account without money is looked at again at growing intervals, and only money brings it back."""

import pytest
from msgspec.structs import replace

from flow2api.domain import balance, rest
from flow2api.domain.account import HOUR, Account, AccountState, RestPolicy
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation
from flow2api.domain.tier import Tier

NOW = 1_800_000_000.0
FRESH = Account(id="a1", provider="fal", label="fal", credits=3)
WISH = Generation(
    model="x", kind="image", provider="fal", upstream_model="x", prompt="x", aspect_ratio="1:1", credits=0
)


def refused(account: Account, now: float = NOW) -> Account:
    return rest.after_failure(account, UpstreamFailure(FailureKind.BALANCE_EMPTY, "no money"), "x", now, RestPolicy())


def told(account: Account, credits: int | None, now: float) -> Account:
    return rest.after_sign_in(account, Tier.UNKNOWN, credits, now)


def test_the_reason_says_what_happened_and_what_to_do() -> None:
    standing = refused(FRESH).standing
    assert (standing.state, standing.code) == (AccountState.EXHAUSTED, "balance_empty")
    assert "no balance left" in standing.detail
    assert "top it up at the service, then refresh the account" in standing.detail


def test_nobody_waits_for_a_look() -> None:
    account = refused(FRESH)
    found = rest.hindrance(account, WISH, NOW)
    assert found is not None
    assert (found.code, found.until) == ("exhausted", None)
    assert found.code in rest.OUT_OF_CREDIT_CODES
    assert rest.hindrance(account, WISH, NOW + 1e9) == found


def test_time_alone_brings_nothing_back() -> None:
    account = refused(FRESH)
    assert rest.revived(account, NOW + 1e9) is account


def test_looks_that_find_nothing_come_at_growing_intervals_up_to_six_hours() -> None:
    account, now, waits = refused(FRESH), NOW, []
    for _ in range(9):
        assert account.standing.until is not None
        waits.append(account.standing.until - now)
        assert not balance.wants_look(account, account.standing.until - 1)
        now = account.standing.until
        assert balance.wants_look(account, now)
        account = told(balance.looking(account, now), 0, now)
    assert waits == [600.0 * 2**number for number in range(6)] + [6 * HOUR] * 3
    assert account.standing.since == NOW


def test_the_refusals_of_one_burst_put_the_look_off_no_further() -> None:
    account = refused(FRESH)
    assert refused(refused(account, NOW + 1), NOW + 2).standing.until == NOW + 602


@pytest.mark.parametrize(("left", "looks"), [(1000, 0), (3, 1), (None, 1)])
def test_an_account_with_money_or_an_unknown_balance_works_again(left: int | None, looks: int) -> None:
    """Only where there is more than before is it known that it was topped up: else the next refusal counts on."""
    account = told(balance.looking(refused(FRESH), NOW + 600), left, NOW + 600)
    assert (account.standing.state, account.credits, account.looks) == (AccountState.ACTIVE, left, looks)


def test_a_refusal_after_a_look_that_told_nothing_waits_longer_until_an_order_succeeds() -> None:
    account = refused(replace(FRESH, credits=None))
    account = refused(told(balance.looking(account, NOW + 600), None, NOW + 600), NOW + 700)
    assert account.standing.until == NOW + 700 + 1200
    account = told(balance.looking(account, NOW + 2000), None, NOW + 2000)
    account = refused(rest.after_success(account, WISH, NOW + 2001, None), NOW + 3000)
    assert account.standing.until == NOW + 3600


def test_an_operator_may_let_it_work_at_once() -> None:
    account = rest.enabled_by_hand(balance.looking(refused(FRESH), NOW), NOW)
    assert (account.standing.state, account.looks) == (AccountState.ACTIVE, 0)
