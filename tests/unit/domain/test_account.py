"""What failures, successes, hands and time do to an account, and what keeps it from taking a generation."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from flow2api.domain import rest
from flow2api.domain.account import HOUR, Account, AccountState, Counts, ModelRest, RestPolicy, Standing
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation
from flow2api.domain.tier import Tier


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# In summer, midnight in California is 07:00 UTC.
NOW = at("2026-07-14 13:20:00")
RESET = at("2026-07-15 07:00:00")
POLICY = RestPolicy()
FRESH = Account(id="a1", provider="flow", label="ann@example.com", created_at=NOW - 1000)
GENERATION = Generation(
    model="gemini-3.1-flash-image",
    kind="image",
    provider="flow",
    upstream_model="NARWHAL",
    prompt="an apple",
    aspect_ratio="16:9",
)
K = FailureKind
S = AccountState


def failed(
    account: Account, kind: FailureKind, now: float = NOW, policy: RestPolicy = POLICY, **details: Any
) -> Account:
    failure = UpstreamFailure(kind, "it broke", **details)
    return rest.after_failure(account, failure, "NARWHAL", now, policy)


def unchanged(after: Account) -> None:
    assert after is FRESH


def stands(state: AccountState, until: float | None, by: str | None = None) -> Callable[[Account], None]:
    def check(after: Account) -> None:
        assert (after.standing.state, after.standing.until, after.standing.by) == (state, until, by)
        assert after.standing.since == NOW
        assert not after.model_rests

    return check


def model_rests(until: float | None) -> Callable[[Account], None]:
    def check(after: Account) -> None:
        assert after.standing == FRESH.standing
        assert [(key, found.until) for key, found in after.model_rests.items()] == [("NARWHAL", until)]

    return check


def one_error(after: Account) -> None:
    assert (after.errors_in_row, after.standing, after.last_error) == (1, FRESH.standing, "it broke")


EXPECTED: Mapping[FailureKind, Callable[[Account], None]] = {
    K.LOGIN_EXPIRED: stands(S.NEEDS_LOGIN, None),
    K.NEEDS_LOGIN: stands(S.NEEDS_LOGIN, None),
    K.KEY_REFUSED: stands(S.NEEDS_LOGIN, None),
    K.ACCOUNT_MOVED: stands(S.NEEDS_LOGIN, None),
    K.WRONG_ACCOUNT: stands(S.NEEDS_LOGIN, None),
    K.ACCOUNT_BLOCKED: stands(S.DISABLED, None, "upstream"),
    K.CAPTCHA_REFUSED: stands(S.RESTING, NOW + 60),
    K.CAPTCHA_UNAVAILABLE: unchanged,
    K.THROTTLED: stands(S.RESTING, NOW + 12 * HOUR),
    K.QUOTA_REACHED: stands(S.EXHAUSTED, RESET),
    K.BALANCE_EMPTY: stands(S.EXHAUSTED, NOW + 600),
    K.MODEL_QUOTA_REACHED: model_rests(RESET),
    K.MODEL_THROTTLED: model_rests(NOW + 60),
    K.MODEL_GONE: model_rests(NOW + 24 * HOUR),
    K.BILLING_NEEDED: model_rests(NOW + 6 * HOUR),
    K.MODEL_DENIED: model_rests(None),
    K.MODEL_BUSY: model_rests(NOW + 120),
    K.CONTENT_REFUSED: unchanged,
    K.REQUEST_REJECTED: unchanged,
    K.MEDIA_GONE: unchanged,
    K.UPSTREAM_FAULT: one_error,
    K.UNREACHABLE: unchanged,
    K.OUTCOME_UNKNOWN: one_error,
    K.UNREADABLE: one_error,
}


def test_every_kind_of_failure_has_a_rule_and_an_expectation() -> None:
    assert rest.RULES.keys() == EXPECTED.keys() == set(FailureKind)


def test_a_throttled_model_rests_for_as_long_as_the_answer_says() -> None:
    model_rests(NOW + 34)(failed(FRESH, K.MODEL_THROTTLED, retry_after_seconds=34.0))


@pytest.mark.parametrize(
    ("account", "group", "expected"),
    [
        (FRESH, "", True),
        (replace(FRESH, provider="other"), "", False),
        (replace(FRESH, group="paid"), "", True),
        (replace(FRESH, group="paid"), "paid", True),
        (FRESH, "paid", False),
    ],
)
def test_a_way_is_for_the_accounts_of_its_provider_and_group(account: Account, group: str, expected: bool) -> None:
    assert rest.is_for(account, replace(GENERATION, group=group)) is expected


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_failure_does_to_a_fresh_account_what_its_kind_says(kind: FailureKind) -> None:
    EXPECTED[kind](failed(FRESH, kind))


@pytest.mark.parametrize("kind", EXPECTED)
def test_only_faults_count_towards_the_row_of_errors(kind: FailureKind) -> None:
    assert failed(FRESH, kind).errors_in_row == (kind in {K.UPSTREAM_FAULT, K.OUTCOME_UNKNOWN, K.UNREADABLE})


# -- throttling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ({"retry_after_seconds": 90.0}, 90.0),
        ({"retry_after_seconds": 0.0}, 1.0),
        ({"retry_after_seconds": float("inf")}, 30 * 86400.0),
        ({"retry_after_seconds": float("nan")}, 12 * HOUR),
        ({"reason": "PUBLIC_ERROR_USER_REQUESTS_THROTTLED"}, 45 * 60.0),
        ({"reason": "PUBLIC_ERROR_USER_REQUESTS_THROTTLED", "retry_after_seconds": 5.0}, 5.0),
        ({"reason": "SOMETHING_ELSE"}, 12 * HOUR),
    ],
)
def test_a_throttled_account_rests_as_long_as_the_answer_says(details: dict[str, Any], seconds: float) -> None:
    assert failed(FRESH, K.THROTTLED, **details).standing.until == NOW + seconds


def test_a_rest_is_told_in_words() -> None:
    after = failed(FRESH, K.THROTTLED, retry_after_seconds=2700)
    assert after.standing.detail == "rests until 14:05 UTC: too many requests"
    assert "2026-07-15 01:20 UTC" in failed(FRESH, K.THROTTLED).standing.detail


def test_a_shorter_rest_does_not_shorten_a_longer_one() -> None:
    long = failed(FRESH, K.THROTTLED)
    assert failed(long, K.THROTTLED, retry_after_seconds=10).standing == long.standing
    assert failed(long, K.CAPTCHA_REFUSED).standing == long.standing


def test_a_longer_rest_replaces_a_shorter_one() -> None:
    short = failed(FRESH, K.THROTTLED, retry_after_seconds=10)
    assert failed(short, K.QUOTA_REACHED).standing.until == RESET


def test_a_model_rest_without_end_is_not_replaced() -> None:
    denied = failed(FRESH, K.MODEL_DENIED)
    assert failed(denied, K.MODEL_BUSY).model_rests == denied.model_rests


# -- captcha ------------------------------------------------------------------------------------------------------


def test_a_burst_of_captcha_refusals_is_one_strike() -> None:
    after = failed(FRESH, K.CAPTCHA_REFUSED)
    for second in range(30):
        assert failed(after, K.CAPTCHA_REFUSED, NOW + second) is after
    assert after.captcha_strikes == 1


def test_strikes_double_the_rest_up_to_half_an_hour() -> None:
    account, seconds = FRESH, []
    for strike in range(60):
        now = NOW + strike * HOUR
        account = failed(account, K.CAPTCHA_REFUSED, now)
        assert account.standing.until is not None
        seconds.append(account.standing.until - now)
    assert seconds[:7] == [60, 120, 240, 480, 960, 1800, 1800]
    assert seconds[-1] == 1800


def test_a_success_forgets_the_strikes() -> None:
    struck = failed(FRESH, K.CAPTCHA_REFUSED)
    cleared = rest.after_success(struck, GENERATION, NOW + 1, None)
    assert (cleared.captcha_strikes, cleared.struck_at) == (0, None)
    assert failed(rest.revived(cleared, NOW + 61), K.CAPTCHA_REFUSED, NOW + 100).standing.until == NOW + 160


# -- errors in a row ----------------------------------------------------------------------------------------------


def test_the_third_fault_in_a_row_disables_the_account_and_tells_the_reason() -> None:
    account = failed(failed(failed(FRESH, K.UPSTREAM_FAULT), K.UNREADABLE), K.OUTCOME_UNKNOWN)
    standing = account.standing
    assert (standing.state, standing.by, standing.code) == (S.DISABLED, "errors", "errors")
    assert standing.detail == "was disabled after 3 failures in a row; the last one: it broke"


def test_a_success_between_faults_begins_the_row_anew() -> None:
    account = failed(failed(FRESH, K.UPSTREAM_FAULT), K.UPSTREAM_FAULT)
    account = rest.after_success(account, GENERATION, NOW, None)
    assert failed(account, K.UPSTREAM_FAULT).errors_in_row == 1


def test_errors_are_counted_for_the_day() -> None:
    account = failed(failed(FRESH, K.UPSTREAM_FAULT), K.THROTTLED)
    tomorrow = failed(account, K.UPSTREAM_FAULT, NOW + 86400)
    assert (account.counts.errors, account.counts.errors_today) == (2, 2)
    assert (tomorrow.counts.errors, tomorrow.counts.errors_today) == (3, 1)


def test_a_noted_failure_changes_no_standing() -> None:
    after = rest.noted(FRESH, UpstreamFailure(K.NEEDS_LOGIN, "it broke"), NOW)
    assert (after.last_error, after.counts.errors_today, after.standing) == ("it broke", 1, FRESH.standing)


# -- disabled, login ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FailureKind)
def test_a_disabled_account_stays_disabled(kind: FailureKind) -> None:
    disabled = rest.disabled_by_hand(FRESH, NOW)
    assert failed(disabled, kind).standing == disabled.standing
    assert rest.revived(disabled, NOW + 1e9) is disabled
    assert rest.after_success(disabled, GENERATION, NOW, 5).standing == disabled.standing


def test_an_account_that_needs_a_login_is_not_sent_to_rest() -> None:
    away = failed(FRESH, K.NEEDS_LOGIN)
    assert failed(away, K.THROTTLED).standing == away.standing
    assert failed(away, K.ACCOUNT_BLOCKED).standing.state is S.DISABLED


def test_a_good_login_brings_the_account_back() -> None:
    after = rest.after_sign_in(failed(FRESH, K.NEEDS_LOGIN), Tier.PRO, 900, NOW)
    assert (after.standing.state, after.tier, after.credits) == (S.ACTIVE, Tier.PRO, 900)


def test_a_good_login_ends_no_rest() -> None:
    resting = failed(FRESH, K.THROTTLED)
    assert rest.after_sign_in(resting, Tier.PRO, 900, NOW).standing == resting.standing


def test_another_tier_may_try_again_what_was_denied() -> None:
    account = failed(replace(FRESH, tier=Tier.FREE), K.MODEL_DENIED)
    assert rest.after_sign_in(account, Tier.FREE, None, NOW).model_rests == account.model_rests
    assert not rest.after_sign_in(account, Tier.PRO, None, NOW).model_rests


def test_enabling_by_hand_forgets_rests_strikes_and_errors() -> None:
    account = FRESH
    for kind in (K.CAPTCHA_REFUSED, K.MODEL_DENIED, K.UPSTREAM_FAULT, K.THROTTLED, K.ACCOUNT_BLOCKED):
        account = failed(account, kind)
    enabled = rest.enabled_by_hand(account, NOW + 1)
    assert enabled.standing == Standing(since=NOW + 1)
    assert (enabled.model_rests, enabled.errors_in_row, enabled.captcha_strikes) == ({}, 0, 0)
    assert enabled.counts == account.counts


# -- time ---------------------------------------------------------------------------------------------------------


def test_rests_end_when_their_time_comes() -> None:
    account = failed(failed(failed(FRESH, K.QUOTA_REACHED), K.MODEL_BUSY), K.MODEL_QUOTA_REACHED)
    assert rest.revived(account, RESET - 1) is account
    back = rest.revived(account, RESET)
    assert (back.standing, back.model_rests) == (Standing(since=RESET), {})


def test_a_model_rest_without_end_does_not_end() -> None:
    account = failed(FRESH, K.MODEL_DENIED)
    assert rest.revived(account, NOW + 1e9) is account


@pytest.mark.parametrize(
    ("now", "reset"),
    [
        ("2026-07-14 06:59:59", "2026-07-14 07:00:00"),
        ("2026-07-14 07:00:00", "2026-07-15 07:00:00"),
        ("2026-01-10 12:00:00", "2026-01-11 08:00:00"),
        ("2026-03-08 09:00:00", "2026-03-09 07:00:00"),  # the day on which summer time begins has 23 hours
        ("2026-11-01 08:00:00", "2026-11-02 08:00:00"),  # and this one 25
    ],
)
def test_quotas_begin_anew_at_midnight_in_california(now: str, reset: str) -> None:
    assert rest.next_quota_reset(at(now)) == at(reset)


@given(st.floats(0, 4e9))
def test_the_next_reset_is_always_ahead_and_at_most_25_hours_away(now: float) -> None:
    assert 0 < rest.next_quota_reset(now) - now <= 25 * HOUR


def test_the_days_share_begins_anew_at_midnight_utc() -> None:
    counts = Counts(images=9, videos=8, errors=7, day="2026-07-14", images_today=3, videos_today=2, errors_today=1)
    assert rest.with_day(counts, at("2026-07-14 23:59:59")) is counts
    assert rest.with_day(counts, at("2026-07-15 00:00:00")) == Counts(images=9, videos=8, errors=7, day="2026-07-15")


# -- success ------------------------------------------------------------------------------------------------------


def test_a_success_is_counted() -> None:
    account = rest.after_success(FRESH, replace(GENERATION, count=3), NOW, 77)
    account = rest.after_success(account, replace(GENERATION, kind="video"), NOW + 5, 57)
    assert (account.counts.images_today, account.counts.videos_today) == (3, 1)
    assert (account.credits, account.last_used_at) == (57, NOW + 5)


def test_the_price_is_taken_off_when_the_answer_does_not_say_what_is_left() -> None:
    dear = replace(GENERATION, credits=20)
    assert rest.after_success(replace(FRESH, credits=50), dear, NOW, None).credits == 30
    assert rest.after_success(replace(FRESH, credits=5), dear, NOW, None).credits == 0
    assert rest.after_success(FRESH, dear, NOW, None).credits is None


def test_a_success_ends_no_rest() -> None:
    resting = failed(FRESH, K.THROTTLED)
    assert rest.after_success(resting, GENERATION, NOW, None).standing == resting.standing


# -- hindrance ----------------------------------------------------------------------------------------------------


def hindered(account: Account, now: float = NOW, **wanted: Any) -> tuple[str, float | None] | None:
    found = rest.hindrance(account, replace(GENERATION, **wanted), now)
    return None if found is None else (found.code, found.until)


def test_nothing_hinders_a_fresh_account() -> None:
    assert hindered(FRESH) is None
    assert hindered(FRESH, min_tier=Tier.ULTRA) is None  # its tier is not known yet


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (rest.disabled_by_hand(FRESH, NOW), ("disabled", None)),
        (failed(FRESH, K.NEEDS_LOGIN), ("needs_login", None)),
        (failed(FRESH, K.THROTTLED), ("resting", NOW + 12 * HOUR)),
        (failed(FRESH, K.QUOTA_REACHED), ("exhausted", RESET)),
        (failed(FRESH, K.MODEL_BUSY), ("model_busy", NOW + 120)),
        (failed(FRESH, K.MODEL_DENIED), ("model_denied", None)),
        (replace(FRESH, tier=Tier.FREE), ("tier_too_low", None)),
        (replace(FRESH, images_on=False), ("images_off", None)),
        (replace(FRESH, credits=19), ("not_enough_credits", None)),
    ],
)
def test_a_hindrance_is_named(account: Account, expected: tuple[str, float | None]) -> None:
    assert hindered(account, min_tier=Tier.PRO, credits=20) == expected
    found = rest.hindrance(account, replace(GENERATION, min_tier=Tier.PRO, credits=20), NOW)
    assert found is not None
    assert found.detail


def test_videos_and_images_are_switched_apart() -> None:
    assert hindered(replace(FRESH, images_on=False), kind="video") is None
    assert hindered(replace(FRESH, videos_on=False), kind="video") == ("videos_off", None)


def test_a_rest_that_is_over_hinders_no_more() -> None:
    assert hindered(failed(FRESH, K.THROTTLED), NOW + 12 * HOUR) is None
    assert hindered(failed(FRESH, K.MODEL_BUSY), NOW + 120) is None


def test_a_resting_model_hinders_no_other_model() -> None:
    assert hindered(failed(FRESH, K.MODEL_DENIED), upstream_model="GEM_PIX_2") is None


def test_of_several_hindrances_the_one_that_lasts_longest_is_told() -> None:
    account = failed(failed(FRESH, K.MODEL_BUSY), K.QUOTA_REACHED)
    assert hindered(account) == ("exhausted", RESET)
    assert hindered(replace(account, images_on=False)) == ("images_off", None)


def test_what_means_out_of_credit_is_said_by_its_code() -> None:
    for account in (failed(FRESH, K.QUOTA_REACHED), failed(FRESH, K.MODEL_QUOTA_REACHED), replace(FRESH, credits=0)):
        found = rest.hindrance(account, replace(GENERATION, credits=1), NOW)
        assert found is not None
        assert found.code in rest.OUT_OF_CREDIT_CODES


def test_the_price_and_the_resting_model_are_those_of_the_account_s_tier() -> None:
    wish: dict[str, Any] = {"credits": 20, "tier_credits": {Tier.ULTRA: 10}, "tier_models": {Tier.ULTRA: "TOP"}}
    pro, ultra = replace(FRESH, tier=Tier.PRO, credits=15), replace(FRESH, tier=Tier.ULTRA, credits=15)
    assert hindered(pro, **wish) == ("not_enough_credits", None)
    assert hindered(ultra, **wish) is None
    assert rest.after_success(ultra, replace(GENERATION, **wish), NOW, None).credits == 5
    busy = rest.after_failure(ultra, UpstreamFailure(K.MODEL_BUSY, "full"), "TOP", NOW, POLICY)
    assert hindered(busy, **wish) == ("model_busy", NOW + 120)
    assert hindered(replace(busy, tier=Tier.FREE, credits=20), **wish) is None


# -- properties ---------------------------------------------------------------------------------------------------

NEVER_COUNTED = (K.CONTENT_REFUSED, K.REQUEST_REJECTED, K.UNREACHABLE, K.MEDIA_GONE, K.CAPTCHA_UNAVAILABLE)
STEPS = st.lists(
    st.tuples(st.sampled_from([*FailureKind, "success", "revive"]), st.floats(0, 3 * HOUR), st.none() | st.floats()),
    max_size=25,
)


def histories(steps: list[tuple[Any, float, float | None]]) -> list[tuple[Account, Account, Any, float]]:
    account, now, history = FRESH, NOW, []
    for what, pause, named in steps:
        now += pause
        if what == "success":
            after = rest.after_success(account, GENERATION, now, None)
        elif what == "revive":
            after = rest.revived(account, now)
        else:
            after = failed(account, what, now, retry_after_seconds=named)
        history.append((account, after, what, now))
        account = after
    return history


@given(STEPS)
def test_no_history_counts_past_the_threshold_or_shortens_a_rest(steps: list[tuple[Any, float, float | None]]) -> None:
    for before, after, what, now in histories(steps):
        assert 0 <= after.errors_in_row <= POLICY.error_threshold
        if what in NEVER_COUNTED:
            assert after is before
        if what != "revive":
            held, new = before.standing.until, after.standing.until
            assert held is None or new is None or new >= held
        if what == "revive" and after.standing != before.standing:
            assert before.standing.until is not None
            assert before.standing.until <= now


@given(STEPS)
def test_in_any_history_a_disabled_account_has_a_reason_and_stays(steps: list[tuple[Any, float, float | None]]) -> None:
    for before, after, _, _ in histories(steps):
        if before.standing.state is S.DISABLED:
            assert after.standing == before.standing
        if after.standing.state is not S.ACTIVE:
            assert after.standing.code
            assert after.standing.detail


@given(STEPS)
def test_an_account_of_any_history_survives_its_way_to_disk(steps: list[tuple[Any, float, float | None]]) -> None:
    for _, after, _, _ in histories(steps):
        assert msgspec.json.decode(msgspec.json.encode(after), type=Account) == after


@given(st.dictionaries(st.text(max_size=3), st.none() | st.floats(0, 2 * NOW), max_size=4), st.floats(0, 2 * NOW))
def test_reviving_keeps_exactly_the_model_rests_that_are_not_over(ends: dict[str, float | None], now: float) -> None:
    rests = {key: ModelRest(code="model_busy", detail="x", since=0.0, until=end) for key, end in ends.items()}
    kept = rest.revived(replace(FRESH, model_rests=rests), now).model_rests
    assert set(kept) == {key for key, end in ends.items() if end is None or end > now}
