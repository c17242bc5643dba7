"""One tab: load a page, run scripts in it, ask it for captcha tokens, read its cookies.

Promises that the tab is closed when its context manager is left, and that whoever waits for it hears at once when it crashes
(`TabLost`) or the connection ends (`ConnectionLost`). Time limits are the caller's; a script that never yields is stopped at them.
"""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from math import inf
from typing import Any, NamedTuple

import trio

from flow2api.browser import recaptcha
from flow2api.browser.cdp import Command, Session
from flow2api.browser.context import CLOSE_SECONDS, Context, make
from flow2api.browser.errors import BrowserFault, CommandRefused, PageFailed, ScriptFailed, ScriptMissing
from flow2api.browser.lane import Events
from flow2api.browser.login import serve_proxy_login
from flow2api.browser.unwrapped import unwrapped

# A script is stopped this long after its caller has given up, so that the caller's own limit is what he meets.
_GRACE_SECONDS = 0.2
_SHOWN_CHARACTERS = 200


class Cookie(NamedTuple):
    """A cookie as the browser holds it, those hidden from scripts included. `expires` is Unix time, None with the session."""

    name: str
    value: str
    domain: str
    path: str
    expires: float | None
    http_only: bool

    def __repr__(self) -> str:
        return f"Cookie({self.name} of {self.domain}{self.path})"


class Tab:
    """A page that stays open. Scripts may run side by side; loading is one at a time."""

    def __init__(self, session: Session, target_id: str) -> None:
        self.target_id = target_id
        self._session = session
        self._loading = trio.Lock()

    @property
    def lost(self) -> BrowserFault | None:
        """Why the tab is no more, None while it lives."""
        return self._session.lost

    async def wait_lost(self) -> BrowserFault:
        """Wait until the tab is no more: crashed, closed, or cut off with its connection. Returned, not raised."""
        return await self._session.wait_lost()

    async def load(self, url: str) -> None:
        """Load a page and wait until it has loaded, with all that its first document names.

        Raises:
            PageFailed: there is no page to be had at this address."""
        page = self._session.cdp.page
        async with self._loading:
            with self._page_events() as events:
                _, document, problem, _ = await self._session.call(page.navigate(url))
                if problem:
                    raise PageFailed(f"{_shown(url)} could not be loaded: {problem}")
                if document is not None:
                    await self._loaded(events, lambda begun: begun == document)

    async def reload(self) -> None:
        """Load the present page anew, as `load` does."""
        async with self._loading:
            with self._page_events() as events:
                before = await self._document()
                await self._session.call(self._session.cdp.page.reload())
                await self._loaded(events, lambda begun: begun != before)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise, as JSON values.

        Under a deadline a script that never yields is stopped in the page shortly after it, so that the tab can be used again.

        Raises:
            ScriptFailed: it threw, or the page went away under it."""
        runtime = self._session.cdp.runtime
        try:
            result, problem = await self._session.call(
                runtime.evaluate(
                    expression, return_by_value=True, await_promise=True, timeout=_limit(runtime), silent=True
                )
            )
        except CommandRefused as exc:
            raise ScriptFailed(f"the script did not end: {exc}") from exc
        if problem is not None:
            raise ScriptFailed(f"the script failed: {_why(problem)}")
        return result.value

    async def user_agent(self) -> str:
        """What the page sees as the browser's name, which is what its requests say."""
        return str(await self.evaluate("navigator.userAgent"))

    async def url(self) -> str:
        """Where the tab is now, after redirects."""
        return str(await self.evaluate("location.href"))

    async def ready(self, site_key: str, script_url: str = recaptcha.SCRIPT_URL) -> None:
        """Wait until the page can be asked for tokens. The script is added only to a page that has none of its own.

        Raises:
            ScriptFailed: the script cannot be loaded, or did not become ready in a minute."""
        await self.evaluate(recaptcha.ready_script(site_key, script_url))

    async def token(self, site_key: str, action: str) -> str:
        """A fresh captcha token for `action`, good once and for a short time.

        Raises:
            ScriptMissing: the page has lost its script; `reload` and `ready` bring it back.
            ScriptFailed: the script refused."""
        match await self.evaluate(recaptcha.token_script(site_key, action)):
            case {"token": str(token)} if token:
                return token
            case None:
                raise ScriptMissing("the page has no captcha script")
            case _:
                raise ScriptFailed("the captcha script gave no token")

    async def cookies(self, url: str) -> list[Cookie]:
        """The cookies that a request to `url` would carry. Secret."""
        network = self._session.cdp.network
        return [
            Cookie(one.name, one.value, one.domain, one.path, None if one.session else one.expires, one.http_only)
            for one in await self._session.call(network.get_cookies([url]))
        ]

    async def screenshot(self) -> bytes:
        """The visible part of the page, as PNG."""
        return base64.b64decode(await self._session.call(self._session.cdp.page.capture_screenshot(format_="png")))

    def _page_events(self) -> Events:
        return self._session.events("Page.lifecycleEvent", "Page.frameNavigated")

    async def _document(self) -> str:
        """The id of the present document; each load makes a new one."""
        tree = await self._session.call(self._session.cdp.page.get_frame_tree())
        return str(tree.frame.loader_id)

    async def _loaded(self, events: Events, is_ours: Callable[[str], bool]) -> None:
        """Wait until the document that `is_ours` has loaded, or one that took its place: a page may send the browser elsewhere.

        What comes before it belongs to an earlier load that failed or was given up. The main frame's id is the tab's."""
        document = None
        async for method, params in events:
            match method, params:
                case ("Page.frameNavigated", {"frame": {"id": self.target_id, "loaderId": str(begun), **frame}}):
                    if document is not None or is_ours(begun):
                        document = begun
                        if "unreachableUrl" in frame:
                            raise PageFailed(f"{_shown(str(frame['unreachableUrl']))} could not be loaded")
                case ("Page.lifecycleEvent", {"frameId": self.target_id, "name": "load", "loaderId": loaded}):
                    if loaded == document:
                        return


@asynccontextmanager
async def open_tab(context: Context) -> AsyncIterator[Tab]:
    """An empty tab in `context`; it is closed in the end, within two seconds.

    Raises:
        ConnectionLost, TabLost: the browser went away meanwhile."""
    browser = context.session
    target = browser.cdp.target
    name = await make(browser, target.create_target("about:blank", browser_context_id=context.id))
    try:
        session = await browser.attach(name)
        await _prepare(session)
        with unwrapped():
            async with trio.open_nursery() as nursery:
                if context.exit is not None and context.exit.username:
                    await nursery.start(serve_proxy_login, session, context.exit)
                yield Tab(session, name)
                nursery.cancel_scope.cancel()
    finally:
        await _close(browser, name)


async def _close(browser: Session, name: str) -> None:
    """Close a tab and wait until it is gone: the browser answers before that."""
    target = browser.cdp.target
    with (
        trio.move_on_after(CLOSE_SECONDS, shield=True),
        suppress(BrowserFault),
        browser.events("Target.targetDestroyed") as events,
    ):
        await browser.call(target.close_target(target.TargetID(name)))
        async for event in events:
            if event.params.get("targetId") == name:
                return


async def _prepare(session: Session) -> None:
    cdp = session.cdp
    commands: list[Command[None]] = [
        cdp.inspector.enable(),
        cdp.page.enable(),
        cdp.page.set_lifecycle_events_enabled(True),
    ]
    for command in commands:
        await session.call(command)


def _limit(runtime: Any) -> Any:
    """How long a script may run without yielding, None for ever."""
    seconds = trio.current_effective_deadline() - trio.current_time()
    return None if seconds == inf else runtime.TimeDelta((max(seconds, 0.0) + _GRACE_SECONDS) * 1000)


def _why(problem: Any) -> str:
    """What a script threw, in the page's own words: one line, cut short."""
    thrown = problem.exception
    words = (thrown.description or thrown.value) if thrown is not None else problem.text
    return str(words or "it does not say why").partition("\n")[0][:_SHOWN_CHARACTERS]


def _shown(url: str) -> str:
    """An address without what may be private in it."""
    return url.partition("?")[0].partition("#")[0][:_SHOWN_CHARACTERS]
