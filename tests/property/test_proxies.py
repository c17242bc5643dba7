"""Whatever happens to proxies: figures stay in their bounds, and the book never gives a worse exit than it has."""

from hypothesis import given
from hypothesis import strategies as st

from flow2api.actors.exits import ExitBook, OpenExit
from flow2api.domain.proxy import ExitFault, Health, RestRules, Use, after_check, after_use, rest_seconds

RULES = RestRules()
TIMES = st.floats(0, 10_000)
CHANCES = st.floats(0, 1, exclude_max=True)
EVENTS = st.lists(st.tuples(st.booleans(), st.sampled_from([None, *ExitFault]), TIMES, TIMES, CHANCES))
IDS = ["p1", "p2", "p3", "p4"]
ACCOUNTS = ["a1", "a2", "a3", "a4", "a5"]


@given(EVENTS)
def test_scores_and_rests_stay_in_their_bounds(
    events: list[tuple[bool, ExitFault | None, float, float, float]],
) -> None:
    health, now = Health(), 0.0
    for is_check, fault, took, waited, chance in events:
        now += waited
        use = Use(begun_at=now - took, ended_at=now, fault=fault)
        health = (after_check if is_check else after_use)(health, use, RULES, chance)
        assert 0.0 <= health.score <= 1.0
        assert (health.resting_since is None) == (health.resting_until is None)
        if health.resting_since is not None and health.resting_until is not None:
            assert 24.0 <= health.resting_until - health.resting_since <= 1800.0
            assert health.rests_in_row > 0
        assert health.failures <= len(events)


@given(st.integers(0, 10**6), CHANCES)
def test_a_rest_is_never_longer_than_the_limit_nor_shorter_than_its_jitter_allows(rests: int, chance: float) -> None:
    assert 24.0 <= rest_seconds(rests, RULES, chance) <= 1800.0
    assert rest_seconds(rests + 1, RULES, chance) >= rest_seconds(rests, RULES, chance)


STATES = st.fixed_dictionaries({name: st.sampled_from(["healthy", "resting", "disabled", "gone"]) for name in IDS})


def put(book: ExitBook, states: dict[str, str]) -> None:
    book.put(
        OpenExit(
            name, state == "healthy", url=f"http://{name}.test:1", roles=("requests",), enabled=state != "disabled"
        )
        for name, state in states.items()
        if state != "gone"
    )


@given(st.lists(st.tuples(STATES, st.lists(st.sampled_from(ACCOUNTS)))))
def test_accounts_stay_while_their_proxy_is_healthy_and_go_to_a_healthy_one_when_it_is_not(
    rounds: list[tuple[dict[str, str], list[str]]],
) -> None:
    book = ExitBook()
    for states, asking in rounds:
        put(book, states)
        healthy = {name for name, state in states.items() if state == "healthy"}
        for account in asking:
            before = book.home(account)
            if all(state in ("disabled", "gone") for state in states.values()):
                continue
            url = book.exit_for(account)
            assert url is not None
            name = url.removeprefix("http://").removesuffix(".test:1")
            assert states[name] == "healthy" if healthy else states[name] == "resting"
            if before in healthy:
                assert name == before
            assert book.home(account) == (name if healthy else before)
        assert sum(book.loads.values()) == sum(book.home(account) is not None for account in ACCOUNTS)


@given(st.integers(1, 4), st.integers(0, 40))
def test_accounts_are_spread_evenly(proxies: int, accounts: int) -> None:
    book = ExitBook()
    put(book, dict.fromkeys(IDS[:proxies], "healthy"))
    for number in range(accounts):
        book.exit_for(f"a{number}")
    loads = [book.loads.get(name, 0) for name in IDS[:proxies]]
    assert max(loads) - min(loads) <= 1
