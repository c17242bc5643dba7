"""The emulated gateway: OpenAI's shapes and those of resellers behind bearer keys, and what is left of a key."""

from flow2api.emulator.exchange import Answer, Asked, Refused, json_answer
from flow2api.emulator.gateway.clips import Clips
from flow2api.emulator.gateway.images import Images
from flow2api.emulator.gateway.models import NAMES
from flow2api.emulator.gateway.refusals import refusal
from flow2api.emulator.gateway.relays import Relays
from flow2api.emulator.gateway.videos import Videos
from flow2api.emulator.keyed.control import KeyedControl
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute, reworded
from flow2api.emulator.strike import Voice

CREATED = 1_700_000_000
NO_QUOTA = "You exceeded your current quota, please check your plan and billing details."


class GatewayEmulator(KeyedService):
    """One emulated gateway. See `serve_emulator` for how it is served."""

    voice = Voice(refusal, reworded)

    def _begin(self) -> None:
        clips = Clips(self)
        self._subjects = (KeyedControl(self), Images(self), Videos(self, clips), Relays(self, clips))

    def routes(self) -> list[KeyRoute]:
        billing = "/v1/dashboard/billing"
        own = [
            KeyRoute(name="models", method="GET", path="/v1/models", handle=self.models),
            KeyRoute(name="model", method="GET", path="/v1/models/{id}", handle=self.model),
            KeyRoute(name="billing", method="GET", path=f"{billing}/subscription", handle=self.subscription),
            KeyRoute(name="billing", method="GET", path=f"{billing}/usage", handle=self.usage),
            KeyRoute(name="file", method="GET", path="/files/{name}", handle=self.file, open_to_all=True),
        ]
        return [*own, *(route for subject in self._subjects for route in subject.routes())]

    def secret_of(self, asked: Asked) -> str | None:
        return asked.bearer

    def stranger(self, asked: Asked) -> Refused:
        return Refused(401, "Incorrect API key provided.", reason="invalid_api_key")

    def admit(self, key: ApiKey) -> None:
        if key.balance <= 0:
            raise Refused(429, NO_QUOTA, reason="insufficient_quota")

    async def models(self, call: KeyCall) -> Answer:
        """What there is. Costs nothing."""
        return json_answer({"object": "list", "data": [_model(name) for name in NAMES]})

    async def model(self, call: KeyCall) -> Answer:
        """One model."""
        if call.parts["id"] not in NAMES:
            raise Refused(404, f"The model {call.parts['id']!r} does not exist.", reason="model_not_found")
        return json_answer(_model(call.parts["id"]))

    async def subscription(self, call: KeyCall) -> Answer:
        """What the key may spend in all, in dollars; a part of OpenAI's old billing calls, which many gateways kept."""
        self._check_may_read(call.caller)
        spent = self._spent(call.caller)
        limit = call.caller.balance + spent
        return json_answer({"object": "billing_subscription", "hard_limit_usd": limit, "has_payment_method": True})

    async def usage(self, call: KeyCall) -> Answer:
        """What the key has spent, in cents."""
        self._check_may_read(call.caller)
        return json_answer({"object": "list", "total_usage": self._spent(call.caller) * 100})

    def _check_may_read(self, key: ApiKey) -> None:
        if not key.may_read_balance:
            raise Refused(404, "Invalid URL", reason="not_found")

    def _spent(self, key: ApiKey) -> float:
        first = next((one.balance for one in self._first_keys if one.key == key.key), key.balance)
        return max(0.0, round(first - key.balance, 6))


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "emulator"}
