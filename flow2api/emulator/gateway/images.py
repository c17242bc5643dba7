"""OpenAI's pictures: made from text, or from text and pictures. They are answered at once."""

import base64
import random

import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.exchange import Answer, json_answer
from flow2api.emulator.gateway.forms import Fields, fields_of
from flow2api.emulator.gateway.models import BYTES_ONLY, GatewayModel
from flow2api.emulator.gateway.refusals import Invalid
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute
from flow2api.emulator.keyed.studio import Piece
from flow2api.emulator.keyed.work import check_prompt
from flow2api.emulator.pictures import PictureSpec

USUAL_SIZE = (1024, 1024)


class Images:
    """Answers the calls for pictures."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service

    def routes(self) -> list[KeyRoute]:
        return [
            KeyRoute(name="image", method="POST", path="/v1/images/generations", handle=self.generate),
            KeyRoute(name="edit", method="POST", path="/v1/images/edits", handle=self.edit),
        ]

    async def generate(self, call: KeyCall) -> Answer:
        """Pictures from text."""
        return await self._make(call, "image", ())

    async def edit(self, call: KeyCall) -> Answer:
        """Pictures from text and pictures."""
        fields = fields_of(call.asked)
        pictures = [data for name, data in fields.files if name == "image"]
        if not pictures:
            raise Invalid("image", "At least one picture is needed.", code="missing_required_parameter")
        names = []
        for data in pictures:
            taken = self._service.studio.take_input(data)
            if taken is None:
                raise Invalid("image", "The file is no picture.", code="invalid_image")
            names.append(taken[0])
        return await self._make(call, "edit", tuple(names))

    async def _make(self, call: KeyCall, name: str, inputs: tuple[str, ...]) -> Answer:
        service, fields = self._service, fields_of(call.asked)
        model_id, model = fields.model("images")
        if len(inputs) > model.pictures:
            raise Invalid("image", f"{model_id} takes at most {model.pictures} pictures.")
        service.admit(call.caller)
        check_prompt(fields.prompt)
        drawn = self._drawn(fields, model_id, inputs)
        files = [piece.name for piece in drawn]
        service.accept(name, call.caller, new_id(), fields.prompt, files, model.price * len(drawn))
        await trio.sleep(service.knobs.latency_seconds)
        return await self._answer(call, fields, model_id, model, drawn)

    def _drawn(self, fields: Fields, model_id: str, inputs: tuple[str, ...]) -> list[Piece]:
        width, height = fields.size(USUAL_SIZE)
        return [
            self._service.studio.draw(
                PictureSpec(
                    prompt=fields.prompt,
                    model=model_id,
                    aspect=f"{width}:{height}",
                    width=width,
                    height=height,
                    seed=random.randrange(1_000_000),
                    inputs=inputs,
                )
            )
            for _ in range(fields.count())
        ]

    async def _answer(
        self, call: KeyCall, fields: Fields, model_id: str, model: GatewayModel, drawn: list[Piece]
    ) -> Answer:
        service = self._service
        as_bytes = model_id in BYTES_ONLY or fields.text("response_format") == "b64_json"
        data: list[dict[str, str]] = []
        for piece in drawn:
            if as_bytes:
                content = await service.studio.content(piece, service.knobs.pictures)
                data.append({"b64_json": base64.b64encode(content).decode()})
            else:
                data.append({"url": f"{call.asked.base}/files/{piece.name}"})
        width, height = fields.size(USUAL_SIZE)
        return json_answer(
            {"created": int(service.now()), "size": f"{width}x{height}", "output_format": "jpeg", "data": data}
        )
