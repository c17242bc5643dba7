"""`:predict` (pictures, answered when they are there) and `:predictLongRunning` (clips, answered at once with an operation)."""

from collections.abc import Sequence

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import pictures, results, waiting
from flow2api.api.batch import Parts
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini.answers import is_refusal
from flow2api.api.gemini.bodies import read
from flow2api.api.gemini.dialect import envelope
from flow2api.api.gemini.files import Files
from flow2api.api.gemini.operations import Operation, operation_name
from flow2api.api.gemini.predict_request import PredictRequest
from flow2api.api.served import Served, served
from flow2api.api.services import Services
from flow2api.api.wire import answer, encode
from flow2api.api.wishes import wish
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Job
from flow2api.domain.model import Kind, Model
from flow2api.domain.rendition import Rendition
from flow2api.errors import Code, Failure

ORIGIN = "gemini"


class Prediction(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One picture, or why there is none."""

    mime_type: str | None = None
    bytes_base64_encoded: str | None = None
    rai_filtered_reason: str | None = None


class Predictions(msgspec.Struct, frozen=True):
    """The answer to `:predict`."""

    predictions: list[Prediction]
    x_flow2api: Served


class PredictRoutes:
    """Both verbs."""

    def __init__(self, services: Services, desk: Desk, files: Files) -> None:
        self._services = services
        self._desk = desk
        self._files = files

    async def predict(self, request: GatewayRequest, model_id: str) -> TrioResponse:
        """Pictures."""
        key = self._services.keys.caller(request, "gemini")
        asked, body = await _read(request, model_id)
        model = self._desk.model(model_id, key)
        _check_kind(model, "image")
        rendition = asked.rendition()
        claim = await self._desk.claim(request, key.id, body)
        parts = Parts.of(model, asked.n)
        jobs = await self._desk.batch(request, claim, parts, ORIGIN, lambda: self._wish(asked, model, key.id))
        request.leaving.enter_context(jobs)

        async def finish() -> bytes:
            return encode(await self._predictions(await jobs.wait_final(), rendition))

        return await waiting.whole(
            finish, self._services.pace, route=jobs.route, warnings=jobs.warnings, farewell=envelope
        )

    async def begin(self, request: GatewayRequest, model_id: str, resource: str) -> TrioResponse:
        """Clips: the operation under `resource`, which is the model's own path."""
        key = self._services.keys.caller(request, "gemini")
        asked, body = await _read(request, model_id)
        model = self._desk.model(model_id, key)
        _check_kind(model, "video")
        claim = await self._desk.claim(request, key.id, body)
        watch = await self._desk.repeated(claim)
        if watch is None:
            wished = await self._wish(asked, model, key.id)
            watch = await self._desk.submit(request, claim, wished, ORIGIN, detached=True)
        with watch:
            return answer(Operation(name=operation_name(resource, watch.progress.job)))

    async def _wish(self, asked: PredictRequest, model: Model, caller: str) -> Wish:
        desk = self._desk
        desk.check_open()
        prompt, given, clip = asked.prompt(), asked.pictures(self._files.link), asked.clip(self._files.link)
        source = await desk.sources.find(model, caller, link=clip)
        return wish(asked, prompt, await desk.pictures(given, model), source)

    async def _predictions(self, jobs: Sequence[Job], rendition: Rendition | None) -> Predictions:
        """Each picture, or why it was refused; a job that failed otherwise is left out, unless all did."""
        predictions: list[Prediction] = []
        failures: list[Failure] = []
        for job in jobs:
            try:
                made = [
                    await pictures.finish(self._services, name, rendition, inline=True) for name in results.names(job)
                ]
            except Failure as failure:
                failures.append(failure)
                if is_refusal(failure):
                    predictions.append(Prediction(rai_filtered_reason=failure.message))
            else:
                predictions += [Prediction(one.file.mime, one.base64) for one in made]
        if not predictions:
            raise failures[0]
        return Predictions(predictions, served(jobs))


async def _read(request: GatewayRequest, model_id: str) -> tuple[PredictRequest, bytes | bytearray]:
    asked, body = await read(request, PredictRequest)
    asked.model, asked.n = model_id, asked.parameters.sample_count if asked.parameters else None
    return asked, body


def _check_kind(model: Model, kind: Kind) -> None:
    if model.kind != kind:
        verb = "predictLongRunning" if model.kind == "video" else "predict"
        what = "clips" if model.kind == "video" else "pictures"
        message = f"{model.id} makes {what}: ask it with :{verb} or :generateContent."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param="model")
