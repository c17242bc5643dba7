"""`python -m tests`: every check that must hold, each under a heading, pytest last. Further arguments go to pytest.

All of them run even if an early one fails; the exit code tells whether any did. The whole suite is spread over the processors, but for
the tests that look at times, which have the machine to themselves.
"""

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

# Each worker opens whole gateways, so more than a few only get in each other's way.
MOST_WORKERS = 6

Run = Callable[[Sequence[str]], int]


def main(arguments: Sequence[str], run: Run) -> int:
    """Run everything through `run`; 0 if all went well."""
    failed = [" ".join(check) for check in CHECKS if _headed(check, run)]
    if failed:
        # Before the tests, so that their closing line stays the last one.
        print(f"\n== failed so far: {', '.join(failed)}", flush=True)
    tests_failed = [suite for suite in _suites(arguments) if _headed(suite, run)]
    return 1 if failed or tests_failed else 0


def _suites(arguments: Sequence[str]) -> Sequence[Sequence[str]]:
    if arguments:
        return [("pytest", *arguments)]
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    # By their files, since collecting all of them takes a quarter of a minute.
    files = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if ALONE in path.read_text("utf-8")]
    return [("pytest", "-m", "alone", *files), ("pytest", "-m", "not alone", "-n", workers, "--dist", "loadfile")]


def _headed(command: Sequence[str], run: Run) -> int:
    print(f"\n== {' '.join(command)}", flush=True)
    return run([sys.executable, "-m", *command])


def _run(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], _run))
