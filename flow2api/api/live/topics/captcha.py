"""The topic `captcha`: the browser and its tabs; whether a usable tab is in use this moment is a number."""

from typing import ClassVar

from flow2api.actors.browser import LookAtBrowser
from flow2api.actors.tab_pool import LookAtTabs
from flow2api.api.live.coalesce import GONE, Mark
from flow2api.api.live.protocol import CaptchaState
from flow2api.api.live.source import Source
from flow2api.api.services import Services
from flow2api.domain.events import BrowserChanged, TabChanged, TabClosed


class CaptchaSource(Source):
    heard: ClassVar[tuple[type, ...]] = (BrowserChanged, TabChanged, TabClosed)

    def __init__(self, services: Services) -> None:
        self._services = services

    def mark(self, event: object) -> Mark | None:
        match event:
            case TabChanged(view=view):
                state = "ready" if view.state == "busy" else view.state
                return Mark(view.id, (state, view.failures, view.exit))
            case TabClosed():
                return Mark(event.tab_id, GONE)
        return None

    async def snapshot(self) -> CaptchaState:
        services = self._services
        method = services.config.captcha.method
        if method == "none":
            return CaptchaState(method, None, [])
        browser = await services.browser.ask(LookAtBrowser())
        return CaptchaState(method, browser, await services.tabs.ask(LookAtTabs()))
