"""The tree of actors: which there are, in what order they start, and who holds whose ref. Part of the composition root.

Start order is the order of asks turned round: who is asked starts first and is stopped last. A crash is its own part's alone: all
hold refs, which outlast the lives behind them, and what several parts share (roster, line, exits, live jobs) are plain objects
that outlast them too. So a restart of any part but the server cuts no connection, and one of any part but `jobs` and `accounts`
no paid call.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from flow2api.actors import accounts
from flow2api.actors.account import AccountParts
from flow2api.actors.account_rounds import AccountRounds
from flow2api.actors.accounts_messages import AccountsMessage
from flow2api.actors.alerts import AlertBoard, Alerts
from flow2api.actors.apart import apart
from flow2api.actors.browser import Browser, BrowserMessage
from flow2api.actors.captcha import BROWSER_DRAIN_SECONDS, Captcha, CaptchaParts, ChosenCaptcha, TabCaptcha
from flow2api.actors.captcha_source import CaptchaSource
from flow2api.actors.chores import chores
from flow2api.actors.dispatcher import Dispatcher, DispatcherMessage, Reconsider
from flow2api.actors.exits import ExitBook
from flow2api.actors.fair_queue import FairQueue
from flow2api.actors.housekeeping import Housekeeping
from flow2api.actors.job_rules import JobRules
from flow2api.actors.job_steps import JobParts
from flow2api.actors.jobs import Jobs, JobsMessage
from flow2api.actors.ledger import Ledger, Note, Tally
from flow2api.actors.library import Library
from flow2api.actors.links import ResultLinks
from flow2api.actors.log_book import LogBook, Mark
from flow2api.actors.media import Media, MediaMessage
from flow2api.actors.notifier import Notifier, NotifierMessage, NotifierParts
from flow2api.actors.proxies import Proxies, ProxyParts
from flow2api.actors.proxy_messages import ProxiesMessage
from flow2api.actors.roster import Roster
from flow2api.actors.schedule import ScheduleParts
from flow2api.actors.schedules import Schedules
from flow2api.actors.session_refresh import SessionRefresh
from flow2api.actors.settings import Settings
from flow2api.actors.supply_rounds import SupplyRounds
from flow2api.actors.tab_pool import PoolRules, TabPool, TabPoolMessage
from flow2api.actors.tab_slot import Site
from flow2api.actors.watch import LiveJob
from flow2api.actors.webhooks import WebhookParts, Webhooks, WebhooksMessage, supervised
from flow2api.api.auth import KeyRing
from flow2api.api.offer import Offer
from flow2api.api.server import Listeners
from flow2api.api.services import Pace, Services
from flow2api.api.serving import Serving
from flow2api.browser.logins import Logins
from flow2api.browser.profile import captcha_profile
from flow2api.config import Config, Resolved
from flow2api.domain.account import RestPolicy
from flow2api.domain.catalog import Catalog
from flow2api.domain.events import DrainStarted
from flow2api.domain.present import present
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.kit.timing import Backoff
from flow2api.log import Secret, Tail
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.net.probe import probe
from flow2api.net.url import Url, parse_url
from flow2api.providers.registry import open_providers
from flow2api.store.door import Store

# Writes of the last records and of counters; short, since nothing waits for others there.
SHORT_DRAIN_SECONDS = 5.0
# Below the data folder.
MEDIA_FOLDER = "media"


@dataclass(frozen=True)
class Ground:
    """What the tree stands on: opened before it, closed after it, and not touched by its restarts."""

    resolved: Resolved
    check: Callable[[Config], object]
    """Refuses settings that cannot be gone by, with a `ConfigError`."""
    apply: Callable[[Config, Config], object]
    """Makes a change of settings known where the tree does not reach."""
    store: Store
    http: Http
    proxies: Mailbox[ProxiesMessage]
    """Made before the rest, since `http` reports to it."""
    catalog: Catalog
    listeners: Listeners
    admin_token: Secret
    setup_token: Secret
    """Empty when an administrator has set a password already."""
    tail: Tail
    take_up: bool
    """Whether stored generations go on and the regular work is done: not in a gateway that a command starts for itself."""


class Tree:
    """Everything that runs, built but not started: start `root`."""

    def __init__(self, ground: Ground) -> None:
        store = ground.store
        self.draining = trio.Event()
        self.doors = trio.Event()
        """Set when everything is ready for callers."""
        self.bus = EventBus()
        self.settings = Settings(ground.resolved, store, self.bus, time.time, check=ground.check, apply=ground.apply)
        self.config = config = self.settings.config
        self.keys = KeyRing(store, bus=self.bus)
        # The operator's token opens the API as well, so that a command needs no key of its own.
        self.keys.lend(ground.admin_token.reveal(), "admin")
        self.offer = Offer(store, ground.catalog, self.bus)
        self._ground = ground
        self._store = store
        self._http = ground.http
        self._exits = ExitBook(config.proxy.rotation)
        self._roster = Roster()
        self._alerts = AlertBoard()
        self._line: FairQueue[object] = FairQueue()
        self._live: dict[str, LiveJob] = {}
        self._library = Library(Path(config.storage.data_dir) / MEDIA_FOLDER)
        self._sessions = SessionRefresh(Logins(Path(config.storage.data_dir)))
        self._guard = present(lambda: Guard(config.media.allow_private))
        self._providers = open_providers(ground.http, config, time.time, self._guard)
        self._traits = {name: provider.traits for name, provider in self._providers.items()}
        self._make_mailboxes()
        self._schedules = self._regular_work()
        self.accounts = self._accounts.ref
        self.proxies = ground.proxies.ref
        self.root = Supervisor("flow2api", self._children(), max_restarts=3, within=60.0, bus=self.bus)

    def start_drain(self) -> None:
        """Begin to stop: what waits is told; what is paid for is waited for when `root` is stopped."""
        if not self.draining.is_set():
            self.draining.set()
            self.bus.publish(DrainStarted(at=time.time()))

    def _make_mailboxes(self) -> None:
        self._browser: Mailbox[BrowserMessage] = Mailbox("captcha browser", Browser.mailbox_size)
        self._tabs: Mailbox[TabPoolMessage] = Mailbox("captcha tabs", TabPool.mailbox_size)
        self._ledger: Mailbox[Note] = Mailbox("ledger", Ledger.mailbox_size)
        self._media: Mailbox[MediaMessage] = Mailbox("media", Media.mailbox_size)
        self._accounts: Mailbox[AccountsMessage] = Mailbox("accounts", accounts.Accounts.mailbox_size)
        self._dispatcher: Mailbox[DispatcherMessage] = Mailbox("dispatcher", Dispatcher.mailbox_size)
        self._jobs: Mailbox[JobsMessage] = Mailbox("jobs", Jobs.mailbox_size)
        self._notifier: Mailbox[NotifierMessage] = Mailbox("notifier", Notifier.mailbox_size)
        self._webhooks: Mailbox[WebhooksMessage] = Mailbox("webhook sender", Webhooks.mailbox_size)

    def _children(self) -> list[ChildSpec]:
        config, store = self.config, self._store
        grace = config.server.grace_seconds
        links = ResultLinks(self._guard, self._roster, self._traits)
        keep = (lambda: config.media.retention_seconds, time.time)
        media = (self._library, store, self._http, self._exits, links, *keep)
        fetching = partial(Media, *media, pauses=lambda: Backoff(first=config.jobs.pause_seconds, factor=3, limit=10))
        account_parts, job_parts = self._account_parts(), self._job_parts()
        self.cut_short = job_parts.cut_short
        schedules = ChildSpec("schedules", self._schedules.supervisor, drain_seconds=SHORT_DRAIN_SECONDS)
        webhooks = ChildSpec("webhooks", self._webhook_sender, drain_seconds=SHORT_DRAIN_SECONDS)
        rules = JobRules(config.jobs, self._traits, self._ground.take_up, self.keys.limits)
        proxy_parts = self._proxy_parts()
        return [
            ChildSpec("records", partial(self._records, Tally(), Mark()), drain_seconds=SHORT_DRAIN_SECONDS),
            ChildSpec(
                "proxies",
                lambda: Proxies(proxy_parts),
                mailbox=self._ground.proxies,
                drain_seconds=SHORT_DRAIN_SECONDS,
            ),
            # Nothing is started in here until a token is asked for.
            ChildSpec("captcha", self._captcha, drain_seconds=2 * BROWSER_DRAIN_SECONDS),
            ChildSpec("media", fetching, mailbox=self._media, drain_seconds=SHORT_DRAIN_SECONDS),
            ChildSpec(
                "accounts",
                lambda: accounts.supervised(account_parts, config.accounts, self._accounts),
                drain_seconds=2 * SHORT_DRAIN_SECONDS,
            ),
            ChildSpec(
                "dispatcher",
                lambda: Dispatcher(self._roster, self._line, time.time),
                mailbox=self._dispatcher,
                drain_seconds=SHORT_DRAIN_SECONDS,
            ),
            ChildSpec(
                "jobs",
                lambda: Jobs(job_parts, rules, self._line, self._live, self.bus, self.draining),
                mailbox=self._jobs,
                # The grace was the server's, which stays up while generations run.
                drain_seconds=SHORT_DRAIN_SECONDS,
            ),
            # Only the server asks it; jobs nudge it without waiting.
            webhooks,
            *([schedules] if self._ground.take_up else []),
            ChildSpec("notifications", self._notifications, drain_seconds=SHORT_DRAIN_SECONDS),
            ChildSpec(
                "server",
                lambda: Serving(self._services(), self._ground.listeners, self.doors),
                drain_seconds=grace + SHORT_DRAIN_SECONDS,
            ),
        ]

    def _account_parts(self) -> AccountParts:
        config = self.config
        policy = present(
            lambda: RestPolicy(
                error_threshold=config.accounts.error_threshold, throttled_seconds=config.accounts.rest_seconds
            )
        )
        dispatcher = self._dispatcher.ref
        return AccountParts(
            store=self._store,
            providers=self._providers,
            captcha=self._captcha_source(),
            roster=self._roster,
            wake=lambda: dispatcher.cast(Reconsider()),
            bus=self.bus,
            policy=policy,
            exits=self._exits,
            sessions=self._sessions,
            now=time.time,
        )

    def _job_parts(self) -> JobParts:
        jobs = self.config.jobs
        return JobParts(
            store=self._store,
            dispatcher=self._dispatcher.ref,
            media=self._media.ref,
            ledger=self._ledger.ref,
            webhooks=self._webhooks.ref,
            library=self._library,
            max_submits=lambda: jobs.max_submits,
            services=self._traits,
            pauses=lambda: Backoff(first=jobs.pause_seconds, factor=3, limit=20),
        )

    def _captcha_source(self) -> CaptchaSource:
        captcha = self.config.captcha
        tabs = TabCaptcha(self._tabs.ref, self._exits.exit_for)
        return ChosenCaptcha(tabs, lambda: captcha.method == "browser")

    def _captcha(self) -> Captcha:
        rules = self.config.captcha
        page = present(lambda: next(traits.captcha for traits in self._traits.values() if traits.captcha))
        parts = CaptchaParts(
            profile=captcha_profile(Path(self.config.storage.data_dir)),
            site=present(lambda: Site(page_url=page.url, site_key=page.site_key, script_url=rules.script_url)),
            rules=present(
                lambda: PoolRules(
                    max_tabs=rules.max_tabs,
                    idle_seconds=rules.idle_seconds,
                    max_tokens=rules.tokens_per_tab,
                    max_age_seconds=rules.tab_seconds,
                )
            ),
            bus=self.bus,
            now=time.time,
        )
        return Captcha(parts, self._browser, self._tabs)

    def _proxy_parts(self) -> ProxyParts:
        proxy = self.config.proxy

        def target() -> Url:
            usual = next(traits.base_url for traits in self._traits.values() if traits.base_url)
            return parse_url(proxy.check_url or usual)

        return ProxyParts(
            store=self._store,
            book=self._exits,
            bus=self.bus,
            config=proxy,
            probe=lambda exit_: probe(exit_, target()),
            now=time.time,
        )

    def _regular_work(self) -> Schedules:
        config, store = self.config, self._store
        backups = Path(config.storage.data_dir) / "backups"
        rounds = AccountRounds(self._roster, config.schedules, kept=self._sessions.kept)
        housekeeping = Housekeeping(config, store, self._media.ref, backups, time.time)
        supply = SupplyRounds(self._ground.proxies.ref, self._tabs.ref)
        return Schedules(chores(config, rounds, supply, housekeeping), ScheduleParts(store, self.bus, time.time))

    def _webhook_sender(self) -> Supervisor:
        config = self.config.webhooks
        guard = present(lambda: Guard(config.allow_private))
        parts = WebhookParts(self._store, self._http, guard, config, self._ground.take_up)
        return supervised(parts, self._webhooks, self.bus)

    def _records(self, tally: Tally, mark: Mark) -> Supervisor:
        """What is written down for people to read. Nothing waits for it, so nothing ends with it."""
        ledger = ChildSpec("ledger", lambda: Ledger(self._store, tally), mailbox=self._ledger)
        log_book = ChildSpec("log book", lambda: LogBook(self._store, self._ground.tail, mark))
        return apart("records", [ledger, log_book], self.bus)

    def _notifications(self) -> Supervisor:
        config = self.config.webhooks
        guard = present(lambda: Guard(config.allow_private))
        parts = NotifierParts(
            self._store, self._http, guard, config, self.bus, self._alerts.alerts, self._ground.take_up
        )
        notifier = ChildSpec("notifier", lambda: Notifier(parts), mailbox=self._notifier)
        # After the notifier, which so hears the first ones.
        alerts = ChildSpec("alerts", lambda: Alerts(self._alerts, self.bus, self._roster, self._schedules.views))
        return apart("notifications", [notifier, alerts], self.bus)

    def _services(self) -> Services:
        server = self.config.server
        return Services(
            settings=self.settings,
            store=self._store,
            offer=self.offer,
            providers=self._traits,
            jobs=self._jobs.ref,
            accounts=self._accounts.ref,
            media=self._media.ref,
            webhooks=self._webhooks.ref,
            notifier=self._notifier.ref,
            proxies=self.proxies,
            browser=self._browser.ref,
            tabs=self._tabs.ref,
            library=self._library,
            schedules=self._schedules,
            http=self._http,
            guard=self._guard,
            bus=self.bus,
            keys=self.keys,
            alerts=self._alerts,
            tail=self._ground.tail,
            draining=self.draining,
            admin_token=self._ground.admin_token.reveal(),
            setup_token=self._ground.setup_token.reveal(),
            started_at=time.time(),
            tree=self.root.statistics,
            restart=self.root.begin_restart,
            pace=present(
                lambda: Pace(blank_after_seconds=server.blank_after_seconds, beat_seconds=server.beat_seconds)
            ),
        )
