"""Admin routes for the captcha pool: the browser and its tabs, a picture of a tab, replacing one, and a test of the whole way.

A picture shows the service's public page behind an exit; no account is signed in there.
"""

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.browser import LookAtBrowser
from flow2api.actors.tab_pool import LookAtTabs, RecycleTab, ShowTab, TestTokens, TokenTest
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import Content, described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.domain.captcha import BrowserView, TabView
from flow2api.errors import Code, Failure


class CaptchaPool(msgspec.Struct, frozen=True):
    """Where tokens come from, and how that is."""

    method: str
    browser: BrowserView
    tabs: list[TabView]


class Recycled(msgspec.Struct, frozen=True):
    """A tab that is closed once its present users are done; a fresh one is opened when it is needed."""

    id: int
    recycled: bool = True


def routes(services: Services) -> Table:
    """All of them."""
    views = _Views(services)
    one = "/api/captcha/tabs/<tab_id>"
    return (
        ("GET", "/api/captcha", views.look),
        ("POST", "/api/captcha/test", views.test),
        ("GET", f"{one}/picture", views.picture),
        ("POST", f"{one}/recycle", views.recycle),
    )


class _Views:
    """Each method is a route."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @described("See the captcha browser and its tabs", CaptchaPool)
    async def look(self, request: GatewayRequest) -> TrioResponse:
        browser = await self._services.browser.ask(LookAtBrowser())
        tabs = await self._services.tabs.ask(LookAtTabs())
        return wire.answer(CaptchaPool(self._services.config.captcha.method, browser, tabs))

    @described("Ask for a token and throw it away", TokenTest, errors=(Code.UNSUPPORTED_OPERATION,))
    async def test(self, request: GatewayRequest) -> TrioResponse:
        if self._services.config.captcha.method != "browser":
            raise Failure(Code.UNSUPPORTED_OPERATION, "captcha.method is none, so there is no browser to test.")
        return wire.answer(await self._services.tabs.ask(TestTokens()))

    @described("See what a tab shows", Content({"image/png": None}), errors=(Code.CONFLICT,))
    async def picture(self, request: GatewayRequest, tab_id: str) -> TrioResponse:
        picture = await self._services.tabs.ask(ShowTab(_number(tab_id)))
        if picture is None:
            raise _missing()
        return TrioResponse(picture, content_type="image/png")

    @described("Replace a tab", Recycled, status=202)
    async def recycle(self, request: GatewayRequest, tab_id: str) -> TrioResponse:
        number = _number(tab_id)
        if not await self._services.tabs.ask(RecycleTab(number)):
            raise _missing()
        return wire.answer(Recycled(number), 202)


def _number(tab_id: str) -> int:
    if not (tab_id.isascii() and tab_id.isdecimal() and len(tab_id) < 10):
        raise _missing()
    return int(tab_id)


def _missing() -> Failure:
    return Failure(Code.NOT_FOUND, "There is no such tab any more.")
