"""The emulated fal.ai: queue, storage and billing, behind keys in the form `Authorization: Key ...`."""

from flow2api.emulator.exchange import Answer, Asked, Refused, json_answer
from flow2api.emulator.fal.queue import Queue
from flow2api.emulator.fal.refusals import refusal
from flow2api.emulator.fal.storage import Storage
from flow2api.emulator.keyed.control import KeyedControl
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute, reworded
from flow2api.emulator.strike import Voice

LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."


class FalEmulator(KeyedService):
    """One emulated fal.ai. See `serve_emulator` for how it is served."""

    voice = Voice(refusal, reworded)

    def _begin(self) -> None:
        self._subjects = (KeyedControl(self), Storage(self), Queue(self))

    def routes(self) -> list[KeyRoute]:
        billing = KeyRoute(name="billing", method="GET", path="/v1/account/billing", handle=self.billing)
        # The queue's route for new requests takes almost any path, so it comes last.
        return [billing, *(route for subject in self._subjects for route in subject.routes())]

    def secret_of(self, asked: Asked) -> str | None:
        scheme, _, secret = asked.headers.get("authorization", "").partition(" ")
        return secret if scheme == "Key" else None

    def stranger(self, asked: Asked) -> Refused:
        if "authorization" not in asked.headers:
            return Refused(401, "Authentication is required to access this application")
        return Refused(401, "No user found for Key ID and Secret")

    def admit(self, key: ApiKey) -> None:
        if key.balance <= 0:
            raise Refused(403, LOCKED)

    async def billing(self, call: KeyCall) -> Answer:
        """What is left. Only keys of an administrator may ask."""
        if not call.caller.may_read_balance:
            raise Refused(403, "This endpoint needs an Admin API key")
        answer: dict[str, object] = {"username": call.caller.label}
        if "credits" in call.asked.query.get("expand", ""):
            answer["credits"] = {"current_balance": call.caller.balance, "currency": "USD"}
        return json_answer(answer)
