"""The Gemini API as a `Provider`: keys in the header `x-goog-api-key`, at Google's address or an account's own."""

from typing import Protocol

from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Session
from flow2api.providers.calls import Way
from flow2api.providers.gemini.session import GeminiSession
from flow2api.providers.keyed import KeyProvider, KeySettings, KeyVault


class GeminiSettings(KeySettings, Protocol):
    """What an operator may choose about the Gemini API. Its request timeout is also that for making a picture and delivering a clip."""

    @property
    def base_url(self) -> str: ...


class GeminiProvider(KeyProvider[GeminiSettings]):
    """Pictures and clips by the Gemini API."""

    name: str = "gemini"
    title = "Gemini API"
    own_base_url = True

    @property
    def base_url(self) -> str:
        return self.settings.base_url

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        def way() -> Way:
            headers = (("x-goog-api-key", known.key),)
            base_url = known.base_url or self.base_url
            return Way(title="the Gemini API", base_url=base_url, headers=headers, secret=known.key)

        return GeminiSession(self.calls(way, exit_for), vault, lambda: self.settings.request_timeout)
