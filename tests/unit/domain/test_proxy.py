"""How a proxy's health goes up and down, when it rests and returns, and which one is chosen."""

import pytest
from msgspec.structs import replace

from flow2api.domain.proxy import (
    CONNECT_FAULTS,
    Candidate,
    ExitFault,
    Health,
    Proxy,
    ProxyState,
    RestRules,
    Use,
    after_check,
    after_use,
    least_bad,
    least_loaded,
    next_check,
    rest_seconds,
    returned,
    state_of,
)

RULES = RestRules(jitter=0.0)
PROXY = Proxy(id="p1", place="http://***@a.example:1", roles=("requests",), origin="operator")


def used(health: Health, *outcomes: ExitFault | None, start: float = 1000.0) -> Health:
    """The health after uses that each begin and end one second after the one before."""
    for second, fault in enumerate(outcomes):
        at = start + second
        health = after_use(health, Use(begun_at=at, ended_at=at, fault=fault, detail="why"), RULES, 0.0)
    return health


def checked(health: Health, fault: ExitFault | None, at: float) -> Health:
    return after_check(health, Use(begun_at=at, ended_at=at + 0.5, fault=fault), RULES, 0.0)


def fallen() -> Health:
    """At rest since 1001, until 1031."""
    return used(Health(), ExitFault.REFUSED, ExitFault.REFUSED)


@pytest.mark.parametrize("fault", sorted(CONNECT_FAULTS))
def test_two_connections_in_a_row_that_did_not_come_about_put_a_proxy_to_rest(fault: ExitFault) -> None:
    once = used(Health(), fault)
    assert state_of(PROXY, once) is ProxyState.HEALTHY
    twice = used(once, fault)
    assert state_of(PROXY, twice) is ProxyState.RESTING
    assert (twice.resting_since, twice.resting_until) == (1000.0, 1030.0)
    assert (twice.last_fault, twice.last_error) == (fault.value, "why")


def test_a_good_use_between_two_failures_starts_the_count_anew() -> None:
    assert used(Health(), ExitFault.REFUSED, None, ExitFault.REFUSED).resting_since is None


@pytest.mark.parametrize("fault", [ExitFault.BROKEN, ExitFault.TIMED_OUT])
def test_what_may_be_the_targets_doing_costs_score_and_a_rest_only_when_nothing_else_happens(fault: ExitFault) -> None:
    assert used(Health(), *[fault] * 7).resting_since is None
    assert used(Health(), *[fault] * 8).resting_since is not None
    mixed = used(Health(), *[fault, None] * 50)
    assert mixed.resting_since is None
    assert 0.4 < mixed.score < 0.6


def test_each_rest_in_a_row_is_twice_as_long_up_to_half_an_hour() -> None:
    lengths = [rest_seconds(before, RULES, 0.0) for before in range(9)]
    assert lengths == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
    assert rest_seconds(10_000, RULES, 0.0) == 1800


def test_jitter_makes_a_rest_shorter_by_its_share_at_most() -> None:
    rules = RestRules(jitter=0.2)
    assert rest_seconds(0, rules, 0.5) == pytest.approx(27.0)
    assert rest_seconds(9, rules, 1.0) == pytest.approx(1440.0)


def test_a_rest_does_not_end_by_itself_but_by_a_good_check() -> None:
    health = fallen()
    assert state_of(PROXY, health) is ProxyState.RESTING
    good = checked(health, None, 1040.0)
    assert state_of(PROXY, good) is ProxyState.HEALTHY
    assert (good.latency_seconds, good.last_checked_at, good.uses) == (0.5, 1040.5, health.uses)


def test_a_bad_check_makes_the_next_rest_longer() -> None:
    again = checked(fallen(), ExitFault.UNREACHABLE, 1031.0)
    assert (again.resting_since, again.resting_until) == (1031.5, 1091.5)


def test_a_use_that_began_before_the_rest_changes_nothing_about_it() -> None:
    health = fallen()
    for fault in (None, ExitFault.REFUSED):
        after = after_use(health, Use(begun_at=1000.5, ended_at=1010.0, fault=fault), RULES, 0.0)
        assert (after.resting_since, after.resting_until) == (health.resting_since, health.resting_until)


def test_a_use_of_a_resting_proxy_that_goes_well_ends_the_rest_and_one_that_fails_begins_another() -> None:
    health = fallen()
    assert used(health, None, start=1010.0).resting_since is None
    again = used(health, ExitFault.REFUSED, start=1010.0)
    assert (again.resting_since, again.resting_until) == (1010.0, 1070.0)


def test_a_proxy_that_fails_again_after_its_return_rests_longer_until_a_use_went_well() -> None:
    back = checked(fallen(), None, 1031.0)
    again = used(back, *[ExitFault.REFUSED] * 2, start=1100.0)
    assert again.resting_until == 1161.0
    well = used(back, None, *[ExitFault.REFUSED] * 2, start=1100.0)
    assert well.resting_until == 1132.0


def test_a_return_lifts_a_poor_score_so_that_the_next_failure_is_not_the_last() -> None:
    poor = used(Health(), *[ExitFault.BROKEN] * 8)
    assert poor.score < RULES.poor_score
    assert returned(poor).score == 0.5
    assert used(returned(poor), ExitFault.BROKEN).resting_since is None


def test_a_disabled_proxy_is_disabled_whatever_its_health() -> None:
    disabled = replace(PROXY, enabled=False)
    assert state_of(disabled, fallen()) is ProxyState.DISABLED
    assert next_check(disabled, fallen(), 0.0, RULES) is None


def test_a_resting_proxy_is_checked_at_the_end_of_its_rest_but_never_twice_within_the_time_between_checks() -> None:
    health = fallen()
    assert next_check(PROXY, health, 0.0, RULES) == health.resting_until
    assert next_check(PROXY, replace(health, last_checked_at=1020.0), 0.0, RULES) == 1080.0


def test_a_healthy_proxy_is_checked_only_when_it_was_not_used_for_long() -> None:
    assert next_check(PROXY, Health(), 500.0, RULES) == 800.0
    assert next_check(PROXY, used(Health(), None), 500.0, RULES) == 1300.0
    assert next_check(PROXY, Health(last_used_at=600.0, last_checked_at=900.0), 500.0, RULES) == 1200.0


def test_a_proxy_in_doubt_is_checked_sooner_than_an_idle_one() -> None:
    assert next_check(PROXY, used(Health(), ExitFault.REFUSED), 500.0, RULES) == 1060.0


def test_the_least_loaded_is_chosen_and_of_equals_the_first() -> None:
    candidates = [Candidate(name, healthy=True) for name in "abc"]
    assert least_loaded(candidates, {}).id == "a"
    assert least_loaded(candidates, {"a": 2, "b": 1, "c": 1}).id == "b"


def test_a_low_score_counts_like_load() -> None:
    candidates = [Candidate("good", healthy=True), Candidate("poor", healthy=True, score=0.4)]
    chosen = [least_loaded(candidates, {"good": load}).id for load in range(4)]
    assert chosen == ["good", "good", "poor", "poor"]


def test_the_least_bad_has_rested_least_often_in_a_row_and_then_has_the_best_score() -> None:
    often = Candidate("often", healthy=False, rests_in_row=3)
    once = Candidate("once", healthy=False, score=0.3, rests_in_row=1)
    better = Candidate("better", healthy=False, score=0.5, rests_in_row=1)
    assert least_bad([often, once, better]).id == "better"
