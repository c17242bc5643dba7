"""How a failure looks to a caller: the error object, its status, and the headers that say whether repeating helps.

Every error of the API passes through here, the framework's own and our mistakes included; a message never holds a secret or a
stack trace.
"""

import logging
import math

import msgspec
from quart_trio.wrappers import TrioResponse
from werkzeug.exceptions import HTTPException

from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorParked, ActorStopped

log = logging.getLogger("flow2api.api")

_encode = msgspec.json.Encoder().encode
# Names of fields are the caller's, and a name may have megabytes. The longest of our own messages have some hundreds of characters.
_MAX_MESSAGE = 2000
_MAX_PARAM = 200

_OF_STATUS = {
    404: (Code.NOT_FOUND, "There is nothing at this address. The API begins at /v1."),
    405: (Code.METHOD_NOT_ALLOWED, "This address does not take this method."),
    408: (Code.REQUEST_TIMEOUT, "The request took too long to arrive."),
    413: (Code.REQUEST_TOO_LARGE, "The request is too large."),
}


class ErrorObject(msgspec.Struct, frozen=True):
    """The inner error object; always all four fields."""

    message: str
    type: str
    param: str | None
    code: str | None


class Envelope(msgspec.Struct, frozen=True):
    """The body of every error answer."""

    error: ErrorObject


def envelope(failure: Failure) -> bytes:
    """The error object as JSON."""
    return _encode(Envelope(ErrorObject(message_of(failure), failure.kind.type, param_of(failure), failure.code.value)))


def message_of(failure: Failure) -> str:
    """What happened, in words that are not too many."""
    message = failure.message or failure.code.value
    return message if len(message) <= _MAX_MESSAGE else f"{message[:_MAX_MESSAGE]}…"


def param_of(failure: Failure) -> str | None:
    """The field at fault, as far as a person reads."""
    return failure.param[:_MAX_PARAM] if failure.param is not None else None


def advice(failure: Failure) -> dict[str, str]:
    """Headers that tell an SDK whether and when to repeat. A wait is only named where the true one is known."""
    headers = {"x-should-retry": "true" if failure.kind.retry else "false"}
    if failure.retry_after_seconds is not None:
        wait = max(0.0, failure.retry_after_seconds)
        headers["retry-after-ms"] = str(math.ceil(wait * 1000))
        headers["retry-after"] = str(math.ceil(wait))
    return headers


def failure_of(error: BaseException) -> Failure:
    """What to tell a caller about any error; what we did not expect is logged with its trace and told without it."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return failure_of(error.exceptions[0])
    if isinstance(error, HTTPException):
        code, message = _OF_STATUS.get(error.code or 500, (Code.INVALID_VALUE, "The request could not be understood."))
        return Failure(code, message)
    if isinstance(error, ActorParked):
        return Failure(Code.CONFLICT, "This part rests after repeated crashes; restart it or see the log.")
    if isinstance(error, ActorStopped):
        return Failure(Code.DRAINING, "The gateway is being stopped.", retry_after_seconds=10.0)
    log.error("request failed unexpectedly", exc_info=error)
    return Failure(Code.INTERNAL_ERROR, "The gateway made a mistake. Its log says more under this request's id.")


def respond(error: BaseException) -> TrioResponse:
    """The answer to a failed request."""
    failure = failure_of(error)
    response = TrioResponse(envelope(failure), failure.kind.status, advice(failure), content_type="application/json")
    if isinstance(error, HTTPException):
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
    return response
