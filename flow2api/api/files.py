"""Stored pictures and clips by their unguessable links: no key, exact types, ranges, and caching for good.

A link ends in the real extension and its bytes never change, so name and size are all that an ETag needs. The pictures of a clip have
its name with another ending, and are made when they are first asked for.
"""

from typing import BinaryIO

import trio
from quart_trio.wrappers import TrioResponse

from flow2api.actors.companions import MakeCompanion
from flow2api.actors.library import MIMES, Library, clip_of
from flow2api.api import ranges
from flow2api.api.described import Content, described
from flow2api.api.exchange import GatewayRequest, Poured, Write
from flow2api.api.ranges import Span
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.errors import Code, Failure

CHUNK_BYTES = 256 * 1024
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Cross-Origin-Resource-Policy": "cross-origin",
    # Should a picture's bytes ever be taken for a page, nothing in it may run.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_FOR_GOOD = "max-age=31536000, immutable"


def register(app: Application, services: Services) -> None:
    """Add `/media/<name>`."""

    @described(
        "A picture or a clip, by its link",
        Content(dict.fromkeys(MIMES.values())),
        answers={206: Content(dict.fromkeys(MIMES.values())), 304: None, 416: None},
        headers={
            "Range": "A part of it.",
            "If-Range": "The tag of the whole.",
            "If-None-Match": "Tags that are known.",
        },
    )
    async def media(request: GatewayRequest, name: str) -> TrioResponse:
        return await serve(request, services, name)

    app.route_to("GET", "/media/<name>", media)


async def serve(request: GatewayRequest, services: Services, name: str, *, private: bool = False) -> TrioResponse:
    """A stored file, or the part of it that is asked for. The picture of a clip is made if it is not there yet. `private`: not for
    caches that several people share.

    Raises:
        Failure: `not_found`, there is no such file, or a picture of this clip cannot be made."""
    file = await _found(services, name)
    if file is None:
        raise Failure(Code.NOT_FOUND, "There is no such file. Files are kept for a limited time.")
    request.leaving.callback(file.close)
    return _answer(request, name, file, "private" if private else "public")


async def _found(services: Services, name: str) -> BinaryIO | None:
    file = await _open(services.library, name)
    made_of = clip_of(name)
    if file is None and made_of is not None and await _is_there(services.library, made_of[0]):
        await services.media.ask_again(MakeCompanion(*made_of))
        file = await _open(services.library, name)
    return file


def _answer(request: GatewayRequest, name: str, file: BinaryIO, caches: str) -> TrioResponse:
    size = file.seek(0, 2)
    etag = f'"{name.partition(".")[0]}-{size:x}"'
    headers = {
        **_HEADERS,
        "Cache-Control": f"{caches}, {_FOR_GOOD}",
        "ETag": etag,
        "Content-Disposition": f'inline; filename="{name}"',
    }
    if _known(request.header(b"if-none-match"), etag):
        return _unchanged(headers)
    mime = MIMES[name.rpartition(".")[2]]
    spans = ranges.wanted(request.header(b"range"), size) if _fresh(request.header(b"if-range"), etag) else None
    if spans is None:
        return _poured(file, [(b"", Span(0, size))], mime, 200, headers)
    if not spans:
        return TrioResponse(b"", 416, {**headers, "Content-Range": f"bytes */{size}"})
    if len(spans) > 1:
        pieces, boundary = ranges.parts(spans, size, mime)
        return _poured(file, pieces, f"multipart/byteranges; boundary={boundary}", 206, headers)
    headers["Content-Range"] = ranges.shown(spans[0], size)
    return _poured(file, [(b"", spans[0])], mime, 206, headers)


def _poured(
    file: BinaryIO, pieces: list[tuple[bytes, Span]], content_type: str, status: int, headers: dict[str, str]
) -> TrioResponse:
    """Text and what follows it of the file, piece by piece."""
    length = sum(len(text) + span.end - span.start for text, span in pieces)

    async def pour(write: Write) -> None:
        for text, span in pieces:
            if text:
                await write(text)
            file.seek(span.start)
            left = span.end - span.start
            while left and (data := await trio.to_thread.run_sync(file.read, min(CHUNK_BYTES, left))):
                left -= len(data)
                await write(data)

    return Poured(pour, content_type=content_type, status=status, headers={**headers, "Content-Length": str(length)})


def _unchanged(headers: dict[str, str]) -> TrioResponse:
    unchanged = TrioResponse(b"", 304, headers)
    # Both would speak of the empty body, not of the file.
    unchanged.headers.remove("Content-Length")
    unchanged.headers.remove("Content-Type")
    return unchanged


async def _open(library: Library, name: str) -> BinaryIO | None:
    path = library.path(name)
    if path is None:
        return None
    try:
        return await trio.to_thread.run_sync(path.open, "rb")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


async def _is_there(library: Library, name: str) -> bool:
    path = library.path(name)
    return path is not None and await trio.Path(path).exists()


def _known(header: bytes | None, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (header or b"").decode("latin-1").split(",")]
    return etag in tags or "*" in tags


def _fresh(header: bytes | None, etag: str) -> bool:
    """Whether a Range may be honoured: If-Range must name these very bytes. A date cannot, since we send none."""
    return header is None or header.decode("latin-1").strip() == etag
