"""`python -m tests` runs every check and tells when one failed."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.__main__ import FAILED, main


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
    assert (list(alone[4:6]), list(rest[4:7])) == (["-m", "alone"], ["-m", "not alone", "-n"])
    assert any(name.endswith("test_gateway_crowd.py") for name in alone[6:])


@pytest.mark.parametrize(
    ("failing", "passes_again", "code"), [(1, True, 0), (3, True, 0), (1, False, 1), (4, True, 1), (0, True, 1)]
)
def test_a_few_that_fail_run_again_by_themselves_and_are_named(
    failing: int, passes_again: bool, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"tests/test_x.py::test_{number}" for number in range(failing)]
    again: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        if command[2] != "pytest":
            return 0
        if "--last-failed" in command:
            again.append(command)
            return 0 if passes_again else 1
        if "not alone" in command:
            return 0
        # An interrupted run, as by an error in a test file's imports, names nothing.
        if names:
            (tmp_path / FAILED).parent.mkdir(parents=True)
            (tmp_path / FAILED).write_text(json.dumps(dict.fromkeys(names, True)), "utf-8")
        return 1

    assert main([], run, tmp_path) == code
    assert len(again) == (1 if 0 < failing <= 3 else 0)
    told = capsys.readouterr().out
    assert all((name in told) == (code == 0) for name in names)
