"""Tells an operator's channels what wants a person, and when it is over.

Channels lie sealed in the store; what goes out is held in memory alone: whatever is still the case after a restart is raised, and so
told, again. Each channel gets its messages in order. A receiver is reached through the guard alone.
"""

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, assert_never

import msgspec
import trio
from msgspec.structs import replace

from flow2api.actors import signed_post
from flow2api.config import WebhooksConfig
from flow2api.domain.events import AlertCleared, AlertRaised
from flow2api.domain.notification import Channel, ChannelView, News, Sent, body_of, wants
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


NotifierMessage = ListChannels | PutChannel | FindChannel | RemoveChannel | TryChannel


@dataclass(frozen=True)
class NotifierParts:
    """What the telling is done with."""

    store: Store
    http: Http
    guard: Guard
    config: WebhooksConfig
    """Time limit and pauses are those of webhooks."""
    bus: EventBus
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
        self._turns: dict[str, trio.Lock] = {}
        self._waiting = 0

    async def start(self) -> None:
        stored = await self._parts.store.read(settings.get, STORED_AS)
        for channel in msgspec.convert(stored or [], list[Channel]):
            self._channels[channel.id] = channel
        if self._parts.send:
            await self.tasks.start(self._hear)

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
            case TryChannel():
                self.answer_in_task(self._test, self._find(message.channel_id))
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
        )

    # -- telling -------------------------------------------------------------------------------------------------

    async def _hear(self, *, task_status: trio.TaskStatus[None]) -> None:
        with self._parts.bus.subscribe(1024, only=(AlertRaised, AlertCleared)) as events:
            task_status.started()
            async for event in events:
                if isinstance(event, AlertRaised):
                    self._tell(News(type="alert.raised", at=event.at, alert=event.alert))
                elif isinstance(event, AlertCleared):
                    self._tell(News(type="alert.cleared", at=event.at, alert=event.alert))

    def _tell(self, news: News) -> None:
        for channel in self._channels.values():
            if not wants(channel, news):
                continue
            if self._waiting >= MOST_WAITING:
                log.warning("notification dropped, too many wait channel=%s alert=%s", channel.id, news.alert.id)
                continue
            self._waiting += 1
            self.tasks.start_soon(partial(self._deliver, channel, news), name=f"notification {channel.id}")

    async def _deliver(self, channel: Channel, news: News) -> None:
        config = self._parts.config
        pauses = iter(Backoff(first=config.pause_seconds, factor=4, limit=config.longest_pause_seconds))
        try:
            # Locks are fair, so what came first goes out first.
            async with self._turns.setdefault(channel.id, trio.Lock()):
                message_id = f"msg_{secrets.token_hex(16)}"
                for tries_left in reversed(range(TRIES)):
                    sent = await self._send(channel, news, message_id)
                    if not sent.error or not tries_left or channel.id not in self._channels:
                        return
                    await trio.sleep(next(pauses))
        finally:
            self._waiting -= 1

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
