"""fal.ai as a `Provider`: pictures and clips by the models that it hosts, with a key of the operator's."""

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from flow2api.domain.present import present
from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Session
from flow2api.providers.calls import Calls, Way
from flow2api.providers.fal.session import FalSession, Hosts
from flow2api.providers.keyed import KeyProvider, KeySettings, KeyVault


class FalSettings(KeySettings, Protocol):
    """What an operator may choose about fal."""

    @property
    def queue_base_url(self) -> str: ...

    @property
    def storage_base_url(self) -> str: ...

    @property
    def billing_base_url(self) -> str: ...


class FalProvider(KeyProvider[FalSettings]):
    """Pictures and clips by fal.ai's queue."""

    name: str = "fal"
    title = "fal"

    @property
    def base_url(self) -> str:
        return self.settings.queue_base_url

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        headers = (("Authorization", f"Key {known.key}"), ("Accept", "application/json"))

        def calls(base_url: Callable[[], str]) -> Calls:
            way = Way(title="fal", base_url="", headers=headers, secret=known.key)
            return self.calls(lambda: replace(way, base_url=base_url()), exit_for)

        settings = self.settings
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
        return FalSession(vault, hosts, self.clock)
