"""The fields of a request, whether it came as JSON or as a form with files."""

import io
import re
from typing import Any

import msgspec
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from flow2api.emulator.exchange import Asked, Refused
from flow2api.emulator.gateway.models import MODELS, GatewayModel, Shape
from flow2api.emulator.gateway.refusals import Invalid
from flow2api.emulator.keyed.studio import pixels

MAX_COUNT = 10


class Fields(msgspec.Struct, frozen=True):
    """What was sent: plain values, and files in order under their names without brackets."""

    values: dict[str, Any]
    files: tuple[tuple[str, bytes], ...] = ()

    def text(self, name: str, usual: str = "") -> str:
        """A field as text, also where it is a number."""
        value = self.values.get(name)
        return usual if value is None else str(value)

    @property
    def prompt(self) -> str:
        prompt = self.values.get("prompt")
        if not isinstance(prompt, str) or not prompt.strip():
            raise Invalid("prompt", "The prompt is missing or empty.", code="missing_required_parameter")
        return prompt

    def count(self) -> int:
        text = self.text("n", "1")
        if not text.isdecimal() or not 1 <= int(text) <= MAX_COUNT:
            raise Invalid("n", f"n must be a number from 1 to {MAX_COUNT}.")
        return int(text)

    def size(self, usual: tuple[int, int]) -> tuple[int, int]:
        """Width and height, from a size in pixels or from a ratio."""
        if re.fullmatch(r"[1-9]\d?:[1-9]\d?", self.text("aspect_ratio")):
            return pixels(self.text("aspect_ratio"), 1.0)
        text = self.text("size", "auto")
        if text == "auto":
            return usual
        width, _, height = text.partition("x")
        if not (width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 4096 and 16 <= int(height) <= 4096):
            raise Invalid("size", f"{text!r} is no size.")
        return int(width), int(height)

    def seconds(self, name: str, model: GatewayModel) -> int:
        text = self.text(name, str(model.seconds[0]))
        if not text.isdecimal() or int(text) not in model.seconds:
            raise Invalid(name, f"{name} must be one of {', '.join(map(str, model.seconds))}.")
        return int(text)

    def model(self, shape: Shape) -> tuple[str, GatewayModel]:
        """The model that is named, if it is reached by this shape."""
        name = self.text("model")
        model = MODELS[shape].get(name)
        if model is None:
            message = f"The model {name!r} does not exist or is not served by this path."
            raise Invalid("model", message, code="model_not_found", status=404)
        return name, model


def fields_of(asked: Asked) -> Fields:
    """What was sent; `Refused` when it is neither JSON nor a form."""
    mime, options = parse_options_header(asked.headers.get("content-type", ""))
    if mime == "application/json":
        try:
            return Fields(msgspec.json.decode(asked.body, type=dict[str, Any]))
        except msgspec.DecodeError as error:
            raise Refused(400, f"The body is not a JSON object: {error}", reason="invalid_json") from error
    if mime != "multipart/form-data":
        raise Refused(415, f"Send JSON or a form, not {mime!r}.", reason="unsupported_media_type")
    parser = FormDataParser(stream_factory=_in_memory)
    _, values, files = parser.parse(io.BytesIO(asked.body), mime, len(asked.body), options)
    return Fields(_flat(values), tuple((_plain(name), file.read()) for name, file in files.items(multi=True)))


def _in_memory(*_: object, **__: object) -> io.BytesIO:
    return io.BytesIO()


def _flat(values: MultiDict[str, str]) -> dict[str, Any]:
    return dict(values.items())


def _plain(name: str) -> str:
    """`image`, `image[]` and `image[0]` are the same field."""
    return name.partition("[")[0]
