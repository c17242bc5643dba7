"""The actors of the gateway on a fake provider and an inline store: no socket, no thread, no file, virtual time.

`open_world` can be entered again with the same store, which is what a restart is; leaving it by `world.kill()` is what a kill is.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from flow2api.actors.account import AccountParts
from flow2api.actors.accounts import supervised
from flow2api.actors.accounts_messages import AccountsMessage, AddAccount, ListAccounts
from flow2api.actors.captcha import NoCaptcha
from flow2api.actors.companions import MakeCompanion
from flow2api.actors.dispatcher import Dispatcher, DispatcherMessage, Reconsider
from flow2api.actors.exits import ExitBook
from flow2api.actors.fair_queue import FairQueue
from flow2api.actors.job_rules import JobRules
from flow2api.actors.job_steps import JobParts
from flow2api.actors.jobs import Attach, Jobs, JobsMessage, Submit
from flow2api.actors.ledger import Ledger, Note, Tally
from flow2api.actors.library import Library
from flow2api.actors.media import AdoptResult, Discard, FetchResult, KeepInput, KeepResult, MediaMessage
from flow2api.actors.media_sweep import Sweep
from flow2api.actors.renditions import MakeRendition
from flow2api.actors.roster import Roster
from flow2api.actors.watch import LiveJob, Watch
from flow2api.actors.webhooks import WebhooksMessage
from flow2api.config import AccountsConfig, JobsConfig
from flow2api.domain.account import Account, AccountView, RestPolicy
from flow2api.domain.job import NO_TERMS, Generation, Idempotency, Terms
from flow2api.domain.key import UNLIMITED, Limits
from flow2api.domain.media import MediaFile
from flow2api.errors import Failure
from flow2api.kit.actor import Actor
from flow2api.kit.bus import EventBus
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.supervisor import ChildSpec, Supervisor
from flow2api.store.base import Store
from tests.doubles.provider import FakeProvider

# Some day in 2027: virtual clocks begin at zero, and rests are counted in days of the calendar.
EPOCH = 1_800_000_000.0


def now() -> float:
    """Virtual Unix time."""
    return EPOCH + trio.current_time()


def generation(**fields: object) -> Generation:
    base = {"model": "image", "kind": "image", "provider": "flow", "upstream_model": "KEY", "prompt": "a red apple"}
    return Generation(**(base | {"aspect_ratio": "1:1"} | fields))  # type: ignore[arg-type]


class FakeMedia(Actor[MediaMessage]):
    """Keeps nothing; `failure` makes fetching fail."""

    mailbox_size = 64
    expected = (Failure,)

    def __init__(self, world: "World") -> None:
        self._world = world

    async def handle(self, message: MediaMessage) -> object:
        if isinstance(message, KeepInput | MakeCompanion | MakeRendition | Discard | Sweep):
            raise TypeError("not part of these tests")
        self._world.kept.append(message)
        failures = self._world.media_failures
        if failures and isinstance(message, FetchResult):
            raise failures.pop(0)
        return MediaFile(
            name=message.name if isinstance(message, AdoptResult) else f"{len(self._world.kept):026d}.png",
            role="result",
            job_id=message.job_id,
            mime="image/png",
            size_bytes=1,
            created_at=now(),
            expires_at=None,
        )


class FakeSessions:
    """Browsers in which an account's operator signed in: what they hold, or why they do not, by account id."""

    def __init__(self) -> None:
        self.held: dict[str, bytes | Failure] = {}
        self.looked: list[str] = []

    def kept(self, account_id: str) -> bool:
        return account_id in self.held

    async def forget(self, account_id: str) -> None:
        self.held.pop(account_id, None)

    async def fresh(self, account_id: str, provider: object, vault: object, exit_for: object) -> bytes:
        self.looked.append(account_id)
        found = self.held[account_id]
        if isinstance(found, Failure):
            raise found
        return found


class World:
    """Everything that a test touches."""

    def __init__(
        self,
        store: Store,
        provider: FakeProvider,
        others: Sequence[FakeProvider],
        jobs_config: JobsConfig,
        take_up: bool,
    ) -> None:
        self._take_up = take_up
        self.limits: dict[str, Limits] = {}
        """Of each caller that has any."""
        self.store = store
        self.provider = provider
        self.providers = {one.name: one for one in (provider, *others)}
        for one in self.providers.values():
            one.now = now
        self.script = provider.script
        self.bus = EventBus()
        self.roster = Roster()
        self.exits = ExitBook()
        self.sessions = FakeSessions()
        self.line: FairQueue[object] = FairQueue()
        self.live: dict[str, LiveJob] = {}
        self.tally = Tally()
        self.draining = trio.Event()
        self.kept: list[FetchResult | KeepResult | AdoptResult] = []
        self.media_failures: list[Failure] = []
        self._ledger: Mailbox[Note] = Mailbox("ledger", 1024)
        self._media: Mailbox[MediaMessage] = Mailbox("media", 64)
        # Nobody reads it: whoever is nudged looks into the store.
        self._webhooks: Mailbox[WebhooksMessage] = Mailbox("webhooks", 8)
        self._accounts: Mailbox[AccountsMessage] = Mailbox("accounts", 32)
        self._dispatcher: Mailbox[DispatcherMessage] = Mailbox("dispatcher", 256)
        self._jobs: Mailbox[JobsMessage] = Mailbox("jobs", 256)
        self.accounts = self._accounts.ref
        self.dispatcher = self._dispatcher.ref
        self.jobs = self._jobs.ref
        self.root = Supervisor("world", self._children(jobs_config), bus=self.bus)
        self.nursery: trio.Nursery

    def _children(self, jobs_config: JobsConfig) -> list[ChildSpec]:
        services = {name: provider.traits for name, provider in self.providers.items()}
        account_parts = AccountParts(
            store=self.store,
            providers=self.providers,
            captcha=NoCaptcha(),
            roster=self.roster,
            wake=lambda: self.dispatcher.cast(Reconsider()),
            bus=self.bus,
            policy=RestPolicy(),
            exits=self.exits,
            sessions=self.sessions,
            now=now,
        )
        job_parts = JobParts(
            store=self.store,
            dispatcher=self.dispatcher,
            media=self._media.ref,
            ledger=self._ledger.ref,
            webhooks=self._webhooks.ref,
            library=Library(Path("nowhere")),
            max_submits=lambda: jobs_config.max_submits,
            services=services,
            now=now,
        )
        rules = JobRules(jobs_config, services, self._take_up, lambda caller: self.limits.get(caller, UNLIMITED))
        return [
            ChildSpec("ledger", lambda: Ledger(self.store, self.tally), mailbox=self._ledger),
            ChildSpec("media", lambda: FakeMedia(self), mailbox=self._media),
            ChildSpec("accounts", lambda: supervised(account_parts, AccountsConfig(), self._accounts)),
            ChildSpec("dispatcher", lambda: Dispatcher(self.roster, self.line, now), mailbox=self._dispatcher),
            ChildSpec(
                "jobs",
                lambda: Jobs(job_parts, rules, self.line, self.live, self.bus, self.draining),
                mailbox=self._jobs,
                drain_seconds=60,
            ),
        ]

    def kill(self) -> None:
        """End everything at once, as a kill would."""
        self.nursery.cancel_scope.cancel()

    async def add_account(self, name: str = "ann", *, provider: str = "flow", **fields: object) -> str:
        view = await self.accounts.ask(AddAccount(provider=provider, credential=name, **fields))  # type: ignore[arg-type]
        return view.account.id

    async def views(self) -> dict[str, AccountView]:
        """All accounts by the part of their e-mail before the @."""
        views = await self.accounts.ask(ListAccounts())
        return {(view.account.email or "").split("@")[0]: view for view in views}

    async def account(self, name: str = "ann") -> Account:
        return (await self.views())[name].account

    async def attached(self, job_id: str) -> Watch:
        """A watch on a job that is live."""
        watch = await self.jobs.ask(Attach(job_id))
        assert watch is not None
        return watch

    async def submit(
        self,
        made: Generation | None = None,
        *,
        caller: str = "key",
        idempotency: Idempotency | None = None,
        detached: bool = True,
        terms: Terms = NO_TERMS,
    ) -> Watch:
        return await self.jobs.ask(
            Submit(
                generation=made or generation(),
                caller=caller,
                origin="chat",
                request_id="req",
                idempotency=idempotency,
                detached=detached,
                terms=terms,
            )
        )


@asynccontextmanager
async def open_world(
    store: Store,
    provider: FakeProvider | None = None,
    *others: FakeProvider,
    jobs: JobsConfig | None = None,
    take_up: bool = True,
) -> AsyncIterator[World]:
    """A running world; drained at the end, unless it was killed."""
    world = World(store, provider or FakeProvider(), others, jobs or JobsConfig(), take_up)
    async with trio.open_nursery() as nursery:
        world.nursery = nursery
        await nursery.start(world.root.run)
        yield world
        if not nursery.cancel_scope.cancel_called:
            await world.root.stop()
