"""The Gemini API as a `Provider`: keys in the header `x-goog-api-key`, at Google's address or an account's own."""

import time
from collections.abc import Callable
from typing import Protocol

from flow2api.domain.present import present
from flow2api.domain.service import Traits
from flow2api.net.exits import ExitChoice
from flow2api.net.http import Http
from flow2api.providers.base import Session
from flow2api.providers.calls import Calls, Way
from flow2api.providers.gemini.session import GeminiSession
from flow2api.providers.keyed import KeyProvider, KeyVault

TITLE = "the Gemini API"


class GeminiSettings(Protocol):
    """What an operator may choose about the Gemini API."""

    @property
    def base_url(self) -> str: ...

    @property
    def poll_interval(self) -> float: ...

    @property
    def request_timeout(self) -> float:
        """Seconds for one call, the making of a picture and the delivery of a clip among them."""

    @property
    def image_timeout(self) -> float: ...

    @property
    def video_timeout(self) -> float: ...


class GeminiProvider(KeyProvider):
    """Pictures and clips by the Gemini API."""

    name: str = "gemini"

    def __init__(self, http: Http, settings: GeminiSettings, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._settings = settings
        self.traits = present(
            lambda: Traits(
                title="Gemini API",
                credential="API key",
                base_url=settings.base_url,
                own_base_url=True,
                poll_seconds=settings.poll_interval,
                image_seconds=settings.image_timeout,
                video_seconds=settings.video_timeout,
            )
        )

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        way = present(
            lambda: Way(
                title=TITLE,
                base_url=known.base_url or self._settings.base_url,
                headers=(("x-goog-api-key", known.key),),
                secret=known.key,
            )
        )
        return GeminiSession(Calls(self._http, way, exit_for), vault, lambda: self._settings.request_timeout)
