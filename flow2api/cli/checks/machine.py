"""What the machine gives: open files, the clock, a display. Looks only, and knows nothing of the gateway but its settings."""

import resource
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from flow2api.browser.launch import has_display
from flow2api.cli.checks.finding import Finding, advised, broken, good
from flow2api.config import CaptchaConfig

# Each open stream needs one file, each running call one more.
ENOUGH_FILES = 4096
# This program is younger than any right clock.
_EARLIEST = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_FILE_CLOCK_SLACK_SECONDS = 300.0


def open_files() -> Finding:
    """The limit of open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= ENOUGH_FILES:
        return good("open files", f"{_limit(soft)} now, and a gateway raises that itself, up to {_limit(hard)}")
    return advised(
        "open files",
        f"at most {_limit(hard)} at a time, which is few for many callers at once",
        f"Raise the hard limit to {ENOUGH_FILES} or more: LimitNOFILE in systemd, --ulimit nofile in Docker.",
    )


def clock(now: float, data_dir: Path) -> Iterator[Finding]:
    """Whether the clock can be right."""
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if now < _EARLIEST:
        yield broken(
            "clock", f"it says {shown}, which is past", "Set the clock, best by a time service such as chrony."
        )
        return
    newest = max((file.stat().st_mtime for file in data_dir.glob("flow2api.db*")), default=0.0)
    if newest > now + _FILE_CLOCK_SLACK_SECONDS:
        yield advised(
            "clock",
            f"it says {shown}, but the database was written {newest - now:.0f} s after that",
            "Check the clock: while it is behind, rests last longer and logins are renewed too late.",
        )
        return
    yield good("clock", f"it says {shown}")


def display(captcha: CaptchaConfig, environ: Mapping[str, str]) -> Finding:
    """Whether a window to sign in with can be shown."""
    if captcha.headless == "yes":
        return good("display", "no window is wanted (captcha.headless is yes)")
    if has_display(environ):
        return good("display", "there is one for the window of `flow2api account login`")
    return advised(
        "display",
        "there is none, so `flow2api account login` has no window to show",
        "Nothing, if accounts are added with `flow2api account add`. Else start a virtual display, set DISPLAY to it, and "
        'captcha.headless = "no" where this is a container.',
    )


def _limit(number: int) -> str:
    return "any number" if number == resource.RLIM_INFINITY else str(number)
