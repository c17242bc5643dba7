"""The emulated Gemini API: models, pictures, operations and files, behind keys in the header `x-goog-api-key`."""

from flow2api.emulator.exchange import Answer, Asked, Refused, json_answer
from flow2api.emulator.gemini.models import MODELS, GeminiModel, shown
from flow2api.emulator.gemini.operations import Operations
from flow2api.emulator.gemini.pictures import Pictures
from flow2api.emulator.gemini.refusals import NoQuota, Unmet, refusal
from flow2api.emulator.keyed.control import KeyedControl
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute, reworded
from flow2api.emulator.strike import Voice

NO_KEY = "Method doesn't allow unregistered callers (callers without established identity)."
BAD_KEY = "API key not valid. Please pass a valid API key."
IMAGEN_UNPAID = "Imagen API is only accessible to billed users at this time."
VEO_UNPAID = "Veo needs billing: please enable it on your project."


class GeminiEmulator(KeyedService):
    """One emulated Gemini API. See `serve_emulator` for how it is served. A key whose balance is nothing has no billing."""

    voice = Voice(refusal, reworded)

    def _begin(self) -> None:
        self.models = dict(MODELS)
        self._subjects = (KeyedControl(self), Pictures(self, self.model), Operations(self, self.model))

    def routes(self) -> list[KeyRoute]:
        models = "/{version}/models"
        return [
            KeyRoute(name="models", method="GET", path=models, handle=self.listed),
            *(route for subject in self._subjects for route in subject.routes()),
            KeyRoute(name="model", method="GET", path=f"{models}/{{model}}", handle=self.one),
        ]

    def secret_of(self, asked: Asked) -> str | None:
        return asked.headers.get("x-goog-api-key") or asked.query.get("key")

    def stranger(self, asked: Asked) -> Refused:
        if self.secret_of(asked) is None:
            return Refused(403, NO_KEY)
        return Refused(400, BAD_KEY, reason="API_KEY_INVALID")

    def admit(self, key: ApiKey) -> None:
        """Whether a key has billing is looked at with the model, since each tells it in another way."""

    def model(self, call: KeyCall, kind: str) -> GeminiModel:
        """The model that a call names, for an order that this key may make.

        Raises:
            Refused: there is none, it has no such method, or it must be paid for."""
        name, key = call.parts["model"], call.caller
        model = self.models.get(name)
        if model is None or model.call != kind:
            message = f"models/{name} is not found for API version v1beta, or is not supported for this method."
            raise Refused(404, message)
        if key.balance <= 0:
            raise {"content": NoQuota(), "predict": Refused(400, IMAGEN_UNPAID), "clip": Unmet(VEO_UNPAID)}[kind]
        return model

    async def listed(self, call: KeyCall) -> Answer:
        """All models, page by page."""
        size, start = int(call.asked.query.get("pageSize", 50)), int(call.asked.query.get("pageToken", 0))
        names = list(self.models)[start : start + size]
        page: dict[str, object] = {"models": [shown(name, self.models[name]) for name in names]}
        if start + size < len(self.models):
            page["nextPageToken"] = str(start + size)
        return json_answer(page)

    async def one(self, call: KeyCall) -> Answer:
        """One model."""
        name = call.parts["model"]
        if name not in self.models:
            raise Refused(404, f"models/{name} is not found.")
        return json_answer(shown(name, self.models[name]))
