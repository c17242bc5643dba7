"""What the demonstration keeps from start to start, and which folders it refuses."""

import socket
from pathlib import Path

import pytest

from flow2api.demo_folder import HOST, open_demo_folder
from flow2api.instance import AlreadyRunning, InstanceLock


def test_key_ports_and_accounts_are_those_of_the_first_start(tmp_path: Path) -> None:
    with open_demo_folder(tmp_path / "data", None) as folder:
        first = (folder.api_key, folder.port("flow"), folder.port("fal"))
        assert not folder.is_furnished
        folder.furnished()
    with open_demo_folder(tmp_path / "data", None) as folder:
        assert (folder.api_key, folder.port("flow"), folder.port("fal")) == first
        assert folder.is_furnished


def test_a_key_that_is_given_takes_the_place_of_the_kept_one(tmp_path: Path) -> None:
    for given, expected in (("f2a_mine", "f2a_mine"), (None, "f2a_mine")):
        with open_demo_folder(tmp_path, given) as folder:
            assert folder.api_key == expected


def test_a_kept_port_that_another_program_has_is_told_with_what_to_do(tmp_path: Path) -> None:
    with open_demo_folder(tmp_path, None) as folder:
        port = folder.port("flow")
        with socket.socket() as other:
            other.bind((HOST, port))
            other.listen()
            with pytest.raises(OSError, match=rf"Port {port} .* taken by another program.* another --data-dir"):
                folder.port("flow")


def test_the_folder_of_a_gateway_in_real_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flow2api.db").touch()
    with pytest.raises(OSError, match="in real use"), open_demo_folder(tmp_path, None):
        pass


def test_a_second_demo_on_one_folder_is_refused(tmp_path: Path) -> None:
    with (
        open_demo_folder(tmp_path, None),
        pytest.raises(AlreadyRunning, match=str(tmp_path)),
        open_demo_folder(tmp_path, None),
    ):
        pass


def test_a_folder_that_a_gateway_runs_on_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with InstanceLock(tmp_path), pytest.raises(AlreadyRunning), open_demo_folder(tmp_path, None):
        pass
    assert not (tmp_path / "demo").exists()


def test_notes_that_cannot_be_read_are_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "demo.json").write_text("{")
    with pytest.raises(OSError, match="Remove it"), open_demo_folder(tmp_path, None):
        pass
