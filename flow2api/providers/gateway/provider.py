"""OpenAI-shaped gateways as a `Provider`: each account names its own address, so there may be several gateways at once."""

from flow2api.net.exits import ExitChoice
from flow2api.providers.base import Session
from flow2api.providers.calls import Way
from flow2api.providers.gateway.session import GatewaySession
from flow2api.providers.keyed import KeyProvider, KeySettings, KeyVault


class GatewayProvider(KeyProvider[KeySettings]):
    """Pictures and clips by any service that speaks as OpenAI does, or as resellers of its like. The request timeout is also that for
    making pictures."""

    name: str = "gateway"
    title = "gateway"
    own_base_url = True

    def session(self, known: KeyVault, vault: bytes, exit_for: ExitChoice) -> Session:
        # The paths of resellers begin beside the one that clients of OpenAI are given.
        base_url = (known.base_url or "").removesuffix("/v1")
        headers = (("Authorization", f"Bearer {known.key}"), ("Accept", "application/json"))
        way = Way(title="The gateway", base_url=base_url, headers=headers, secret=known.key)
        calls = self.calls(lambda: way, exit_for)
        return GatewaySession(vault, calls, lambda: self.settings.request_timeout, self.clock)
