"""What every store promises, asked of the one in a file and of the one in memory."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import trio
from msgspec.structs import replace

from flow2api.domain.job import JobState, move
from flow2api.domain.webhook import Delivery, DeliveryState
from flow2api.store import accounts, audit, jobs, keys, media, proxies, requests, settings, upkeep, usage, webhooks
from flow2api.store.database import Database
from flow2api.store.door import Store, open_inline_store, open_store
from flow2api.store.errors import RowMissing, StoreConflict, StoreFault
from flow2api.store.proxies import Home
from flow2api.store.seal import Seal
from tests.doubles.records import account, api_key, audit_entry, job, media_file, proxy, request_record

OpenStore = Callable[[], contextlib.AbstractAsyncContextManager[Store]]


@pytest.fixture(params=["file", "inline"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Opens a fresh store; a context manager, so that it closes inside the test."""

    @contextlib.asynccontextmanager
    async def open_file() -> AsyncIterator[Store]:
        async with open_store(tmp_path / "store.db", Seal(b"k" * 32)) as store:
            yield store

    return open_file if request.param == "file" else open_inline_store


async def test_what_was_written_can_be_read(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(settings.put, "a", 1)
        assert await store.read(settings.all_settings) == {"a": 1}


async def test_a_failing_verb_leaves_nothing_behind_and_raises_its_own_exception(opened: OpenStore) -> None:
    def half(db: Database) -> None:
        settings.put(db, "a", 1)
        raise LookupError("half way")

    async with opened() as store:
        with pytest.raises(LookupError, match="half way"):
            await store.write(half)
        assert await store.read(settings.all_settings) == {}


async def test_writes_at_once_succeed_and_fail_each_for_itself(opened: OpenStore) -> None:
    outcomes: dict[int, str] = {}

    async def one(store: Store, number: int) -> None:
        try:
            await store.write(jobs.insert, job("taken" if number % 2 else f"j{number}"))
            outcomes[number] = "inserted"
        except StoreConflict:
            outcomes[number] = "refused"

    async with opened() as store:
        await store.write(jobs.insert, job("taken"))
        async with trio.open_nursery() as nursery:
            for number in range(20):
                nursery.start_soon(one, store, number)
        stored = await store.read(jobs.page)
    assert outcomes == {number: "refused" if number % 2 else "inserted" for number in range(20)}
    assert {one.id for one in stored} == {"taken", *(f"j{number}" for number in range(0, 20, 2))}


async def test_a_verb_that_reads_may_not_write(opened: OpenStore) -> None:
    async with opened() as store:
        with pytest.raises(StoreFault, match="readonly"):
            await store.read(settings.put, "a", 1)
        await store.write(settings.put, "b", 2)
        assert await store.read(settings.all_settings) == {"b": 2}


async def test_a_caller_that_is_cancelled_already_writes_nothing(opened: OpenStore) -> None:
    async with opened() as store:
        with trio.CancelScope() as scope:
            scope.cancel()
            await store.write(settings.put, "a", 1)
        assert scope.cancelled_caught
        assert await store.read(settings.all_settings) == {}


async def test_the_figures_tell_writes_from_failures_and_reads(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(jobs.insert, job())
        with pytest.raises(StoreConflict):
            await store.write(jobs.insert, job())
        await store.read(jobs.get, "j1")
        figures = store.statistics()
    assert (figures.writes, figures.write_failures, figures.reads, figures.transactions) == (1, 1, 1, 2)
    assert (figures.largest_transaction, figures.waiting, figures.withdrawn) == (1, 0, 0)
    assert figures.write_seconds >= figures.slowest_write_seconds > 0


async def test_accounts_come_back_with_their_vaults_oldest_first(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(accounts.insert, account("young", created_at=300.0), b"y")
        await store.write(accounts.insert, account("old", created_at=200.0), b"o")
        found = await store.read(accounts.all_with_vaults)
        assert await store.read(accounts.get, "young") == (account("young", created_at=300.0), b"y")
    assert [(one.id, vault) for one, vault in found] == [("old", b"o"), ("young", b"y")]


async def test_record_and_vault_of_an_account_change_separately(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(accounts.insert, account(), b"first")
        await store.write(accounts.save, account(label="renamed"))
        assert await store.read(accounts.get, "a1") == (account(label="renamed"), b"first")
        await store.write(accounts.save_vault, "a1", b"second")
        assert await store.read(accounts.get, "a1") == (account(label="renamed"), b"second")


async def test_a_deleted_account_takes_its_vault_along(opened: OpenStore) -> None:
    def vaults(db: Database) -> int:
        return len(db.rows("SELECT account_id FROM vaults"))

    async with opened() as store:
        await store.write(accounts.insert, account(), b"secret")
        await store.write(accounts.delete, "a1")
        assert await store.read(vaults) == 0
        assert await store.read(accounts.all_with_vaults) == []


async def test_what_is_said_to_an_account_that_is_gone_is_an_error(opened: OpenStore) -> None:
    async with opened() as store:
        with pytest.raises(RowMissing, match="no account a1"):
            await store.write(accounts.save, account())
        with pytest.raises(RowMissing, match="no account a1"):
            await store.write(accounts.save_vault, "a1", b"v")
        with pytest.raises(RowMissing, match="no account a1"):
            await store.read(accounts.get, "a1")
        await store.write(accounts.delete, "a1")


async def test_a_job_comes_back_as_it_was_saved_last(opened: OpenStore) -> None:
    running = move(move(job(), JobState.STARTING, 101.0), JobState.SUBMITTING, 102.0, account_id="a1", submits=1)
    async with opened() as store:
        await store.write(jobs.insert, job())
        await store.write(jobs.save, running)
        assert await store.read(jobs.get, "j1") == running
        assert await store.read(jobs.get, "j2") is None


async def test_saving_a_job_that_was_never_inserted_is_an_error(opened: OpenStore) -> None:
    async with opened() as store:
        with pytest.raises(RowMissing, match="no job j1"):
            await store.write(jobs.save, job())


async def test_the_end_of_a_job_and_its_files_are_stored_together_or_not_at_all(opened: OpenStore) -> None:
    done = msgspec.structs.replace(job(), state=JobState.SUCCEEDED, finished_at=110.0, results=("f1.png", "f2.png"))
    files = [media_file("f1.png"), media_file("f2.png")]
    async with opened() as store:
        await store.write(jobs.insert, job())
        with pytest.raises(StoreConflict):
            await store.write(jobs.finish, done, [*files, files[0]])
        assert await store.read(jobs.get, "j1") == job()
        assert await store.read(media.names) == set()
        await store.write(jobs.finish, done, files)
        assert await store.read(jobs.get, "j1") == done
        assert await store.read(media.names) == {"f1.png", "f2.png"}


async def test_unfinished_jobs_come_oldest_first_and_without_the_finished(opened: OpenStore) -> None:
    final = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
    async with opened() as store:
        for number, state in enumerate(JobState):
            await store.write(jobs.insert, job(state.value, state=state, created_at=200.0 - number))
        found = await store.read(jobs.unfinished)
    assert [one.id for one in found] == [state.value for state in reversed(JobState) if state not in final]


async def test_an_idempotency_key_belongs_to_one_caller_and_one_job(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(jobs.insert, job("j1", key="same"))
        await store.write(jobs.insert, job("j2", key="same", caller="k2"))
        with pytest.raises(StoreConflict):
            await store.write(jobs.insert, job("j3", key="same"))
        found = await store.read(jobs.by_idempotency, "k1", "same")
        assert await store.read(jobs.by_idempotency, "k3", "same") is None
    assert found == job("j1", key="same")


async def test_asking_twice_with_one_idempotency_key_admits_one_job(opened: OpenStore) -> None:
    async with opened() as store:
        assert await store.write(jobs.insert_once, job("j1", key="same")) is None
        assert await store.write(jobs.insert_once, job("j2", key="same")) == job("j1", key="same")
        assert await store.write(jobs.insert_once, job("j3")) is None
        assert await store.write(jobs.insert_once, job("j4")) is None
        assert [one.id for one in await store.read(jobs.page)] == ["j4", "j3", "j1"]


@pytest.mark.parametrize("ascending", [True, False])
async def test_pages_of_jobs_meet_without_gap_or_overlap(opened: OpenStore, ascending: bool) -> None:
    async with opened() as store:
        for number in range(10):  # two at each time: the id decides between them
            await store.write(jobs.insert, job(f"j{number}", created_at=100.0 + number // 2))
        seen: list[str] = []
        while found := await store.read(jobs.page, after=seen[-1] if seen else None, limit=3, ascending=ascending):
            seen += [one.id for one in found]
    assert seen == sorted((f"j{number}" for number in range(10)), reverse=not ascending)


async def test_pages_of_jobs_can_be_narrowed_down(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(jobs.insert, job("j1"))
        await store.write(jobs.insert, job("j2", caller="k2"))
        await store.write(jobs.insert, job("j3", state=JobState.RUNNING))
        mine = await store.read(jobs.page, caller="k1")
        running = await store.read(jobs.page, caller="k1", state=JobState.RUNNING, model="painter")
        assert await store.read(jobs.page, model="writer") == []
        assert await store.read(jobs.page, after="nobody knows") == []
    assert [[one.id for one in some] for some in (mine, running)] == [["j3", "j1"], ["j3"]]


async def test_pruning_takes_jobs_that_ended_long_ago_and_no_others(opened: OpenStore) -> None:
    async with opened() as store:
        for job_id, finished_at in (("old", 150.0), ("new", 250.0), ("running", None)):
            stored = msgspec.structs.replace(job(job_id), state=JobState.RUNNING, finished_at=finished_at)
            await store.write(jobs.insert, stored)
        assert await store.write(jobs.prune, 200.0, 10) == 1
        assert {one.id for one in await store.read(jobs.page)} == {"new", "running"}


async def test_pruning_takes_no_more_than_it_is_told_and_begins_with_the_oldest(opened: OpenStore) -> None:
    async with opened() as store:
        for number in (3, 1, 2):
            ended = msgspec.structs.replace(job(f"j{number}", created_at=float(number)), finished_at=10.0)
            await store.write(jobs.insert, ended)
            await store.write(requests.append, [request_record(f"j{number}", at=float(number))])
        assert await store.write(jobs.prune, 200.0, 2) == 2
        assert [one.id for one in await store.read(jobs.page)] == ["j3"]
        assert await store.write(requests.prune, 200.0, 2) == 2
        assert [one.job_id for one in await store.read(requests.page)] == ["j3"]


async def test_records_of_files_come_back_whole(opened: OpenStore) -> None:
    file = media_file(expires_at=500.0)
    async with opened() as store:
        await store.write(media.insert, file)
        assert await store.read(media.get, "f1.png") == file
        assert await store.read(media.get, "other.png") is None


async def test_files_expire_at_their_time_and_never_without_one(opened: OpenStore) -> None:
    async with opened() as store:
        for name, expires_at in (("late", 300.0), ("soon", 200.0), ("now", 250.0), ("never", None)):
            await store.write(media.insert, media_file(name, expires_at=expires_at))
        assert [file.name for file in await store.read(media.expired, 250.0, 10)] == ["soon", "now"]
        assert [file.name for file in await store.read(media.expired, 250.0, 1)] == ["soon"]


async def test_the_oldest_files_and_the_sum_of_all_are_known(opened: OpenStore) -> None:
    async with opened() as store:
        assert await store.read(media.total_bytes) == 0
        for number in (2, 1, 3):
            await store.write(media.insert, media_file(f"f{number}", created_at=float(number), size_bytes=number))
        assert [file.name for file in await store.read(media.oldest, 2)] == ["f1", "f2"]
        assert await store.read(media.total_bytes) == 6
        assert await store.write(media.delete, ["f1", "f2", "unknown"]) == 2
        assert await store.read(media.names) == {"f3"}


async def test_a_key_is_revoked_once_and_stays_known(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(keys.insert, api_key("k2", created_at=200.0))
        await store.write(keys.insert, api_key("k1"))
        assert await store.write(keys.revoke, "k1", 300.0) is True
        assert await store.write(keys.revoke, "k1", 400.0) is False
        assert await store.write(keys.revoke, "k3", 400.0) is False
        found = await store.read(keys.all_keys)
    assert found == [msgspec.structs.replace(api_key("k1"), revoked_at=300.0), api_key("k2", created_at=200.0)]


async def test_two_keys_with_one_digest_are_refused(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(keys.insert, api_key())
        with pytest.raises(StoreConflict):
            await store.write(keys.insert, msgspec.structs.replace(api_key(), id="k2"))


async def test_the_last_use_of_a_key_never_goes_back(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(keys.insert, api_key())
        await store.write(keys.touch, "k1", 300.0)
        await store.write(keys.touch, "k1", 200.0)
        assert [key.last_used_at for key in await store.read(keys.all_keys)] == [300.0]


async def test_settings_hold_any_json_and_the_newest_value_counts(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(settings.put, "a", "old")
        await store.write(settings.put, "a", {"list": [1, 2.5, None, True, "é"]})
        await store.write(settings.put, "b", 0)
        await store.write(settings.remove, "b")
        await store.write(settings.remove, "never set")
        assert await store.read(settings.all_settings) == {"a": {"list": [1, 2.5, None, True, "é"]}}
        assert await store.read(settings.get, "a") == {"list": [1, 2.5, None, True, "é"]}
        assert await store.read(settings.get, "b") is None


async def test_upkeep_runs_where_a_transaction_would_be_in_the_way_and_beside_writes(opened: OpenStore) -> None:
    async with opened() as store:
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(store.write, settings.put, f"s{number}", number)
                nursery.start_soon(store.upkeep, upkeep.fold_log)
        await store.upkeep(upkeep.optimize)
        await store.upkeep(upkeep.rebuild)
        assert len(await store.read(settings.all_settings)) == 10


async def test_failing_upkeep_raises_its_own_exception_and_the_store_goes_on(opened: OpenStore) -> None:
    def broken(db: Database) -> None:
        db.execute("BEGIN")
        raise LookupError("half way")

    async with opened() as store:
        with pytest.raises(LookupError, match="half way"):
            await store.upkeep(broken)
        await store.write(settings.put, "a", 1)
        await store.upkeep(upkeep.fold_log)
        assert await store.read(settings.all_settings) == {"a": 1}


async def test_a_copy_holds_everything_and_opens_with_the_same_key(opened: OpenStore, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    async with opened() as store:
        await store.write(accounts.insert, account(), b"secret")
        size = await store.back_up(target)
        await store.write(accounts.delete, "a1")
    assert size == target.stat().st_size
    assert target.stat().st_mode & 0o777 == 0o600
    assert b"secret" not in target.read_bytes()
    seal = Seal(bytes(32) if opened is open_inline_store else b"k" * 32)
    async with open_store(target, seal) as copy:
        assert await copy.read(accounts.get, "a1") == (account(), b"secret")


async def test_a_copy_that_cannot_be_written_is_a_fault_and_leaves_nothing(opened: OpenStore, tmp_path: Path) -> None:
    async with opened() as store:
        with pytest.raises(StoreFault, match="could not be written: No such file or directory"):
            await store.back_up(tmp_path / "no folder" / "copy.db")
        (tmp_path / "copy.db.part").touch()
        with pytest.raises(StoreFault, match="File exists"):
            await store.back_up(tmp_path / "copy.db")
        assert not (tmp_path / "copy.db").exists()


async def test_the_log_comes_newest_first_and_can_be_narrowed_down(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(requests.append, [request_record("j1", at=1.0), request_record("j2", at=2.0, caller="k2")])
        await store.write(requests.append, [request_record("j3", at=2.0, outcome="expired")])
        assert [one.job_id for one in await store.read(requests.page)] == ["j3", "j2", "j1"]
        assert [one.job_id for one in await store.read(requests.page, after="j3", limit=1)] == ["j2"]
        assert await store.read(requests.page, outcome="expired") == [request_record("j3", at=2.0, outcome="expired")]
        assert [one.job_id for one in await store.read(requests.page, caller="k1", model="painter")] == ["j3", "j1"]
        assert await store.read(requests.page, account_id="a2") == []
        assert await store.read(requests.page, after="unknown") == []


async def test_a_batch_of_the_log_may_be_repeated(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(requests.append, [request_record("j1")])
        await store.write(requests.append, [request_record("j1"), request_record("j2")])
        assert len(await store.read(requests.page)) == 2


async def test_pruning_the_log_takes_what_is_older(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(requests.append, [request_record("j1", at=1.0), request_record("j2", at=2.0)])
        assert await store.write(requests.prune, 2.0, 10) == 1
        assert [one.job_id for one in await store.read(requests.page)] == ["j2"]


async def test_proxies_come_back_with_their_addresses_oldest_first(opened: OpenStore) -> None:
    async with opened() as store:
        newer, older = proxy("p1", created_at=200.0), proxy("p2", created_at=100.0)
        await store.write(proxies.insert, [(newer, "http://joe:secret@a.example:1"), (older, "socks5://b.example:2")])
        await store.write(proxies.save, msgspec.structs.replace(older, enabled=False))
        assert await store.read(proxies.all_with_urls) == [
            (msgspec.structs.replace(older, enabled=False), "socks5://b.example:2"),
            (newer, "http://joe:secret@a.example:1"),
        ]


async def test_a_deleted_proxy_takes_along_who_went_out_through_it(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(proxies.insert, [(proxy("p1"), "a.example:1"), (proxy("p2"), "a.example:2")])
        homes = [Home("a1", "requests", "p1"), Home("a1", "media", "p2"), Home("a2", "requests", "p2")]
        await store.write(proxies.save_homes, homes)
        await store.write(proxies.delete, ["p2", "p9"])
        assert [one.id for one, _ in await store.read(proxies.all_with_urls)] == ["p1"]
        assert await store.read(proxies.homes) == homes[:1]
        with pytest.raises(RowMissing):
            await store.write(proxies.save, proxy("p2"))


async def test_an_account_has_one_proxy_for_each_role_until_it_has_none(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(proxies.save_homes, [Home("a1", "requests", "p1"), Home("a2", "media", "p1")])
        await store.write(proxies.save_homes, [Home("a1", "requests", "p2", fixed=True), Home("a2", "media", None)])
        assert await store.read(proxies.homes) == [Home("a1", "requests", "p2", fixed=True)]


async def test_pages_of_jobs_can_be_narrowed_down_to_several_states_and_to_a_kind(opened: OpenStore) -> None:
    async with opened() as store:
        for number, state in enumerate((JobState.RUNNING, JobState.FETCHING, JobState.QUEUED)):
            await store.write(jobs.insert, job(f"j{number}", state=state))
        states = {JobState.RUNNING, JobState.FETCHING}
        found = await store.read(jobs.page, state=states, kind="image")
        assert [one.id for one in found] == ["j1", "j0"]
        assert await store.read(jobs.page, state=states, kind="video") == []


async def test_a_repeated_request_finds_the_newest_job_of_its_digest(opened: OpenStore) -> None:
    async with opened() as store:
        for name, at, caller in (("old", 100.0, "k1"), ("new", 200.0, "k1"), ("other", 300.0, "k2")):
            await store.write(jobs.insert, msgspec.structs.replace(job(name, created_at=at, caller=caller), digest="d"))
        found = await store.read(jobs.by_digest, "k1", "d", 150.0)
        assert found is not None
        assert found.id == "new"
        assert await store.read(jobs.by_digest, "k1", "d", 250.0) is None
        assert await store.read(jobs.by_digest, "k1", "another", 0.0) is None


def call(number: int, *, caller: str = "k1", place: str = "a:443") -> webhooks.Call:
    made = Delivery(
        id=f"m{number}", job_id=f"j{number}", caller=caller, place=place, base="http://us", created_at=float(number)
    )
    return webhooks.Call(made, f"https://{place}/?token=t{number}")


async def test_who_is_to_be_told_is_stored_with_the_job_and_due_with_its_end(opened: OpenStore) -> None:
    async with opened() as store:
        queued = job("j1", state=JobState.QUEUED)
        await store.write(jobs.insert_once, queued, call(1))
        await store.write(jobs.insert_once, job("j2"))
        assert await store.read(webhooks.due, 1e9, 2, 10) == []
        ended = move(queued, JobState.FAILED, 500.0)
        with pytest.raises(StoreConflict):  # neither the end nor the order to tell it without the files
            await store.write(jobs.finish, ended, [media_file(), media_file()])
        assert await store.read(webhooks.due, 1e9, 2, 10) == []
        assert await store.write(jobs.finish, ended, [])
        assert not await store.write(jobs.finish, move(job("j2"), JobState.FAILED, 500.0), [])
        [due] = await store.read(webhooks.due, 500.0, 2, 10)
        assert (due.id, due.state, due.next_at) == ("m1", DeliveryState.DUE, 500.0)
        letter = await store.read(webhooks.letter, "m1", 500.0)
        assert letter is not None
        assert (letter.url, letter.job, letter.secrets) == ("https://a:443/?token=t1", ended, [])
        assert await store.write(jobs.prune, 1e9, 10) == 2
        assert await store.read(webhooks.letter, "m1", 500.0) is None
        assert await store.read(webhooks.page) == []


async def test_of_what_is_due_each_receiver_has_only_its_first_few(opened: OpenStore) -> None:
    async with opened() as store:
        places = ["a:443"] * 4 + ["b:443"] + ["a:443"]
        for number, place in enumerate(places):
            caller = "k2" if number == 5 else "k1"
            await store.write(jobs.insert_once, job(f"j{number}"), call(number, place=place, caller=caller))
            await store.write(webhooks.make_due, f"j{number}", 10.0 + number)
        due = await store.read(webhooks.due, 100.0, 2, 10)
        assert [one.id for one in due] == ["m0", "m1", "m4", "m5"]
        assert [one.id for one in await store.read(webhooks.due, 100.0, 2, 3)] == ["m0", "m1", "m4"]
        assert [one.id for one in await store.read(webhooks.due, 10.5, 2, 10)] == ["m0"]
        assert await store.read(webhooks.next_after, 10.5) == 11.0
        done = await store.write(
            webhooks.change, "m0", lambda one: msgspec.structs.replace(one, state=DeliveryState.DELIVERED, next_at=None)
        )
        assert done is not None
        assert [one.id for one in await store.read(webhooks.due, 100.0, 2, 2)] == ["m1", "m2"]
        first = await store.read(webhooks.page, state=DeliveryState.DUE, caller="k1", limit=3)
        rest = await store.read(webhooks.page, state=DeliveryState.DUE, caller="k1", after=first[-1].id)
        assert [one.id for one in (*first, *rest)] == ["m4", "m3", "m2", "m1"]
        assert await store.write(webhooks.change, "nobody", lambda one: one) is None


async def test_a_former_secret_signs_beside_the_new_one_for_a_while(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(webhooks.put_secret, webhooks.DEFAULT_SECRET, "for all", 100.0)
        await store.write(webhooks.put_secret, "k1", "first", 100.0)
        await store.write(webhooks.put_secret, "k1", "second", 200.0)
        last = 200.0 + webhooks.OVERLAP_SECONDS
        assert await store.read(webhooks.signing_secrets, "k1", last - 1) == ["second", "first"]
        assert await store.read(webhooks.signing_secrets, "k1", last) == ["second"]
        assert await store.read(webhooks.signing_secrets, "k2", 100.0) == ["for all"]
        assert await store.read(webhooks.secret_holders) == [("default", 100.0), ("k1", 200.0)]
        assert await store.write(webhooks.remove_secret, "k1")
        assert not await store.write(webhooks.remove_secret, "k1")
        assert await store.read(webhooks.signing_secrets, "k1", last) == ["for all"]


async def test_ended_generations_are_counted_once_by_time_and_way(opened: OpenStore) -> None:
    async with opened() as store:
        batch = [request_record(f"j{number}", at=60.0 * number) for number in range(10)]
        await store.write(requests.append, batch)
        await store.write(requests.append, [*batch, request_record("bad", at=599.0, outcome="queue_timeout")])
        await store.write(requests.append, [request_record("given up", at=599.0, outcome="cancelled")])
        counted = await store.read(usage.ended, 0.0, 300)
        assert [(one.at, one.outcome, one.number) for one in counted] == [
            (0.0, "succeeded", 5),
            (300.0, "cancelled", 1),
            (300.0, "failed", 1),
            (300.0, "succeeded", 5),
        ]
        assert [one.number for one in await store.read(usage.ended, 540.0, 60)] == [1, 1, 1]
        assert len(await store.read(usage.took, 300.0)) == 5
        assert [line.job_id for line in await store.read(usage.failures, 5)] == ["bad"]
        await store.write(requests.prune, 300.0, 100)
        assert sum(one.number for one in await store.read(usage.ended, 0.0, 300)) == 7


async def test_the_audit_log_is_bounded_and_paged(opened: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "MOST_ENTRIES", 5)
    async with opened() as store:
        for number in range(8):
            await store.write(audit.append, audit_entry(number))
        newest = await store.read(audit.page, before=None, act=None, limit=3)
        assert [entry.at for entry in newest] == [7.0, 6.0, 5.0]
        rest = await store.read(audit.page, before=newest[-1].id, act=None, limit=10)
        assert [entry.at for entry in rest] == [4.0, 3.0]
        assert [entry.at for entry in await store.read(audit.page, before=None, act="/4", limit=10)] == [4.0]


@pytest.mark.parametrize(
    "words",
    ["HERON", 'called "the', "back\\slash", "two\nlines", "tab\there", "苏州园林", "🦊", "50%", "a_b", "\x7f", "job/1"],
)
async def test_a_job_is_found_by_words_of_its_prompt_however_they_are_written(opened: OpenStore, words: str) -> None:
    prompt = 'A heron called "the grey", back\\slash, two\nlines, tab\there, 苏州园林 🦊 50% a_b \x7f job/1'
    async with opened() as store:
        one, other = job("j1"), job("j2")
        await store.write(jobs.insert, replace(one, generation=replace(one.generation, prompt=prompt)))
        await store.write(jobs.insert, other)
        assert [found.id for found in await store.read(jobs.page, search=words)] == ["j1"]


async def test_a_job_is_not_found_by_what_stands_elsewhere_in_its_record(opened: OpenStore) -> None:
    async with opened() as store:
        await store.write(jobs.insert, job("j1"))
        assert await store.read(jobs.page, search="upstream_model") == []
