"""`flow2api account login`: an operator signs in in a browser window of his own, and the account is added with the session from there.

The window is a plain browser that nobody but the operator acts in; afterwards the session cookie is read from its profile, which is
kept for the account. Passwords never come near this program.
"""

import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click
import trio

from flow2api.browser.errors import BrowserFault
from flow2api.browser.launch import has_display
from flow2api.browser.logins import Logins, ProfileInUse, held
from flow2api.cli.accounts import print_account
from flow2api.cli.client import GatewayRefused, open_client, part
from flow2api.cli.options import Start, with_json, with_start
from flow2api.cli.outcomes import REFUSED, CommandFailed, run
from flow2api.cli.wiring import Browser, Wiring
from flow2api.config import Config
from flow2api.errors import Failure
from flow2api.kit.timing import Backoff, every
from flow2api.log import register_secret
from flow2api.providers.flow.cookies import session_token

LOOK_SECONDS = 0.5
_CLEAN_UP_SECONDS = 15.0
_PAUSES = Backoff(first=2.0, factor=2.0, limit=30.0)
_NO_DISPLAY = (
    "there is no display here on which a window could be shown. Sign in with a browser on another machine and paste the session "
    "cookie with `flow2api account add`; or start a virtual display that you can look at, set DISPLAY to it, and "
    'captcha.headless = "no" where this is a container'
)
_DIRECTLY = "direct"


@click.command("login")
@with_start
@with_json
@click.option("--label", default="", help="Name to call a new account by; else its e-mail address.")
@click.option("--account", "account_id", metavar="ID", help="Sign in anew for this account, in the profile it has.")
@click.option(
    "--proxy",
    metavar="URL",
    help="Proxy of the window, or the word direct; else the first of proxy.urls, if there are any.",
)
@click.pass_obj
def login(wiring: Wiring, start: Start, as_json: bool, label: str, account_id: str | None, proxy: str | None) -> None:
    """Sign in in a browser window, and add the account.

    The browser's profile is kept in the data folder: when the session ends, a new one is taken from there if the browser still has
    one.
    """
    if account_id and label:
        raise click.UsageError("--label is for a new account; an account that is there has its name already")
    config = start.resolve(wiring).config
    wish = Wish(label, account_id, _exit(config, proxy), _is_visible(config.captcha.headless, wiring.environ))
    answer = run(_unless_stopped, wiring, start, wish)
    print_account("signed in", answer, as_json)


@dataclass(frozen=True)
class Wish:
    """What is to be signed in to, and how."""

    label: str
    account_id: str | None
    exit_url: str | None
    visible: bool


async def _unless_stopped(wiring: Wiring, start: Start, wish: Wish) -> Any:
    """Sign in; a signal, or the terminal's end, closes the browser as Ctrl-C does."""
    answer: Any = None
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGHUP) as signals:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_stop_at, signals, nursery.cancel_scope)
            try:
                answer = await _sign_in(wiring, start, wish)
            except BrowserFault as fault:
                raise CommandFailed(str(fault)) from None
            nursery.cancel_scope.cancel()
    if answer is None:
        raise CommandFailed("stopped by a signal; nothing was added")
    return answer


async def _stop_at(signals: AsyncIterator[int], scope: trio.CancelScope) -> None:
    await anext(signals)
    scope.cancel()


async def _sign_in(wiring: Wiring, start: Start, wish: Wish) -> Any:
    """The account as the gateway has it then; its profile is kept."""
    if wish.account_id is not None:
        await _check_known(wiring, start, wish.account_id)
    config = start.resolve(wiring).config
    logins = Logins(Path(config.storage.data_dir))
    await logins.sweep()
    async with _profile(logins, wish.account_id) as folder:
        desk = _Desk(wiring, start, wish, folder, config.flow.page_url)
        answer = await (desk.by_window() if wish.visible else desk.unseen())
        await _keep(logins, folder, answer["account"]["id"])
    return answer


async def _keep(logins: Logins, folder: Path, account_id: str) -> None:
    try:
        await logins.keep(folder, account_id)
    except ProfileInUse as fault:
        # The account has its session, which is what counts.
        _say(f"The account is signed in, but this browser profile could not be kept: {fault}.")
    else:
        _say(
            "The browser profile is kept: a session that ends is renewed from it as long as the browser stays signed in."
        )


@asynccontextmanager
async def _profile(logins: Logins, account_id: str | None) -> AsyncIterator[Path]:
    """The account's own profile, else a new one, which goes if nobody has kept it."""
    folder = logins.folder(account_id) if account_id is not None and logins.kept(account_id) else logins.make()
    try:
        with held(folder):
            yield folder
    finally:
        with trio.move_on_after(_CLEAN_UP_SECONDS, shield=True):
            await logins.sweep()


async def _check_known(wiring: Wiring, start: Start, account_id: str) -> None:
    async with open_client(wiring, start) as client:
        known = [view["account"]["id"] for view in (await client.call("GET", "/api/accounts"))["accounts"]]
    if account_id not in known:
        raise CommandFailed(f"There is no account {account_id}. `flow2api account list` shows all.", REFUSED)


class _Desk:
    """Gets a session out of the profile and hands it to the gateway."""

    def __init__(self, wiring: Wiring, start: Start, wish: Wish, folder: Path, page_url: str) -> None:
        self._wiring = wiring
        self._start = start
        self._wish = wish
        self._folder = folder
        self._page_url = page_url
        self._browser: Browser = wiring.load_browser()

    async def by_window(self) -> Any:
        """Show the window until the gateway takes a session from it, or the operator gives up."""
        _say(
            f"A browser window opens at {self._page_url}. Sign in there with the account that is to be used, and close the window "
            "when you are done. Ctrl-C gives up."
        )
        refused = ""
        while True:
            await self._browser.show_window(self._folder, self._page_url, exit_url=self._wish.exit_url)
            async with self._visit() as visit:
                token = _session_in(await visit.cookies())
            if token is None:
                raise CommandFailed("the window was closed and nobody is signed in there; nothing was added")
            if token == refused:
                raise CommandFailed("the window was closed with the session that was not accepted; nothing was added")
            answer = await self._offered(token)
            if answer is not None:
                return answer
            refused = token
            _say("The window opens again: sign out there and in again, or close it to give up.")

    async def unseen(self) -> Any:
        """Wait without a window until the profile has a session that the gateway takes."""
        _say("No window is shown, since captcha.headless is yes. Waiting for a session; Ctrl-C gives up.")
        refused = ""
        async with self._visit() as visit:
            await visit.load()
            looks = every(LOOK_SECONDS)
            while True:
                await anext(looks)
                token = _session_in(await visit.cookies())
                if token is not None and token != refused:
                    answer = await self._offered(token)
                    if answer is not None:
                        return answer
                    refused = token

    def _visit(self) -> Any:
        return self._browser.open_visit(self._folder, self._page_url, exit_url=self._wish.exit_url)

    async def _offered(self, token: str) -> Any:
        """The account with this session, None if it was refused. What may pass is tried again, since signing in is work."""
        register_secret(token)
        _say("Somebody is signed in; handing the session to the gateway.")
        for pause in _PAUSES:
            try:
                return await self._send(token)
            except GatewayRefused as refusal:
                _say(f"Not accepted: {refusal.message}")
                if not refusal.may_pass:
                    return None
            _say(f"Trying again in {pause:.0f} seconds; Ctrl-C gives up.")
            await trio.sleep(pause)
        return None

    async def _send(self, token: str) -> Any:
        account_id, label = self._wish.account_id, self._wish.label
        async with open_client(self._wiring, self._start) as client:
            if account_id is not None:
                return await client.call("PUT", f"/api/accounts/{part(account_id)}/credential", {"credential": token})
            body = {"provider": "flow", "credential": token, "label": label}
            return await client.call("POST", "/api/accounts", body)


def _session_in(cookies: str) -> str | None:
    """The session token among a page's cookies, None without one. A long one comes in pieces, all of which must be there."""
    try:
        return session_token(cookies) if cookies else None
    except Failure:
        return None


def _is_visible(headless: Literal["auto", "yes", "no"], environ: Mapping[str, str]) -> bool:
    if headless == "auto" and not has_display(environ):
        raise CommandFailed(_NO_DISPLAY)
    return headless != "yes"


def _exit(config: Config, proxy: str | None) -> str | None:
    if proxy is None:
        return next(iter(config.proxy.urls), None)
    if proxy == _DIRECTLY:
        return None
    register_secret(proxy)
    return proxy


def _say(text: str) -> None:
    # Beside the answer, which scripts may read.
    click.echo(text, err=True)
