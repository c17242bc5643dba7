"""A database is looked at without being changed: in use or not, whole or damaged, ours or another's."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from flow2api.store import migrations, settings
from flow2api.store.checkup import examine
from flow2api.store.errors import StoreRefused
from flow2api.store.opening import open_files
from flow2api.store.seal import Seal

SEAL = Seal(b"k" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database that nobody uses."""
    path = tmp_path / "store.db"
    with open_files(path, SEAL, readers=0).closing as _:
        pass
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def test_a_whole_database_is_found_whole_and_left_as_it_was(path: Path) -> None:
    before = contents(path)
    found = examine(path, SEAL)
    assert (found.pending, found.damages, found.settings) == ((), (), {})
    assert found.size_bytes == path.stat().st_size
    assert contents(path) == before


def test_a_database_in_use_is_seen_with_what_was_just_written(path: Path) -> None:
    opened = open_files(path, SEAL, readers=0)
    with opened.closing:
        settings.put(opened.writer, "log.level", "debug")
        found = examine(path, SEAL)
    assert found.settings == {"log.level": "debug"}
    assert "debug" not in repr(found)


def test_steps_that_the_next_start_takes_are_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_more(db: object) -> None:
        raise AssertionError("a look takes no step")

    monkeypatch.setitem(migrations._NAMES, one_more, "9999_one_more")
    assert examine(path, SEAL).pending == ("9999_one_more",)


def test_an_empty_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    found = examine(path, SEAL)
    assert found.pending
    assert found.damages == ()
    assert path.stat().st_size == 0


def damage(path: Path) -> None:
    """Overwrite a page in the middle."""
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096)


def cut(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)


def another_programs(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (id)")


@pytest.mark.parametrize(
    ("change", "words"),
    [(cut, "not a database"), (another_programs, "another program"), (Path.unlink, "unable to open")],
)
def test_what_is_no_database_of_ours_is_refused_in_words(
    path: Path, change: Callable[[Path], None], words: str
) -> None:
    change(path)
    with pytest.raises(StoreRefused, match=words):
        examine(path, SEAL)


def test_damage_inside_is_found(path: Path) -> None:
    damage(path)
    try:
        found = examine(path, SEAL).damages
    except StoreRefused as refused:
        found = (str(refused),)
    assert found


def test_another_key_is_refused(path: Path) -> None:
    with pytest.raises(StoreRefused, match="master key does not fit"):
        examine(path, Seal(b"x" * 32))
