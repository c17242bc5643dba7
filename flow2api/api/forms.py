"""Bodies that are no JSON: multipart and URL-encoded forms, read into fields and files.

What senders say of a file is worthless: names hold whole paths, types are guesses. So a file is its bytes and the field it stood in.
Lists come as `image`, `image[]` or `image[0]`, nested values as `video[id]`; `all`, `files_of` and `inner` know these forms. Large bodies
are taken apart in a worker thread.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

import trio
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from flow2api.api.exchange import GatewayRequest
from flow2api.errors import Code, Failure

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"
MAX_PARTS = 256
# A prompt is the longest field that anybody sends.
MAX_FIELD_BYTES = 1024 * 1024
_INLINE_BYTES = 256 * 1024
# Such a form holds no files, and decoding it holds up everybody.
MAX_URLENCODED_BYTES = MAX_FIELD_BYTES
# A boundary has at most 70 characters; taking many options apart takes long.
_MAX_HEADER_BYTES = 1024
# A search in one piece cannot be interrupted; this is also far more than the head of any part.
_PIECE_BYTES = 64 * 1024


class FormFile(NamedTuple):
    """One file of a form."""

    field: str
    """The name of its field, as it was sent."""
    data: bytes


class Form(NamedTuple):
    """A form: its fields and files in the order in which they came."""

    fields: Sequence[tuple[str, str]]
    files: Sequence[FormFile]

    def get(self, *names: str) -> str | None:
        """The last non-empty value of the first of these names that has one."""
        for name in names:
            for field, value in reversed(self.fields):
                if field == name and value.strip():
                    return value
        return None

    def all(self, name: str) -> list[str]:
        """Every non-empty value of a list: `name`, `name[]` and `name[0]`."""
        return [value for field, value in self.fields if _lists(field, name) and value.strip()]

    def files_of(self, name: str) -> list[FormFile]:
        """Every file of a list: `name`, `name[]` and `name[0]`, in order."""
        return [file for file in self.files if _lists(file.field, name)]

    def values(self) -> dict[str, str]:
        """The last non-empty value of each plain field; lists and nested values have to be asked for by name."""
        return {field: value for field, value in self.fields if value.strip() and "[" not in field}

    def inner(self, name: str, key: str) -> str | None:
        """The value of `name[key]`."""
        return self.get(f"{name}[{key}]")


def media_type(request: GatewayRequest) -> tuple[str, dict[str, str]]:
    """The request's content type in lower case, and its options; empty when it names none."""
    header = (request.header(b"content-type") or b"")[:_MAX_HEADER_BYTES]
    value, options = parse_options_header(header.decode("latin-1"))
    return value.lower(), options


def is_form(request: GatewayRequest) -> bool:
    """Whether the body is a form; anything else is taken for JSON."""
    return media_type(request)[0] in (MULTIPART, URLENCODED)


async def read(request: GatewayRequest, body: bytes | bytearray) -> Form:
    """The form in a body.

    Raises:
        Failure: `invalid_value`, it is broken or has too many parts; `request_too_large`, a field that is no file is too long."""
    kind, options = media_type(request)
    if kind == URLENCODED and len(body) > MAX_URLENCODED_BYTES:
        limit = f"{MAX_URLENCODED_BYTES // 1024} KiB"
        raise Failure(Code.REQUEST_TOO_LARGE, f"A URL-encoded form may have at most {limit}; send {MULTIPART} or JSON.")
    boundary = options.get("boundary", "").encode("latin-1", "replace")
    if kind == MULTIPART and not boundary:
        raise _broken("its Content-Type names no boundary")
    if len(body) > _INLINE_BYTES:
        return await trio.to_thread.run_sync(_parse, kind, boundary, body)
    return _parse(kind, boundary, body)


def _parse(kind: str, boundary: bytes, body: bytes | bytearray) -> Form:
    return _multipart(boundary, body) if kind == MULTIPART else _urlencoded(body)


def _urlencoded(body: bytes | bytearray) -> Form:
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_PARTS)
    except ValueError as error:  # not UTF-8, or too many
        raise _broken(str(error)) from None
    for name, value in fields:
        _check_length(name, len(value))
    return Form(fields, ())


def _multipart(boundary: bytes, body: bytes | bytearray) -> Form:
    fields: list[tuple[str, str]] = []
    files: list[FormFile] = []
    try:
        for part, data in _parts(boundary, body):
            if isinstance(part, File):
                files.append(FormFile(part.name, data))
            else:
                _check_length(part.name, len(data))
                fields.append((part.name, data.decode()))
    except RequestEntityTooLarge:
        raise _broken(f"it has more than {MAX_PARTS} parts, or the head of one is too long") from None
    except UnicodeDecodeError:
        raise _broken("a field is not UTF-8") from None
    except ValueError as error:
        raise _broken(str(error)) from None
    return Form(fields, files)


def _parts(boundary: bytes, body: bytes | bytearray) -> Iterator[tuple[Field | File, bytes]]:
    part: Field | File | None = None
    pieces: list[bytes] = []
    for event in _events(boundary, body):
        if isinstance(event, Field | File):
            # The decoder says None for a name that it cannot read, whatever its types promise.
            if not isinstance(event.name, str):
                raise _broken("a part has no name that can be read")
            part, pieces = event, []
        elif isinstance(event, Data) and part is not None:
            pieces.append(event.data)
            if not event.more_data:
                yield part, b"".join(pieces)


def _events(boundary: bytes, body: bytes | bytearray) -> Iterator[Event]:
    """What the decoder finds, up to the end of the form."""
    decoder = MultipartDecoder(boundary, 2 * _PIECE_BYTES, max_parts=MAX_PARTS)
    for start in range(0, len(body), _PIECE_BYTES):
        decoder.receive_data(bytes(body[start : start + _PIECE_BYTES]))
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
        yield event


def _lists(field: str, name: str) -> bool:
    rest = field.removeprefix(name)
    return field.startswith(name) and (
        not rest or rest == "[]" or (rest[0] + rest[-1] == "[]" and rest[1:-1].isdecimal())
    )


def _check_length(name: str, length: int) -> None:
    if length > MAX_FIELD_BYTES:
        message = f"The form field {name[:80]!r} is longer than {MAX_FIELD_BYTES // 1024} KiB."
        raise Failure(Code.REQUEST_TOO_LARGE, message, param=name[:80])


def _broken(why: str) -> Failure:
    return Failure(Code.INVALID_VALUE, f"The form cannot be read: {why}.")
