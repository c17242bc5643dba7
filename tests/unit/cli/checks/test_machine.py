"""Open files, clock and display are told as they are."""

import os
import resource
from pathlib import Path

import pytest

from flow2api.cli.checks import machine
from flow2api.config import CaptchaConfig

SOME_DAY = 1_800_000_000.0
INFINITY = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("hard", "result"),
    [(1024, "advice"), (machine.ENOUGH_FILES - 1, "advice"), (machine.ENOUGH_FILES, "good"), (INFINITY, "good")],
)
def test_a_low_limit_of_open_files_is_told(hard: int, result: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, hard))
    assert machine.open_files().result == result


def test_a_clock_of_the_past_is_broken(tmp_path: Path) -> None:
    [found] = machine.clock(0.0, tmp_path)
    assert (found.result, "1970-01-01" in found.found) == ("broken", True)


def test_a_clock_behind_the_database_is_told(tmp_path: Path) -> None:
    database = tmp_path / "flow2api.db"
    database.touch()
    os.utime(database, (SOME_DAY, SOME_DAY))
    assert [found.result for found in machine.clock(SOME_DAY, tmp_path)] == ["good"]
    [found] = machine.clock(SOME_DAY - 3600, tmp_path)
    assert (found.result, "3600 s after" in found.found) == ("advice", True)


def test_a_clock_without_a_data_folder_is_good(tmp_path: Path) -> None:
    assert [found.result for found in machine.clock(SOME_DAY, tmp_path / "none")] == ["good"]


@pytest.mark.parametrize(
    ("headless", "seen", "result"),
    [("auto", True, "good"), ("auto", False, "advice"), ("no", False, "advice"), ("yes", False, "good")],
)
def test_a_missing_display_is_told_where_a_window_is_wanted(
    headless: str, seen: bool, result: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "has_display", lambda environ: seen)
    found = machine.display(CaptchaConfig(headless=headless), {})  # type: ignore[arg-type]
    assert found.result == result
    assert bool(found.advice) is (result == "advice")
