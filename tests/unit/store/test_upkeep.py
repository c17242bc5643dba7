"""Space that fell free is seen and given back, in old files and in new ones, and the log is cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flow2api.store import upkeep
from flow2api.store.database import Database
from flow2api.store.opening import Opened, open_files, open_memory
from flow2api.store.seal import Seal

SEAL = Seal(bytes(32))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    opened = open_files(tmp_path / "store.db", SEAL, readers=1)
    with opened.closing:
        yield opened


def fill_and_clear(db: Database) -> None:
    db.execute("CREATE TABLE ballast (text)")
    db.execute_many("INSERT INTO ballast VALUES (?)", [("x" * 2000,)] * 500)
    db.execute("DELETE FROM ballast")


def test_a_new_file_gives_free_pages_back_bit_by_bit(opened: Opened, tmp_path: Path) -> None:
    db = opened.writer
    fill_and_clear(db)
    before = upkeep.space(db)
    assert before.incremental
    assert before.free_share > 0.5
    upkeep.give_back(db, 100)
    assert upkeep.space(db).free_pages == before.free_pages - 100
    upkeep.give_back(db, before.free_pages)
    assert upkeep.space(db).free_pages == 0
    assert upkeep.fold_log(db)
    assert (tmp_path / "store.db").stat().st_size < before.free_bytes


def test_a_file_of_the_older_kind_is_made_small_and_of_the_newer_kind() -> None:
    db = open_memory(SEAL)
    fill_and_clear(db)
    assert not upkeep.space(db).incremental
    assert upkeep.space(db).free_pages > 100
    upkeep.rebuild(db)
    after = upkeep.space(db)
    assert (after.incremental, after.free_pages) == (True, 0)
    db.close()


def test_the_log_is_cut_to_nothing(opened: Opened, tmp_path: Path) -> None:
    fill_and_clear(opened.writer)
    log = tmp_path / "store.db-wal"
    assert log.stat().st_size > 0
    assert upkeep.fold_log(opened.writer)
    assert log.stat().st_size == 0


def test_a_reader_in_the_way_is_not_waited_for_long_and_writes_still_wait_for_locks(opened: Opened) -> None:
    db, (reader,) = opened.writer, opened.readers
    patience = db.row("PRAGMA busy_timeout")
    reader.execute("BEGIN")
    reader.rows("SELECT name FROM settings")
    fill_and_clear(db)
    assert not upkeep.fold_log(db)
    reader.roll_back()
    assert upkeep.fold_log(db)
    assert db.row("PRAGMA busy_timeout") == patience == (5000,)


def test_statistics_for_the_planner_are_renewed(opened: Opened) -> None:
    db = opened.writer
    db.execute("CREATE INDEX settings_by_nothing ON settings (sealed)")
    db.execute_many("INSERT INTO settings VALUES (?, ?)", [(f"s{number}", b"x") for number in range(1000)])
    db.rows("SELECT * FROM settings WHERE sealed = x'00'")
    upkeep.optimize(db)
    assert db.row("SELECT COUNT(*) FROM sqlite_stat1 WHERE tbl = 'settings'") == (2,)
