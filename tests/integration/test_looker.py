"""The process that looks into clips: what happens to it happens to nobody else."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from flow2api.actors import looker, looking
from flow2api.actors.looker import Looker
from flow2api.domain.clip_facts import ClipFacts, Unshowable
from tests.doubles.clips import plain


@asynccontextmanager
async def running() -> AsyncIterator[Looker]:
    one = Looker()
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(one.run)
            yield one
            nursery.cancel_scope.cancel()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(plain(4, 1280, 720))
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"\0" * 5000)
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """Whoever opens it waits until somebody writes to it."""
    path = tmp_path / "endless.mp4"
    os.mkfifo(path)
    return path


async def pid_of(one: Looker) -> int:
    """Of its process, once that has taken an order."""
    while one._process is None or not one._begun.is_set():
        await trio.sleep(0.01)
    return one._process.pid


async def wait_gone(pid: int) -> None:
    while await trio.Path(f"/proc/{pid}").exists():
        await trio.sleep(0.01)


async def test_a_clip_is_measured_and_shown_by_one_process(clip: Path, broken: Path) -> None:
    async with running() as one:
        assert await one.measure(clip) == ClipFacts(1280, 720, 4.0)
        first = await pid_of(one)
        assert (await one.thumbnail(clip))[:2] == b"\xff\xd8"
        assert (await one.spritesheet(clip))[8:12] == b"WEBP"
        with pytest.raises(FileNotFoundError):
            await one.measure(clip.with_name("none.mp4"))
        with pytest.raises(Unshowable):
            await one.measure(broken)
        assert await pid_of(one) == first


async def test_a_crash_ends_one_look_and_the_next_is_served_by_another_process(clip: Path, endless: Path) -> None:
    async with running() as one, trio.open_nursery() as nursery:

        async def crash() -> None:
            pid = await pid_of(one)
            os.kill(pid, signal.SIGSEGV)
            await wait_gone(pid)

        nursery.start_soon(crash)
        with pytest.raises(Unshowable, match="ended with -11"):
            await one.measure(endless)
        assert await one.measure(clip) == ClipFacts(1280, 720, 4.0)


async def test_a_look_that_comes_to_no_end_is_ended_with_its_process(
    clip: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running() as one:
        await one.measure(clip)
        pid = await pid_of(one)
        monkeypatch.setattr(looker, "PICTURE_SECONDS", 0.2)
        with pytest.raises(Unshowable, match="too long"):
            await one.thumbnail(endless)
        await wait_gone(pid)
        assert await one.measure(clip) == ClipFacts(1280, 720, 4.0)


async def test_a_look_that_nobody_waits_for_any_more_leaves_no_process_behind(clip: Path, endless: Path) -> None:
    async with running() as one:
        await one.measure(clip)
        pid = await pid_of(one)
        with trio.move_on_after(0.2):
            await one.measure(endless)
        await wait_gone(pid)


async def test_the_process_ends_when_there_is_nothing_to_do_and_with_its_owner(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looker, "IDLE_SECONDS", 0.1)
    async with running() as one:
        await one.measure(clip)
        while one._process is not None:
            await trio.sleep(0.01)
        monkeypatch.setattr(looker, "IDLE_SECONDS", 1000.0)
        await one.measure(clip)
        pid = await pid_of(one)
    await wait_gone(pid)


async def test_the_process_has_limits_and_no_secret(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW2API_MASTER_KEY", "very-secret")
    async with running() as one:
        await one.measure(clip)
        pid = await pid_of(one)
        environment, limits = _told(pid)
        assert b"very-secret" not in environment
        assert limits["Max address space"] == str(looking.MEMORY_BYTES)
        assert limits["Max file size"] == "0"


def _told(pid: int) -> tuple[bytes, dict[str, str]]:
    """The environment and the limits of a process, as the system tells them."""
    place = Path(f"/proc/{pid}")
    lines = (place / "limits").read_text().splitlines()
    return (place / "environ").read_bytes(), {line[:26].strip(): line[26:].split()[0] for line in lines}
