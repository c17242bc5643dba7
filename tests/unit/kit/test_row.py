from flow2api.kit.row import Budget


def test_what_was_spent_counts_for_the_whole_window_and_no_longer() -> None:
    budget = Budget(2, within=10)
    assert [budget.spend(now) for now in (0, 4, 10)] == [True, True, False]
    assert [budget.spend(now) for now in (10.5, 14, 14.5)] == [True, False, True]


def test_a_budget_can_be_refilled() -> None:
    budget = Budget(1, within=10)
    assert budget.spend(0)
    budget.refill()
    assert budget.spend(0)
    assert not budget.spend(0)
