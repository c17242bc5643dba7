"""A form with files, as the clients of OpenAI send it. Pure functions."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class File(NamedTuple):
    """One file of a form."""

    field: str
    name: str
    mime: str
    data: bytes


def form(fields: Mapping[str, Any], files: Iterable[File]) -> tuple[str, bytes]:
    """The content type and the body of a form."""
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for name, value in fields.items():
        pieces.append(_part(boundary, f'name="{_quoted(name)}"', None, _text(value).encode()))
    for file in files:
        named = f'name="{_quoted(file.field)}"; filename="{_quoted(file.name)}"'
        pieces.append(_part(boundary, named, file.mime, file.data))
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", b"".join(pieces)


def _part(boundary: str, disposition: str, mime: str | None, data: bytes) -> bytes:
    kind = f"Content-Type: {mime}\r\n" if mime else ""
    head = f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{kind}\r\n"
    return head.encode() + data + b"\r\n"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
