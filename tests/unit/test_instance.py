"""One instance per data folder, found by others only while it lives and is ready."""

import os
from pathlib import Path

import msgspec
import pytest

from flow2api.instance import (
    FILE_NAME,
    LOCK_NAME,
    AlreadyRunning,
    Instance,
    InstanceLock,
    read_instance,
    remove_abandoned,
)
from flow2api.log import Secret


def leave_behind(folder: Path, pid: int) -> None:
    """What a killed instance leaves."""
    file = {"pid": pid, "url": "http://127.0.0.1:1", "admin_token": "old-token"}
    (folder / FILE_NAME).write_bytes(msgspec.json.encode(file))
    (folder / LOCK_NAME).touch()


def test_an_instance_is_found_while_it_is_ready_and_not_after(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with InstanceLock(folder) as lock:
        assert read_instance(folder) is None
        lock.publish("http://127.0.0.1:8000", Secret("token-1"))
        assert read_instance(folder) == Instance(os.getpid(), "http://127.0.0.1:8000", Secret("token-1"))
    assert read_instance(folder) is None


def test_the_file_can_be_read_by_its_owner_only_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    with InstanceLock(tmp_path) as lock:
        lock.publish("http://127.0.0.1:8000", Secret("token-1"))
        lock.publish("http://127.0.0.1:8001", Secret("token-2"))
        assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
        assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, LOCK_NAME]
        found = read_instance(tmp_path)
        assert found is not None
        assert found.url == "http://127.0.0.1:8001"


def test_a_second_instance_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    with InstanceLock(tmp_path) as lock:
        lock.publish("http://127.0.0.1:8000", Secret("token-1"))
        with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}") as caught, InstanceLock(tmp_path):
            pass
        assert caught.value.pid == os.getpid()
        assert read_instance(tmp_path) is not None


def test_the_folder_is_free_again_after_a_failure_inside(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), InstanceLock(tmp_path):
        raise RuntimeError
    with InstanceLock(tmp_path) as lock:
        lock.publish("http://127.0.0.1:8000", Secret("token-1"))


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1], ids=["used anew", "free"])
def test_what_a_killed_instance_left_is_not_taken_for_a_running_one(tmp_path: Path, pid: int) -> None:
    leave_behind(tmp_path, pid)
    assert read_instance(tmp_path) is None


def test_what_a_killed_instance_left_is_gone_while_the_next_one_starts(tmp_path: Path) -> None:
    leave_behind(tmp_path, os.getpid())
    with InstanceLock(tmp_path):
        assert read_instance(tmp_path) is None


@pytest.mark.parametrize("text", [b"", b"{}", b"[1]", b"\xff", b'{"url":"\xff"}'])
def test_a_broken_file_is_no_instance(tmp_path: Path, text: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(text)
    assert read_instance(tmp_path) is None


def test_a_folder_that_is_none_has_no_instance(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert read_instance(tmp_path / "missing") is None
    assert read_instance(tmp_path / "file") is None


def test_the_token_is_in_no_repr(tmp_path: Path) -> None:
    with InstanceLock(tmp_path) as lock:
        lock.publish("http://127.0.0.1:8000", Secret("token-1"))
        assert "token-1" not in repr(read_instance(tmp_path))


def test_temporary_folders_of_killed_instances_are_removed_but_not_those_in_use_or_just_made(tmp_path: Path) -> None:
    left, used, young, other = (tmp_path / name for name in ("demo-left", "demo-used", "demo-young", "other"))
    for folder in (left, young, other):
        folder.mkdir()
        leave_behind(folder, 1)
    with InstanceLock(used):
        for folder in (left, used, other):
            os.utime(folder, (0, 0))
        told: list[Path] = []
        remove_abandoned(tmp_path, "demo-", told.append)
        assert told == [left]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["demo-used", "demo-young", "other"]
