"""The emulated page in a real Chromium, driven over its own debugging socket and kept on loopback."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio_websocket

from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.captcha import SITE_KEY
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls
from tests.integration.raw_http import RawClient
from tests.unit.emulator.caller import Caller
from tests.unit.emulator.video_caller import order

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_SECONDS = 90.0
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
]
READY = 'typeof grecaptcha?.enterprise?.execute === "function"'

# In continuous integration a missing browser is a failure, not a reason to leave the tests out.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None and os.environ.get("CI") != "true", reason="there is no Chromium here"),
]


class Tab:
    """One tab and the emulator that it looks at."""

    def __init__(self, socket: trio_websocket.WebSocketConnection, emulator: Emulator, urls: Urls) -> None:
        self._socket, self.emulator, self.urls = socket, emulator, urls
        self._number = 0

    async def call(self, method: str, **params: Any) -> Any:
        """One command of the debugging protocol; events in between are passed over."""
        self._number += 1
        await self._socket.send_message(
            msgspec.json.encode({"id": self._number, "method": method, "params": params}).decode()
        )
        while True:
            reply = msgspec.json.decode(await self._socket.get_message())
            if reply.get("id") == self._number:
                assert "error" not in reply, reply
                return reply["result"]

    async def evaluate(self, script: str) -> Any:
        """The value of an expression in the page, or the text of what it throws."""
        told = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        wrong = told.get("exceptionDetails")
        return told["result"].get("value") if wrong is None else wrong["exception"]["description"]

    async def open(self, path: str, until: str = READY) -> None:
        """Go to a page of the emulator, and wait until an expression holds there."""
        await self.call("Page.navigate", url=self.urls.base + path)
        while await self.evaluate(f"location.origin === {self.urls.base!r} && ({until})") is not True:
            await trio.sleep(0.02)

    async def token(self, action: str = "VIDEO_GENERATION", key: str = SITE_KEY) -> str:
        told = await self.evaluate(
            "new Promise((resolve, reject) => grecaptcha.enterprise.ready(() =>"
            f" grecaptcha.enterprise.execute({key!r}, {{action: {action!r}}}).then(resolve, reject)))"
        )
        assert isinstance(told, str)
        return told


@asynccontextmanager
async def open_tab(profile: Path, knobs: Knobs | None = None) -> AsyncIterator[Tab]:
    emulator = Emulator(numbered_accounts(1), knobs)
    command = [str(CHROMIUM), *OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(partial(serve_fast, emulator))
            process = await trio.lowlevel.open_process(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                async with trio_websocket.open_websocket_url(await debugging_url(profile)) as socket:
                    yield Tab(socket, emulator, urls)
            finally:
                process.kill()
                with trio.CancelScope(shield=True):
                    await process.wait()
            nursery.cancel_scope.cancel()


async def debugging_url(profile: Path) -> str:
    """Where the one tab can be driven, as soon as the browser says so."""
    port_file = trio.Path(profile / "DevToolsActivePort")
    while not await port_file.exists() or "\n" not in await port_file.read_text():
        await trio.sleep(0.05)
    port = (await port_file.read_text()).split("\n")[0]
    client = await RawClient.open(f"http://127.0.0.1:{port}")
    async with client.stream:
        targets = (await client.ask("GET", "/json/list")).json
    (url,) = [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]
    assert isinstance(url, str)
    return url


async def caller_at(emulator: Emulator) -> Caller:
    return await Caller(emulator, next(iter(emulator.accounts))).sign_in()


async def test_a_tab_makes_tokens_that_orders_are_taken_with(tmp_path: Path) -> None:
    async with open_tab(tmp_path, Knobs(captcha="page")) as tab:
        caller = await caller_at(tab.emulator)
        await tab.open(f"/fx/tools/flow/project/{caller.project}")
        first, second = await tab.token(), await tab.token()
        assert first != second
        assert (await order(caller, token=first)).status == 200
        assert (await order(caller, token=first)).status == 403
        assert (await order(caller, token=second)).status == 200
        assert (await caller.image(token=await tab.token("IMAGE_GENERATION"))).status == 200
        assert await tab.evaluate("document.getElementById('agent').textContent === navigator.userAgent") is True
        wrong = await tab.token(key="another-key")
        assert "Invalid site key or not loaded in api.js: another-key" in wrong


async def test_a_script_that_is_added_to_the_page_does_the_same(tmp_path: Path) -> None:
    async with open_tab(tmp_path, Knobs(captcha="page", page_script=False)) as tab:
        caller = await caller_at(tab.emulator)
        await tab.open("/fx/tools/flow", until="document.readyState === 'complete'")
        assert await tab.evaluate("typeof grecaptcha") == "undefined"
        await tab.evaluate(
            "new Promise((resolve) => { const script = document.createElement('script');"
            f" script.src = '/recaptcha/enterprise.js?render={SITE_KEY}'; script.onload = resolve;"
            " document.head.append(script); })"
        )
        assert (await order(caller, token=await tab.token())).status == 200


async def test_a_signed_in_browser_keeps_its_session_and_takes_a_renewed_one(tmp_path: Path) -> None:
    async with open_tab(tmp_path) as tab:
        account = next(iter(tab.emulator.accounts))
        cookies = partial(tab.call, "Network.getCookies", urls=[tab.urls.base])
        await tab.open(
            f"/_emulator/sign-in/{account.email}", until="document.body?.dataset.account === 'account-1@example.org'"
        )
        (cookie,) = (await cookies())["cookies"]
        assert (cookie["value"], cookie["httpOnly"]) == (account.session_token, True)
        account.renew_cookie = True
        before = account.session_token
        told = await tab.evaluate("fetch('/fx/api/auth/session').then((response) => response.json())")
        assert told["user"]["email"] == account.email
        (renewed,) = (await cookies())["cookies"]
        assert renewed["value"] == account.session_token != before
        await tab.open("/_emulator/sign-out", until="document.body?.dataset.account === ''")
        assert (await cookies())["cookies"] == []
