"""Reading JSON bodies leniently and writing JSON answers: one place that turns a decoder's complaint into an error that names
the field. Knows no route."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.api.exchange import GatewayRequest
from flow2api.errors import Code, Failure

T = TypeVar("T")

encode = msgspec.json.Encoder().encode

_MISSING = "Object missing required field `"
_UNKNOWN = "Object contains unknown field `"

# Decoding and what follows it run in one go and hold up everybody. Their time grows with the bytes, little, and with the values and
# escapes in them, much: a body with fewer than these takes less than a tenth of a second. In prose, where commas stand too, so many are megabytes.
_LIGHT_BYTES = 1024 * 1024
_MAX_COMMAS = 100_000
_MAX_ESCAPES = 2_000_000


def decoder(kind: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that also takes numbers and booleans written as strings; unknown fields are ignored."""
    return msgspec.json.Decoder(kind, strict=False)


async def weigh(body: bytes | bytearray) -> None:
    """Look whether a body can be decoded in a moment.

    Raises:
        Failure: `request_too_large`, it is made of too many small things."""
    if len(body) <= _MAX_COMMAS:
        return
    light = len(body) <= _LIGHT_BYTES
    if _too_fine(body) if light else await trio.to_thread.run_sync(_too_fine, body):
        raise Failure(
            Code.REQUEST_TOO_LARGE,
            f"The request body holds too many small things: more than {_MAX_COMMAS} commas or {_MAX_ESCAPES} escapes.",
        )


def _too_fine(body: bytes | bytearray) -> bool:
    """Counts piece by piece, so that the Trio thread gets its turns."""
    commas = escapes = 0
    for start in range(0, len(body), _LIGHT_BYTES):
        commas += body.count(b",", start, start + _LIGHT_BYTES)
        escapes += body.count(b"\\", start, start + _LIGHT_BYTES)
    return commas > _MAX_COMMAS or escapes > _MAX_ESCAPES


def decode(body: bytes | bytearray, using: msgspec.json.Decoder[T]) -> T:
    """The body as a record.

    Raises:
        Failure: `invalid_json`, or the field at fault with its path as `param`, such as `messages[0].content`.
    """
    try:
        return using.decode(body)
    except msgspec.ValidationError as error:
        raise field_failure(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Failure(Code.INVALID_JSON, f"The request body is not valid JSON: {error}.") from None
    except RecursionError:
        raise Failure(Code.INVALID_JSON, "The request body is nested too deeply.") from None


def convert(fields: Mapping[str, object], kind: type[T]) -> T:
    """The fields of a form as a record, whose numbers and booleans are written as strings.

    Raises:
        Failure: as `decode`."""
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise field_failure(str(error)) from None


def query(request: GatewayRequest, kind: type[T]) -> T:
    """The parameters of an address as a record; of one that is given twice the last counts, and empty ones are as if not there.

    Raises:
        Failure: as `decode`."""
    given = parse_qs(request.scope["query_string"].decode("latin-1"))
    return convert({name: values[-1] for name, values in given.items()}, kind)


def field_failure(complaint: str) -> Failure:
    """What a decoder's complaint means to a caller."""
    problem, _, where = complaint.partition(" - at `$")
    path = where.rstrip("`").removeprefix(".")
    if problem.startswith(_MISSING):
        field = problem.removeprefix(_MISSING).rstrip("`")
        param = f"{path}.{field}" if path else field
        return Failure(Code.MISSING_REQUIRED_PARAMETER, f"The field {param} is missing.", param=param)
    if problem.startswith(_UNKNOWN):
        field = problem.removeprefix(_UNKNOWN).rstrip("`")
        param = f"{path}.{field}" if path else field
        return Failure(Code.INVALID_VALUE, f"There is no field {param}; is it misspelt?", param=param)
    if not path:
        return Failure(Code.INVALID_JSON, f"The request body must be a JSON object: {problem.lower()}.")
    if problem.endswith("got `null`"):
        return Failure(Code.MISSING_REQUIRED_PARAMETER, f"The field {path} may not be null.", param=path)
    code = Code.INVALID_TYPE if problem.startswith("Expected `") and "got `" in problem else Code.INVALID_VALUE
    return Failure(code, f"The field {path} is not right: {problem[0].lower()}{problem[1:]}.", param=path)


def answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> TrioResponse:
    """`value` as a JSON answer."""
    return TrioResponse(encode(value), status, headers, content_type="application/json")
