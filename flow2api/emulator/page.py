"""The page that a browser opens: it shows who is signed in and makes captcha tokens; and the script that makes them.

Tokens are made for this page only, as a captcha is tied to its site. Links for the one who drives the emulator sign a browser in
and out.
"""

import html
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import trio

from flow2api.emulator.captcha import SITE_KEY
from flow2api.emulator.control import control_routes
from flow2api.emulator.exchange import Answer, Asked, Refused, json_answer, read_body, text_answer
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.sessions import session_cookie
from flow2api.emulator.state import State
from flow2api.emulator.steering import Row

PAGE = "/fx/tools/flow"
PROJECT_PAGE = f"{PAGE}/project/"
SCRIPT = "/recaptcha/enterprise.js"
RELOAD = "/recaptcha/enterprise/reload"
MOVED = "/moved"
MOVED_TEXT = "<!doctype html><title>Moved</title><p>Flow has moved. This account is served elsewhere now."

HTML = "text/html; charset=utf-8"
FRESH = (("Cache-Control", "no-store"),)


class TokenWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the script asks for. `agent` is kept with the records of calls."""

    action: str
    agent: str


class Page:
    """Serves the page and its captcha."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        rows = [
            ("page", "GET", PAGE, self.page),
            ("page", "GET", f"{PROJECT_PAGE}*", self.page),
            ("moved", "GET", MOVED, self.moved),
            ("captcha_script", "GET", SCRIPT, self.script),
            ("captcha_token", "POST", RELOAD, self.token),
        ]
        links: list[Row[Call]] = [("GET", "sign-in/*", self.sign_in), ("GET", "sign-out", self.sign_out)]
        return [
            *(
                Route(name=name, method=method, path=path, side="page", handle=handle, open_to_all=True)
                for name, method, path, handle in rows
            ),
            *control_routes(links),
        ]

    async def page(self, call: Call) -> Answer:
        """The page itself, for whoever is signed in, or nobody. An account that was moved is sent away."""
        account = call.account
        if account is not None and account.moved:
            return _lead_to(308, call.asked.base + MOVED)
        script = f'<script src="{SCRIPT}?render={SITE_KEY}" async></script>'
        email = account.email if account is not None else ""
        parts = {
            "script": script if self._state.knobs.page_script else "",
            "site_key": SITE_KEY,
            "account": html.escape(email),
            "account_text": html.escape(email or "nobody is signed in"),
            "project": html.escape(call.part),
            "project_text": html.escape(call.part or "none"),
        }
        return Answer(body=_filled("page.html", parts), mime=HTML, headers=FRESH)

    async def moved(self, call: Call) -> Answer:
        """Where moved accounts end up: there is no captcha here."""
        return text_answer(200, MOVED_TEXT, mime=HTML)

    async def script(self, call: Call) -> Answer:
        """The captcha's script for the site key of the query, whatever that is: a wrong one shows when a token is asked for."""
        if self._state.knobs.page_script_seconds > 0:
            await trio.sleep(self._state.knobs.page_script_seconds)
        key = call.asked.query.get("render", "")
        if not key.replace("-", "").replace("_", "").isalnum():
            raise Refused(400, "render: a site key is wanted")
        return Answer(
            body=_filled("recaptcha.js", {"site_key": key}), mime="text/javascript; charset=utf-8", headers=FRESH
        )

    async def token(self, call: Call) -> Answer:
        """A token for the action asked for; null stands for "none will come"."""
        wish = read_body(call.asked, TokenWish)
        _check_place(call.asked)
        knobs = self._state.knobs
        if knobs.page_execute == "hangs":
            return json_answer({"token": None})
        token = self._state.captcha.mint_on_page(wish.action, self._state.now(), knobs.token_seconds)
        return json_answer({"token": token})

    async def sign_in(self, call: Call) -> Answer:
        """Sign the browser in as the account in the path, and go on to the page."""
        account = self._state.accounts.get(call.part)
        if account is None:
            raise Refused(404, f"There is no account {call.part!r}.")
        cookie = session_cookie(account.session_token)
        return _lead_to(303, call.asked.base + PAGE, cookie)

    async def sign_out(self, call: Call) -> Answer:
        """Sign the browser out, and go on to the page."""
        return _lead_to(303, call.asked.base + PAGE, session_cookie("", seconds=0))


def _check_place(asked: Asked) -> None:
    """`Refused` unless the token is asked for with our site key and from our page."""
    if asked.query.get("k") != SITE_KEY:
        raise Refused(400, "Invalid site key")
    page = urlsplit(asked.headers.get("referer", ""))
    on_page = page.path == PAGE or page.path.startswith(PROJECT_PAGE)
    origins = {asked.headers.get("origin"), f"{page.scheme}://{page.netloc}"}
    if origins != {asked.base} or not on_page:
        raise Refused(400, "Invalid domain for site key")


def _lead_to(status: int, url: str, cookie: str | None = None) -> Answer:
    headers = [("Location", url), *FRESH]
    if cookie is not None:
        headers.append(("Set-Cookie", cookie))
    return Answer(status=status, mime="text/plain", headers=tuple(headers))


def _filled(name: str, parts: dict[str, str]) -> bytes:
    text = _text(name)
    for key, value in parts.items():
        text = text.replace("{{" + key + "}}", value)
    return text.encode()


@cache
def _text(name: str) -> str:
    return (Path(__file__).parent / name).read_text("utf-8")
