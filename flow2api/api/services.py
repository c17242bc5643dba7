"""What the routes may reach: one frozen record, made by the composition root and handed to `make_app`.

Routes hold nothing else. Everything in here outlives a restart of the server, and the actors are seen through their refs alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import trio

from flow2api.actors.accounts_messages import AccountsMessage
from flow2api.actors.alerts import AlertBoard
from flow2api.actors.browser import BrowserMessage
from flow2api.actors.jobs import JobsMessage
from flow2api.actors.library import Library
from flow2api.actors.media import MediaMessage
from flow2api.actors.notifier import NotifierMessage
from flow2api.actors.proxy_messages import ProxiesMessage
from flow2api.actors.schedules import Schedules
from flow2api.actors.settings import Settings
from flow2api.actors.tab_pool import TabPoolMessage
from flow2api.actors.webhooks import WebhooksMessage
from flow2api.api.auth import KeyRing
from flow2api.api.offer import Offer
from flow2api.config import Config
from flow2api.domain.catalog import Catalog
from flow2api.domain.service import Traits
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Ref
from flow2api.kit.spec import NodeStatistics
from flow2api.log import Tail
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.store.door import Store


class LivePace(msgspec.Struct, frozen=True, kw_only=True):
    """How often the dashboard's connections are written to."""

    states_seconds: float = 0.1
    """Least pause between two frames of one topic that tell states."""
    page_seconds: float = 0.005
    """The pause is at least so much for each page, so that however many look, generations are not slower for it."""
    cost_factor: float = 25.0
    """The pause is at least so many times what it took to put the frame before in front of all pages."""
    most_seconds: float = 1.0
    """Longest pause that comes of these two."""
    numbers_seconds: float = 0.5
    """Pause between two tellings of numbers."""
    beat_seconds: float = 15.0
    """Pause between two signs of life; a page that gives none for three of them is cut off."""
    stall_seconds: float = 20.0
    """How long a page may take to read one frame."""


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How long a caller is left without a byte."""

    blank_after_seconds: float = 50.0
    """A whole answer that takes longer begins as status 200 with white space, since Node gives up after 300 s without
    headers and many proxies after 60. The price: a later failure can no longer be a status."""
    beat_seconds: float = 10.0
    """Pause between two signs of life, on streams and in the white space; some clients count chunks and allow 15 s."""
    live: LivePace = LivePace()


DEFAULT_PACE = Pace()


@dataclass
class LiveTally:
    """Counts of the dashboard's connections since the process started."""

    connections: int = 0
    """Open now."""
    frames: int = 0
    encoded: int = 0
    resyncs: int = 0
    cut_off: int = 0


@dataclass(frozen=True)
class Services:
    """Everything that the routes use."""

    settings: Settings
    store: Store
    offer: Offer
    providers: Mapping[str, Traits]
    """What the services that generate are like, by name; the usual one first."""
    jobs: Ref[JobsMessage]
    accounts: Ref[AccountsMessage]
    media: Ref[MediaMessage]
    proxies: Ref[ProxiesMessage]
    browser: Ref[BrowserMessage]
    tabs: Ref[TabPoolMessage]
    webhooks: Ref[WebhooksMessage]
    notifier: Ref[NotifierMessage]
    library: Library
    schedules: Schedules
    http: Http
    guard: Guard
    bus: EventBus
    keys: KeyRing
    alerts: AlertBoard
    tail: Tail
    draining: trio.Event
    admin_token: str
    setup_token: str
    """Opens the set-up from another machine, as long as there is no administrator."""
    started_at: float
    """Unix seconds."""
    tree: Callable[[], NodeStatistics]
    """The supervision tree as it is now."""
    restart: Callable[[Sequence[str]], None]
    """Begins a new life of what lives at a path of the tree, by hand."""
    pace: Pace = DEFAULT_PACE
    live: LiveTally = field(default_factory=LiveTally)

    @property
    def config(self) -> Config:
        """The settings in force; its sections may be kept, their fields not."""
        return self.settings.config

    @property
    def catalog(self) -> Catalog:
        """The models as they are offered now; not to be kept beyond a request."""
        return self.offer.catalog

    def __repr__(self) -> str:
        """The record holds secrets, so it shows nothing."""
        return "Services(...)"
