"""Telling an operator that something wants a person: where to, about what, and in which words. Pure data and pure functions."""

from typing import Literal, get_args

import msgspec

from flow2api.domain.overview import Alert, AlertKind

ChannelKind = Literal["json", "discord", "slack"]
KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell. Secret: the address often holds a token, and is stored sealed."""

    id: str
    name: str
    kind: ChannelKind
    """`json` is a signed message for programs; the others are a line of text in the form that these services take."""
    url: str
    secret: str = ""
    """Signs messages of the kind `json`; empty for none."""
    events: tuple[AlertKind, ...] = KINDS
    cleared: bool = True
    """Whether to tell as well when it is over."""
    enabled: bool = True
    created_at: float = 0.0

    def __repr__(self) -> str:
        return f"Channel({self.id})"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """How the last message went."""

    at: float
    title: str
    status: int | None = None
    error: str = ""
    """In words, empty when it was taken."""


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as others see it."""

    id: str
    name: str
    kind: ChannelKind
    place: str
    """Host and port; the rest of the address is never told."""
    signed: bool
    events: tuple[AlertKind, ...]
    cleared: bool
    enabled: bool
    created_at: float
    last: Sent | None = None
    """Since the start of the process."""
    waiting: int = 0
    """Messages that are still to be told."""
    given_up: int = 0
    """Messages that it did not take in all tries, as far as they are kept."""


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One message to all channels that want it."""

    type: Literal["alert.raised", "alert.cleared", "test"]
    at: float
    alert: Alert

    @property
    def title(self) -> str:
        return f"Over: {self.alert.title}" if self.type == "alert.cleared" else self.alert.title


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """News that one channel is to be told, until it is."""

    id: str
    """The `webhook-id`, the same in all tries."""
    channel_id: str
    news: News
    created_at: float
    next_at: float | None
    """When it is tried next; None when it was given up."""
    tries: int = 0
    error: str = ""
    """Of the last try, in words."""

    @property
    def due(self) -> bool:
        return self.next_at is not None


class _Text(msgspec.Struct, frozen=True, omit_defaults=True):
    """What Discord (`content`) and Slack (`text`) take."""

    content: str | None = None
    text: str | None = None


def wants(channel: Channel, news: News) -> bool:
    """Whether the channel is to be told."""
    if not channel.enabled or news.alert.kind not in channel.events:
        return False
    return channel.cleared or news.type != "alert.cleared"


def body_of(channel: Channel, news: News) -> bytes:
    """The message in the channel's own form."""
    if channel.kind == "json":
        return msgspec.json.encode(news)
    line = f"flow2api: {news.title}" if news.type == "alert.cleared" else f"flow2api: {news.title}\n{news.alert.detail}"
    # Mentions and links in an account's label shall do nothing.
    plain = line.replace("@", "@\u200b").replace("<", "\u2039").replace(">", "\u203a")[:1900]
    return msgspec.json.encode(_Text(content=plain) if channel.kind == "discord" else _Text(text=plain))
