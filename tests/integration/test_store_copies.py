"""Going back to a copy of the database: what it does to the generations in it, and what may lie beside it."""

import shutil
from pathlib import Path

import msgspec
import pytest

from flow2api.actors.webhooks import new_call
from flow2api.domain.job import JobState, move
from flow2api.errors import Code
from flow2api.store import door, jobs, webhooks
from flow2api.store.backup import find_damage
from flow2api.store.database import Database
from flow2api.store.door import open_store
from flow2api.store.errors import StoreFault, StoreRefused
from flow2api.store.seal import Seal
from tests.doubles.records import job

SEAL = Seal(b"k" * 32)


async def copied(path: Path, target: Path) -> None:
    """A database with a generation in each state that is stored, and its copy."""
    async with open_store(path, SEAL) as store:
        for state in (JobState.QUEUED, JobState.SUBMITTING, JobState.RUNNING, JobState.FETCHING):
            await store.write(jobs.insert, job(state.value, state=state))
        await store.write(jobs.insert, job("made"))
        await store.write(jobs.finish, move(job("made"), JobState.CANCELLED, 300.0), [])
        await store.back_up(target)


def copy_as_it_lies(path: Path, target: Path) -> None:
    """The files of a database in use, as a kill leaves them."""
    for file in path.parent.glob(f"{path.name}*"):
        shutil.copy(file, target)


def remove_log(folder: Path) -> None:
    for file in folder.glob("store.db-*"):
        file.unlink()


async def states(path: Path) -> dict[str, str]:
    async with open_store(path, SEAL) as store:
        return {one.id: one.state.value for one in await store.read(jobs.page)}


async def test_what_waited_in_a_copy_is_ended_and_what_ran_goes_on(tmp_path: Path) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    await copied(path, copy)
    before = {"queued": "queued", "submitting": "submitting", "running": "running", "fetching": "fetching"}
    assert await states(path) == {**before, "made": "cancelled"}
    assert find_damage(copy) == ""
    assert await states(copy) == {**before, "queued": "failed", "made": "cancelled"}
    async with open_store(copy, SEAL) as store:
        ended = await store.read(jobs.get, "queued")
        assert ended is not None
        assert ended.error is not None
        assert (ended.error.code, ended.submits) == (Code.OUTCOME_UNKNOWN, 0)
        # From now on it is the database: what comes to wait in it is kept over the next start.
        await store.write(jobs.insert, job("new"))
    assert (await states(copy))["new"] == "queued"


async def test_who_waited_to_be_told_of_the_end_is_told(tmp_path: Path) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    async with open_store(path, SEAL) as store:
        await store.write(jobs.insert_once, job("j1"), new_call("j1", "k1", "https://example.org/", "http://us", 1.0))
        await store.back_up(copy)
    async with open_store(copy, SEAL) as store:
        [delivery] = await store.read(webhooks.of_job, "j1")
        assert delivery.state.value == "due"


async def test_a_copy_beside_the_log_of_the_database_whose_place_it_took_is_refused(tmp_path: Path) -> None:
    path, copy, dead = tmp_path / "store.db", tmp_path / "copy.db", tmp_path / "dead"
    await copied(path, copy)
    dead.mkdir()
    async with open_store(path, SEAL) as store:
        # As a kill leaves it: with a log that is not folded back.
        await store.write(jobs.insert, msgspec.structs.replace(job("later"), request_id="r" * 9000))
        copy_as_it_lies(path, dead)
    shutil.copy(copy, dead / "store.db")
    with pytest.raises(StoreRefused, match=r"Remove store\.db-wal and store\.db-shm"):
        await states(dead / "store.db")
    remove_log(dead)
    assert "later" not in await states(dead / "store.db")


async def test_a_log_that_a_kill_left_is_still_taken_up(tmp_path: Path) -> None:
    path, dead = tmp_path / "store.db", tmp_path / "dead"
    dead.mkdir()
    async with open_store(path, SEAL) as store:
        await store.write(jobs.insert, job("j1"))
        copy_as_it_lies(path, dead)
    assert await states(dead / "store.db") == {"j1": "queued"}


async def test_a_disk_that_is_full_at_the_end_is_no_reason_to_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    execute = Database.execute

    def full(db: Database, sql: str, *rest: object) -> int:
        if "wal_checkpoint" in sql:
            raise StoreFault("The database failed: database or disk is full.")
        return execute(db, sql, *rest)  # type: ignore[arg-type]

    async with door.open_store(tmp_path / "store.db", SEAL) as store:
        await store.write(jobs.insert, job("j1"))
        monkeypatch.setattr(Database, "execute", full)
    assert "could not be folded back" in caplog.text
    monkeypatch.undo()
    assert await states(tmp_path / "store.db") == {"j1": "queued"}
