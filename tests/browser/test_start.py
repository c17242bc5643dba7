"""Programs that are no good browsers: why they could not be started is said, and nothing of them stays."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from flow2api.browser import chromium as chromium_module
from flow2api.browser import process
from flow2api.browser.chromium import open_chromium
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.profile import RECORD
from tests.browser import running
from tests.doubles.devtools import DevTools, open_devtools

PATIENCE_SECONDS = 90.0
_CHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, 1); time.sleep(600)"])
open({note!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
"""
_WAITS = "import time; time.sleep(600)"

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="there are no process groups"),
    pytest.mark.usefixtures("quick"),
]

Make = Callable[[str], str]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASK_SECONDS", "TERM_SECONDS"):
        monkeypatch.setattr(process, name, 0.3)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a program of Python code; `os` and `sys` are imported, `os.getpid()` is noted with a stubborn child's."""

    def make_one(code: str) -> str:
        path = tmp_path / "browser"
        child = _CHILD.format(note=str(tmp_path / "pids"))
        path.write_text(f"#!{sys.executable}\nimport os, sys\n{child}\n{code}\n")
        path.chmod(0o755)
        return str(path)

    return make_one


async def start(program: str, tmp_path: Path) -> str:
    """Open a browser that cannot be opened; the words of the refusal."""
    with trio.fail_after(PATIENCE_SECONDS), pytest.raises(BrowserUnavailable) as caught:
        async with open_chromium(tmp_path / "profile", binary=program):
            pass
    return str(caught.value)


def assert_nothing_is_left(tmp_path: Path) -> None:
    leader, child = map(int, (tmp_path / "pids").read_text().split())
    assert running.group(leader) == set()
    assert not running.mentioning(str(tmp_path))
    assert not Path(f"/proc/{child}/exe").exists()
    assert not (tmp_path / "profile" / RECORD).exists()


async def test_a_program_that_ends_at_once_is_quoted(make: Make, tmp_path: Path) -> None:
    noise = "print('/usr/bin/chromium: 9: [: unexpected operator', '[1:2:ERROR:dbus/bus.cc:405] no bus', sep='\\n', file=sys.stderr)"
    words = await start(make(f"{noise}\nsys.exit('Missing X server or $DISPLAY')"), tmp_path)
    assert words == "the browser did not start: it ended with code 1: Missing X server or $DISPLAY"
    assert_nothing_is_left(tmp_path)


async def test_a_program_that_is_killed_is_said_to_be(make: Make, tmp_path: Path) -> None:
    assert "was ended by SIGSEGV" in await start(make("os.kill(os.getpid(), 11)"), tmp_path)
    assert_nothing_is_left(tmp_path)


async def test_a_program_that_never_listens_is_given_up(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chromium_module, "START_SECONDS", 0.5)
    words = await start(make(f"print('still thinking', file=sys.stderr, flush=True)\n{_WAITS}"), tmp_path)
    assert words == "the browser was not ready in 0 s: still thinking"
    assert_nothing_is_left(tmp_path)


async def test_a_file_that_is_no_program_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "browser"
    path.write_bytes(b"\x7fELF and nothing more")
    path.chmod(0o755)
    assert "the browser did not start: it ended with code" in await start(str(path), tmp_path)


async def test_a_flood_of_output_does_not_stop_it_and_its_end_is_kept(make: Make, tmp_path: Path) -> None:
    flood = "for number in range(20000): print('x' * 100, number, file=sys.stderr)\nsys.stderr.write('y' * 300000 + '\\nlast')"
    words = await start(make(f"{flood}\nsys.exit(3)"), tmp_path)
    assert "code 3" in words
    assert words.endswith("| last")
    assert len(words) < 10_000


def listening(devtools: DevTools, rest: str) -> str:
    line = f"DevTools listening on {devtools.address}"
    return f"import signal\nsignal.signal(15, 1)\nprint({line!r}, file=sys.stderr, flush=True)\n{rest}"


async def test_one_that_will_not_close_is_killed_with_its_children(make: Make, tmp_path: Path) -> None:
    async with open_devtools() as devtools:
        devtools.answers["Browser.close"] = {}
        with trio.fail_after(PATIENCE_SECONDS):
            async with open_chromium(tmp_path / "profile", binary=make(listening(devtools, _WAITS))) as chromium:
                assert (chromium.version, chromium.user_agent) == ("Chrome/1.2.3.4", "Double/1.0")
                # Itself, its child, and the guard that kills both if we end.
                assert len(running.group(chromium.pid)) == 3
                assert chromium.pid == int((tmp_path / "pids").read_text().split()[0])
        assert [asked.method for asked in devtools.asked][-1] == "Browser.close"
        assert "SIGKILL" in await chromium.wait_exited()
    assert_nothing_is_left(tmp_path)


async def test_one_whose_connection_does_not_answer_is_killed_too(make: Make, tmp_path: Path) -> None:
    async with open_devtools() as devtools:
        devtools.silent.add("Browser.close")
        with trio.fail_after(PATIENCE_SECONDS):
            async with open_chromium(tmp_path / "profile", binary=make(listening(devtools, _WAITS))):
                pass
    assert_nothing_is_left(tmp_path)


async def test_one_that_cannot_be_controlled_is_said_so(make: Make, tmp_path: Path) -> None:
    async with open_devtools() as devtools:
        program = make(listening(devtools, _WAITS))
    assert "started but cannot be controlled" in await start(program, tmp_path)
    assert_nothing_is_left(tmp_path)


async def test_children_do_not_outlive_a_browser_that_dies(make: Make, tmp_path: Path) -> None:
    async with open_devtools() as devtools:
        program = make(listening(devtools, "sys.stdin.read()\nimport time\ntime.sleep(0.2)\nos.kill(os.getpid(), 9)"))
        with trio.fail_after(PATIENCE_SECONDS):
            async with open_chromium(tmp_path / "profile", binary=program) as chromium:
                assert "was ended by SIGKILL" in await chromium.wait_exited()
                await running.wait_gone(int((tmp_path / "pids").read_text().split()[1]))
    assert_nothing_is_left(tmp_path)


@pytest.mark.parametrize("silent", [[], ["Browser.getVersion"]])
async def test_cancelled_at_any_point_nothing_is_left(make: Make, tmp_path: Path, silent: list[str]) -> None:
    async with open_devtools() as devtools:
        devtools.silent.update(silent)
        program = make(listening(devtools, _WAITS))
        with trio.fail_after(PATIENCE_SECONDS):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_hold, program, tmp_path)
                await devtools.wait_asked("Browser.getVersion")
                nursery.cancel_scope.cancel()
    assert_nothing_is_left(tmp_path)


async def test_an_error_of_the_body_comes_out_as_it_was_raised(make: Make, tmp_path: Path) -> None:
    async with open_devtools() as devtools:
        with pytest.raises(ZeroDivisionError), trio.fail_after(PATIENCE_SECONDS):
            async with open_chromium(tmp_path / "profile", binary=make(listening(devtools, _WAITS))):
                raise ZeroDivisionError
    assert_nothing_is_left(tmp_path)


async def _hold(program: str, tmp_path: Path) -> None:
    async with open_chromium(tmp_path / "profile", binary=program):
        await trio.sleep_forever()
