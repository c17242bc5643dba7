"""The build hook: when it builds, what it asks for, and what an install is told where it cannot."""

import os
from pathlib import Path
from typing import Any

import pytest
from hatchling.bridge.app import Application

import hatch_build
from hatch_build import NODE_PACKAGE, WITHOUT, DashboardHook, Unbuildable, stale

OLD, NEW = 1_000_000.0, 2_000_000.0


def put(file: Path, at: float) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    os.utime(file, (at, at))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    put(tmp_path / "web" / "package.json", OLD)
    put(tmp_path / "web" / "src" / "pages" / "login.tsx", OLD)
    return tmp_path


def page(root: Path) -> Path:
    return root / "flow2api" / "dashboard" / "index.html"


def hook(root: Path, target: str = "wheel") -> DashboardHook:
    nothing: Any = None
    return DashboardHook(str(root), {}, nothing, nothing, str(root), target, Application())


def test_what_was_never_built_is_stale(root: Path) -> None:
    assert stale(root)


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("web/src/pages/login.tsx", True),
        ("web/package.json", True),
        ("web/src/new/one.ts", True),
        ("web/node_modules/x/index.js", False),
        ("web/test/state.test.ts", False),
    ],
)
def test_a_newer_source_makes_it_stale_and_nothing_else_does(root: Path, file: str, expected: bool) -> None:
    put(page(root), OLD)
    assert not stale(root)
    put(root / file, NEW)
    assert stale(root) is expected


def test_a_package_without_sources_is_left_alone(tmp_path: Path) -> None:
    assert not stale(tmp_path)


def test_node_is_asked_for_only_where_there_is_something_to_build(root: Path) -> None:
    assert hook(root).dependencies() == [NODE_PACKAGE]
    put(page(root), NEW)
    assert hook(root).dependencies() == []


@pytest.fixture
def unbuildable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(root: Path) -> None:
        raise Unbuildable("no registry within reach")

    monkeypatch.setattr(hatch_build, "build", fail)
    monkeypatch.delenv(WITHOUT, raising=False)


@pytest.mark.usefixtures("unbuildable")
def test_a_wheel_without_a_dashboard_is_refused_and_says_what_is_missing(root: Path) -> None:
    with pytest.raises(Unbuildable, match="no registry within reach"):
        hook(root).initialize("standard", {})


@pytest.mark.usefixtures("unbuildable")
@pytest.mark.parametrize("case", ["an older one is there", "editable", "asked for"])
def test_an_install_goes_on_without_a_new_dashboard_and_warns(
    root: Path, case: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if case == "an older one is there":
        put(page(root), OLD - 1)
    if case == "asked for":
        monkeypatch.setenv(WITHOUT, "1")
    hook(root).initialize("editable" if case == "editable" else "standard", {})
    assert "no registry within reach" in "".join(capfd.readouterr())
