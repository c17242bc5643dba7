"""The sender of webhooks on its own: what it does when its own things fail, and what a crash of it costs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from flow2api.actors.webhooks import Nudge, Resend, WebhookParts, WebhooksMessage, new_call, supervised
from flow2api.config import WebhooksConfig
from flow2api.domain.job import JobState, move
from flow2api.domain.webhook import DeliveryState
from flow2api.errors import Code, ConnectionBroken, Failure
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox, Ref
from flow2api.kit.supervisor import Supervisor
from flow2api.net.guard import Guard
from flow2api.net.message import Headers, Response
from flow2api.store import jobs, webhooks
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store
from flow2api.store.errors import StoreFault
from tests.doubles.records import job
from tests.doubles.store import Failing
from tests.doubles.world import now

SECRET = "whsec_" + "b3du" * 8


class FakeHttp:
    """Receivers that answer by script, an exception is raised, and then with 204."""

    def __init__(self) -> None:
        self.script: list[int | Exception] = []
        self.times: list[float] = []
        self.hang: trio.Event | None = None

    async def request(self, method: str, url: str, **options: Any) -> Response:
        self.times.append(trio.current_time())
        if self.hang is not None:
            await self.hang.wait()
        answer = self.script.pop(0) if self.script else 204
        if isinstance(answer, Exception):
            raise answer
        return Response(status=answer, headers=Headers(), body=b"", url=url)


async def public(host: str, port: int) -> list[str]:
    return ["93.184.216.34"] if host != "inside.example" else ["10.0.0.1"]


class Place:
    """A sender over a store."""

    def __init__(self, store: Store, ref: Ref[WebhooksMessage], root: Supervisor, http: FakeHttp) -> None:
        self.store = store
        self.ref = ref
        self.root = root
        self.http = http

    async def ended(self, number: int = 1, host: str = "example.org") -> str:
        """A job that is over and whose end is to be told; the id of the delivery."""
        queued = job(f"j{number}")
        call = new_call(queued.id, "k1", f"https://{host}/hook", "http://us", now())
        await self.store.write(jobs.insert_once, queued, call)
        await self.store.write(jobs.finish, move(queued, JobState.FAILED, now()), [])
        self.ref.cast(Nudge())
        return call.delivery.id

    async def state(self, delivery_id: str) -> tuple[str, int]:
        found = await self.store.read(webhooks.get, delivery_id)
        assert found is not None
        return found.state.value, found.tries


@asynccontextmanager
async def opened(
    store: Store, http: FakeHttp | None = None, *, send: bool = True, **config: Any
) -> AsyncIterator[Place]:
    http = http or FakeHttp()
    parts = WebhookParts(store, cast("Any", http), Guard(resolve=public), WebhooksConfig(**config), send, now)
    mailbox: Mailbox[WebhooksMessage] = Mailbox("webhook sender", 8)
    root = supervised(parts, mailbox, EventBus())
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        yield Place(store, mailbox.ref, root, http)
        await root.stop()


async def test_pauses_between_tries_grow_and_end_with_the_last_one(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, opened(store, tries=4, pause_seconds=10) as place:
        await store.write(webhooks.put_secret, "k1", SECRET, now())
        place.http.script = [500, ConnectionBroken("the connection to example.org:443 ended"), 500, 500]
        delivery_id = await place.ended()
        await trio.sleep(3600)
        assert await place.state(delivery_id) == ("failed", 4)
        pauses = [after - before for before, after in zip(place.http.times, place.http.times[1:], strict=False)]
        for pause, most in zip(pauses, (10, 40, 160), strict=True):
            assert 0.8 * most - 0.01 <= pause <= most + 0.01
        assert (await place.ref.ask(Resend(delivery_id))).tries == 0
        await trio.sleep(1)
        assert await place.state(delivery_id) == ("delivered", 1)
        with pytest.raises(Failure) as unknown:
            await place.ref.ask(Resend("nobody"))
        assert unknown.value.code is Code.NOT_FOUND


async def test_nothing_goes_out_unsigned_or_to_an_address_inside(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store, opened(store, tries=2) as place:
        unsigned = await place.ended(1)
        await trio.sleep(60)
        assert await place.state(unsigned) == ("failed", 2)
        await store.write(webhooks.put_secret, "k1", SECRET, now())
        inside = await place.ended(2, host="inside.example")
        await trio.sleep(60)
        found = await store.read(webhooks.get, inside)
        assert found is not None
        assert (found.state, found.attempts[-1].error) == (
            DeliveryState.FAILED,
            "inside.example leads to an address that is not public",
        )
        assert place.http.times == []


async def test_a_failing_database_costs_a_repeat_and_no_delivery(autojump_clock: MockClock) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with opened(cast("Any", store)) as place:
            await inner.write(webhooks.put_secret, "k1", SECRET, now())
            place.http.hang = trio.Event()
            delivery_id = await place.ended()
            await trio.sleep(1)
            store.broken = True
            place.http.hang.set()
            await trio.sleep(20)
            assert len(place.http.times) > 1
            store.broken = False
            await trio.sleep(20)
            assert await place.state(delivery_id) == ("delivered", 1)


async def test_a_crash_of_the_sender_loses_nothing_and_is_its_own(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_inline_store() as store, opened(store) as place:
        await store.write(webhooks.put_secret, "k1", SECRET, now())
        place.http.script = [cast("Any", RuntimeError("a bug"))] * 5
        delivery_id = await place.ended()
        await trio.sleep(300)
        assert await place.state(delivery_id) == ("delivered", 1)
        assert len(place.http.times) == 6


async def test_a_delivery_whose_job_is_no_longer_stored_is_dropped(autojump_clock: MockClock) -> None:
    async with open_inline_store() as store:
        async with opened(store, send=False) as idle:
            delivery_id = await idle.ended()
            await store.write(lambda db: db.execute("DELETE FROM jobs"))
        async with opened(store) as place:
            await trio.sleep(1)
            assert await store.read(webhooks.get, delivery_id) is None
            assert place.http.times == []


async def test_what_is_under_way_at_a_drain_is_finished_or_goes_out_again(autojump_clock: MockClock) -> None:
    http = FakeHttp()
    http.hang = trio.Event()
    async with open_inline_store() as store:
        await store.write(webhooks.put_secret, "k1", SECRET, now())
        async with opened(store, http) as place:
            delivery_id = await place.ended()
            await trio.sleep(1)
        assert await place.state(delivery_id) == ("due", 0)
        http.hang = None
        async with opened(store, http) as place:
            await trio.sleep(1)
            assert await place.state(delivery_id) == ("delivered", 1)


async def test_an_order_to_send_again_that_cannot_be_written_is_refused_and_nobody_crashes(
    autojump_clock: MockClock,
) -> None:
    async with open_inline_store() as inner:
        store = Failing(inner)
        async with opened(cast("Any", store)) as place:
            delivery_id = await place.ended()
            await trio.sleep(1)
            store.broken = True
            with pytest.raises(StoreFault):
                await place.ref.ask(Resend(delivery_id))
            assert place.ref.statistics().restarts == 0
