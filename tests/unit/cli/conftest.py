"""Commands run in an empty working directory; the process's logging is put back after each."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.stage import Stage


@pytest.fixture(autouse=True)
def _quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def stage() -> Stage:
    return Stage()
