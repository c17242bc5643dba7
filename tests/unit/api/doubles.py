"""Doubles for what the HTTP interface talks to: actors that answer from a script, and a gateway put together from them.

The jobs double keeps the promises of the real one that callers can see: the row is stored before `Submit` is answered, a known
idempotency key finds the earlier job, and the last watcher who leaves a waiting job gives it up.
"""

import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import msgspec
import trio
from werkzeug.datastructures import Headers

from flow2api.actors.accounts_messages import (
    AccountExport,
    AddAccount,
    ChangeAccount,
    ExportAccounts,
    ListAccounts,
    RefreshAccount,
    RemoveAccount,
    SetEnabled,
)
from flow2api.actors.alerts import AlertBoard
from flow2api.actors.browser import LookAtBrowser
from flow2api.actors.chore import Chore
from flow2api.actors.job_rules import new_job_id
from flow2api.actors.jobs import Attach, Cancel, Census, Count, CountSpending, Peek, Submit, Survey
from flow2api.actors.library import Library
from flow2api.actors.media import KeepInput
from flow2api.actors.proxy_messages import ListHomes, ListProxies
from flow2api.actors.schedule import ScheduleParts
from flow2api.actors.schedules import Schedules
from flow2api.actors.settings import Settings
from flow2api.actors.tab_pool import LookAtTabs
from flow2api.actors.watch import LiveJob, Watch
from flow2api.actors.webhooks import WebhooksMessage
from flow2api.api.auth import KeyRing
from flow2api.api.exchange import GatewayRequest
from flow2api.api.offer import Offer
from flow2api.api.server import make_app, open_listeners, serve
from flow2api.api.services import Pace, Services
from flow2api.config import Resolved, ServerConfig, load_config
from flow2api.domain.account import Account, AccountState, AccountView, Standing
from flow2api.domain.captcha import BrowserView, TabView
from flow2api.domain.catalog import Catalog
from flow2api.domain.charge import Spending
from flow2api.domain.events import JobMoved
from flow2api.domain.job import Job, JobError, JobState, Progress, born_at, move
from flow2api.domain.media import MediaFile
from flow2api.domain.proxy import ProxyHome, ProxyView
from flow2api.domain.service import Traits
from flow2api.errors import Code, Failure
from flow2api.kit.bus import EventBus
from flow2api.kit.errors import UnknownChild
from flow2api.kit.mailbox import Mailbox
from flow2api.kit.spec import NodeStatistics
from flow2api.log import keeping_tail
from flow2api.net.guard import Guard
from flow2api.store import jobs, media
from flow2api.store.door import Store, open_inline_store
from tests.doubles.provider import TRAITS

ADMIN_TOKEN = "the-admin-token-of-this-test"
SETUP_TOKEN = "the-setup-token-of-this-test"
NAME = "abcdefghijklmnopqrstuvwxy2.png"
_S = JobState


class FakeJobs:
    """The jobs actor. Without `hold`, a job is done as soon as it is admitted."""

    name = "jobs"

    def __init__(self, store: Store, bus: EventBus | None = None) -> None:
        self.store = store
        self.bus = bus or EventBus()
        self.submits: list[Submit] = []
        self.live: dict[str, LiveJob] = {}
        self.hold = False
        self.refusal: Exception | None = None
        self.results: tuple[str, ...] = (NAME,)
        self.error: JobError | None = None
        self.submitted = trio.Event()
        self.spent: dict[str, Spending] = {}

    async def ask(self, message: object) -> Any:
        await trio.lowlevel.checkpoint()
        match message:
            case Submit():
                return await self._submit(message)
            case Attach():
                live = self.live.get(message.job_id)
                return None if live is None else Watch(live)
            case Cancel():
                return await self._cancel(message.job_id)
            case Peek():
                live = self.live.get(message.job_id)
                return None if live is None else live.progress
            case CountSpending():
                return self.spent
            case Survey():
                return [live.progress for live in self.live.values()]
            case Count():
                return Census({"running": len(self.live)}, 10, False)
            case _:
                raise AssertionError(f"unknown message {message!r}")

    ask_again = ask

    async def _submit(self, message: Submit) -> Watch:
        if self.refusal is not None:
            raise self.refusal
        now = time.time()
        job_id = new_job_id(now)
        job = Job(
            id=job_id,
            state=JobState.QUEUED,
            generation=message.generation,
            caller=message.caller,
            origin=message.origin,
            asked=message.asked,
            request_id=message.request_id,
            created_at=born_at(job_id) or now,
            updated_at=now,
            queue_deadline=now + 60,
            deadline=now + 120,
            detached=message.detached,
            remix_of=message.terms.remix_of,
            idempotency=message.idempotency,
            digest=message.digest,
            metadata=message.terms.metadata,
            shown=message.terms.shown,
        )
        await self.store.write(jobs.insert, job)
        self.submits.append(message)
        live = self.live[job.id] = LiveJob(job, self._publish)
        live.open_to_break(trio.CancelScope(), free=True)
        watch = Watch(live)
        self.submitted.set()
        if not self.hold:
            await self.finish()
        return watch

    def _publish(self, progress: Progress) -> None:
        self.bus.publish(JobMoved(progress=progress, at=progress.job.updated_at))

    async def _cancel(self, job_id: str) -> Job:
        live = self.live.get(job_id)
        if live is None:
            raise Failure(Code.NOT_FOUND, f"There is no job {job_id}.")
        self.advance(JobState.CANCELLED)
        return live.job

    @property
    def newest(self) -> LiveJob:
        return list(self.live.values())[-1]

    def advance(self, *states: JobState, stage: str = "", position: int | None = None) -> None:
        """Move the newest job."""
        live = self.newest
        for state in states:
            sent = {"submits": live.job.submits + 1} if state is _S.SUBMITTING else {}
            live.show(job=move(live.job, state, time.time(), **sent), stage=stage, position=position)

    def show(self, **changes: object) -> None:
        self.newest.show(**changes)

    async def finish(self) -> None:
        """Bring the newest job to its end: `error` if there is one, else `results`."""
        live = self.newest
        way = {_S.QUEUED: [_S.STARTING, _S.SUBMITTING], _S.STARTING: [_S.SUBMITTING]}.get(live.job.state, [])
        self.advance(*way)
        if self.error is None:
            self.advance(*([] if live.job.state is _S.FETCHING else [_S.FETCHING]))
            job = move(live.job, _S.SUCCEEDED, time.time(), results=self.results)
        else:
            job = move(live.job, _S.FAILED, time.time(), error=self.error)
        await self.store.write(jobs.save, job)
        del self.live[job.id]
        live.show(job=job)
        live.end()


class FakeMedia:
    """The media actor: keeps inputs in the library's folder."""

    name = "media"

    def __init__(self, library: Library, store: Store) -> None:
        self.library = library
        self.store = store
        self.kept: list[KeepInput] = []

    async def ask(self, message: object) -> MediaFile:
        await trio.lowlevel.checkpoint()
        assert isinstance(message, KeepInput)
        self.kept.append(message)
        return await self.keep(message.data, message.mime, message.width, message.height)

    ask_again = ask

    async def keep(self, data: bytes, mime: str = "image/png", width: int = 1, height: int = 1) -> MediaFile:
        """Put a file there as if it had been made or sent before."""
        extension = {"image/jpeg": "jpg", "video/mp4": "mp4"}.get(mime, mime.partition("/")[2])
        name, path = self.library.new(extension)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        file = MediaFile(
            name=name,
            role="input",
            job_id=None,
            mime=mime,
            size_bytes=len(data),
            width=width,
            height=height,
            created_at=time.time(),
            expires_at=None,
        )
        await self.store.write(media.insert, file)
        return file


class FakeAccounts:
    """The accounts actor: remembers what it was told."""

    name = "accounts"

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.credentials: dict[str, str] = {}
        self.asked: list[object] = []
        self.add("first", "ST-of-first")

    def add(self, label: str, credential: str) -> AccountView:
        account = Account(id=f"acc_{len(self.accounts)}", provider="flow", label=label)
        self.accounts[account.id], self.credentials[account.id] = account, credential
        return AccountView(account=account)

    async def ask(self, message: object) -> Any:
        await trio.lowlevel.checkpoint()
        self.asked.append(message)
        match message:
            case ListAccounts():
                return [AccountView(account=account) for account in self.accounts.values()]
            case ExportAccounts():
                return [
                    AccountExport(provider="flow", credential=self.credentials[account.id], label=account.label)
                    for account in self.accounts.values()
                ]
            case AddAccount():
                if message.credential == "bad":
                    raise Failure(Code.INVALID_VALUE, "This is no session token.", param="credential")
                return self.add(message.label or "new", message.credential)
            case RemoveAccount():
                self._find(message.account_id)
                del self.accounts[message.account_id]
                return None
            case SetEnabled():
                state = AccountState.ACTIVE if message.enabled else AccountState.DISABLED
                return self._put(message.account_id, standing=Standing(state=state))
            case ChangeAccount():
                changes = {
                    name: value for name, value in msgspec.structs.asdict(message.change).items() if value is not None
                }
                return self._put(message.account_id, **changes)
            case RefreshAccount():
                return self._put(message.account_id, credits=77)
            case _:
                raise AssertionError(f"unknown message {message!r}")

    ask_again = ask

    def _find(self, account_id: str) -> Account:
        if account_id not in self.accounts:
            raise Failure(Code.NOT_FOUND, "There is no such account.")
        return self.accounts[account_id]

    def _put(self, account_id: str, **changes: Any) -> AccountView:
        account = msgspec.structs.replace(self._find(account_id), **changes)
        self.accounts[account_id] = account
        return AccountView(account=account)


class FakeSupply:
    """Proxies, captcha browser and its tabs, each as a list that is told when it is asked for."""

    def __init__(self) -> None:
        self.proxies: list[ProxyView] = []
        self.homes: dict[str, ProxyHome] = {}
        self.tabs: list[TabView] = []
        self.browser = BrowserView(state="idle")

    async def ask(self, message: object) -> Any:
        await trio.lowlevel.checkpoint()
        match message:
            case ListProxies():
                return self.proxies
            case ListHomes():
                return self.homes
            case LookAtBrowser():
                return self.browser
            case LookAtTabs():
                return self.tabs
            case _:
                raise AssertionError(f"unknown message {message!r}")

    ask_again = ask


class NoHttp:
    """Stands for the client that fetches pictures; asking it is a mistake unless `answers` has the URL."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Any] = {}

    async def request(self, method: str, url: str, **options: Any) -> Any:
        self.asked.append(url)
        answer = self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def statistics(self) -> dict[str, int]:
        return {"requests": len(self.asked)}


async def _sweep() -> str:
    await trio.lowlevel.checkpoint()
    return "swept"


_SWEEP = Chore("sweep", "Sweeps.", lambda: 3600.0, _sweep)


@dataclass
class Desk:
    """A gateway whose actors are doubles."""

    services: Services
    jobs: FakeJobs
    media: FakeMedia
    accounts: FakeAccounts
    http: NoHttp
    supply: FakeSupply
    key: str
    draining: trio.Event = field(default_factory=trio.Event)
    """Stops the server; the services have an event of their own, so that tests can tell the two apart."""


def _no_restart(path: Sequence[str]) -> None:
    raise UnknownChild("root", path[0])


def _resolved(server: ServerConfig) -> Resolved:
    """The defaults with this section, as a command line would set it; no file of this machine plays a part."""
    usual = msgspec.structs.asdict(ServerConfig())
    chosen = {name: value for name, value in msgspec.structs.asdict(server).items() if value != usual[name]}
    return load_config(Path(os.devnull), {}, {}, flags={f"server.{name}": value for name, value in chosen.items()})


@asynccontextmanager
async def open_desk(
    folder: Path,
    *,
    server: ServerConfig | None = None,
    pace: Pace | None = None,
    now: Callable[[], float] = time.time,
    known: Store | None = None,
) -> AsyncIterator[Desk]:
    """Services over doubles, with one API key; over the store `known`, which may have seen another desk before."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_inline_store()) if known is None else known
        tail = stack.enter_context(keeping_tail())
        library = Library(folder)
        keys = KeyRing(store, now)
        await keys.load()
        plain = await keys.ensure_first_key() or ""
        bus = EventBus()
        desk_jobs, desk_media, accounts, http = (
            FakeJobs(store, bus),
            FakeMedia(library, store),
            FakeAccounts(),
            NoHttp(),
        )
        supply = FakeSupply()
        services = Services(
            settings=Settings(_resolved(server or ServerConfig(port=0, grace_seconds=1.0)), store, bus, time.time),
            store=store,
            offer=Offer(store, Catalog.load(None)),
            providers={"flow": Traits(**TRAITS)},
            jobs=cast("Any", desk_jobs),
            accounts=cast("Any", accounts),
            media=cast("Any", desk_media),
            webhooks=Mailbox[WebhooksMessage]("webhooks", 8).ref,
            notifier=cast("Any", supply),
            proxies=cast("Any", supply),
            browser=cast("Any", supply),
            tabs=cast("Any", supply),
            library=library,
            schedules=Schedules((_SWEEP,), ScheduleParts(store, bus, time.time)),
            http=cast("Any", http),
            guard=Guard(("127.0.0.1",)),
            bus=bus,
            keys=keys,
            alerts=AlertBoard(),
            tail=tail,
            draining=trio.Event(),
            admin_token=ADMIN_TOKEN,
            setup_token=SETUP_TOKEN,
            started_at=time.time(),
            tree=lambda: NodeStatistics(name="root", kind="supervisor", state="running"),
            restart=_no_restart,
            pace=pace or Pace(),
        )
        yield Desk(services, desk_jobs, desk_media, accounts, http, supply, plain)


@asynccontextmanager
async def serving(desk: Desk) -> AsyncIterator[str]:
    """The desk behind a real server on loopback; gives its address."""
    async with open_listeners(desk.services.config.server) as listeners, trio.open_nursery() as nursery:
        app = make_app(desk.services)
        await nursery.start(partial(serve, app, desk.services.config, listeners, draining=desk.draining))
        try:
            yield listeners.urls[0]
        finally:
            nursery.cancel_scope.cancel()


async def _no_push(path: str, headers: object) -> None:
    raise AssertionError("nothing is pushed")


def make_request(
    headers: dict[str, str] | None = None,
    *,
    path: str = "/v1/models",
    query: str = "",
    client: str = "192.0.2.7",
    method: str = "GET",
) -> GatewayRequest:
    """A request as a route sees it, without a connection."""
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    scope: Any = {
        "type": "http",
        "scheme": "http",
        "headers": raw,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "client": (client, 50000),
        "server": ("127.0.0.1", 8000),
    }
    return GatewayRequest(
        method,
        "http",
        path,
        query.encode(),
        Headers(headers or {}),
        "",
        "1.1",
        scope,
        max_content_length=1000,
        send_push_promise=_no_push,
    )
