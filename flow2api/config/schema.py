"""What can be set: one frozen struct for each section; type, range and description of a setting stand at its field.

The description is the only one: the example file, `flow2api config` and every error message are made from it. `title` says
in words what is allowed where the type does not.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from flow2api.config.dashboard import DashboardConfig
from flow2api.config.dialects import ChatConfig, ModelsConfig
from flow2api.config.services import FalConfig, FlowConfig, GatewayConfig, GeminiConfig
from flow2api.config.values import (
    A_BASE_URL,
    BASE_URL,
    DAY,
    GIB,
    MIB,
    PORTS,
    YEARS,
    Interval,
    Network,
    Origin,
    Place,
    Proxy,
)
from flow2api.config.webhooks import WebhooksConfig


class ServerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how the gateway listens."""

    host: Annotated[
        str,
        Meta(min_length=1, description="Address to listen on; 0.0.0.0 is every interface, which a container needs."),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=PORTS, description="Port to listen on; 0 takes any free one.")] = 8000
    public_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^https?://\S+$",
            title="empty, or an http or https address",
            description="Address under which clients reach the gateway, for links to files; empty: as each request came.",
        ),
    ] = ""
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(description="Reverse proxies whose X-Forwarded-* headers are believed."),
    ] = ()
    max_body_bytes: Annotated[int, Meta(ge=1024, le=GIB, description="Largest request body that is read.")] = 64 * MIB
    grace_seconds: Annotated[
        float, Meta(ge=0, le=3600, description="How long running requests may go on after the signal to stop.")
    ] = 30.0
    cors_origins: Annotated[
        tuple[Origin, ...], Meta(description="Web pages of which origins may call the API from a browser.")
    ] = ("*",)
    blank_after_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=3600,
            description="Seconds after which a whole answer begins with white space while it is waited for; a failure after that "
            "can no longer be a status.",
        ),
    ] = 50.0
    beat_seconds: Annotated[
        float, Meta(ge=0.01, le=3600, description="Seconds for which an answer that has begun is never silent.")
    ] = 10.0


class CaptchaConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Captcha tokens."""

    method: Annotated[
        Literal["browser", "none"],
        Meta(
            description="Where captcha tokens come from. browser: tabs of a Chromium on this machine. none: calls carry no token."
        ),
    ] = "browser"
    headless: Annotated[
        Literal["auto", "yes", "no"],
        Meta(
            description="Whether browser windows stay hidden. Only the one to sign in with is ever shown: with auto where there is a "
            "display, with no always, with yes never."
        ),
    ] = "auto"
    max_tabs: Annotated[
        int, Meta(ge=1, le=50, description="Captcha tabs that are open at a time, one for each proxy.")
    ] = 4
    idle_seconds: Annotated[
        float, Meta(ge=10, le=DAY, description="Seconds without use after which a captcha tab is closed.")
    ] = 600.0
    tokens_per_tab: Annotated[
        int, Meta(ge=1, le=100_000, description="Tokens after which a captcha tab is replaced by a fresh one.")
    ] = 200
    tab_seconds: Annotated[
        float, Meta(ge=60, le=30 * DAY, description="Seconds after which a captcha tab is replaced by a fresh one.")
    ] = 21600.0
    script_url: Annotated[
        str,
        Meta(
            pattern=BASE_URL, title=A_BASE_URL, description="Captcha script, added to a page that has none of its own."
        ),
    ] = "https://www.google.com/recaptcha/enterprise.js"


class StorageConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, and where."""

    data_dir: Annotated[
        str, Meta(min_length=1, description="Folder of the database, the media files and the key that seals secrets.")
    ] = "data"
    database_url: Annotated[
        str,
        Meta(
            pattern=r"^$",
            title="empty (SQLite in the data folder); PostgreSQL is planned",
            description="Planned, without effect yet: database server to use in place of SQLite.",
        ),
    ] = ""


class ProxyConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Exits to the outside."""

    urls: Annotated[
        tuple[Proxy, ...], Meta(description="Proxies through which accounts reach the service; none: directly.")
    ] = ()
    media_urls: Annotated[
        tuple[Proxy, ...],
        Meta(description="Proxies through which finished media are fetched; none: those of proxy.urls."),
    ] = ()
    rotation: Annotated[
        Literal["sticky", "round_robin"],
        Meta(
            description="sticky keeps each account on one proxy as long as that works, round_robin deals the proxies out in turn."
        ),
    ] = "sticky"
    rest_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=1800,
            description="First rest of a proxy that failed; while it keeps failing each is twice as long, up to half an hour.",
        ),
    ] = 30.0
    check_url: Annotated[
        str,
        Meta(
            pattern=r"^$|^https?://\S+$",
            title="empty, or an http or https address",
            description="What proxies are checked against: they have to lead there, nothing is asked for. Empty: the service itself.",
        ),
    ] = ""
    check_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=DAY,
            description="Least seconds between two checks of one proxy; only those that rest or were not used for five times as long "
            "are checked.",
        ),
    ] = 60.0

    def __repr__(self) -> str:
        """Proxy addresses hold passwords, so they are counted, not shown."""
        return f"ProxyConfig(urls=<{len(self.urls)}>, media_urls=<{len(self.media_urls)}>, rotation={self.rotation!r})"


class AccountsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How accounts are treated."""

    default_image_concurrency: Annotated[
        int, Meta(ge=1, le=100, description="Pictures that a new account may make at a time.")
    ] = 2
    default_video_concurrency: Annotated[
        int, Meta(ge=1, le=100, description="Clips that a new account may make at a time.")
    ] = 2
    error_threshold: Annotated[
        int, Meta(ge=1, le=1000, description="Errors in a row after which an account is disabled.")
    ] = 3
    rest_seconds: Annotated[
        float, Meta(ge=0, le=30 * DAY, description="Rest of an account that was told it asks too often.")
    ] = 12 * 3600.0


class JobsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Generations from request to result."""

    queue_limit: Annotated[
        int, Meta(ge=1, le=100_000, description="Generations that may wait or run; more are refused with 429.")
    ] = 1000
    queue_timeout: Annotated[
        float, Meta(ge=0.1, le=DAY, description="Seconds that a generation may wait for an account.")
    ] = 600.0
    max_submits: Annotated[
        int,
        Meta(ge=1, le=20, description="How often a generation is tried before it has failed."),
    ] = 3
    pause_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=600,
            description="Pause before a generation or a download is tried again after a fault of the service; each further one is "
            "three times as long.",
        ),
    ] = 0.5
    retention_seconds: Annotated[
        float,
        Meta(
            ge=60,
            le=YEARS,
            description="How long records of finished generations are kept.",
        ),
    ] = 30 * DAY
    log_retention_seconds: Annotated[
        float, Meta(ge=60, le=YEARS, description="How long the request log keeps a line for each generation.")
    ] = 90 * DAY


class MediaConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Pictures and clips on disk."""

    retention_seconds: Annotated[
        float,
        Meta(ge=60, le=YEARS, description="How long results are kept, but never those of an unfinished generation."),
    ] = 7 * DAY
    max_bytes: Annotated[
        int,
        Meta(
            ge=MIB,
            le=1024 * 1024 * GIB,
            description="Space for media files; when they take more, the oldest results go first.",
        ),
    ] = 10 * GIB
    allow_private: Annotated[
        tuple[Place, ...],
        Meta(description="Private addresses from which input pictures and results may be fetched all the same."),
    ] = ()


class SchedulesConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Regular work. An interval that an operator sets at run time goes before the one that is set here."""

    login_seconds: Annotated[
        Interval, Meta(description="Seconds between two looks for logins that end soon, which are then renewed.")
    ] = 60.0
    login_ahead_seconds: Annotated[
        float, Meta(ge=0, le=DAY, description="Seconds before its end at which a login is renewed.")
    ] = 600.0
    credits_seconds: Annotated[
        Interval, Meta(description="Seconds between two readings of credits and tier of each active account.")
    ] = 1800.0
    session_seconds: Annotated[
        Interval,
        Meta(
            description="Seconds between two looks into the browser profiles in which operators signed in, for newer sessions of their "
            "accounts."
        ),
    ] = 86400.0
    spread_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Pause, on average, between two accounts of one service when they are gone through.",
        ),
    ] = 2.0
    unrest_seconds: Annotated[
        Interval,
        Meta(description="Seconds between two looks for accounts whose rest is over but did not end by itself."),
    ] = 3600.0
    proxies_seconds: Annotated[Interval, Meta(description="Seconds between two checks of all proxies.")] = 3600.0
    tabs_seconds: Annotated[Interval, Meta(description="Seconds between two looks for captcha tabs that are idle.")] = (
        60.0
    )
    sweep_seconds: Annotated[
        Interval, Meta(description="Seconds between two clean-ups of media files, by age and by space.")
    ] = 900.0
    prune_seconds: Annotated[
        Interval, Meta(description="Seconds between two clean-ups of old generations and of the request log.")
    ] = 3600.0
    maintenance_seconds: Annotated[
        Interval,
        Meta(description="Seconds between two rounds of database maintenance, which give free space back to the disk."),
    ] = 86400.0


class BackupConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Copies of the database in the folder backups of the data folder, made while the gateway runs."""

    interval_seconds: Annotated[Interval, Meta(description="Seconds between two copies of the database.")] = 86400.0
    keep: Annotated[int, Meta(ge=1, le=10_000, description="How many copies are kept; the oldest go first.")] = 7


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The log: on standard error, and kept in the database for the dashboard."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="Least weight of what is logged.")
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="text is one key=value line for each fact, json one object.")
    ] = "text"
    retention_seconds: Annotated[
        float,
        Meta(ge=60, le=YEARS, description="How long lines are kept in the database, where the dashboard finds them."),
    ] = 7 * DAY
    max_lines: Annotated[
        int,
        Meta(
            ge=1000, le=10_000_000, description="How many lines are kept in the database at most; the oldest go first."
        ),
    ] = 100_000
    stall_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="For development: warn when one step of a task holds up all others for longer than this; 0 does not look.",
        ),
    ] = 0.0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set, resolved."""

    server: ServerConfig = ServerConfig()
    flow: FlowConfig = FlowConfig()
    gemini: GeminiConfig = GeminiConfig()
    fal: FalConfig = FalConfig()
    gateway: GatewayConfig = GatewayConfig()
    captcha: CaptchaConfig = CaptchaConfig()
    storage: StorageConfig = StorageConfig()
    proxy: ProxyConfig = ProxyConfig()
    accounts: AccountsConfig = AccountsConfig()
    models: ModelsConfig = ModelsConfig()
    chat: ChatConfig = ChatConfig()
    jobs: JobsConfig = JobsConfig()
    media: MediaConfig = MediaConfig()
    webhooks: WebhooksConfig = WebhooksConfig()
    schedules: SchedulesConfig = SchedulesConfig()
    backup: BackupConfig = BackupConfig()
    dashboard: DashboardConfig = DashboardConfig()
    log: LogConfig = LogConfig()
