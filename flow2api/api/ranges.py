"""Ranges of bytes as RFC 9110 has them: what a header asks for, and how several parts stand in one answer. Pure data."""

import re
import secrets
from collections.abc import Sequence
from typing import NamedTuple

# No reader needs more; who asks for more gets the whole file.
MAX_RANGES = 8
# More digits than any file has bytes are not understood.
_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})")
_UNIT = "bytes="


class Span(NamedTuple):
    """Bytes from `start` up to, but without, `end`."""

    start: int
    end: int


def wanted(header: bytes | None, size: int) -> list[Span] | None:
    """The parts that a Range header asks for; None for the whole file, which is also the answer to what we do not understand or
    what would be more than the file; none when all lie outside."""
    text = (header or b"").decode("latin-1").strip()
    if not text.startswith(_UNIT):
        return None
    asked = [_span(one.strip(), size) for one in text.removeprefix(_UNIT).split(",", MAX_RANGES)]
    known = [span for span in asked if span is not None]
    if len(known) < len(asked) or len(known) > MAX_RANGES:
        return None
    spans = [span for span in known if span.start < span.end]
    return spans if sum(span.end - span.start for span in spans) <= size else None


def _span(text: str, size: int) -> Span | None:
    """One range, cut to the file; None when it is none."""
    match = _RANGE.fullmatch(text)
    if match is None or text == "-":
        return None
    first, last = match[1], match[2]
    if not first:
        return Span(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return Span(min(int(first), size), min(size, int(last) + 1) if last else size)


def shown(span: Span, size: int) -> str:
    """A span as `Content-Range` names it."""
    return f"bytes {span.start}-{span.end - 1}/{size}"


def parts(spans: Sequence[Span], size: int, mime: str) -> tuple[list[tuple[bytes, Span]], str]:
    """Several parts in one answer: each with the text that goes before it, the last one an empty part after which all is said; and
    the boundary."""
    boundary = secrets.token_hex(12)
    pieces = [
        (f"\r\n--{boundary}\r\nContent-Type: {mime}\r\nContent-Range: {shown(span, size)}\r\n\r\n".encode(), span)
        for span in spans
    ]
    return [*pieces, (f"\r\n--{boundary}--\r\n".encode(), Span(0, 0))], boundary
