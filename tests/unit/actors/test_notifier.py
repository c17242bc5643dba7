"""The telling of alerts without a socket, in virtual time: over restarts, failing receivers and a failing store."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, cast

import msgspec
import pytest
import trio

from flow2api.actors import notifier as module
from flow2api.actors import signed_post
from flow2api.actors.notices import STALE_SECONDS
from flow2api.actors.notifier import (
    TRIES,
    ListChannels,
    ListNotices,
    Notifier,
    NotifierMessage,
    NotifierParts,
    PutChannel,
    RemoveChannel,
    TellAgain,
)
from flow2api.config import WebhooksConfig
from flow2api.domain.events import AlertCleared, AlertRaised
from flow2api.domain.notification import Channel
from flow2api.domain.overview import Alert
from flow2api.domain.webhook import secret_of
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.store import notices
from flow2api.store.base import Store
from flow2api.store.door import open_inline_store
from tests.doubles.store import Failing

CONFIG = WebhooksConfig(pause_seconds=1.0, longest_pause_seconds=10.0)
SECRET = secret_of(b"s" * 32)
EPOCH = 1_800_000_000.0


class Answer(NamedTuple):
    status: int


class Receiver:
    """What went out, as (id, type, alert); answers by `status`."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, str]] = []
        self.status = 200
        self.tries = 0

    async def post(self, http: Any, guard: Any, url: str, body: bytes, headers: Any, seconds: float) -> Answer:
        await trio.lowlevel.checkpoint()
        self.tries += 1
        if self.status == 200:
            news = msgspec.json.decode(body)
            self.got.append((dict(headers).get("webhook-id", ""), news["type"], news["alert"]["id"]))
        return Answer(self.status)

    @property
    def news(self) -> list[tuple[str, str]]:
        return [(type_, alert) for _, type_, alert in self.got]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    found = Receiver()
    monkeypatch.setattr(signed_post, "post", found.post)
    return found


class Life:
    """One life of the notifier."""

    def __init__(self, store: Store, standing: Callable[[], list[Alert]], skew: float) -> None:
        self.bus = EventBus()
        self._mailbox: Mailbox[NotifierMessage] = Mailbox("notifier", 32)
        self.ask = self._mailbox.ref.ask
        parts = NotifierParts(
            store=store,
            http=cast("Any", None),
            guard=cast("Any", None),
            config=CONFIG,
            bus=self.bus,
            alerts=standing,
            now=lambda: EPOCH + skew + trio.current_time(),
        )
        child = ChildSpec("notifier", lambda: Notifier(parts), mailbox=self._mailbox)
        self.root = Supervisor("root", [child], bus=self.bus)

    def raised(self, name: str = "a") -> None:
        self.bus.publish(AlertRaised(alert=alert(name), at=1.0))

    def cleared(self, name: str = "a") -> None:
        self.bus.publish(AlertCleared(alert=alert(name), at=2.0))


@asynccontextmanager
async def alive(store: Store, *standing: str, skew: float = 0.0) -> AsyncIterator[Life]:
    """A life that is ended as a kill would; `standing` is the case meanwhile."""
    life = Life(store, lambda: [alert(name) for name in standing], skew)
    async with trio.open_nursery() as nursery:
        await nursery.start(life.root.run)
        yield life
        nursery.cancel_scope.cancel()


def alert(name: str) -> Alert:
    return Alert(id=name, kind="no_account", subject="accounts", title=f"Alert {name}", detail="d", since=0.0)


async def channel(life: Life, **fields: object) -> str:
    given = {"id": "", "name": "ops", "kind": "json", "url": "https://ops.test/hook", "secret": SECRET} | fields
    return (await life.ask(PutChannel(Channel(**given)))).id  # type: ignore[arg-type]


async def test_what_was_not_taken_before_a_restart_is_told_after_it_with_the_same_id(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store:
        receiver.status = 503
        async with alive(store) as life:
            await channel(life)
            life.raised()
            await trio.sleep(0.5)
            [waiting] = await life.ask(ListNotices())
            assert (waiting.tries, waiting.due) == (1, True)
            assert "503" in waiting.error
        receiver.status = 200
        async with alive(store, "a") as life:
            life.raised()
            await trio.sleep(30)
            assert receiver.got == [(waiting.id, "alert.raised", "a")]
            assert await life.ask(ListNotices()) == []


async def test_what_was_told_is_not_told_again_by_a_restart_and_its_end_is(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store:
        async with alive(store) as life:
            await channel(life)
            life.raised()
            await trio.sleep(1)
        for _ in range(2):
            async with alive(store, "a") as life:
                life.raised()
                await trio.sleep(2 * module.SETTLE_SECONDS)
        async with alive(store) as life:
            life.cleared()
            await trio.sleep(1)
            life.raised()
            await trio.sleep(1)
        assert receiver.news == [("alert.raised", "a"), ("alert.cleared", "a"), ("alert.raised", "a")]


async def test_what_began_or_ended_while_nobody_listened_is_told_a_while_after_the_start(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store:
        async with alive(store) as life:
            await channel(life)
            life.raised("ended meanwhile")
            await trio.sleep(1)
        async with alive(store, "new") as life:
            await trio.sleep(2 * module.SETTLE_SECONDS)
        assert receiver.news[1:] == [("alert.cleared", "ended meanwhile"), ("alert.raised", "new")]


async def test_tries_are_bounded_over_restarts_and_what_was_given_up_can_be_told_again(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store:
        receiver.status = 500
        async with alive(store) as life:
            await channel(life)
            life.raised()
            await trio.sleep(2)
        async with alive(store, "a") as life:
            await trio.sleep(500)
            assert receiver.tries == TRIES
            [view] = await life.ask(ListChannels())
            assert (view.waiting, view.given_up) == (0, 1)
            [given_up] = await life.ask(ListNotices())
            receiver.status = 200
            assert (await life.ask(TellAgain(given_up.id))).due
            await trio.sleep(1)
            assert receiver.news == [("alert.raised", "a")]
            with pytest.raises(Failure) as caught:
                await life.ask(TellAgain(given_up.id))
            assert caught.value.code is Code.NOT_FOUND


async def test_a_channel_that_is_gone_or_off_is_told_nothing_that_waits(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store:
        receiver.status = 500
        async with alive(store) as life:
            first, second = await channel(life), await channel(life)
            life.raised()
            await trio.sleep(0.5)
            await life.ask(RemoveChannel(first))
            await channel(life, id=second, enabled=False)
            receiver.status = 200
            await trio.sleep(100)
            assert await life.ask(ListNotices()) == []
        assert receiver.got == []
        assert await store.read(notices.all_notices) == []


async def test_each_channel_is_told_in_order_and_a_deaf_one_holds_up_no_other(
    autojump_clock: object, receiver: Receiver
) -> None:
    async with open_inline_store() as store, alive(store) as life:
        await channel(life)
        receiver.status = 500
        for name in "abc":
            life.raised(name)
        await trio.sleep(0.5)
        receiver.status = 200
        life.cleared("a")
        await trio.sleep(module.SETTLE_SECONDS / 2)
        assert receiver.news == [*(("alert.raised", name) for name in "abc"), ("alert.cleared", "a")]


async def test_a_storm_leaves_a_bounded_number_of_messages_and_says_which_were_given_up(
    autojump_clock: object, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 5)
    monkeypatch.setattr(notices, "MOST_GIVEN_UP", 3)
    async with open_inline_store() as store, alive(store) as life:
        await channel(life)
        receiver.status = 500
        for number in range(50):
            life.raised(f"alert {number}")
        await trio.sleep(0.5)
        for kept in (await life.ask(ListNotices()), await store.read(notices.all_notices)):
            assert len([one for one in kept if one.due]) == 5
            assert [one.error for one in kept if not one.due] == ["too many messages waited already"] * 3


async def test_news_that_waited_too_long_for_a_start_is_given_up(autojump_clock: object, receiver: Receiver) -> None:
    async with open_inline_store() as store:
        receiver.status = 500
        async with alive(store) as life:
            await channel(life)
            life.raised()
            await trio.sleep(0.5)
        receiver.status = 200
        async with alive(store, "a", skew=2 * STALE_SECONDS) as life:
            await trio.sleep(100)
            [old] = await life.ask(ListNotices())
            assert not old.due
        assert receiver.got == []


async def test_while_the_store_fails_alerts_are_told_all_the_same(autojump_clock: object, receiver: Receiver) -> None:
    async with open_inline_store() as good:
        store = Failing(good)
        async with alive(cast("Any", store)) as life:
            await channel(life)
            store.broken = True
            life.raised()
            await trio.sleep(1)
            assert receiver.news == [("alert.raised", "a")]
