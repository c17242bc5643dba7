"""`python -m tests` runs every check and tells when one failed."""

from collections.abc import Sequence

import pytest

from tests.__main__ import main


@pytest.mark.parametrize("failing", [None, "ruff", "mypy", "tests.dashboard", "pytest"])
def test_all_checks_run_and_one_failure_is_enough(failing: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        ran.append(command)
        return 1 if command[2] == failing else 0

    code = main(["-k", "words"], run)
    assert code == (0 if failing is None else 1)
    assert [command[2] for command in ran] == ["ruff", "ruff", "mypy", "tests.dashboard", "pytest"]
    assert list(ran[-1][3:]) == ["-k", "words"]
    last_heading = capsys.readouterr().out.splitlines()[-1]
    assert last_heading == "== pytest -k words"


def test_the_whole_suite_is_spread_but_for_what_looks_at_times() -> None:
    ran: list[Sequence[str]] = []
    assert main([], lambda command: ran.append(command) or 0) == 0  # type: ignore[func-returns-value]
    alone, rest = ran[-2:]
    assert (list(alone[3:5]), list(rest[3:6])) == (["-m", "alone"], ["-m", "not alone", "-n"])
    assert any(name.endswith("test_gateway_crowd.py") for name in alone[5:])
