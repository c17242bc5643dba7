"""fal.ai as a `Provider`: pictures and clips by the models that it hosts, with a key of the operator's."""

import time
from collections.abc import Callable
from typing import Protocol

from flow2api.domain.present import present
from flow2api.domain.service import Traits
from flow2api.net.exits import ExitChoice
from flow2api.net.http import Http
from flow2api.providers.base import Session
from flow2api.providers.calls import Calls, Way
from flow2api.providers.fal.session import FalSession, Hosts
from flow2api.providers.keyed import KeyProvider, KeyVault


class FalSettings(Protocol):
    """What an operator may choose about fal."""

    @property
    def queue_base_url(self) -> str: ...

    @property
    def storage_base_url(self) -> str: ...

    @property
    def billing_base_url(self) -> str: ...

    @property
    def poll_interval(self) -> float: ...

    @property
    def request_timeout(self) -> float:
        """Seconds for one ordinary call."""

    @property
    def image_timeout(self) -> float: ...

    @property
    def video_timeout(self) -> float: ...


class FalProvider(KeyProvider):
    """Pictures and clips by fal.ai's queue."""

    name: str = "fal"

    def __init__(self, http: Http, settings: FalSettings, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._settings = settings
        self._clock = clock
        self.traits = present(
            lambda: Traits(
                title="fal",
                credential="API key",
                base_url=settings.queue_base_url,
                poll_seconds=settings.poll_interval,
                image_seconds=settings.image_timeout,
                video_seconds=settings.video_timeout,
            )
        )

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        def calls(base_url: Callable[[], str]) -> Calls:
            headers = (("Authorization", f"Key {known.key}"), ("Accept", "application/json"))
            way = present(lambda: Way(title="fal", base_url=base_url(), headers=headers, secret=known.key))
            return Calls(self._http, way, exit_for)

        settings = self._settings
        queue = calls(lambda: settings.queue_base_url)
        storage = calls(lambda: settings.storage_base_url)
        billing = calls(lambda: settings.billing_base_url)
        hosts = present(
            lambda: Hosts(
                queue=queue,
                storage=storage,
                billing=billing,
                queue_url=settings.queue_base_url,
                seconds=settings.request_timeout,
            )
        )
        return FalSession(vault, hosts, self._clock)
