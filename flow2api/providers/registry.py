"""Which services there are: one line each. The rest of the program learns from here that there is one, and from `Traits` what it is
like.

The name is that of the provider's section in the settings. Accounts are added for the first one where nobody says for which.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flow2api.domain.model import Table
from flow2api.domain.reading import Misfit, listed
from flow2api.net.guard import Guard
from flow2api.net.http import Http
from flow2api.providers.base import Provider
from flow2api.providers.fal import arguments as fal
from flow2api.providers.fal.provider import FalProvider
from flow2api.providers.flow.provider import FlowProvider
from flow2api.providers.gateway import how as gateway
from flow2api.providers.gateway.provider import GatewayProvider
from flow2api.providers.gemini import how as gemini
from flow2api.providers.gemini.provider import GeminiProvider
from flow2api.providers.words import check_no_how


class Kind(NamedTuple):
    """One service."""

    make: Callable[[Http, Any, Callable[[], float], Guard], Provider]
    """Makes its provider from its section of the settings, which each describes by a protocol of its own, a clock, and what decides
    where links of the service may lead."""
    check_model: Callable[[Table], None]
    """Raises `Misfit` for a table of the catalogue with which it could do nothing."""


PROVIDERS: Mapping[str, Kind] = {
    "flow": Kind(lambda http, settings, clock, _: FlowProvider(http, settings, clock), check_no_how),
    "gemini": Kind(GeminiProvider, gemini.check_model),
    "fal": Kind(FalProvider, fal.check_model),
    "gateway": Kind(GatewayProvider, gateway.check_model),
}


def open_providers(http: Http, settings: object, clock: Callable[[], float], guard: Guard) -> dict[str, Provider]:
    """All of them, by name, each with its section of `settings`."""
    return {name: kind.make(http, getattr(settings, name), clock, guard) for name, kind in PROVIDERS.items()}


def check_model(table: Table) -> None:
    """Whether a table of the catalogue is something that its provider can work with.

    Raises:
        Misfit: it is not; the message names the field and what is allowed."""
    kind = PROVIDERS.get(table.provider)
    if kind is None:
        raise Misfit(f'provider must be one of {listed(PROVIDERS, "or")}, not "{table.provider}"')
    kind.check_model(table)
