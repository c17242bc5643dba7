"""What must not be committed: lock files and addresses of download hosts, paths of one machine, build products."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Written in pieces, so that this file does not hold what it looks for.
HOSTS = re.compile("|".join(("files." + r"pythonhosted\.org", "pypi" + r"\.org/simple", "registry" + r"\.npmjs\.org")))
MACHINE_PATHS = re.compile(
    "|".join(("/" + r"work/(main|shared|steering)\b", "/" + r"root/", "/" + r"home/(?!app\b)\w+/"))
)
PRODUCTS = re.compile(r"(^|/)(node_modules|dist|__pycache__|\.venv|\.mypy_cache|\.ruff_cache|\.pytest_cache)/")


def tracked() -> list[str]:
    """All files in the repository; skips where there is none, as in an unpacked source distribution."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = [git, "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    """`file:line` of each hit in text files."""
    found = []
    for name in tracked():
        try:
            text = (ROOT / name).read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{number}" for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]
    return found


def test_no_uv_lock_is_tracked_since_it_names_download_hosts() -> None:
    assert [name for name in tracked() if name.endswith("uv.lock")] == []


def test_no_file_names_a_host_of_a_package_registry() -> None:
    assert lines_with(HOSTS) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert lines_with(MACHINE_PATHS) == []


def test_no_build_product_and_no_data_is_tracked() -> None:
    assert [name for name in tracked() if PRODUCTS.search(name)] == []
    assert [name for name in tracked() if name.startswith("data/")] == ["data/.gitkeep"]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (HOSTS, "url = https://files." + "pythonhosted.org/x"),
        (MACHINE_PATHS, "see /" + "work/main/x"),
        (MACHINE_PATHS, "/" + "home/ada/x"),
        (PRODUCTS, "web/node_modules/x.js"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
