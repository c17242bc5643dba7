"""The built dashboard under `/dashboard/`: one page, and what it loads, held in memory as it was at the start.

Names with a digest in them are kept by browsers for good, the page itself never. Its policy allows nothing from anywhere else.
Where nothing was built, the page says so and how to do it.
"""

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from quart_trio.wrappers import TrioResponse

from flow2api.api.described import Content, described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.routing import Application
from flow2api.errors import Code, Failure

FOLDER = Path(__file__).parent.parent / "dashboard"
PATH = "/dashboard/"
PAGE = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".png": "image/png",
}
# Pictures that are about to be sent are shown from the browser's own memory, which is what `blob:` means.
_POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}
_MISSING = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>flow2api</title>
<h1>The dashboard is not part of this installation</h1>
<p>The gateway works without it. To build it, run <code>uv run python hatch_build.py</code> in the folder of the sources, then start
the gateway again. A package from a release has it already.</p>
<p lang="zh">此安装不含控制台，网关本身不受影响。请在源码目录运行 <code>uv run python hatch_build.py</code>，然后重启网关。</p>
</html>
"""


class Asset(NamedTuple):
    """A file of the dashboard."""

    data: bytes
    packed: bytes
    """The same, compressed."""
    content_type: str
    etag: str
    lasting: bool
    """Whether its name changes with its content."""


def load(folder: Path) -> Mapping[str, Asset]:
    """Every file by its path below the folder; none where nothing was built."""
    files = [file for file in folder.rglob("*") if file.is_file() and file.suffix in _TYPES]
    return {file.relative_to(folder).as_posix(): _asset(file, folder) for file in files}


def _asset(file: Path, folder: Path) -> Asset:
    data = file.read_bytes()
    return Asset(
        data=data,
        packed=gzip.compress(data, mtime=0),
        content_type=_TYPES[file.suffix],
        etag=f'"{hashlib.sha256(data).hexdigest()[:32]}"',
        lasting=file.parent != folder,
    )


def register(app: Application, folder: Path = FOLDER) -> bool:
    """Add the page and its files; whether there is a page to show."""
    assets = load(folder)

    @described(
        "The dashboard",
        Content({"text/html": None}),
        answers={304: None, 308: None, 503: Content({"text/html": None})},
        more="308 leads to the address with a slash at its end; 503 says how to build what is missing.",
    )
    async def page(request: GatewayRequest) -> TrioResponse:
        if not request.path.endswith("/"):
            # What it loads is named beside it, so the slash matters.
            return TrioResponse(b"", 308, {"Location": "dashboard/"})
        found = assets.get(PAGE)
        if found is None:
            return TrioResponse(_MISSING, 503, {**_HEADERS, "Cache-Control": "no-store"}, content_type=_TYPES[".html"])
        return _answer(request, found)

    @described("A file of the dashboard", Content(dict.fromkeys(_TYPES.values())), answers={304: None})
    async def file(request: GatewayRequest, name: str) -> TrioResponse:
        found = assets.get(name)
        if found is None:
            raise Failure(Code.NOT_FOUND, "The dashboard has no such file. After an update, load its page again.")
        return _answer(request, found)

    app.route_to("GET", PATH, page)
    app.route_to("GET", f"{PATH}<path:name>", file)
    return PAGE in assets


def _answer(request: GatewayRequest, asset: Asset) -> TrioResponse:
    caching = "public, max-age=31536000, immutable" if asset.lasting else "no-cache"
    headers = {**_HEADERS, "Cache-Control": caching, "ETag": asset.etag}
    if asset.etag.encode() in (request.header(b"if-none-match") or b""):
        unchanged = TrioResponse(b"", 304, headers)
        unchanged.headers.remove("Content-Length")
        unchanged.headers.remove("Content-Type")
        return unchanged
    if b"gzip" in (request.header(b"accept-encoding") or b""):
        return TrioResponse(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, content_type=asset.content_type)
    return TrioResponse(asset.data, 200, headers, content_type=asset.content_type)
