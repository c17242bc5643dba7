"""Settings, data folder, master key and database are looked at, and nothing of them is changed."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from flow2api.cli.checks import ground
from flow2api.cli.checks.finding import Finding
from flow2api.config import ConfigError, load_config
from flow2api.store import settings
from flow2api.store.checkup import Checkup
from flow2api.store.opening import open_files
from flow2api.store.seal import Seal, load_master_key

KEY = {"STORAGE_MASTER_KEY": "a key that is long enough"}


def made(folder: Path, environ: Mapping[str, str] | None = None) -> Path:
    """A data folder as a gateway leaves it."""
    seal = Seal(load_master_key(folder, environ or {}))
    opened = open_files(folder / ground.DATABASE, seal, readers=0)
    with opened.closing:
        settings.put(opened.writer, "log.level", "debug")
    return folder


def results(*findings: Finding) -> list[str]:
    return [finding.result for finding in findings]


# -- settings --------------------------------------------------------------------------------------------------------


def test_valid_settings_are_told_by_where_they_come_from(tmp_path: Path) -> None:
    file = tmp_path / "setting.toml"
    file.write_text("[log]\nlevel = 'debug'\n")
    resolved = load_config(file, {"FLOW2API_SERVER_PORT": "1"}, {}, flags={"server.host": "::1"})
    [found] = ground.settings(resolved)
    assert found.result == "good"
    for words in ("1 from the environment", f"1 from file {file}", "1 from the command line", "from the defaults"):
        assert words in found.found


def test_a_stored_change_that_is_left_out_is_told(tmp_path: Path) -> None:
    empty = tmp_path / "setting.toml"
    empty.touch()
    _, found = ground.settings(load_config(empty, {}, {"log.level": "shout"}))
    assert found.result == "advice"
    assert "log.level must be" in found.found


def test_settings_that_cannot_be_used_are_told_one_by_one() -> None:
    findings = ground.wrong_settings(ConfigError(["a: one", "b: two"]))
    assert results(*findings) == ["broken", "broken"]
    assert [finding.found for finding in findings] == ["a: one", "b: two"]


# -- data folder -----------------------------------------------------------------------------------------------------


def test_a_data_folder_with_room_is_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(ground.LITTLE_SPACE))
    [found] = ground.data_folder(tmp_path)
    assert (found.result, "2.0 GiB" in found.found) == ("good", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "result"), [(ground.NO_SPACE - 1, "broken"), (ground.NO_SPACE, "advice"), (ground.LITTLE_SPACE, "good")]
)
def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, result: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda folder: Usage(free))
    assert results(*ground.data_folder(tmp_path)) == [result]


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


def test_a_data_folder_that_is_not_there_is_made_by_the_first_start(tmp_path: Path) -> None:
    [found] = ground.data_folder(tmp_path / "new" / "deep")
    assert found.result == "good"
    assert "first start" in found.found
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("below", ["", "deep"])
def test_a_file_in_the_place_of_the_data_folder_is_broken(tmp_path: Path, below: str) -> None:
    (tmp_path / "data").touch()
    [found] = ground.data_folder(tmp_path / "data" / below)
    assert found.result == "broken"
    assert "not a folder" in found.found.lower()


def test_a_data_folder_that_cannot_be_written_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**options: object) -> object:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    [found] = ground.data_folder(tmp_path)
    assert (found.result, "Read-only file system" in found.found) == ("broken", True)
    assert "storage.data_dir" in found.advice


# -- master key ------------------------------------------------------------------------------------------------------


def test_a_key_for_its_owner_alone_is_good(tmp_path: Path) -> None:
    assert ground.master_key(made(tmp_path), {}).result == "good"


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    (made(tmp_path) / "master.key").chmod(0o644)
    found = ground.master_key(tmp_path, {})
    assert (found.result, found.advice) == ("advice", f"chmod 600 {tmp_path / 'master.key'}")


def test_a_missing_key_matters_only_beside_a_database(tmp_path: Path) -> None:
    assert ground.master_key(tmp_path, {}).result == "good"
    (made(tmp_path) / "master.key").unlink()
    assert ground.master_key(tmp_path, {}).result == "broken"
    assert not (tmp_path / "master.key").exists()


def test_a_key_of_the_environment_is_looked_at_too(tmp_path: Path) -> None:
    assert ground.master_key(tmp_path, KEY).result == "good"
    short = ground.master_key(tmp_path, {"STORAGE_MASTER_KEY": "short"})
    assert (short.result, "only 5 characters" in short.found) == ("broken", True)


# -- database --------------------------------------------------------------------------------------------------------


def test_a_whole_database_is_good_and_tells_its_settings(tmp_path: Path) -> None:
    finding, found = ground.look_at_database(made(tmp_path), {})
    assert finding.result == "good"
    assert found is not None
    assert found.settings == {"log.level": "debug"}


def test_no_database_is_good_and_stays_none(tmp_path: Path) -> None:
    finding, found = ground.look_at_database(tmp_path, {})
    assert (finding.result, found) == ("good", None)
    assert list(tmp_path.iterdir()) == []


def test_a_database_without_its_key_or_with_another_is_broken(tmp_path: Path) -> None:
    made(tmp_path)
    finding, _ = ground.look_at_database(tmp_path, KEY)
    assert (finding.result, "does not fit" in finding.found) == ("broken", True)
    (tmp_path / "master.key").unlink()
    assert ground.look_at_database(tmp_path, {})[0].result == "broken"


def test_a_file_that_is_no_database_is_broken(tmp_path: Path) -> None:
    (made(tmp_path) / ground.DATABASE).write_bytes(b"nothing of the kind" * 1000)
    finding, _ = ground.look_at_database(tmp_path, {})
    assert finding.result == "broken"
    assert str(tmp_path / "backups") in finding.advice


def test_damage_inside_the_database_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = Checkup(size_bytes=1, pending=(), damages=("row 1 missing from index",), settings={})
    made(tmp_path)
    monkeypatch.setattr(ground, "examine", lambda path, seal: damaged)
    finding, _ = ground.look_at_database(tmp_path, {})
    assert (finding.result, "row 1 missing" in finding.found) == ("broken", True)


def test_an_older_database_is_good_and_says_that_it_will_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = Checkup(size_bytes=1, pending=("0007_x", "0008_y"), damages=(), settings={})
    made(tmp_path)
    monkeypatch.setattr(ground, "examine", lambda path, seal: older)
    finding, _ = ground.look_at_database(tmp_path, {})
    assert (finding.result, "takes 2 steps" in finding.found) == ("good", True)
