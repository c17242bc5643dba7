"""Reading the bodies of this dialect: field names come in camelCase and in snake_case, even mixed in one body, so all are brought to
camelCase before they are looked at, and fields that hold null are as if they were not there. Other values are left alone.
"""

from typing import TypeVar

import msgspec
import trio

from flow2api.api.exchange import GatewayRequest
from flow2api.api.wire import decode, decoder, field_failure, weigh
from flow2api.errors import Code, Failure

T = TypeVar("T")

_decoder = decoder(dict[str, object])
_MAX_DEPTH = 64
# The names of a larger body take longer to bring into one spelling than others can wait.
_INLINE_BYTES = 64 * 1024


async def read(request: GatewayRequest, kind: type[T]) -> tuple[T, bytes | bytearray]:
    """The body as a record, and its bytes.

    Raises:
        Failure: it is no JSON object, or a field has the wrong type; `param` names it."""
    body = await request.body.whole()
    await weigh(body)
    if len(body) > _INLINE_BYTES:
        return await trio.to_thread.run_sync(_record, body, kind), body
    return _record(body, kind), body


def _record(body: bytes | bytearray, kind: type[T]) -> T:
    raw = decode(body, _decoder)
    try:
        return msgspec.convert(camel(raw), kind, strict=False)
    except msgspec.ValidationError as error:
        raise field_failure(str(error)) from None


def camel(value: object, depth: int = 0) -> object:
    """The same value with every field name in camelCase, and without the fields that hold null.

    Raises:
        Failure: it is nested too deeply."""
    if depth > _MAX_DEPTH:
        raise Failure(Code.INVALID_JSON, "The request body is nested too deeply.")
    if isinstance(value, dict):
        return {_camel_word(name): camel(inner, depth + 1) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [camel(inner, depth + 1) for inner in value]
    return value


def _camel_word(name: str) -> str:
    if "_" not in name:
        return name
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
