"""Which requests speak Gemini's dialect, and how a failure looks in it.

Told by the path, and on addresses that OpenAI's dialect shares by how the key is sent. Shapes: Google's error model
(`google.rpc.Status` with details).
"""

import math
import re
from collections.abc import Iterator

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api.errors import advice, failure_of, message_of, param_of
from flow2api.api.exchange import GatewayRequest
from flow2api.errors import Code, Failure

_encode = msgspec.json.Encoder().encode

_OWN_PATHS = re.compile(rb"/(v1beta\d*|v1alpha|upload)(/|$)")
# A verb at the end, such as `/v1/models/x:generateContent`.
_VERB = re.compile(rb"/v1/(models|publishers|projects|files)/.*(:|%3A)\w+$", re.IGNORECASE)
_SHARED = re.compile(rb"/v1/(models|operations|files)(/|$)")
_HEADERS = (b"x-goog-api-key", b"x-goog-api-client")

# HTTP status -> word and number of the gRPC status that Google's clients show.
_WORDS: dict[int, tuple[str, int]] = {
    400: ("INVALID_ARGUMENT", 3),
    401: ("UNAUTHENTICATED", 16),
    403: ("PERMISSION_DENIED", 7),
    404: ("NOT_FOUND", 5),
    408: ("DEADLINE_EXCEEDED", 4),
    409: ("ABORTED", 10),
    410: ("NOT_FOUND", 5),
    429: ("RESOURCE_EXHAUSTED", 8),
    500: ("INTERNAL", 13),
    502: ("INTERNAL", 13),
    503: ("UNAVAILABLE", 14),
    504: ("DEADLINE_EXCEEDED", 4),
}
_OTHER = ("INVALID_ARGUMENT", 3)
_TYPE = "type.googleapis.com/google.rpc."


class ErrorObject(msgspec.Struct, frozen=True, kw_only=True):
    """The inner error object."""

    code: int
    message: str
    status: str
    details: list[dict[str, object]]


class Envelope(msgspec.Struct, frozen=True):
    """The body of every error answer."""

    error: ErrorObject


def speaks(request: GatewayRequest) -> bool:
    """Whether a request expects answers in this dialect."""
    path: bytes = request.scope["raw_path"]
    if _OWN_PATHS.match(path) or _VERB.match(path):
        return True
    if not _SHARED.match(path):
        return False
    query: bytes = request.scope["query_string"]
    return any(request.header(name) is not None for name in _HEADERS) or b"key=" in query


def error_object(failure: Failure) -> ErrorObject:
    """What is told of a failure: our own code as the reason, the field at fault, and the true wait where one is known."""
    word, _ = _WORDS.get(failure.kind.status, _OTHER)
    return ErrorObject(
        code=failure.kind.status, message=message_of(failure), status=word, details=list(_details(failure))
    )


def grpc_code(failure: Failure) -> int:
    """The number for a failed operation, which has no HTTP status."""
    return 1 if failure.code is Code.CANCELLED else _WORDS.get(failure.kind.status, _OTHER)[1]


def envelope(failure: Failure) -> bytes:
    """The error as JSON."""
    return _encode(Envelope(error_object(failure)))


def respond(error: BaseException) -> TrioResponse:
    """The answer to a failed request."""
    failure = failure_of(error)
    return TrioResponse(envelope(failure), failure.kind.status, advice(failure), content_type="application/json")


def _details(failure: Failure) -> Iterator[dict[str, object]]:
    yield {"@type": f"{_TYPE}ErrorInfo", "reason": failure.code.value.upper(), "domain": "flow2api"}
    if failure.param is not None:
        violation = {"field": param_of(failure), "description": message_of(failure)}
        yield {"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]}
    if failure.retry_after_seconds is not None:
        wait = max(0, math.ceil(failure.retry_after_seconds))
        yield {"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{wait}s"}
