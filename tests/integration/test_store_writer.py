"""The writer thread: shared commits, cancellation, the end, and a failing disk, on a real file."""

import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from flow2api.store import opening, settings
from flow2api.store.database import Database
from flow2api.store.door import Store, open_store
from flow2api.store.errors import StoreClosed, StoreFault
from flow2api.store.seal import Seal

SEAL = Seal(b"k" * 32)


class Gate:
    """A verb that holds up the writer until it is told to go on."""

    def __init__(self) -> None:
        self.entered = trio.Event()
        self._token = trio.lowlevel.current_trio_token()
        self._go_on = threading.Event()

    def __call__(self, db: Database) -> str:
        settings.put(db, "gate", 1)
        self._token.run_sync_soon(self.entered.set)
        if not self._go_on.wait(10):
            raise TimeoutError("nobody opened the gate")
        return "through"

    def open(self) -> None:
        self._go_on.set()


@asynccontextmanager
async def busy_writer(store: Store) -> AsyncIterator[Gate]:
    """A store whose writer is inside a verb; what is written in the block has to wait until the gate opens."""
    gate = Gate()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.write, gate)
        await gate.entered.wait()
        try:
            yield gate
        finally:
            gate.open()


async def test_writes_that_wait_share_one_transaction(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store, trio.open_nursery() as nursery, busy_writer(store):
        for number in range(50):
            nursery.start_soon(store.write, settings.put, str(number), number)
        await wait_all_tasks_blocked()
        assert store.statistics().waiting == 50
    figures = store.statistics()
    assert (figures.writes, figures.transactions, figures.largest_transaction) == (51, 2, 50)


async def test_writes_happen_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    done: list[int] = []
    async with (
        open_store(tmp_path / "store.db", SEAL) as store,
        busy_writer(store) as gate,
        trio.open_nursery() as nursery,
    ):
        for number in range(20):
            nursery.start_soon(store.write, lambda db, n=number: done.append(n))
            await wait_all_tasks_blocked()
        gate.open()
    assert done == list(range(20))


async def test_a_write_that_waits_is_withdrawn_by_cancellation(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store:
        async with busy_writer(store), trio.open_nursery() as nursery:
            nursery.start_soon(store.write, settings.put, "withdrawn", 1)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        assert await store.read(settings.all_settings) == {"gate": 1}
        assert store.statistics().withdrawn == 1


async def test_a_write_that_has_begun_is_finished_and_its_result_given_in_spite_of_cancellation(tmp_path: Path) -> None:
    answers: list[str] = []
    async with open_store(tmp_path / "store.db", SEAL) as store:
        gate = Gate()
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as nursery:

                async def write() -> None:
                    answers.append(await store.write(gate))

                nursery.start_soon(write)
                await gate.entered.wait()
                scope.cancel()
                gate.open()
        assert answers == ["through"]
        assert await store.read(settings.all_settings) == {"gate": 1}


async def test_reads_go_on_while_the_writer_is_busy_and_see_nothing_unfinished(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store:
        async with busy_writer(store):
            assert await store.read(settings.all_settings) == {}
        assert await store.read(settings.all_settings) == {"gate": 1}


async def test_more_readers_than_connections_take_turns(tmp_path: Path) -> None:
    answers: list[dict[str, object]] = []
    async with open_store(tmp_path / "store.db", SEAL) as store:
        await store.write(settings.put, "a", 1)

        async def read() -> None:
            answers.append(await store.read(settings.all_settings))

        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(read)
    assert answers == [{"a": 1}] * 20
    assert store.statistics().reads == 20


async def open_when_all_wait(gate: Gate) -> None:
    await wait_all_tasks_blocked()
    gate.open()


async def test_closing_commits_what_waits(tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery, open_store(tmp_path / "store.db", SEAL) as store:
        gate = Gate()
        nursery.start_soon(store.write, gate)
        await gate.entered.wait()
        nursery.start_soon(store.write, settings.put, "waiting", 1)
        await wait_all_tasks_blocked()
        nursery.start_soon(open_when_all_wait, gate)
    async with open_store(tmp_path / "store.db", SEAL) as store:
        assert await store.read(settings.all_settings) == {"gate": 1, "waiting": 1}


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store:
        pass
    with pytest.raises(StoreClosed):
        await store.write(settings.put, "a", 1)
    with pytest.raises(StoreClosed):
        await store.read(settings.all_settings)


async def test_closing_ends_the_thread(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL):
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "store-writer"]
    thread.join(5)
    assert not thread.is_alive()


async def test_a_lock_of_another_program_is_a_fault_and_the_writer_survives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "BUSY_SECONDS", 0.05)
    path = tmp_path / "store.db"
    async with open_store(path, SEAL) as store:
        shell = sqlite3.connect(path, isolation_level=None)
        shell.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault, match="close that program"):
            await store.write(settings.put, "a", 1)
        shell.execute("ROLLBACK")
        shell.close()
        await store.write(settings.put, "a", 2)
        assert await store.read(settings.all_settings) == {"a": 2}


async def test_a_full_disk_fails_the_write_and_not_the_store(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db", SEAL) as store:
        pages = await store.write(lambda db: db.rows("PRAGMA page_count")[0][0])
        await store.write(lambda db: db.rows(f"PRAGMA max_page_count = {pages}"))
        with pytest.raises(StoreFault, match="Free some space"):
            await store.write(settings.put, "big", "x" * 100_000)
        assert await store.read(settings.all_settings) == {}
        await store.write(lambda db: db.rows("PRAGMA max_page_count = 100000"))
        await store.write(settings.put, "big", "x" * 100_000)


async def test_a_bug_in_the_commit_is_told_to_every_waiting_task_and_the_writer_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    async with open_store(tmp_path / "store.db", SEAL) as store:
        with monkeypatch.context() as broken:
            broken.setattr("flow2api.store.writer.commit_together", fail)
            with pytest.raises(ZeroDivisionError):
                await store.write(settings.put, "a", 1)
        await store.write(settings.put, "b", 1)
        assert store.statistics().write_failures == 1
