"""One HTTP exchange in plain records: what was asked, what is answered, and how the answer travels.

Subjects (accounts, media, images) speak these records only, so the same emulator stands behind any HTTP server. Nothing here
knows a socket or a framework.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")

Side = Literal["labs", "api", "cdn", "page", "control"]
"""Which face of the service a route belongs to; it decides the credential and the form of errors."""

GOOGLE_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

NOT_FOUND = "Requested entity was not found."

TRPC_CODE = {
    400: ("BAD_REQUEST", -32600),
    401: ("UNAUTHORIZED", -32001),
    403: ("FORBIDDEN", -32003),
    404: ("NOT_FOUND", -32004),
    429: ("TOO_MANY_REQUESTS", -32029),
    500: ("INTERNAL_SERVER_ERROR", -32603),
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A complete request. Header names are lower-case; `base` is `http://host:port` as the client wrote it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    base: str
    peer: str = "127.0.0.1"

    def cookie(self, name: str) -> str | None:
        for pair in self.headers.get("cookie", "").split(";"):
            key, _, value = pair.strip().partition("=")
            if key == name:
                return value
        return None

    @property
    def bearer(self) -> str | None:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme.lower() == "bearer" and token else None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer travels. The length that is announced is always that of the whole body."""

    reset: bool = False
    """Break the connection before anything is answered."""
    body_bytes: int | None = None
    """Break the connection after so many bytes of the body."""
    bytes_per_second: float | None = None


WHOLE = Delivery()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete answer. `Content-Length` and `Content-Type` are added by the server."""

    status: int = 200
    body: bytes = b""
    mime: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    delivery: Delivery = WHOLE


NO_ANSWER = Answer(status=500, delivery=Delivery(reset=True))


class Refused(Exception):
    """The service says no. Each side of it puts this into its own words, see `refusal`."""

    def __init__(
        self, status: int, message: str, *, reason: str | None = None, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason
        self.headers = tuple(headers)


def json_answer(value: Any, *, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """`value` as a JSON answer."""
    return Answer(status=status, body=msgspec.json.encode(value), headers=headers)


def text_answer(status: int, text: str, *, mime: str = "text/plain; charset=utf-8") -> Answer:
    """A short text, such as a CDN or a login page sends."""
    return Answer(status=status, body=text.encode(), mime=mime)


def refusal(refused: Refused, side: Side) -> Answer:
    """The answer in which `side` says no."""
    if side in {"cdn", "page"}:
        return text_answer(refused.status, refused.message)
    if side == "labs":
        name, code = TRPC_CODE.get(refused.status, TRPC_CODE[500])
        data = {"code": name, "httpStatus": refused.status}
        wrong: dict[str, Any] = {"json": {"message": refused.message, "code": code, "data": data}}
        return json_answer({"error": wrong}, status=refused.status, headers=refused.headers)
    error: dict[str, Any] = {
        "code": refused.status,
        "message": refused.message,
        "status": GOOGLE_STATUS.get(refused.status, "UNKNOWN"),
    }
    if refused.reason is not None:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": refused.reason}]
    return json_answer({"error": error}, status=refused.status, headers=refused.headers)


_DECODERS: dict[Any, Any] = {}


def _decoder_of(kind: Any) -> Any:
    """Making a decoder takes longer than using it, so each is made once."""
    if kind not in _DECODERS:
        _DECODERS[kind] = msgspec.json.Decoder(kind)
    return _DECODERS[kind]


def read_body(asked: Asked, kind: type[T]) -> T:
    """The JSON body as `kind`; `Refused` with 400 in the service's manner when it does not fit."""
    mime = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if mime not in {"application/json", "text/plain"}:
        raise Refused(400, f"Invalid content type {mime!r}: send JSON.")
    try:
        body: T = _decoder_of(kind).decode(asked.body)
        return body
    except msgspec.ValidationError as error:
        raise Refused(400, _explain(str(error))) from error
    except msgspec.DecodeError as error:
        raise Refused(400, f"Invalid JSON payload received. {error}") from error


_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`(?: - at `\$\.?(?P<where>[^`]*)`)?")
_OTHER = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)


def _explain(message: str) -> str:
    if unknown := _UNKNOWN.search(message):
        place = f" at '{unknown['where']}'" if unknown["where"] else ""
        return f'Invalid JSON payload received. Unknown name "{unknown["name"]}"{place}: Cannot find field.'
    other = _OTHER.match(message)
    where = other["where"] if other and other["where"] else "request"
    what = other["what"] if other else message
    return f"Invalid value at '{where}': {what}"
