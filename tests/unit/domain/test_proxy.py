"""Which proxy an account goes out through."""

from hypothesis import given
from hypothesis import strategies as st

from flow2api.domain.proxy import assign_exit

URLS = tuple(f"http://proxy{number}:3128" for number in range(5))


def test_without_proxies_an_account_goes_out_directly() -> None:
    assert assign_exit((), "sticky", "a1", 0) is None
    assert assign_exit((), "round_robin", "a1", 3) is None


def test_an_account_keeps_its_proxy_in_every_process() -> None:
    chosen = [assign_exit(URLS, "sticky", f"account{number}", turn) for turn, number in enumerate(range(6))]
    assert [URLS.index(url) for url in chosen if url] == [0, 3, 3, 1, 1, 0]


def test_round_robin_deals_proxies_out_in_turn() -> None:
    assert [assign_exit(URLS, "round_robin", "a1", turn) for turn in range(7)] == [*URLS, *URLS[:2]]


@given(st.text(), st.permutations(URLS))
def test_the_order_of_the_list_moves_no_account(account_id: str, urls: list[str]) -> None:
    assert assign_exit(urls, "sticky", account_id, 0) == assign_exit(URLS, "sticky", account_id, 9)


@given(st.text(), st.sampled_from(URLS))
def test_taking_a_proxy_away_moves_only_its_own_accounts(account_id: str, gone: str) -> None:
    before = assign_exit(URLS, "sticky", account_id, 0)
    after = assign_exit([url for url in URLS if url != gone], "sticky", account_id, 0)
    assert (after == before) == (before != gone)


def test_accounts_are_spread_over_all_proxies() -> None:
    shares = [assign_exit(URLS, "sticky", f"account{number}", 0) for number in range(1000)]
    assert all(150 < shares.count(url) < 250 for url in URLS)
