"""A profile folder is made ready: what an earlier life left is ended, what is not ours is left alone."""

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trio

from flow2api.browser import process, processes, profile
from flow2api.browser.errors import BrowserUnavailable
from flow2api.browser.profile import RECORD
from tests.browser import running

PATIENCE_SECONDS = 90.0
_WAITS = "import time; print('ready', flush=True); time.sleep(600)"
_STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + _WAITS

Start = Callable[..., subprocess.Popen[bytes]]

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="this system does not tell of its processes"
)


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one(code: str, *arguments: str) -> subprocess.Popen[bytes]:
        started.append(running.python(code, *arguments))
        return started[-1]

    yield start_one
    for one in started:
        one.kill()
        one.wait()


async def clear(folder: Path) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        await profile.clear(folder)


def lock(folder: Path, holder: str) -> Path:
    """The locks of a browser whose socket lies elsewhere; the place of that."""
    elsewhere = folder.parent / "org.chromium.Chromium.abc123"
    elsewhere.mkdir()
    (elsewhere / "SingletonSocket").touch()
    (elsewhere / "SingletonCookie").symlink_to("1234")
    (folder / "SingletonLock").symlink_to(holder)
    (folder / "SingletonSocket").symlink_to(elsewhere / "SingletonSocket")
    (folder / "SingletonCookie").symlink_to("1234")
    return elsewhere


def locks(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("Singleton*"))


async def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "browser" / "profile"
    await clear(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("code", [_WAITS, _STUBBORN])
async def test_a_process_that_an_earlier_life_left_is_ended_with_its_group(
    code: str, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TERM_SECONDS", 0.3)
    left = start(code, f"--user-data-dir={tmp_path}")
    profile.remember(tmp_path, left.pid)
    await clear(tmp_path)
    assert running.group(left.pid) == set()
    assert not (tmp_path / RECORD).exists()


async def test_a_process_that_has_only_inherited_the_number_is_spared(tmp_path: Path, start: Start) -> None:
    other = start(_WAITS, f"--user-data-dir={tmp_path}")
    seen = processes.look(other.pid)
    assert seen is not None
    (tmp_path / RECORD).write_text(f'{{"pid": {other.pid}, "birth": "{seen.birth}0"}}')
    await clear(tmp_path)
    assert other.poll() is None


async def test_a_process_of_another_profile_is_spared(tmp_path: Path, start: Start) -> None:
    other = start(_WAITS, f"--user-data-dir={tmp_path}-2")
    profile.remember(tmp_path, other.pid)
    await clear(tmp_path)
    assert other.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "birth": 1}', '{"pid": 999999999, "birth": "x"}'])
async def test_a_note_that_says_nothing_is_no_obstacle(text: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(text)
    await clear(tmp_path)
    assert not (tmp_path / RECORD).exists()


@pytest.mark.parametrize("holder", ["another-host-1", f"{socket.gethostname()}-999999999", "nonsense"])
async def test_locks_that_nobody_holds_are_removed_with_their_socket(holder: str, tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    elsewhere = lock(folder, holder)
    await clear(folder)
    assert locks(folder) == []
    assert not elsewhere.exists()


async def test_a_lock_whose_number_belongs_to_something_else_now_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    lock(folder, f"{socket.gethostname()}-{os.getpid()}")
    await clear(folder)
    assert locks(folder) == []


async def test_a_socket_link_to_a_folder_that_is_no_browsers_is_not_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "profile", tmp_path / "precious"
    folder.mkdir()
    precious.mkdir()
    (precious / "SingletonSocket").touch()
    (folder / "SingletonSocket").symlink_to(precious / "SingletonSocket")
    await clear(folder)
    assert (precious / "SingletonSocket").exists()


async def test_a_profile_that_a_living_browser_uses_is_refused_and_kept(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "profile"
    folder.mkdir()
    other = start(_WAITS, f"--user-data-dir={folder}")
    lock(folder, f"{socket.gethostname()}-{other.pid}")
    with pytest.raises(BrowserUnavailable, match=f"in use by another browser \\(process {other.pid}\\)"):
        await clear(folder)
    assert other.poll() is None
    assert "SingletonLock" in locks(folder)


async def test_crash_handlers_end_and_what_they_wrote_goes(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "TERM_SECONDS", 0.3)
    (tmp_path / "crashes" / "pending").mkdir(parents=True)
    handler = start(_STUBBORN, f"--database={tmp_path}/crashes")
    other = start(_WAITS, f"--database={tmp_path}/crashes-2")
    await clear(tmp_path)
    assert running.group(handler.pid) == set()
    assert other.poll() is None
    assert not (tmp_path / "crashes").exists()


async def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BrowserUnavailable, match="cannot be used"):
        await clear(tmp_path / "file" / "profile")
