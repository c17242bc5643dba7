"""Everything that the program says on its bus, one tagged union; most of it goes on to the dashboard as it is.

Events are past facts, frozen, and hold no secret. Times are Unix seconds (UTC).
"""

from collections.abc import Mapping

import msgspec

from flow2api.domain.account import AccountView
from flow2api.domain.captcha import BrowserView, TabView
from flow2api.domain.job import Progress
from flow2api.domain.overview import Alert
from flow2api.domain.proxy import ProxyHome, ProxyView
from flow2api.domain.schedule import ScheduleView


class JobMoved(msgspec.Struct, frozen=True, tag="job_moved"):
    """A job changed its state or its stage."""

    progress: Progress
    at: float


class JobRemoved(msgspec.Struct, frozen=True, tag="job_removed"):
    """A job that was over is forgotten, with all that it made."""

    job_id: str
    at: float


class AccountChanged(msgspec.Struct, frozen=True, tag="account_changed"):
    """Something about an account changed: standing, credits, tier, settings, what is in flight."""

    view: AccountView
    at: float


class AccountRemoved(msgspec.Struct, frozen=True, tag="account_removed"):
    """An account was taken out."""

    account_id: str
    at: float


class ProxyChanged(msgspec.Struct, frozen=True, tag="proxy_changed"):
    """Something about a proxy changed: its standing, its score, who goes out through it. Its address is masked."""

    view: ProxyView
    at: float


class ProxyRemoved(msgspec.Struct, frozen=True, tag="proxy_removed"):
    """A proxy was taken out."""

    proxy_id: str
    at: float


class HomesChanged(msgspec.Struct, frozen=True, tag="homes_changed"):
    """Accounts go out through other proxies than before: where all stay now, by the ids of the accounts."""

    homes: Mapping[str, ProxyHome]
    at: float


class ScheduleChanged(msgspec.Struct, frozen=True, tag="schedule_changed"):
    """A piece of regular work began to run, or was paused, resumed or given another interval."""

    view: ScheduleView
    at: float


class ScheduleRan(msgspec.Struct, frozen=True, tag="schedule_ran"):
    """A run of a piece of regular work ended; `view.last` tells how."""

    view: ScheduleView
    at: float


class BrowserChanged(msgspec.Struct, frozen=True, tag="browser_changed"):
    """The captcha browser was started, came up, ended or could not be had."""

    view: BrowserView
    at: float


class TabChanged(msgspec.Struct, frozen=True, tag="tab_changed"):
    """A captcha tab was opened, became ready, busy or unusable, or gave a token."""

    view: TabView
    at: float


class TabClosed(msgspec.Struct, frozen=True, tag="tab_closed"):
    """A captcha tab is gone."""

    tab_id: int
    at: float


class KeyChanged(msgspec.Struct, frozen=True, tag="key_changed"):
    """An API key was made, changed or revoked; who wants to know more asks for it by its id."""

    key_id: str
    at: float


class SettingChanged(msgspec.Struct, frozen=True, tag="setting_changed"):
    """A setting was given another value at run time, which may be a secret and is not told here."""

    name: str
    at: float


class AlertRaised(msgspec.Struct, frozen=True, tag="alert_raised"):
    """Something wants a person."""

    alert: Alert
    at: float


class AlertCleared(msgspec.Struct, frozen=True, tag="alert_cleared"):
    """What wanted a person is well again, or gone."""

    alert: Alert
    at: float


class DrainStarted(msgspec.Struct, frozen=True, tag="drain_started"):
    """The process has begun to stop."""

    at: float


Event = (
    JobMoved
    | JobRemoved
    | AccountChanged
    | AccountRemoved
    | ProxyChanged
    | ProxyRemoved
    | HomesChanged
    | ScheduleChanged
    | ScheduleRan
    | BrowserChanged
    | TabChanged
    | TabClosed
    | KeyChanged
    | SettingChanged
    | AlertRaised
    | AlertCleared
    | DrainStarted
)
