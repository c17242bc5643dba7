"""Pictures: by `generateContent` (whole or as a stream of one event) and by `predict`. Both answer with the bytes at once.

Marker words in the prompt decide what comes of it, see `ENDINGS` and `UNSAFE`.
"""

import base64
import random
from collections.abc import Callable
from typing import Any

import msgspec
import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.exchange import Answer, Refused, json_answer
from flow2api.emulator.gemini.models import IMAGEN_RATIOS, RATIOS, GeminiModel
from flow2api.emulator.gemini.wire import Wire, decoded, read
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.keyed.studio import pixels
from flow2api.emulator.keyed.work import UNSAFE
from flow2api.emulator.pictures import PictureSpec

# Words in a prompt, and the finish reason of an answer without a picture that comes of them.
ENDINGS = {"[image-safety]": "IMAGE_SAFETY", "[no-image]": "NO_IMAGE", "[other]": "IMAGE_OTHER"}
FILTERED = "Unable to show generated images. All images were filtered out because they violated the usage guidelines."
MOST_SAMPLES = 4
_MEGAPIXELS = {"1K": 1.0, "2K": 4.0, "4K": 16.0}

Find = Callable[[KeyCall, str], GeminiModel]


class Blob(Wire, frozen=True):
    mime_type: str
    data: str


class Part(Wire, frozen=True):
    text: str | None = None
    inline_data: Blob | None = None


class Turn(Wire, frozen=True):
    parts: list[Part]
    role: str = "user"


class ImageConfig(Wire, frozen=True):
    aspect_ratio: str | None = None
    image_size: str | None = None


class GenerationConfig(Wire, frozen=True):
    response_modalities: tuple[str, ...] = ()
    image_config: ImageConfig = ImageConfig()
    candidate_count: int = 1
    seed: int | None = None
    temperature: float | None = None


class ContentBody(Wire, frozen=True):
    contents: list[Turn]
    generation_config: GenerationConfig = GenerationConfig()
    safety_settings: tuple[dict[str, str], ...] = ()


class Instance(Wire, frozen=True):
    prompt: str


class PredictParameters(Wire, frozen=True):
    sample_count: int = 1
    aspect_ratio: str = "1:1"
    sample_image_size: str | None = None
    person_generation: str | None = None
    include_rai_reason: bool | None = None
    output_options: dict[str, Any] | None = None


class PredictBody(Wire, frozen=True):
    instances: list[Instance]
    parameters: PredictParameters = PredictParameters()


class Pictures:
    """Answers the calls that make pictures."""

    def __init__(self, service: KeyedService, find: Find) -> None:
        self._service = service
        self._find = find

    def routes(self) -> list[KeyRoute]:
        model = "/{version}/models/{model}"
        return [
            KeyRoute(name="content", method="POST", path=f"{model}:generateContent", handle=self.content),
            KeyRoute(name="content", method="POST", path=f"{model}:streamGenerateContent", handle=self.stream),
            KeyRoute(name="predict", method="POST", path=f"{model}:predict", handle=self.predict),
        ]

    async def content(self, call: KeyCall) -> Answer:
        """A picture for the conversation, or why there is none."""
        return json_answer(await self._answered(call))

    async def stream(self, call: KeyCall) -> Answer:
        """The same as one event."""
        event = b"data: " + msgspec.json.encode(await self._answered(call)) + b"\r\n\r\n"
        return Answer(body=event, mime="text/event-stream")

    async def predict(self, call: KeyCall) -> Answer:
        """Several pictures for a prompt."""
        model, name = self._find(call, "predict"), call.parts["model"]
        body = read(call.asked, PredictBody)
        if len(body.instances) != 1:
            raise Refused(400, "Exactly one instance is expected.")
        parameters, prompt = body.parameters, body.instances[0].prompt
        _check(1 <= parameters.sample_count <= MOST_SAMPLES, "sampleCount")
        _check(parameters.aspect_ratio in IMAGEN_RATIOS, "aspectRatio")
        _check(parameters.sample_image_size is None or parameters.sample_image_size in model.sizes, "sampleImageSize")
        if UNSAFE in prompt:
            return json_answer(
                {"predictions": [{"raiFilteredReason": FILTERED}]} if parameters.include_rai_reason else {}
            )
        size = parameters.sample_image_size or "1K"
        specs = [self._spec(prompt, name, parameters.aspect_ratio, size, None) for _ in range(parameters.sample_count)]
        made = [await self._made(spec) for spec in specs]
        self._accept(call, "predict", prompt, len(made), model.price)
        return json_answer({"predictions": [{"mimeType": "image/jpeg", "bytesBase64Encoded": one} for one in made]})

    async def _answered(self, call: KeyCall) -> dict[str, Any]:
        model, name = self._find(call, "content"), call.parts["model"]
        body = read(call.asked, ContentBody)
        config = body.generation_config
        shape = config.image_config
        _check(config.candidate_count == 1, "candidateCount")
        _check(shape.aspect_ratio is None or shape.aspect_ratio in RATIOS, "aspectRatio")
        _check(shape.image_size is None or shape.image_size in model.sizes, "imageSize")
        prompt = "\n".join(part.text for part in body.contents[-1].parts if part.text)
        _check(bool(prompt), "contents")
        shown = {"modelVersion": name, "responseId": new_id(), "usageMetadata": {"totalTokenCount": 1300}}
        if UNSAFE in prompt:
            return shown | {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}
        inputs = self._inputs(body, model)
        if ending := next((word for marker, word in ENDINGS.items() if marker in prompt), None):
            return shown | {"candidates": [_candidate(ending, [{"text": "I cannot draw that."}])]}
        spec = self._spec(prompt, name, shape.aspect_ratio or "1:1", shape.image_size or "1K", config.seed, inputs)
        picture = {"inlineData": {"mimeType": "image/jpeg", "data": await self._made(spec)}}
        self._accept(call, "content", prompt, 1, model.price)
        return shown | {"candidates": [_candidate("STOP", [{"text": "Here it is."}, picture])]}

    def _inputs(self, body: ContentBody, model: GeminiModel) -> tuple[str, ...]:
        """The input pictures of the whole conversation."""
        blobs = [decoded(part.inline_data.data) for turn in body.contents for part in turn.parts if part.inline_data]
        _check(len(blobs) <= model.inputs, "contents")
        taken = [self._service.studio.take_input(data) for data in blobs]
        names = [one[0] for one in taken if one is not None]
        if len(names) < len(taken):
            raise Refused(400, "Unable to process input image. Please retry or report.")
        return tuple(names)

    def _spec(
        self, prompt: str, model: str, ratio: str, size: str, seed: int | None, inputs: tuple[str, ...] = ()
    ) -> PictureSpec:
        width, height = pixels(ratio, _MEGAPIXELS[size])
        return PictureSpec(
            prompt=prompt,
            model=model,
            aspect=ratio,
            width=width,
            height=height,
            seed=random.randrange(2**31) if seed is None else seed,
            inputs=inputs,
        )

    async def _made(self, spec: PictureSpec) -> str:
        service = self._service
        await trio.sleep(service.knobs.latency_seconds)
        piece = service.studio.draw(spec)
        data = await service.studio.content(piece, service.knobs.pictures)
        # Nobody can ask for it again: it travels with the answer alone.
        service.studio.remove(piece.name)
        return base64.b64encode(data).decode()

    def _accept(self, call: KeyCall, name: str, prompt: str, count: int, price: float) -> None:
        files = [new_id() for _ in range(count)]
        self._service.accept(name, call.caller, new_id(), prompt, files, price * count)


def _candidate(reason: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"index": 0, "finishReason": reason, "content": {"role": "model", "parts": parts}}


def _check(fits: bool, field: str) -> None:
    if not fits:
        raise Refused(400, f"Invalid value at '{field}'.")
