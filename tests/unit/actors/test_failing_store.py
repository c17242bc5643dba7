"""The database fails for a while (a full disk, a lock): who asked is told, no actor crashes over it, and nothing known is lost."""

from typing import Any, cast

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from flow2api.actors.accounts_messages import RefreshAccount
from flow2api.actors.jobs import Cancel
from flow2api.domain.job import JobState
from flow2api.errors import Failure
from flow2api.store import accounts, jobs
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreFault
from tests.doubles.provider import FakeSession
from tests.doubles.store import Failing
from tests.doubles.world import open_world


def rotate(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Each sign-in gives another vault, as services do that change the cookie each time; the vaults given."""
    sign_in, given = FakeSession.sign_in, list[bytes]()

    async def rotating(session: FakeSession) -> None:
        await sign_in(session)
        session.vault = f"ann.{len(given)}".encode()
        given.append(session.vault)

    monkeypatch.setattr(FakeSession, "sign_in", rotating)
    return given


async def test_a_credential_that_changes_while_the_database_fails_is_kept_as_soon_as_it_works(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with open_world(cast("Any", store)) as world:
            account_id = await world.add_account()
            given = rotate(monkeypatch)
            store.broken = True
            await world.accounts.ask(RefreshAccount(account_id))
            await trio.sleep(20)
            assert not world.roster.is_parked(account_id)
            store.broken = False
            await trio.sleep(5)
            _, vault = await inner.read(accounts.get, account_id)
            assert vault == given[-1]


async def test_a_credential_whose_writing_is_cut_short_is_written_again(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_inline_store() as inner:

        class Slow(Failing):
            async def write(self, verb: Any, *args: Any, **kwargs: Any) -> Any:
                if verb is accounts.save_vault and self.broken:
                    await trio.sleep(1000)
                return await inner.write(verb, *args, **kwargs)

        store = Slow(inner)
        async with open_world(cast("Any", store)) as world:
            account_id = await world.add_account()
            given = rotate(monkeypatch)
            store.broken = True
            await world.accounts.ask(RefreshAccount(account_id))
            store.broken = False
            await trio.sleep(20)
            _, vault = await inner.read(accounts.get, account_id)
            assert vault == given[-1]


async def test_a_cancel_that_cannot_look_a_job_up_is_told_so_and_costs_no_other_job_its_paid_call(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with open_world(cast("Any", store)) as world:
            await world.add_account()
            gate = trio.Event()
            world.script.add("begin", gate)
            with await world.submit() as watch:
                await trio.testing.wait_all_tasks_blocked()
                store.unreadable = True
                with pytest.raises(StoreFault):
                    await world.jobs.ask(Cancel("job_unknown"))
                store.unreadable = False
                gate.set()
                assert (await watch.wait_final()).state is JobState.SUCCEEDED
            assert world.jobs.statistics().restarts == 0


async def test_a_job_whose_row_is_gone_ends_alone(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, open_world(store) as world:
        await world.add_account()
        gate = trio.Event()
        world.script.add("begin", gate, gate)
        lost, other = await world.submit(), await world.submit()
        await trio.testing.wait_all_tasks_blocked()
        await store.write(jobs.delete, lost.progress.job.id)
        gate.set()
        with pytest.raises(Failure, match="job engine was interrupted"):
            await lost.wait_final()
        assert (await other.wait_final()).state is JobState.SUCCEEDED
        assert world.jobs.statistics().restarts == 0
