"""What dashboard and gateway say to each other over `/api/live`: one JSON object a frame, told apart by its `type`.

The gateway says `hello` at once. The page says which topics it shows (`subscribe`, each time the whole list) and gets a `snapshot`
of each new one, then `events`. `seq` begins at 1 and rises by one with every snapshot and every `events` frame of a connection, so
a page that finds a gap has a fault of its own and connects anew. What this side had to leave out, because the page read too slowly,
it makes up for with a new snapshot of the topic, which replaces all that was known of it.

What a topic tells comes as a whole record that replaces the one of the same id, or for a generation as the new values of its fields
(`job_stepped`), which a page that does not know it passes over; so an event may be applied over a snapshot that tells it already.
Events of states come each and in order; numbers are told a few times a second, the newest alone.

Signs of life: the page answers each `beat` with a `ping`; one that says nothing for three beats is cut off. A page that hears
nothing for two beats takes the connection for lost. The handshake is refused with 401 without a session and with 403 for a page of
another origin; browsers show neither, so a page that cannot connect asks `GET /api/session`. Changes are made through the REST routes.

The page's own types are written from this module by `python -m tests.protocol`.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from flow2api.api.admin.keys import KeyView
from flow2api.domain.account import AccountView
from flow2api.domain.captcha import BrowserView, TabView
from flow2api.domain.events import (
    AccountChanged,
    AccountRemoved,
    AlertCleared,
    AlertRaised,
    BrowserChanged,
    HomesChanged,
    JobMoved,
    JobRemoved,
    ProxyChanged,
    ProxyRemoved,
    ScheduleChanged,
    ScheduleRan,
    SettingChanged,
    TabChanged,
    TabClosed,
)
from flow2api.domain.job import JobError, JobState, Progress
from flow2api.domain.logline import LogLine
from flow2api.domain.overview import Now, Overview, Part, Trends
from flow2api.domain.proxy import ProxyHome, ProxyView
from flow2api.domain.schedule import ScheduleView
from flow2api.kit.bus import BusStatistics
from flow2api.kit.life import Life
from flow2api.kit.mailbox import MailboxStatistics
from flow2api.kit.spec import Kind, State
from flow2api.net.http import HttpStatistics
from flow2api.store.base import StoreStatistics

PROTOCOL = 2
"""Rises when a page of the version before could not understand this one any more."""

CLOSE_DRAINING = 1001
CLOSE_SILENT = 4408
CLOSE_SIGNED_OUT = 4401

TopicName = Literal["overview", "jobs", "accounts", "captcha", "proxies", "system", "keys", "logs"]


# -- what topics tell --------------------------------------------------------------------------------------------------


class NodeView(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the supervision tree."""

    path: str
    """Its name after those of all above it, with slashes between; tells it apart from all others."""
    parent: str
    """The path of the node above, empty for the root."""
    name: str
    kind: Kind
    state: State
    restarts: int = 0
    last_error: str | None = None
    mailbox: MailboxStatistics | None = None
    """Supervisors have none."""


class LiveStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the live connections since the server started."""

    connections: int = 0
    topics: list[str] = []
    """Those that somebody looks at now."""
    frames: int = 0
    """`events` frames that were written, over all connections."""
    encoded: int = 0
    """How many of them were different ones: each is encoded once, however many listen."""
    resyncs: int = 0
    """Snapshots that were sent because a page read too slowly."""
    cut_off: int = 0
    """Connections that were ended because their page did not read, or said nothing."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What the parts that are no actors say of themselves."""

    bus: BusStatistics
    store: StoreStatistics
    http: HttpStatistics
    live: LiveStatistics


# -- snapshots: the state of a topic -----------------------------------------------------------------------------------


class OverviewState(msgspec.Struct, frozen=True, tag_field="topic", tag="overview"):
    overview: Overview


class JobsState(msgspec.Struct, frozen=True, tag_field="topic", tag="jobs"):
    """Every live generation up to a bound, and the newest ones that ended; newest first. Long prompts are cut short and upstream
    links left out: `GET /api/jobs/<id>` tells all, `GET /api/jobs` has the history."""

    jobs: list[Progress]


class AccountsState(msgspec.Struct, frozen=True, tag_field="topic", tag="accounts"):
    accounts: list[AccountView]


class CaptchaState(msgspec.Struct, frozen=True, tag_field="topic", tag="captcha"):
    method: str
    """Where tokens come from, as set; with `none` there is neither browser nor tab."""
    browser: BrowserView | None
    tabs: list[TabView]


class ProxiesState(msgspec.Struct, frozen=True, tag_field="topic", tag="proxies"):
    proxies: list[ProxyView]
    homes: Mapping[str, ProxyHome]
    """Which proxy each account stays with, by the id of the account."""


class SystemState(msgspec.Struct, frozen=True, tag_field="topic", tag="system"):
    version: str
    started_at: float
    draining: bool
    nodes: list[NodeView]
    """The supervision tree, each node after the one above it, siblings in the order of start."""
    schedules: list[ScheduleView]
    figures: Figures


class KeysState(msgspec.Struct, frozen=True, tag_field="topic", tag="keys"):
    keys: list[KeyView]


class LogsState(msgspec.Struct, frozen=True, tag_field="topic", tag="logs"):
    """The newest lines, oldest first."""

    lines: list[LogLine]


TopicState = (
    OverviewState | JobsState | AccountsState | CaptchaState | ProxiesState | SystemState | KeysState | LogsState
)


# -- events that only the live connection has --------------------------------------------------------------------------


class JobStep(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a job that have another value now; what is left out is as it was."""

    state: JobState
    updated_at: float | UnsetType = UNSET
    queue_deadline: float | UnsetType = UNSET
    crashes: int | UnsetType = UNSET
    account_id: str | UnsetType | None = UNSET
    submits: int | UnsetType = UNSET
    price: int | UnsetType | None = UNSET
    results: tuple[str, ...] | UnsetType = UNSET
    error: JobError | UnsetType | None = UNSET
    submitted_at: float | UnsetType | None = UNSET
    finished_at: float | UnsetType | None = UNSET


class JobStepped(msgspec.Struct, frozen=True, kw_only=True, tag="job_stepped"):
    """A generation that the topic has told whole went on: the fields of its `Progress` that have another value now."""

    id: str
    job: JobStep
    position: int | UnsetType | None = UNSET
    stage: str | UnsetType = UNSET
    account: str | UnsetType | None = UNSET
    percent: int | UnsetType | None = UNSET
    note: str | UnsetType = UNSET


class NowChanged(msgspec.Struct, frozen=True, tag="now_changed"):
    now: Now


class TrendsChanged(msgspec.Struct, frozen=True, tag="trends_changed"):
    """Always of the last hour; other windows are for `GET /api/overview`."""

    trends: Trends


class PartsChanged(msgspec.Struct, frozen=True, tag="parts_changed"):
    parts: tuple[Part, ...]


class NodesChanged(msgspec.Struct, frozen=True, tag="nodes_changed"):
    """Nodes of the supervision tree that are new or have other figures, and the paths of those that are gone."""

    nodes: list[NodeView]
    gone: list[str]


class FiguresChanged(msgspec.Struct, frozen=True, tag="figures_changed"):
    figures: Figures


class KeyShown(msgspec.Struct, frozen=True, tag="key_changed"):
    """An API key is new or changed."""

    view: KeyView


class Logged(msgspec.Struct, frozen=True, tag="logged"):
    """Lines of the log, oldest first. `missed` counts older ones that came too fast to be shown."""

    lines: list[LogLine]
    missed: int


LiveEvent = (
    NowChanged
    | TrendsChanged
    | PartsChanged
    | AlertRaised
    | AlertCleared
    | JobMoved
    | JobStepped
    | JobRemoved
    | AccountChanged
    | AccountRemoved
    | BrowserChanged
    | TabChanged
    | TabClosed
    | ProxyChanged
    | ProxyRemoved
    | HomesChanged
    | Life
    | NodesChanged
    | FiguresChanged
    | ScheduleChanged
    | ScheduleRan
    | SettingChanged
    | KeyShown
    | Logged
)


# -- frames ------------------------------------------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    version: str
    protocol: int
    instance: str
    """Another one means that the gateway was started anew."""
    session: str
    """Id of the sign-in that this connection belongs to, empty for a script with the instance's token."""
    time: float
    """The gateway's clock, by which all times are to be read."""
    beat_seconds: float
    draining: bool


class Snapshot(msgspec.Struct, frozen=True, kw_only=True, tag="snapshot"):
    seq: int
    state: TopicState


class Events(msgspec.Struct, frozen=True, kw_only=True, tag="events"):
    seq: int
    topic: TopicName
    events: list[LiveEvent]


class Beat(msgspec.Struct, frozen=True, kw_only=True, tag="beat"):
    time: float


class Pong(msgspec.Struct, frozen=True, kw_only=True, tag="pong"):
    id: int
    time: float


class Draining(msgspec.Struct, frozen=True, kw_only=True, tag="draining"):
    """The gateway has begun to stop; the connection is closed with 1001 when it is done, after so many seconds at most."""

    grace_seconds: float


class Complaint(msgspec.Struct, frozen=True, kw_only=True, tag="error"):
    """What the page sent, or a topic, could not be served; the connection goes on."""

    code: str
    message: str
    topic: TopicName | None = None


ServerFrame = Hello | Snapshot | Events | Beat | Pong | Draining | Complaint


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe"):
    """Show these topics and no others."""

    topics: list[TopicName]


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """A sign of life; answered with `pong` when it has an id other than 0."""

    id: int = 0


ClientFrame = Subscribe | Ping
