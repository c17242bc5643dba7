"""Which services there are: one line each. The rest of the program learns from here that there is one, and from `Traits` what it is
like.

The name is that of the provider's section in the settings. Accounts are added for the first one where nobody says for which.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flow2api.net.http import Http
from flow2api.providers.base import Provider
from flow2api.providers.fal.provider import FalProvider
from flow2api.providers.flow.provider import FlowProvider
from flow2api.providers.gateway.provider import GatewayProvider
from flow2api.providers.gemini.provider import GeminiProvider

Make = Callable[[Http, Any, Callable[[], float]], Provider]
"""Makes a provider from its section of the settings, which each describes by a protocol of its own, and a clock."""

PROVIDERS: Mapping[str, Make] = {
    "flow": FlowProvider,
    "gemini": GeminiProvider,
    "fal": FalProvider,
    "gateway": GatewayProvider,
}


def open_providers(http: Http, settings: object, clock: Callable[[], float]) -> dict[str, Provider]:
    """All of them, by name, each with its section of `settings`."""
    return {name: make(http, getattr(settings, name), clock) for name, make in PROVIDERS.items()}
