"""How bodies are read: an unknown field is an error, names come in either spelling, bytes in either alphabet of base64."""

import base64
import binascii
import re
from typing import Any, TypeVar

import msgspec

from flow2api.emulator.exchange import Asked, Refused, read_body

T = TypeVar("T")

_ALPHABET = str.maketrans("-_", "+/")
_JOINT = re.compile(r"_([a-z0-9])")


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Anything that is sent."""


def read(asked: Asked, kind: type[T]) -> T:
    """The body as `kind`; `Refused` when it does not fit. Google's own clients mix both spellings in one body."""
    try:
        spelled = _spelled(msgspec.json.decode(asked.body))
    except msgspec.DecodeError as error:
        raise Refused(400, f"Invalid JSON payload received. {error}") from error
    return read_body(msgspec.structs.replace(asked, body=msgspec.json.encode(spelled)), kind)


def decoded(text: str) -> bytes:
    """The bytes of base64: Google's own clients send the alphabet for addresses."""
    try:
        return base64.b64decode(text.translate(_ALPHABET), validate=True)
    except binascii.Error as error:
        raise Refused(400, "Base64 decoding failed for the data of an image.") from error


def _spelled(value: Any) -> Any:
    if isinstance(value, list):
        return [_spelled(one) for one in value]
    if isinstance(value, dict):
        return {_JOINT.sub(lambda joint: joint[1].upper(), name): _spelled(one) for name, one in value.items()}
    return value
