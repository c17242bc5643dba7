"""`python -m tests`: every check that must hold, each under a heading, pytest last. Further arguments go to pytest.

All of them run even if an early one fails; the exit code tells whether any did. The whole suite is spread over the processors, but for
the tests that look at times, which have the machine to themselves. A few tests that fail in it run once more with nothing beside
them, and are named at the end: on a machine that is busy with other programs a time limit may pass, a fault fails again.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ALONE = "mark.alone"
CHECKS: tuple[tuple[str, ...], ...] = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("tests.dashboard",),
)

# More than these are no accident of timing.
MOST_AGAIN = 3
AGAIN = ("pytest", "--last-failed", "--last-failed-no-failures", "none")
FAILED = Path(".pytest_cache", "v", "cache", "lastfailed")
# Each worker opens whole gateways, so more than a few only get in each other's way.
MOST_WORKERS = 6

Run = Callable[[Sequence[str]], int]


def main(arguments: Sequence[str], run: Run, root: Path = ROOT) -> int:
    """Run everything through `run`; 0 if all went well. What failed in pytest is looked up below `root`."""
    failed = [" ".join(check) for check in CHECKS if _headed(check, run)]
    if failed:
        # Before the tests, so that their closing line stays the last one.
        print(f"\n== failed so far: {', '.join(failed)}", flush=True)
    if arguments:
        return 1 if _headed(("pytest", *arguments), run) or failed else 0
    shaky: list[str] = []
    tests_failed = [suite for suite in _suites() if _headed(suite, run) and not _passes_again(run, root, shaky)]
    if shaky:
        print("\n== passed only when nothing ran beside them:", *shaky, sep="\n", flush=True)
    return 1 if failed or tests_failed else 0


def _passes_again(run: Run, root: Path, shaky: list[str]) -> bool:
    """Whether the few that failed pass now; those are added to `shaky`."""
    try:
        names = list(json.loads((root / FAILED).read_text("utf-8")))
    except FileNotFoundError:
        names = []
    if not 0 < len(names) <= MOST_AGAIN or _headed(AGAIN, run):
        return False
    shaky += names
    return True


def _suites() -> Sequence[Sequence[str]]:
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    # By their files, since collecting all of them takes a quarter of a minute.
    files = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if ALONE in path.read_text("utf-8")]
    return [
        ("pytest", "--cache-clear", "-m", "alone", *files),
        ("pytest", "--cache-clear", "-m", "not alone", "-n", workers, "--dist", "loadfile"),
    ]


def _headed(command: Sequence[str], run: Run) -> int:
    print(f"\n== {' '.join(command)}", flush=True)
    return run([sys.executable, "-m", *command])


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _run))
