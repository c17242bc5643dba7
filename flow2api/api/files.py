"""Stored pictures and clips by their unguessable links: no key, exact types, ranges, and caching for good.

A link ends in the real extension and its bytes never change, so name and size are all that an ETag needs.
"""

import re
from typing import NamedTuple

import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors.library import MIMES, Library
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.errors import Code, Failure

CHUNK_BYTES = 256 * 1024
# More digits than any file has bytes are not understood.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # Should a picture's bytes ever be taken for a page, nothing in it may run.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


class Span(NamedTuple):
    """Bytes from `start` up to, but without, `end`."""

    start: int
    end: int


def register(app: Application, services: Services) -> None:
    """Add `/media/<name>`."""

    async def media(request: GatewayRequest, name: str) -> TrioResponse:
        return await serve(request, services.library, name)

    app.route_to("GET", "/media/<name>", media)


async def serve(request: GatewayRequest, library: Library, name: str) -> TrioResponse:
    """A stored file, or the part of it that is asked for.

    Raises:
        Failure: there is no such file."""
    path = library.path(name)
    missing = Failure(Code.NOT_FOUND, "There is no such file. Files are kept for a limited time.")
    if path is None:
        raise missing
    try:
        file = await trio.to_thread.run_sync(path.open, "rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise missing from None
    request.leaving.callback(file.close)
    size = file.seek(0, 2)
    etag = f'"{name.partition(".")[0]}-{size:x}"'
    headers = {**_HEADERS, "ETag": etag, "Content-Disposition": f'inline; filename="{name}"'}
    if _known(request.header(b"if-none-match"), etag):
        unchanged = TrioResponse(b"", 304, headers)
        # Both would speak of the empty body, not of the file.
        unchanged.headers.remove("Content-Length")
        unchanged.headers.remove("Content-Type")
        return unchanged
    span = wanted(request.header(b"range"), size) if _fresh(request.header(b"if-range"), etag) else None
    if span is not None and span.start >= span.end:
        return TrioResponse(b"", 416, {**headers, "Content-Range": f"bytes */{size}"})
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    first, last = span or Span(0, size)
    headers["Content-Length"] = str(last - first)

    async def pour(write: Write) -> None:
        file.seek(first)
        left = last - first
        while left and (data := await trio.to_thread.run_sync(file.read, min(CHUNK_BYTES, left))):
            left -= len(data)
            await write(data)

    status = 200 if span is None else 206
    return Poured(pour, content_type=MIMES[name.rpartition(".")[2]], status=status, headers=headers)


def wanted(header: bytes | None, size: int) -> Span | None:
    """The part that a Range header asks for; None for the whole file, which is also the answer to what we do not
    understand; an empty span when it lies outside."""
    match = _RANGE.fullmatch((header or b"").decode("latin-1").strip())
    if match is None or match[0] == "bytes=-":
        return None
    first, last = match[1], match[2]
    if not first:
        return Span(max(0, size - int(last)), size) if int(last) else Span(size, size)
    start = int(first)
    end = min(size, int(last) + 1) if last else size
    if last and int(last) < start:
        return None
    return Span(start, end)


def _known(header: bytes | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (header or b"").decode("latin-1").split(",")]
    return etag in tags or "*" in tags


def _fresh(header: bytes | None, etag: str) -> bool:
    """Whether a Range may be honoured: If-Range must name these very bytes. A date cannot, since we send none."""
    return header is None or header.decode("latin-1").strip() == etag
