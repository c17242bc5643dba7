"""Tells an operator's channels what wants a person, and when it is over, at least once and over restarts.

Channels lie sealed in the store, beside them what is still to be told. What was told is not told again after a restart while it is
still the case; what has ended meanwhile is told to be over. Each channel gets its messages in order. A receiver is reached through
the guard alone.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar, assert_never

import msgspec
import trio
from msgspec.structs import replace

from flow2api.actors import signed_post
from flow2api.actors.notices import Notices
from flow2api.config import WebhooksConfig
from flow2api.domain.events import AlertCleared, AlertRaised
from flow2api.domain.notification import Channel, ChannelView, News, Notice, Sent, body_of, wants
from flow2api.domain.overview import Alert
from flow2api.domain.webhook import signature_headers
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ask
from flow2api.kit.timing import Backoff
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.net.url import parse_url
from flow2api.store import settings
from flow2api.store.base import Store
from flow2api.store.errors import StoreError

log = logging.getLogger("flow2api.notifications")

STORED_AS = "notifications"
"""Among the settings; no setting has such a name."""
MOST_CHANNELS = 20
# Old news is no news: what a receiver does not take within these tries is given up.
TRIES = 5
MOST_WAITING = 200
# After a start it takes a while until everything that is the case has been raised.
SETTLE_SECONDS = 60.0


class ListChannels(Ask[list[ChannelView]], frozen=True):
    """All channels, oldest first."""


class PutChannel(Ask[ChannelView], frozen=True):
    """Keep a channel as it is given; one without an id is new. `Failure` not_found for an unknown id."""

    channel: Channel


class FindChannel(Ask[Channel], frozen=True):
    """A channel with its secrets, for changing it."""

    channel_id: str


class RemoveChannel(Ask[None], frozen=True):
    """Tell it no more."""

    channel_id: str


class TryChannel(Ask[Sent], frozen=True):
    """Send it a test message now, once, and tell how that went."""

    channel_id: str


class ListNotices(Ask[list[Notice]], frozen=True):
    """What is still to be told, and what was given up; oldest first."""


class TellAgain(Ask[Notice], frozen=True):
    """Tell what was given up, with all tries; answered at once. `Failure` not_found, or conflict while it is being told."""

    notice_id: str


NotifierMessage = ListChannels | PutChannel | FindChannel | RemoveChannel | TryChannel | ListNotices | TellAgain


@dataclass(frozen=True)
class NotifierParts:
    """What the telling is done with."""

    store: Store
    http: Http
    guard: Guard
    config: WebhooksConfig
    """Time limit and pauses are those of webhooks."""
    bus: EventBus
    alerts: Callable[[], Iterable[Alert]]
    """What is the case now."""
    send: bool = True
    """Whether alerts go out. Not from a gateway that a command starts for itself."""
    now: Callable[[], float] = time.time


class Notifier(Actor[NotifierMessage]):
    """Owner of the channels."""

    mailbox_size: ClassVar[int] = 32
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreError)

    def __init__(self, parts: NotifierParts) -> None:
        self._parts = parts
        self._channels: dict[str, Channel] = {}
        self._last: dict[str, Sent] = {}
        self._telling: set[str] = set()
        self._notices = Notices(parts.store, parts.now)

    async def start(self) -> None:
        stored = await self._parts.store.read(settings.get, STORED_AS)
        for channel in msgspec.convert(stored or [], list[Channel]):
            self._channels[channel.id] = channel
        await self._notices.load()
        if self._parts.send:
            for notice in self._notices.due():
                self._begin(notice.channel_id)
            await self.tasks.start(self._hear)
            self.tasks.start_soon(self._settle)

    async def handle(self, message: NotifierMessage) -> object:
        match message:
            case ListChannels():
                return [self._view(channel) for channel in self._channels.values()]
            case PutChannel():
                return await self._put(message.channel)
            case FindChannel():
                return self._find(message.channel_id)
            case RemoveChannel():
                await self._keep({**self._channels, self._find(message.channel_id).id: None})
                await self._notices.remove_of(message.channel_id)
            case TryChannel():
                self.answer_in_task(self._test, self._find(message.channel_id))
            case ListNotices():
                return self._notices.all()
            case TellAgain():
                return await self._tell_again(message.notice_id)
            case _:
                assert_never(message)
        return None

    # -- channels ------------------------------------------------------------------------------------------------

    async def _put(self, channel: Channel) -> ChannelView:
        if channel.id:
            self._find(channel.id)
        elif len(self._channels) >= MOST_CHANNELS:
            raise Failure(Code.CONFLICT, f"There are {MOST_CHANNELS} channels already. Remove one first.")
        else:
            channel = replace(channel, id=f"chn_{secrets.token_hex(6)}", created_at=self._parts.now())
        await self._keep({**self._channels, channel.id: channel})
        return self._view(channel)

    async def _keep(self, channels: dict[str, Channel] | dict[str, Channel | None]) -> None:
        kept = {id_: channel for id_, channel in channels.items() if channel is not None}
        await self._parts.store.write(settings.put, STORED_AS, list(kept.values()))
        self._channels = kept

    def _find(self, channel_id: str) -> Channel:
        channel = self._channels.get(channel_id)
        if channel is None:
            raise Failure(Code.NOT_FOUND, f"There is no channel {channel_id[:80]}.")
        return channel

    def _view(self, channel: Channel) -> ChannelView:
        own = [notice.due for notice in self._notices.all() if notice.channel_id == channel.id]
        return ChannelView(
            id=channel.id,
            name=channel.name,
            kind=channel.kind,
            place=parse_url(channel.url).place,
            signed=bool(channel.secret),
            events=channel.events,
            cleared=channel.cleared,
            enabled=channel.enabled,
            created_at=channel.created_at,
            last=self._last.get(channel.id),
            waiting=own.count(True),
            given_up=own.count(False),
        )

    # -- telling -------------------------------------------------------------------------------------------------

    async def _hear(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self._parts.bus.subscribe(1024, only=(AlertRaised, AlertCleared)) as events:
            task_status.started()
            async for event in events:
                if isinstance(event, AlertRaised) and event.alert.id not in self._notices.standing:
                    await self._tell(News(type="alert.raised", at=event.at, alert=event.alert))
                elif isinstance(event, AlertCleared):
                    await self._tell(News(type="alert.cleared", at=event.at, alert=event.alert))

    async def _settle(self) -> None:
        """Catch up with what began and ended while nobody listened here."""
        await trio.sleep(SETTLE_SECONDS)
        present, now = {alert.id: alert for alert in self._parts.alerts()}, self._parts.now()
        standing = dict(self._notices.standing)
        for id_, alert in standing.items():
            if id_ not in present and id_ in self._notices.standing:
                await self._tell(News(type="alert.cleared", at=now, alert=alert))
        for id_, alert in present.items():
            if id_ not in self._notices.standing:
                await self._tell(News(type="alert.raised", at=now, alert=alert))

    async def _tell(self, news: News) -> None:
        wanting = [channel.id for channel in self._channels.values() if wants(channel, news)]
        begun = await self._notices.add(news, wanting, MOST_WAITING)
        if len(begun) < len(wanting):
            log.warning("notification given up, too many wait alert=%s", news.alert.id)
        for notice in begun:
            self._begin(notice.channel_id)

    async def _tell_again(self, notice_id: str) -> Notice:
        notice = self._notices.get(notice_id)
        if notice is None:
            raise Failure(Code.NOT_FOUND, f"There is no message {notice_id[:80]} that waits or was given up.")
        if notice.due:
            raise Failure(Code.CONFLICT, "This message is being told already.")
        again = replace(notice, next_at=self._parts.now(), tries=0)
        await self._notices.note(again)
        self._begin(again.channel_id)
        return again

    def _begin(self, channel_id: str) -> None:
        """Tell a channel all that it is due, one after the other."""
        if channel_id not in self._telling:
            self._telling.add(channel_id)
            self.tasks.start_soon(self._tell_channel, channel_id, name=f"notifications {channel_id}")

    async def _tell_channel(self, channel_id: str) -> None:
        while (notice := self._notices.first_due(channel_id)) is not None and notice.next_at is not None:
            # A wall clock may be set: nobody waits longer than the longest pause.
            pause = min(notice.next_at - self._parts.now(), self._parts.config.longest_pause_seconds)
            await trio.sleep(max(0.0, pause))
            channel = self._channels.get(channel_id)
            if channel is None or not channel.enabled:
                await self._notices.remove(notice.id)
                continue
            sent = await self._send(channel, notice.news, notice.id)
            if not sent.error:
                await self._notices.remove(notice.id)
            elif self._notices.get(notice.id) is not None:
                await self._notices.note(self._after(notice, sent))
        self._telling.discard(channel_id)

    def _after(self, notice: Notice, sent: Sent) -> Notice:
        """How it stands after a try that was refused."""
        config, tries = self._parts.config, notice.tries + 1
        pauses = Backoff(first=config.pause_seconds, factor=4, limit=config.longest_pause_seconds)
        next_at = None if tries >= TRIES else self._parts.now() + pauses.delay(notice.tries)
        return replace(notice, tries=tries, next_at=next_at, error=sent.error)

    async def _test(self, channel: Channel) -> Sent:
        now = self._parts.now()
        alert = Alert(
            id="test",
            kind=channel.events[0],
            subject="notifications",
            title="This is a test",
            detail="Nothing is wrong. Messages of flow2api arrive here.",
            since=now,
        )
        return await self._send(channel, News(type="test", at=now, alert=alert), f"msg_{secrets.token_hex(16)}")

    async def _send(self, channel: Channel, news: News, message_id: str) -> Sent:
        """One try; how it went is kept for whoever looks."""
        parts, body, now = self._parts, body_of(channel, news), self._parts.now()
        headers = signature_headers(message_id, now, body, [channel.secret] if channel.secret else [])
        status, error = None, ""
        try:
            answer = await signed_post.post(
                parts.http,
                parts.guard,
                channel.url,
                body,
                headers if channel.secret else [],
                parts.config.timeout_seconds,
            )
        except NetworkFault as fault:
            error = str(fault)
        else:
            status, error = answer.status, signed_post.refusal(answer.status)
        self._last[channel.id] = sent = Sent(at=now, title=news.title, status=status, error=error)
        log.info("notification channel=%s type=%s status=%s error=%s", channel.id, news.type, status, error or "-")
        return sent
