"""Opening real files: what is made, what is refused and in what words, and that no secret lies readable on the disk."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from flow2api.domain.account import Account
from flow2api.store import accounts, opening, settings
from flow2api.store.door import open_store
from flow2api.store.errors import StoreRefused
from flow2api.store.seal import Seal, load_master_key

SEAL = Seal(b"k" * 32)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, byte for byte."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def refusal(path: Path, seal: Seal = SEAL) -> str:
    with pytest.raises(StoreRefused) as caught:
        async with open_store(path, seal):
            pass
    return str(caught.value)


async def test_folder_and_files_are_made_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    async with open_store(folder / "store.db", SEAL) as store:
        await store.write(settings.put, "a", 1)
        modes = {name: stat.S_IMODE(os.stat(folder / name).st_mode) for name in contents(folder)}
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), 0o600)


async def test_closing_folds_everything_into_one_file_that_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with open_store(path, SEAL) as store:
        await store.write(settings.put, "a", 1)
    assert contents(tmp_path).keys() == {"store.db", "store.db.lock"}
    async with open_store(path, SEAL) as store:
        assert await store.read(settings.all_settings) == {"a": 1}


async def test_every_connection_is_set_up_for_durability(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store:
        modes = await store.write(lambda db: [db.row(f"PRAGMA {name}") for name in ("journal_mode", "synchronous")])
        assert modes == [("wal",), (2,)]
        assert await store.write(lambda db: db.row("PRAGMA foreign_keys")) == (1,)


async def test_no_secret_lies_readable_on_the_disk(tmp_path: Path) -> None:
    marker = b"MARKER-of-a-secret"
    record = Account(id="a1", provider="flow", label="studio", created_at=1.0)
    path = tmp_path / "store.db"
    async with open_store(path, SEAL) as store:
        await store.write(accounts.insert, record, marker)
        await store.write(accounts.save_vault, "a1", marker + b" renewed")
        await store.write(settings.put, "proxy.urls", [f"http://user:{marker.decode()}@proxy"])
        while_open = contents(tmp_path)
        assert (await store.read(accounts.get, "a1"))[1] == marker + b" renewed"
    closed = contents(tmp_path)
    # The label beside the secret is readable: it shows that the bytes searched are those that were written.
    assert b"studio" in while_open["store.db-wal"]
    assert b"studio" in closed["store.db"]
    assert while_open.keys() == {"store.db", "store.db-wal", "store.db-shm", "store.db.lock"}
    assert not any(marker in content for content in (*while_open.values(), *closed.values()))


async def test_another_process_on_the_same_database_is_refused_by_its_id(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with open_store(path, SEAL) as store:
        assert f"in use by another process (id {os.getpid()})" in await refusal(path)
        await store.write(settings.put, "a", 1)
    async with open_store(path, SEAL):
        pass


async def test_a_lock_that_another_program_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    path = tmp_path / "store.db"
    async with open_store(path, SEAL):
        pass
    shell = sqlite3.connect(path, isolation_level=None)
    shell.execute("PRAGMA locking_mode = EXCLUSIVE")
    shell.execute("BEGIN EXCLUSIVE")
    message = await refusal(path)
    shell.close()
    assert "database is locked" in message
    assert "close that program" in message
    async with open_store(path, SEAL):
        pass


async def test_a_wrong_master_key_is_refused_and_the_right_one_still_opens(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with open_store(path, SEAL) as store:
        await store.write(settings.put, "a", 1)
    before = path.read_bytes()
    message = await refusal(path, Seal(b"x" * 32))
    assert "STORAGE_MASTER_KEY" in message
    assert "master.key" in message
    assert path.read_bytes() == before
    async with open_store(path, SEAL) as store:
        assert await store.read(settings.all_settings) == {"a": 1}


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("dear diary " * 100)
    assert "file is not a database. Name another file" in await refusal(path)
    assert path.read_text() == "dear diary " * 100


async def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (id INTEGER)")
    other.close()
    before = path.read_bytes()
    assert "another program" in await refusal(path)
    assert path.read_bytes() == before


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = await refusal(tmp_path / "file" / "store.db")
    assert "cannot be opened or made" in message
    assert "Make its folder writable" in message


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    os.chmod(tmp_path, 0o500)
    message = await refusal(tmp_path / "store.db")
    os.chmod(tmp_path, 0o700)
    assert "Make its folder writable" in message


async def test_a_refusal_leaves_neither_lock_nor_thread_behind(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_text("not a database, but not empty either")
    await refusal(path)
    path.unlink()
    async with open_store(path, SEAL) as store:
        await store.write(settings.put, "a", 1)


def test_the_key_file_is_made_once_for_this_user_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    key = load_master_key(data, {})
    assert load_master_key(data, {}) == key
    assert stat.S_IMODE((data / "master.key").stat().st_mode) == 0o600
    assert load_master_key(tmp_path / "elsewhere", {}) != key


def test_the_text_of_the_key_file_may_be_moved_into_the_variable(tmp_path: Path) -> None:
    key = load_master_key(tmp_path, {})
    text = (tmp_path / "master.key").read_text()
    (tmp_path / "master.key").unlink()
    assert load_master_key(tmp_path, {"STORAGE_MASTER_KEY": text.strip()}) == key
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_damaged_key_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "master.key").write_bytes(content)
    with pytest.raises(StoreRefused, match=r"master\.key"):
        load_master_key(tmp_path, {})
    assert (tmp_path / "master.key").read_bytes() == content


def test_a_key_file_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreRefused, match="STORAGE_MASTER_KEY"):
        load_master_key(tmp_path / "file", {})


async def test_an_exception_in_the_block_arrives_as_it_is(tmp_path: Path) -> None:
    async def fail() -> None:
        async with open_store(tmp_path / "store.db", SEAL):
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
