"""Making pictures and enlarging them.

A generation counts as accepted when all checks are passed, before its time begins to run: from then on the real service would
have done the work whether or not the client stays to hear of it.
"""

import base64
from typing import Annotated, Any, Literal, NamedTuple

import trio
from msgspec import Meta

from flow2api.emulator.accounts import Account, WireTier
from flow2api.emulator.captcha import IMAGE_ACTION
from flow2api.emulator.exchange import NOT_FOUND, Answer, Asked, Refused, json_answer, read_body
from flow2api.emulator.ledger import Accepted
from flow2api.emulator.media import Media, new_media
from flow2api.emulator.pictures import PictureSpec
from flow2api.emulator.routing import Call, Route
from flow2api.emulator.state import State
from flow2api.emulator.wire import (
    ClientContext,
    GenerationContext,
    Strict,
    StructuredPrompt,
    check_project,
    check_prompt,
    check_rank,
    check_tier,
)

MAX_INPUTS = 10

IMAGE_MODELS: dict[str, WireTier] = {
    "GEM_PIX": "PAYGATE_TIER_NOT_PAID",
    "GEM_PIX_2": "PAYGATE_TIER_NOT_PAID",
    "NARWHAL": "PAYGATE_TIER_NOT_PAID",
    "HARBOR_SEAL": "PAYGATE_TIER_NOT_PAID",
    "IMAGEN_3_5": "PAYGATE_TIER_NOT_PAID",
}
"""Model key to the lowest tier that may use it."""


class Shape(NamedTuple):
    """An aspect ratio in people's words and in pixels."""

    words: str
    width: int
    height: int


SHAPES: dict[str, Shape] = {
    "IMAGE_ASPECT_RATIO_LANDSCAPE": Shape("16:9", 1376, 768),
    "IMAGE_ASPECT_RATIO_PORTRAIT": Shape("9:16", 768, 1376),
    "IMAGE_ASPECT_RATIO_SQUARE": Shape("1:1", 1024, 1024),
    "IMAGE_ASPECT_RATIO_LANDSCAPE_FOUR_THREE": Shape("4:3", 1200, 896),
    "IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR": Shape("3:4", 896, 1200),
}
AS_BASE_IMAGE = "IMAGE_ASPECT_RATIO_UNSPECIFIED"


class Enlargement(NamedTuple):
    factor: int
    tier: WireTier


ENLARGEMENTS: dict[str, Enlargement] = {
    "UPSAMPLE_IMAGE_RESOLUTION_2K": Enlargement(2, "PAYGATE_TIER_ONE"),
    "UPSAMPLE_IMAGE_RESOLUTION_4K": Enlargement(4, "PAYGATE_TIER_TWO"),
}


class ImageInput(Strict, frozen=True):
    name: str
    image_input_type: Literal["IMAGE_INPUT_TYPE_REFERENCE", "IMAGE_INPUT_TYPE_BASE_IMAGE"]


class ImageRequest(Strict, frozen=True):
    """One picture of a batch."""

    client_context: ClientContext
    seed: Annotated[int, Meta(ge=1, le=999_999)]
    image_model_name: str
    image_aspect_ratio: str
    structured_prompt: StructuredPrompt
    image_inputs: Annotated[list[ImageInput], Meta(max_length=MAX_INPUTS)]


class GenerateImages(Strict, frozen=True):
    client_context: ClientContext
    media_generation_context: GenerationContext
    use_new_media: bool
    requests: Annotated[list[ImageRequest], Meta(min_length=1)]


class UpsampleImage(Strict, frozen=True):
    client_context: ClientContext
    media_id: str
    target_resolution: Literal["UPSAMPLE_IMAGE_RESOLUTION_2K", "UPSAMPLE_IMAGE_RESOLUTION_4K"]


class Images:
    """Makes and enlarges pictures."""

    def __init__(self, state: State) -> None:
        self._state = state

    def routes(self) -> list[Route]:
        path = "/v1/projects/*/flowMedia:batchGenerateImages"
        return [
            Route(name="image", method="POST", path=path, side="api", handle=self.generate),
            Route(name="upscale", method="POST", path="/v1/flow/upsampleImage", side="api", handle=self.upscale),
        ]

    async def generate(self, call: Call) -> Answer:
        """One picture for each element of `requests`, in one answer."""
        body = read_body(call.asked, GenerateImages)
        self._check_batch(call, body)
        made = [self._make(call.caller, request) for request in body.requests]
        call.caller.pay(self._state.knobs.image_credits * len(made))
        for media in made:
            self._state.media.put(media)
        batch_id = body.media_generation_context.batch_id
        prompt = body.requests[0].structured_prompt.text
        self._accept("image", call, batch_id, prompt, [media.name for media in made])
        await _wait(self._state.knobs.image_latency_seconds)
        return json_answer(
            {
                "media": [self._shown(media, call.asked) for media in made],
                "workflows": [_workflow(media, batch_id) for media in made],
            }
        )

    def _check_batch(self, call: Call, body: GenerateImages) -> None:
        context = body.client_context
        project_id = check_project(context, call.caller)
        if project_id != call.part:
            raise Refused(400, "Invalid value at 'clientContext.projectId': not the project of the path.")
        if any(request.client_context != context for request in body.requests):
            raise Refused(400, "Invalid value at 'requests': every clientContext must equal the outer one.")
        check_tier(context, call.caller, required=False)
        self._state.spend_token(context.token, IMAGE_ACTION)

    def _make(self, account: Account, request: ImageRequest) -> Media:
        _check_model(account, request.image_model_name)
        now = self._state.now()
        inputs = [self._state.media.owned(one.name, account, now) for one in request.image_inputs]
        prompt = request.structured_prompt.text
        check_prompt(prompt)
        shape = self._shape(request, inputs)
        media = new_media(account, request.client_context.project_id, (shape.width, shape.height), now)
        media.picture = PictureSpec(
            prompt=prompt,
            model=request.image_model_name,
            aspect=shape.words,
            width=shape.width,
            height=shape.height,
            seed=request.seed,
            inputs=tuple(one.name for one in inputs),
        )
        return media

    def _shape(self, request: ImageRequest, inputs: list[Media]) -> Shape:
        if shape := SHAPES.get(request.image_aspect_ratio):
            return shape
        for given, media in zip(request.image_inputs, inputs, strict=True):
            if request.image_aspect_ratio == AS_BASE_IMAGE and given.image_input_type == "IMAGE_INPUT_TYPE_BASE_IMAGE":
                return Shape(f"{media.width}:{media.height}", media.width, media.height)
        raise Refused(400, f"Invalid value at 'requests.imageAspectRatio': \"{request.image_aspect_ratio}\"")

    def _shown(self, media: Media, asked: Asked) -> dict[str, Any]:
        spec = media.picture
        assert spec is not None
        generated = {
            "fifeUrl": self._state.media.link(media, asked.base, self._state.now() + self._state.knobs.link_seconds),
            "seed": spec.seed,
            "mediaGenerationId": media.name,
            "mediaId": media.name,
            "prompt": spec.prompt,
            "modelNameType": spec.model,
            "aspectRatio": next((wire for wire, shape in SHAPES.items() if shape.words == spec.aspect), AS_BASE_IMAGE),
        }
        dimensions = {"width": media.width, "height": media.height}
        image = {"generatedImage": generated, "dimensions": dimensions}
        return {"name": media.name, "workflowId": media.workflow_id, "image": image}

    async def upscale(self, call: Call) -> Answer:
        """The caller's generated picture, two or four times as wide and high."""
        body = read_body(call.asked, UpsampleImage)
        check_project(body.client_context, call.caller)
        check_tier(body.client_context, call.caller, required=True)
        state = self._state
        state.spend_token(body.client_context.token, IMAGE_ACTION)
        enlargement = ENLARGEMENTS[body.target_resolution]
        check_rank(call.caller, enlargement.tier)
        media = state.media.owned(body.media_id, call.caller, state.now())
        if media.picture is None:
            raise Refused(400, "Only generated pictures can be enlarged.")
        self._accept("upscale", call, "", media.name, [media.name])
        await _wait(state.knobs.upscale_latency_seconds)
        if state.knobs.upscale_empty:
            return json_answer({"encodedImage": ""})
        inputs = await state.inputs(media)
        data = await state.pictures.enlarge(media.picture, enlargement.factor, state.knobs.pictures, inputs)
        return json_answer({"encodedImage": base64.b64encode(data).decode()})

    def _accept(self, name: str, call: Call, batch_id: str, prompt: str, media: list[str]) -> None:
        self._state.accept(
            Accepted(
                call=name,
                account=call.caller.email,
                at=self._state.now(),
                batch_id=batch_id,
                prompt=prompt,
                media=tuple(media),
            )
        )


def _check_model(account: Account, model: str) -> None:
    if model not in IMAGE_MODELS:
        raise Refused(404, NOT_FOUND)
    check_rank(account, IMAGE_MODELS[model])


def _workflow(media: Media, batch_id: str) -> dict[str, Any]:
    metadata = {"primaryMediaId": media.name, "batchId": batch_id, "displayName": "Emulated picture"}
    return {"name": media.workflow_id, "projectId": media.project_id, "metadata": metadata}


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await trio.sleep(seconds)
