"""Pages on loopback with a captcha script of their own, whose tokens are registered where they are minted; good pages and bad ones.

The script has the shape of the real one: it is loaded with `?render=<site key>`, offers `grecaptcha.enterprise`, and gives a token
by asking its server. A real score is not modelled.
"""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import trio

from flow2api.emulator.captcha import Captcha
from tests.doubles.server import Server, Visit, open_server, pausing, plain

SITE_KEY = "test-site-key"
COOKIE = ("__Secure-test.session-token", "secret-cookie-value")

_SCRIPT = """(() => {
  const rendered = new URL(document.currentScript.src).searchParams.get("render");
  const execute = async (siteKey, { action }) => {
    if (siteKey !== rendered) throw new Error("Invalid site key\\nsecond line");
    return (await fetch("/mint?action=" + encodeURIComponent(action))).text();
  };
  window.grecaptcha = { enterprise: { ready: (then) => setTimeout(then, 0), execute } };
})();"""


def _own(execute: str) -> str:
    """A page whose captcha is usable at once and does this when asked."""
    return f"<script>window.grecaptcha = {{ enterprise: {{ ready: (then) => then(), execute: {execute} }} }};</script>"


def _with_script(attributes: str = "") -> str:
    return f'<script src="/recaptcha/enterprise.js?render={SITE_KEY}" {attributes}></script>'


_PAGES = {
    "/page": f"<title>page</title>{_with_script()}",
    "/other": f"<title>other</title>{_with_script()}",
    "/bare": "<title>bare</title>",
    "/silent": _own("() => new Promise(() => {})"),
    "/busy": _own("() => { for (;;); }"),
    "/tokenless": _own("async () => null"),
    "/sulking": _own("() => Promise.reject(null)"),
    "/leaving": "<script>location.replace('/page')</script><img src='/never'>",
    "/unfinished": "<title>unfinished</title><img src='/never'>",
    "/script-never-comes": _with_script("async").replace("/recaptcha/", "/missing/"),
    "/coloured": "<body style='background: rgb(0, 128, 0)'>",
}


@dataclass
class CaptchaPage:
    """The server and the tokens that it has given out."""

    server: Server
    login: str
    captcha: Captcha = field(default_factory=Captcha)

    def url(self, path: str = "/page", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.server.port}{path}"

    @property
    def script_url(self) -> str:
        """For pages that have no script of their own."""
        return self.url("/recaptcha/enterprise.js")

    @property
    def loads(self) -> list[str]:
        """The pages that were asked for, in order."""
        paths = [urlsplit(seen.target).path for seen in self.server.requests]
        return [path for path in paths if path in _PAGES]

    def spend(self, token: str, action: str) -> None:
        """Use up a token as the service does; refused if it was not given out here, for this, and unused."""
        assert not token.startswith("tok:"), "the registry takes every token of that form, so it would prove nothing"
        self.captcha.spend(token, action, "required", trio.current_time())

    async def answer(self, visit: Visit) -> bool:
        if self.login and visit.request.headers.get("proxy-authorization") != f"Basic {self.login}":
            return await plain(status=407, headers=[("Proxy-Authenticate", 'Basic realm="exit"')])(visit)
        url = urlsplit(visit.request.target)
        html = [("Content-Type", "text/html")]
        if url.path in _PAGES:
            return await plain(_PAGES[url.path].encode(), headers=html)(visit)
        match url.path:
            case "/recaptcha/enterprise.js":
                return await plain(_SCRIPT.encode(), headers=[("Content-Type", "text/javascript")])(visit)
            case "/mint":
                return await plain(self._mint(url.query).encode())(visit)
            case "/signed-in":
                cookie = f"{COOKIE[0]}={COOKIE[1]}; Path=/; HttpOnly; Secure"
                return await plain(b"welcome", headers=[*html, ("Set-Cookie", cookie)])(visit)
            case "/never":
                return await pausing()(visit)
            case _:
                return await plain(b"nothing here", status=404)(visit)

    def _mint(self, query: str) -> str:
        action = parse_qs(query)["action"][0]
        token = f"page-token-{len(self.server.requests)}"
        self.captcha.register(token, action, trio.current_time())
        return token


@asynccontextmanager
async def open_captcha_page(proxy_login: tuple[str, str] | None = None) -> AsyncIterator[CaptchaPage]:
    """A running server of such pages. It is an HTTP proxy as well, which has them under every name; with a login, nothing else."""
    login = base64.b64encode(":".join(proxy_login).encode()).decode() if proxy_login else ""
    async with open_server() as server:
        page = CaptchaPage(server, login)
        server.default = page.answer
        yield page
