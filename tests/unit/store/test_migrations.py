"""Which databases are taken, which are refused, and in what words."""

from collections.abc import Iterator

import pytest
import sqlite_utils

from flow2api.store.database import Database
from flow2api.store.errors import StoreRefused
from flow2api.store.migrations import migrate
from flow2api.store.opening import open_memory, prepare
from flow2api.store.seal import Seal


@pytest.fixture
def db() -> Iterator[Database]:
    db = open_memory(Seal(b"k" * 32))
    yield db
    db.close()


def test_the_steps_are_numbered_and_applied_once(db: Database) -> None:
    names = [name for (name,) in db.rows("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert [name.split("_")[0] for name in names] == [f"{number:04d}" for number in range(1, len(names) + 1)]
    migrate(db.tables, "it")
    assert db.rows("SELECT COUNT(*) FROM _sqlite_migrations") == [(len(names),)]


def test_a_database_of_a_newer_version_is_refused_and_left_alone(db: Database) -> None:
    db.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '0005%'")
    db.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('flow2api', '9999_later', 'now')"
    )
    before = db.rows("SELECT * FROM _sqlite_migrations")
    with pytest.raises(StoreRefused, match=r"data\.db was changed by a newer version .*9999_later.* restore a backup"):
        prepare(db, "data.db")
    assert db.rows("SELECT * FROM _sqlite_migrations") == before


def test_a_database_of_another_program_is_refused_and_left_alone() -> None:
    tables = sqlite_utils.Database(memory=True)
    tables.table("recipes").create({"id": int})
    with pytest.raises(StoreRefused, match=r"data\.db is a database of another program"):
        migrate(tables, "data.db")
    assert tables.table_names() == ["recipes"]
    tables.close()


def test_a_wrong_master_key_is_refused_with_the_names_of_variable_and_file(db: Database) -> None:
    with pytest.raises(StoreRefused, match=r"does not fit data\.db.*STORAGE_MASTER_KEY.*master\.key"):
        prepare(Database(db.tables, Seal(b"x" * 32)), "data.db")


def test_the_right_master_key_is_taken_again(db: Database) -> None:
    prepare(db, "data.db")
