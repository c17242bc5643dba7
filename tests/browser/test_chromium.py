"""A real Chromium: started, watched, ended; nothing of it stays, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from flow2api.browser import process
from flow2api.browser.cdp import open_session
from flow2api.browser.chromium import open_chromium
from flow2api.browser.context import open_context
from flow2api.browser.errors import BrowserUnavailable, ConnectionLost
from flow2api.browser.profile import RECORD
from tests.browser import running
from tests.browser.relay import open_relay
from tests.browser.stage import NOWHERE, PATIENCE_SECONDS, open_stage, open_stage_tab

_HOLDER = """
import sys, trio
from pathlib import Path
from flow2api.browser.chromium import open_chromium

async def hold():
    async with open_chromium(Path(sys.argv[1]), exit_url=sys.argv[2], binary=sys.argv[3]) as chromium:
        print(chromium.pid, flush=True)
        await trio.sleep_forever()

trio.run(hold)
"""


def assert_nothing_is_left(pid: int, profile: Path) -> None:
    assert running.group(pid) == set()
    assert running.mentioning(str(profile)) == set()
    assert sorted(path.name for path in profile.glob("Singleton*")) == []
    assert not (profile / RECORD).exists()
    assert not (profile / "crashes").exists()


def hold_and_be_killed(profile: Path, program: str) -> int:
    """A gateway that starts a browser and has no time to end it; the browser's process."""
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, str(profile), NOWHERE, program], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        pid = int(holder.stdout.readline())
    holder.kill()
    holder.wait()
    return pid


async def test_it_starts_says_what_it_is_and_leaves_nothing(program: str, tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        async with open_chromium(tmp_path, exit_url=NOWHERE, binary=program) as chromium:
            assert chromium.address.startswith("ws://127.0.0.1:")
            assert chromium.version.startswith("Chrome/")
            assert chromium.version.split("/")[1].split(".")[0] in chromium.user_agent
            assert chromium.pid in running.group(chromium.pid)
        assert await chromium.wait_exited()
    assert_nothing_is_left(chromium.pid, tmp_path)


async def test_a_profile_that_is_in_use_is_refused(program: str, tmp_path: Path) -> None:
    with trio.fail_after(PATIENCE_SECONDS):
        async with open_chromium(tmp_path, exit_url=NOWHERE, binary=program) as chromium:
            (tmp_path / RECORD).unlink()
            with pytest.raises(BrowserUnavailable, match=f"process {chromium.pid}"):
                async with open_chromium(tmp_path, exit_url=NOWHERE, binary=program):
                    pass


async def test_when_it_is_killed_everybody_hears_of_it(program: str, tmp_path: Path) -> None:
    async with open_stage(program, tmp_path) as stage, open_stage_tab(stage, "/silent") as tab:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_kill, stage.chromium.pid)
            with pytest.raises(ConnectionLost):
                await tab.token("key", "IMAGE_GENERATION")
        assert "SIGKILL" in await stage.chromium.wait_exited()
        assert isinstance(await tab.wait_lost(), ConnectionLost)
    assert_nothing_is_left(stage.chromium.pid, tmp_path)


async def test_one_that_is_frozen_is_ended_all_the_same(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ASK_SECONDS", 0.3)
    monkeypatch.setattr(process, "TERM_SECONDS", 0.3)
    with trio.fail_after(PATIENCE_SECONDS):
        async with open_chromium(tmp_path, exit_url=NOWHERE, binary=program) as chromium:
            os.killpg(chromium.pid, signal.SIGSTOP)
    assert running.group(chromium.pid) == set()
    assert running.mentioning(str(tmp_path)) == set()


async def test_a_browser_ends_with_a_gateway_that_is_killed_and_the_next_one_starts_on_its_profile(
    program: str, tmp_path: Path
) -> None:
    left = hold_and_be_killed(tmp_path, program)
    with trio.fail_after(PATIENCE_SECONDS):
        for pid in running.mentioning(str(tmp_path)) | running.group(left):
            await running.wait_gone(pid)
        assert (tmp_path / "SingletonLock").is_symlink(), "it had no time to tidy up"
        async with open_chromium(tmp_path, exit_url=NOWHERE, binary=program) as chromium:
            assert chromium.pid in running.group(chromium.pid)
    assert_nothing_is_left(chromium.pid, tmp_path)


async def test_a_connection_that_is_cut_under_a_command_can_be_made_anew(program: str, tmp_path: Path) -> None:
    async with open_stage(program, tmp_path) as stage, open_relay(stage.chromium.address) as relay:
        async with (
            open_session(relay.address) as session,
            open_context(session, None) as context,
            open_stage_tab(stage, "/silent", context) as tab,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(relay.cut)
            with pytest.raises(ConnectionLost):
                await tab.token("key", "IMAGE_GENERATION")
        async with open_session(stage.chromium.address) as session:
            # The tabs of a context of its own go with the connection that made it.
            with session.events("Target.targetDestroyed") as events:
                while tab.target_id in {
                    str(one.target_id) for one in await session.call(session.cdp.target.get_targets())
                }:
                    await anext(events)


async def _kill(pid: int) -> None:
    await trio.testing.wait_all_tasks_blocked(0.2)
    os.kill(pid, signal.SIGKILL)
