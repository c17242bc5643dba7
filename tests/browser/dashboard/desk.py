"""The whole gateway over the emulated service, and a browser with windows on its dashboard; each window is watched for faults.

Whatever a window does that no page may do fails the test at its end: a request to another host, something that the policy forbids,
an error on the console.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType
from urllib.parse import urlsplit

import trio

from flow2api.browser.cdp import Session, open_session
from flow2api.browser.context import Context, open_context
from flow2api.browser.errors import BrowserFault
from flow2api.browser.lane import Event, Events
from flow2api.browser.tab import open_tab
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.core import Emulator
from flow2api.emulator.exchange import Answer, Asked
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls
from tests.browser.dashboard.operator import Operator
from tests.browser.relay import Relay, open_relay
from tests.browser.stage import NOWHERE
from tests.doubles.gateway import ADA, TestedGateway, open_tested_gateway, people

PASSWORD = "a long and unlikely sentence"
LIMIT_SECONDS = 240.0
_WATCHED = (
    "Network.requestWillBeSent",
    "Network.webSocketCreated",
    "Network.webSocketClosed",
    "Runtime.exceptionThrown",
    "Runtime.consoleAPICalled",
    "Log.entryAdded",
)
# What a page shows while its gateway is away or refuses it is its own affair: the browser writes a line for each such answer.
_ANSWERS = "network"


class Gate:
    """Holds the emulated service's answers to orders for pictures until it is opened."""

    def __init__(self, emulator: Emulator) -> None:
        self._open = trio.Event()
        usual = emulator.answer

        async def answer(asked: Asked) -> Answer:
            if asked.path.endswith("batchGenerateImages"):
                await self._open.wait()
            return await usual(asked)

        emulator.answer = answer  # type: ignore[method-assign]

    def open(self) -> None:
        self._open.set()


class Desk:
    """What a test plays with. `relay` stands between the windows and the gateway."""

    def __init__(self, tested: TestedGateway, relay: Relay, context: Context) -> None:
        self.tested = tested
        self.relay = relay
        self.context = context
        self.url = f"http://127.0.0.1:{relay.port}"
        self.faults: list[str] = []
        """What windows did that no page may do."""
        self.sockets: set[str] = set()
        """The live connections that are open now."""

    @asynccontextmanager
    async def window(self, page: str = "", url: str = "", width: int = 1440) -> AsyncIterator[Operator]:
        """A window on a page of the dashboard, or on nothing yet."""
        async with open_tab(self.context) as tab, trio.open_nursery() as nursery:
            session = await self.context.session.attach(tab.target_id)
            events = await self._watched(session)
            nursery.start_soon(self._watch, events, url or self.url)
            operator = Operator(tab, session, url or self.url)
            await operator.resize(width)
            await operator.open(page)
            yield operator
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def inside(self, page: str = "overview", width: int = 1440) -> AsyncIterator[Operator]:
        """A window of an administrator, who is signed in."""
        async with self.window(width=width) as operator:
            await self.enter(operator)
            await operator.open(page)
            await operator.arrives(page)
            yield operator

    async def enter(self, operator: Operator) -> None:
        """Sign in, or set the password where there is none, without going through the pages for it. The window is empty afterwards."""
        state = await operator.reads("fetch('/api/session').then((answer) => answer.json())")
        assert isinstance(state, dict)
        if not state["signed_in"]:
            path = "setup" if state["setup_needed"] else "session"
            body = f'{{"password": "{PASSWORD}"}}'
            options = f"{{method: 'POST', headers: {{'content-type': 'application/json'}}, body: '{body}'}}"
            assert await operator.reads(f"fetch('/api/{path}', {options}).then((answer) => answer.ok)")
        # Away and back, since what differs in the part after # only is not loaded anew.
        await operator.tab.load("about:blank")

    async def _watched(self, session: Session) -> Events:
        cdp = session.cdp
        for command in (
            cdp.network.enable(),
            cdp.runtime.enable(),
            cdp.log.enable(),
            cdp.emulation.set_focus_emulation_enabled(True),
        ):
            await session.call(command)
        return session.events(*_WATCHED)

    async def _watch(self, events: Events, home: str) -> None:
        try:
            with events:
                async for event in events:
                    self.faults += _faults(event, home)
                    self._count(event)
        except BrowserFault:
            pass  # the window was closed

    def _count(self, event: Event) -> None:
        match event.method:
            case "Network.webSocketCreated":
                self.sockets.add(event.params["requestId"])
            case "Network.webSocketClosed":
                self.sockets.discard(event.params["requestId"])


def _faults(event: Event, home: str) -> list[str]:
    match event.method, event.params:
        case "Network.requestWillBeSent", {"request": {"url": str(url)}}:
            return [] if _is_own(url, home) else [f"asked {url}"]
        case "Network.webSocketCreated", {"url": str(url)}:
            return [] if _is_own(url, home) else [f"asked {url}"]
        case "Runtime.exceptionThrown", {"exceptionDetails": dict(details)}:
            return [f"threw {details.get('exception', {}).get('description', details.get('text'))}"]
        case "Runtime.consoleAPICalled", {"type": ("error" | "warning" | "assert") as kind, "args": list(args)}:
            return [f"wrote {kind} {[one.get('value', one.get('description')) for one in args]}"]
        case "Log.entryAdded", {
            "entry": {"level": ("error" | "warning") as level, "source": str(source), "text": str(text)}
        }:
            return [] if source == _ANSWERS else [f"{level} {source}: {text}"]
    return []


def _is_own(url: str, home: str) -> bool:
    found = urlsplit(url)
    return found.scheme in {"blob", "about", "data"} or found.netloc == urlsplit(home).netloc


@asynccontextmanager
async def open_desk(
    browser: str,
    accounts: Sequence[AccountSetup] = tuple(people(ADA)),
    *,
    knobs: Knobs | None = None,
    settings: Mapping[str, object] | Callable[[Urls], Mapping[str, object]] = MappingProxyType({}),
    limit_seconds: float = LIMIT_SECONDS,
) -> AsyncIterator[Desk]:
    """All of it, for a bounded time. `browser` is the DevTools address of a running one."""
    async with (
        open_tested_gateway(accounts, knobs=knobs, settings=settings, limit_seconds=limit_seconds) as tested,
        open_relay(tested.url) as relay,
        open_session(browser) as session,
        open_context(session, NOWHERE) as context,
    ):
        desk = Desk(tested, relay, context)
        yield desk
        assert not desk.faults, desk.faults
