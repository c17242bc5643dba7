"""What runs is told alike by /proc and by `ps`, and what is left running by a process that was killed is ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio

from flow2api.browser import process, processes, profile
from flow2api.browser.logins import Logins, held
from tests.browser import running

PATIENCE_SECONDS = 90.0
_WAITS = "import time; print('ready', flush=True); time.sleep(600)"
# A program of ours with a guarded one, which it names; then it is killed.
_HOLDER = """
import sys, trio
from flow2api.browser import process

async def hold():
    group, output = await process.start([sys.executable, "-c", sys.argv[1]], {}, lambda line: True)
    print(group.pid, flush=True)
    await trio.sleep_forever()

trio.run(hold)
"""
_WITH_CHILD = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there are no process groups")


@pytest.fixture(params=["proc", "ps"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "ps":
        monkeypatch.setattr(processes, "_BOOT", Path("/nowhere"))
    return str(request.param)


@pytest.fixture
def left(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that was started on the folder `a profile`."""
    started = running.python(_WAITS, f"--user-data-dir={tmp_path / 'a profile'}", "--headless", "about:blank")
    yield started
    started.kill()
    started.wait()


def test_a_process_is_told_with_group_and_arguments(source: str, left: subprocess.Popen[bytes], tmp_path: Path) -> None:
    seen = processes.look(left.pid)
    assert seen is not None
    assert seen.group == left.pid
    assert seen.values("--user-data-dir=") == [str(tmp_path / "a profile")]
    assert left.pid in processes.members(left.pid)
    assert processes.given(f"--user-data-dir={tmp_path / 'a profile'}") == [left.pid]
    assert processes.given(f"--user-data-dir={tmp_path}") == []


def test_one_that_has_ended_is_not_told_even_before_it_is_fetched(source: str, left: subprocess.Popen[bytes]) -> None:
    left.kill()
    os.waitid(os.P_PID, left.pid, os.WEXITED | os.WNOWAIT)
    assert processes.look(left.pid) is None
    assert processes.members(left.pid) == []


async def test_a_browser_that_was_left_running_is_ended(
    source: str, left: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "a profile"
    folder.mkdir()
    profile.remember(folder, left.pid)
    with trio.fail_after(PATIENCE_SECONDS):
        await profile.end_left(folder)
    assert left.wait() != 0


async def test_what_a_browser_that_is_no_more_left_is_removed(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "profile", tmp_path / "org.chromium.Chromium.abc123"
    folder.mkdir()
    elsewhere.mkdir()
    (elsewhere / "SingletonSocket").touch()
    (folder / "SingletonSocket").symlink_to(elsewhere / "SingletonSocket")
    (folder / profile.RECORD).write_text('{"pid": 999999999, "birth": "long ago"}')
    with trio.fail_after(PATIENCE_SECONDS):
        await profile.end_left(folder)
    assert list(folder.iterdir()) == []
    assert not elsewhere.exists()


async def test_a_login_window_that_somebody_holds_is_not_taken_for_left(
    left: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    logins = Logins(tmp_path)
    folder = logins.make()
    (tmp_path / "a profile").symlink_to(folder)
    profile.remember(folder, left.pid)
    with trio.fail_after(PATIENCE_SECONDS):
        with held(folder):
            await logins.end_left()
            assert left.poll() is None
        await logins.end_left()
    assert left.wait() != 0


def hold_and_be_killed() -> int:
    """A process of ours that starts a program with a child and is killed; the group."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, _WITH_CHILD], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        leader = int(holder.stdout.readline())
    assert leader in running.group(leader)
    holder.kill()
    holder.wait()
    return leader


async def test_a_group_ends_with_the_process_that_started_it() -> None:
    await wait_empty(hold_and_be_killed())


async def wait_empty(group: int) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        while members := running.group(group):
            for pid in members:
                await running.wait_gone(pid)


async def test_nothing_of_a_guarded_program_is_left_open_when_it_ended_by_itself() -> None:
    before = set(os.listdir("/dev/fd"))
    with trio.fail_after(PATIENCE_SECONDS):
        for _ in range(3):
            group, output = await process.start([sys.executable, "-c", ""], {}, lambda line: True)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(output.watch)
                assert await group.wait() == 0
            await wait_empty(group.pid)
    assert len(set(os.listdir("/dev/fd"))) == len(before)
