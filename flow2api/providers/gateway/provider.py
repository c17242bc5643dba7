"""OpenAI-shaped gateways as a `Provider`: each account names its own address, so there may be several gateways at once."""

import time
from collections.abc import Callable
from typing import Protocol

from flow2api.domain.present import present
from flow2api.domain.service import Traits
from flow2api.net.exits import ExitChoice
from flow2api.net.http import Http
from flow2api.providers.base import Session
from flow2api.providers.calls import Calls, Way
from flow2api.providers.gateway.session import GatewaySession
from flow2api.providers.keyed import KeyProvider, KeyVault


class GatewaySettings(Protocol):
    """What an operator may choose about gateways."""

    @property
    def poll_interval(self) -> float: ...

    @property
    def request_timeout(self) -> float:
        """Seconds for one ordinary call, the making of pictures among them."""

    @property
    def image_timeout(self) -> float: ...

    @property
    def video_timeout(self) -> float: ...


class GatewayProvider(KeyProvider):
    """Pictures and clips by any service that speaks as OpenAI does, or as resellers of its like."""

    name: str = "gateway"

    def __init__(self, http: Http, settings: GatewaySettings, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self.traits = present(
            lambda: Traits(
                title="gateway",
                credential="API key",
                base_url="",
                own_base_url=True,
                poll_seconds=settings.poll_interval,
                image_seconds=settings.image_timeout,
                video_seconds=settings.video_timeout,
            )
        )

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        # The paths of resellers begin beside the one that clients of OpenAI are given.
        base_url = (known.base_url or "").removesuffix("/v1")
        headers = (("Authorization", f"Bearer {known.key}"), ("Accept", "application/json"))
        way = Way(title="The gateway", base_url=base_url, headers=headers, secret=known.key)
        return GatewaySession(
            vault, Calls(self._http, way, exit_for), lambda: self._settings.request_timeout, self._clock
        )
