"""`flow2api doctor`: everything in one table or one document, and an exit code that says whether something is broken."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from flow2api.cli.checks import browser as browser_checks
from flow2api.cli.outcomes import FAILED
from flow2api.cli.wiring import Browser
from tests.unit.cli.stage import Stage

ANY_PORT = {"FLOW2API_SERVER_PORT": "0"}
CHECKS = [
    *("settings", "data folder", "master key", "database", "instance", "accounts", "clock", "open files", "display"),
    *("browser package", "browser", "browser start", "proxies", "service"),
]


class FakeVisit:
    version = "Chrome/1"

    async def load(self) -> None:
        pass

    async def cookies(self) -> str:
        return ""


@pytest.fixture
def well(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A machine on which all is well."""

    @asynccontextmanager
    async def open_visit(folder: Path, url: str, *, exit_url: str | None = None) -> AsyncIterator[FakeVisit]:
        yield FakeVisit()

    monkeypatch.setattr(browser_checks, "find_binary", lambda environ: "/usr/bin/chromium")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1")
    stage.browser = Browser(open_visit, stage.browser.show_window)
    stage.environ = ANY_PORT
    return stage


def test_when_all_is_well_everything_is_listed_and_the_exit_code_is_0(well: Stage) -> None:
    result = well.run("doctor")
    assert result.exit_code == 0, result.output
    assert "Nothing is broken." in result.stdout
    for check in CHECKS:
        assert f"\n{check} " in result.stdout
    assert not Path("data").exists()


def test_json_has_the_same_findings(well: Stage) -> None:
    told = json.loads(well.run("doctor", "--json").stdout)
    assert told["ok"] is True
    # Of the addresses of services there are as many as there are settings for them.
    assert list(dict.fromkeys(finding["check"] for finding in told["findings"])) == list(dict.fromkeys(CHECKS))


def test_something_broken_makes_the_exit_code_1(well: Stage) -> None:
    Path("data").touch()
    result = well.run("doctor")
    assert result.exit_code == FAILED
    assert "1 broken" in result.stdout
    assert "BROKEN" in result.stdout
    assert json.loads(well.run("doctor", "--json").stdout)["ok"] is False


def test_wrong_settings_are_findings_and_what_does_not_hang_on_them_is_still_looked_at(well: Stage) -> None:
    well.environ = {"FLOW2API_SERVER_PORT": "many", "FLOW2API_SERVR_HOST": "x"}
    told = json.loads(well.run("doctor", "--json").stdout)
    assert [finding["check"] for finding in told["findings"]] == [
        *("settings", "settings", "open files", "browser package", "browser", "browser start")
    ]
    assert "server.port must be a whole number" in json.dumps(told)


def test_nothing_is_asked_of_the_service_unless_that_is_wanted(well: Stage) -> None:
    well.run("doctor")
    assert well.asked == []
