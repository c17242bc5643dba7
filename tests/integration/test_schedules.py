"""Regular work on real files and a real database: what goes, what stays, and what is left when it is cut off."""

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import pytest
import trio

from flow2api.actors import media_sweep
from flow2api.actors.backups import back_up, backups
from flow2api.actors.chore import ChoreFailed
from flow2api.actors.housekeeping import Housekeeping
from flow2api.actors.library import Library
from flow2api.actors.media_sweep import STRAY_SECONDS, Sweep, Sweeper, Swept
from flow2api.config import BackupConfig, Config
from flow2api.domain.events import ScheduleRan
from flow2api.domain.job import JobState
from flow2api.domain.media import MediaFile
from flow2api.errors import Failure
from flow2api.kit.bus import EventBus
from flow2api.store import accounts, backup, database, jobs, media, requests, settings, upkeep
from flow2api.store.database import Database
from flow2api.store.door import Store, open_store
from flow2api.store.errors import StoreFault
from flow2api.store.seal import Seal
from tests.doubles.gateway import ADA, TestedGateway, open_tested_gateway, people
from tests.doubles.records import GENERATION, account, job, media_file, request_record
from tests.doubles.spy import Spy
from tests.unit.api.doubles import ADMIN_TOKEN, open_desk, serving

SEAL = Seal(b"k" * 32)
NOW = 1_800_000_000.0
DAY = 86400.0


class Place:
    """A store, a media folder and a clock."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder = folder
        self.store = store
        self.library = Library(folder / "media")
        self.library.folder.mkdir()

    async def put(self, *, age: float = 0.0, size: int = 10, recorded: bool = True, **fields: object) -> MediaFile:
        """A file as it lies there after some time."""
        name, path = self.library.new("png")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (NOW - age, NOW - age))
        file = media_file(name, created_at=NOW - age, size_bytes=size)
        file = msgspec.structs.replace(file, **{"job_id": None, **fields})
        if recorded:
            await self.store.write(media.insert, file)
        return file

    def lies(self, file: MediaFile) -> bool:
        path = self.library.path(file.name)
        return path is not None and path.exists()

    async def sweep(self, *, retention_seconds: float = 7 * DAY, max_bytes: int = 10**9) -> Swept:
        order = Sweep(retention_seconds=retention_seconds, max_bytes=max_bytes)
        return await Sweeper(self.library, self.store, lambda: NOW).sweep(order)

    def housekeeping(self, config: Config | None = None, now: Callable[[], float] = lambda: NOW) -> Housekeeping:
        media_actor = cast("Any", FakeMedia(self))
        return Housekeeping(config or Config(), self.store, media_actor, self.folder / "backups", now)


class FakeMedia:
    """The media actor, which does no more than this with a sweep."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def ask(self, message: Sweep) -> Swept:
        return await self._place.sweep(retention_seconds=message.retention_seconds, max_bytes=message.max_bytes)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Place]:
    with trio.fail_after(60):
        async with open_store(folder / "store.db", SEAL) as store:
            yield Place(folder, store)


# -- media -------------------------------------------------------------------------------------------------------------


async def test_files_whose_time_is_over_go_with_their_records_and_others_stay(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        over = await place.put(expires_at=NOW - 1, size=30)
        stays = await place.put(expires_at=NOW + 1)
        kept_for_less_now = await place.put(age=8 * DAY, expires_at=NOW + DAY, size=12)
        swept = await place.sweep()
        assert swept == Swept(files=2, size_bytes=42)
        assert [place.lies(file) for file in (over, stays, kept_for_less_now)] == [False, True, False]
        assert await place.store.read(media.names) == {stays.name}
        assert await place.sweep() == Swept()


async def test_the_oldest_results_go_when_all_take_too_much_space(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        given = await place.put(age=9 * DAY, size=300, role="input", expires_at=NOW + DAY)
        files = [await place.put(age=600.0 - number, size=100) for number in range(6)]
        swept = await place.sweep(max_bytes=600)
        assert swept == Swept(files=3, size_bytes=300)
        assert [place.lies(file) for file in files] == [False] * 3 + [True] * 3
        assert place.lies(given)
        assert await place.store.read(media.total_bytes) == 600


async def test_what_an_unfinished_job_needs_stays_however_old_and_large_it_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        given = await place.put(age=30 * DAY, role="input", expires_at=NOW - 1)
        earlier_result = await place.put(age=30 * DAY, expires_at=NOW - 1)
        made = await place.put(age=30 * DAY, expires_at=NOW - 1, job_id="j1")
        generation = msgspec.structs.replace(GENERATION, inputs=(given.name, earlier_result.name))
        fetching = msgspec.structs.replace(job("j1", state=JobState.FETCHING), generation=generation)
        await place.store.write(jobs.insert, fetching)
        assert await place.sweep(max_bytes=1) == Swept()
        assert all(place.lies(file) for file in (given, earlier_result, made))
        ended = msgspec.structs.replace(fetching, state=JobState.SUCCEEDED, finished_at=NOW)
        await place.store.write(jobs.save, ended)
        assert (await place.sweep(max_bytes=1)).files == 3


async def test_files_that_belong_to_nobody_go_after_a_day_and_foreign_ones_never(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        stray = await place.put(age=STRAY_SECONDS + 1, recorded=False)
        fresh = await place.put(age=STRAY_SECONDS - 60, recorded=False)
        ours = await place.put(age=STRAY_SECONDS + 1)
        library = place.library
        others = {"cut.part": True, "notes.txt": False, "aaaa.png": False, stray.name: False}
        folder = library.folder / "elsewhere"
        folder.mkdir()
        for name in others:
            (folder / name).touch()
            os.utime(folder / name, (0, 0))
        (folder / "folder.part").mkdir()
        (library.folder / "README").touch()
        swept = await place.sweep()
        assert (swept.files, swept.strays) == (0, 2)
        assert [place.lies(file) for file in (stray, fresh, ours)] == [False, True, True]
        assert {name: not (folder / name).exists() for name in others} == others
        assert (library.folder / "README").exists()


async def test_a_sweep_that_was_cut_between_record_and_file_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(self: Path, missing_ok: bool = False) -> None:
        raise Killed

    async with opened(tmp_path) as place:
        over = await place.put(age=8 * DAY, expires_at=NOW - 1)
        monkeypatch.setattr(Path, "unlink", killed)
        with pytest.raises(Killed):
            await place.sweep()
        monkeypatch.undo()
        assert place.lies(over)
        assert await place.store.read(media.names) == set()
        assert (await place.sweep()).strays == 1
        assert not place.lies(over)


async def test_a_file_that_cannot_be_removed_is_told_and_holds_up_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        files = [await place.put(expires_at=NOW - 3 + number, age=2 * DAY) for number in range(3)]
        stuck = place.library.path(files[0].name)
        assert stuck is not None
        stuck.unlink()
        stuck.mkdir()
        with pytest.raises(ChoreFailed, match=f"^1 files could not be removed, the first: {stuck}: Is a directory"):
            await place.housekeeping().sweep_media()
        assert [place.lies(file) for file in files] == [True, False, False]
        assert await place.store.read(media.names) == set()


async def test_a_folder_that_cannot_be_read_is_a_failure_with_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        place.library.folder.rmdir()
        with pytest.raises(Failure, match=r"could not be cleared.*No such file.*media"):
            await place.sweep()


async def test_more_files_than_one_portion_go_in_one_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_sweep, "PORTION", 3)
    monkeypatch.setattr(media_sweep, "LOOKED_UP", 3)
    async with opened(tmp_path) as place:
        for _ in range(10):
            await place.put(expires_at=NOW - 1)
        for _ in range(10):
            await place.put(recorded=False, age=2 * DAY)
        assert await place.housekeeping().sweep_media() == "removed 10 files, 0.0 MiB; removed 10 left-over files"
        assert [path for path in place.library.folder.rglob("*") if path.is_file()] == []


# -- records -----------------------------------------------------------------------------------------------------------


async def test_old_generations_and_log_lines_go_in_portions_and_others_may_write_meanwhile(tmp_path: Path) -> None:
    def fill(db: Database) -> None:
        for number in range(1200):
            created_at = NOW - 200 * DAY + number
            ended = msgspec.structs.replace(job(f"j{number}", created_at=created_at), finished_at=created_at)
            jobs.insert(db, ended)
            requests.append(db, [request_record(f"j{number}", at=created_at)])
        jobs.insert(db, job("unfinished", created_at=0.0))
        jobs.insert(db, msgspec.structs.replace(job("young", created_at=NOW - DAY), finished_at=NOW))

    async with opened(tmp_path) as place:
        await place.store.write(fill)
        portions = place.store.statistics().transactions
        async with trio.open_nursery() as nursery:
            nursery.start_soon(place.housekeeping().prune_jobs)
            await place.store.write(settings.put, "beside", 1)
        assert await place.housekeeping().prune_log() == "removed 1200 lines of the request log"
        assert place.store.statistics().transactions - portions >= 7
        assert {one.id for one in await place.store.read(jobs.page)} == {"unfinished", "young"}
        assert await place.store.read(requests.page) == []
        assert await place.housekeeping().prune_jobs() == ""
        assert await place.housekeeping().prune_log() == ""


async def test_maintenance_gives_the_space_of_what_is_gone_back_to_the_disk(tmp_path: Path) -> None:
    def fill(db: Database) -> None:
        for number in range(12):
            settings.put(db, f"ballast {number}", "x" * 1024 * 1024)

    def clear(db: Database) -> None:
        db.execute("DELETE FROM settings")

    async with opened(tmp_path) as place:
        await place.store.write(fill)
        assert await place.housekeeping().maintain_database() == "renewed statistics, cut the log"
        before = (tmp_path / "store.db").stat().st_size
        await place.store.write(clear)
        told = await place.housekeeping().maintain_database()
        assert told.startswith("renewed statistics, gave 1")
        assert (tmp_path / "store.db").stat().st_size < before / 4
        assert (tmp_path / "store.db-wal").stat().st_size == 0
        space = await place.store.read(upkeep.space)
        assert space.free_bytes < 1024 * 1024
        assert await place.housekeeping().maintain_database() == "renewed statistics, cut the log"


# -- backups -----------------------------------------------------------------------------------------------------------


async def test_a_backup_is_a_whole_database_that_opens_and_only_its_owner_may_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as place:
        await place.store.write(accounts.insert, account(), b"secret")
        told = await place.housekeeping().back_up()
        [path] = backups(tmp_path / "backups")
        assert told.startswith("made flow2api-20270115T080000Z.db, 0.")
        assert path.name == "flow2api-20270115T080000Z.db"
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700
    async with open_store(path, SEAL) as copy:
        assert await copy.read(accounts.get, "a1") == (account(), b"secret")


async def test_only_the_newest_backups_are_kept_and_no_other_file_is_touched(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    foreign = [folder / "flow2api-mine.db", folder / "notes.part"]
    left_over = folder / "flow2api-20200101T000000Z.db.part"
    for path in (*foreign, left_over):
        path.touch()
    async with opened(tmp_path) as place:
        for day in range(5):
            made = await back_up(place.store, folder, 2, NOW + day * DAY)
        assert made.removed == 1
        names = [path.name for path in backups(folder)]
        assert names == ["flow2api-20270118T080000Z.db", "flow2api-20270119T080000Z.db"]
        assert sorted(folder.iterdir()) == sorted([*backups(folder), *foreign])


async def test_a_backup_stays_though_a_wrong_clock_has_left_names_of_days_to_come(tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    async with opened(tmp_path) as place:
        for day in range(300, 303):
            await back_up(place.store, folder, 3, NOW + day * DAY)
        for day in range(5):
            made = await back_up(place.store, folder, 3, NOW + day * DAY)
            assert made.path in backups(folder)
            assert len(backups(folder)) == 3


async def test_writes_go_on_while_a_backup_is_made_and_it_holds_one_moment(tmp_path: Path) -> None:
    def fill(db: Database) -> None:
        for number in range(40):
            settings.put(db, f"ballast {number}", "x" * 1024 * 1024)

    def both(db: Database, number: int) -> None:
        settings.put(db, "one", number)
        settings.put(db, "two", number)

    async with opened(tmp_path) as place:
        await place.store.write(fill)
        await place.store.write(both, 0)
        written = 0
        async with trio.open_nursery() as nursery:

            async def copy() -> None:
                await place.housekeeping().back_up()
                nursery.cancel_scope.cancel()

            nursery.start_soon(copy)
            while True:
                written += 1
                await place.store.write(both, written)
        assert written > 3
    [path] = backups(tmp_path / "backups")
    async with open_store(path, SEAL) as copy_store:
        found = await copy_store.read(settings.all_settings)
        assert found["one"] == found["two"]
        assert len(found) == 42


async def test_a_cancelled_backup_ends_at_the_next_look_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(db: Database) -> None:
        for number in range(2000):
            db.execute("INSERT INTO marks (name, sealed) VALUES (?, x'00')", (f"ballast {number}",))

    looks = 0
    look = trio.from_thread.check_cancelled

    def cancel_and_look() -> None:
        nonlocal looks
        looks += 1
        trio.from_thread.run_sync(scope.cancel)
        look()

    monkeypatch.setattr(database, "_STEPS_BETWEEN_CHECKS", 1000)
    monkeypatch.setattr(trio.from_thread, "check_cancelled", cancel_and_look)
    async with opened(tmp_path) as place:
        await place.store.write(fill)
        with trio.CancelScope() as scope:
            await place.housekeeping().back_up()
        assert scope.cancelled_caught
        assert looks == 2  # the second only asks why the statement was interrupted
        assert list((tmp_path / "backups").iterdir()) == []


async def test_a_backup_that_fails_keeps_the_older_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as place:
        keep_one = place.housekeeping(Config(backup=BackupConfig(keep=1)))
        await keep_one.back_up()
        before = backups(tmp_path / "backups")
        monkeypatch.setattr(backup, "_sync", _full_disk)
        with pytest.raises(StoreFault, match="could not be written: No space left on device"):
            await back_up(place.store, tmp_path / "backups", 1, NOW + DAY)
        assert list((tmp_path / "backups").iterdir()) == before


def _full_disk(path: Path) -> None:
    raise OSError(28, "No space left on device")


# -- the whole ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def desk_client(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, EventBus]]:
    """The admin routes over one piece of regular work that does nothing."""
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    with trio.fail_after(30):
        async with open_desk(folder) as desk, serving(desk) as url, trio.open_nursery() as nursery:
            await nursery.start(desk.services.schedules.supervisor().run)
            async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
                yield client, desk.services.bus
            nursery.cancel_scope.cancel()


async def test_regular_work_is_listed_run_paused_resumed_and_paced_over_http(tmp_path: Path) -> None:
    async with desk_client(tmp_path) as (client, bus):
        [view] = (await client.get("/api/schedules")).json()["schedules"]
        assert (view["name"], view["interval_seconds"], view["paused"], view["last"]) == ("sweep", 3600.0, False, None)
        assert view["next_run"] > time.time()
        one = "/api/schedules/sweep"
        with Spy(bus) as spy:
            assert (await client.post(f"{one}/run")).status_code == 202
            await spy.wait(ScheduleRan)
        [view] = (await client.get("/api/schedules")).json()["schedules"]
        assert (view["last"]["result"], view["last"]["by_hand"], view["runs"]) == ("swept", True, 1)
        paused = (await client.post(f"{one}/pause")).json()
        assert (paused["paused"], paused["next_run"]) == (True, None)
        assert (await client.post(f"{one}/resume")).json()["paused"] is False
        paced = (await client.put(f"{one}/interval", json={"seconds": 60})).json()
        assert (paced["interval_seconds"], paced["default_seconds"]) == (60.0, 3600.0)
        assert (await client.put(f"{one}/interval", json={"seconds": None})).json()["interval_seconds"] == 3600.0


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"seconds": 1}, "invalid_value", "seconds"),
        ({"seconds": "soon"}, "invalid_type", "seconds"),
        ({}, "missing_required_parameter", "seconds"),
    ],
)
async def test_an_interval_that_makes_no_sense_is_refused_with_the_field(
    tmp_path: Path, body: dict[str, object], code: str, param: str
) -> None:
    async with desk_client(tmp_path) as (client, _):
        answer = await client.put("/api/schedules/sweep/interval", json=body)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["param"]) == (code, param)


async def test_a_schedule_that_does_not_exist_is_404(tmp_path: Path) -> None:
    async with desk_client(tmp_path) as (client, _):
        assert (await client.post("/api/schedules/nope/run")).status_code == 404


async def _until_idle(gateway: TestedGateway) -> list[dict[str, Any]]:
    """How all regular work stands once none of it runs."""
    while True:
        listed: list[dict[str, Any]] = (await gateway.admin("GET", "/api/schedules"))["schedules"]
        if not any(view["running"] for view in listed):
            return listed


async def test_every_piece_of_regular_work_runs_in_the_whole_gateway() -> None:
    async with open_tested_gateway(people(ADA)) as gateway:
        assert (await gateway.chat()).status_code == 200
        listed = (await gateway.admin("GET", "/api/schedules"))["schedules"]
        names = [view["name"] for view in listed]
        assert names == [
            *(
                "login_renewal",
                "session_renewal",
                "credits",
                "rests",
                "daily_counts",
                "proxy_checks",
                "idle_tabs",
                "media_sweep",
            ),
            *("old_generations", "request_log", "debug_log", "database_maintenance", "backup"),
        ]
        for name in names:
            await gateway.admin("POST", f"/api/schedules/{name}/run")
        listed = await _until_idle(gateway)
        assert [view["last"]["error"] for view in listed] == [None] * len(names)
        told = {view["name"]: view["last"]["result"] for view in listed}
        assert told["credits"] == "read the credits of 1 account"
        assert told["login_renewal"] == told["media_sweep"] == "nothing to do"
        assert told["backup"].startswith("made flow2api-")
        folder = Path(gateway.gateway.config.storage.data_dir) / "backups"
        assert len(backups(folder)) == 1
        tree = (await gateway.admin("GET", "/api/system"))["tree"]
        group = next(child for child in tree["children"] if child["name"] == "schedules")
        assert [child["name"] for child in group["children"]] == [f"schedule {name}" for name in names]
