"""What services with keys have in common."""

import pytest

from flow2api.providers.keyed import cents


@pytest.mark.parametrize(("dollars", "whole"), [(0.29, 29), (37.66, 3766), (0.009, 0), (-3.0, 0), (1e308, 10**14)])
def test_a_balance_is_whole_cents_whatever_the_service_says(dollars: float, whole: int) -> None:
    assert cents(dollars) == whole
