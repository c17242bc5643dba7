"""Resumable uploads of pictures: begun, sent in pieces, finished. What was not finished is forgotten after a while.

Nothing is believed of what the sender says about the file; it is looked at like every other input picture.
"""

import secrets
from collections import OrderedDict
from urllib.parse import parse_qs

import msgspec
import trio
from quart_trio.wrappers import TrioResponse

from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini.files import FileResource, Files
from flow2api.api.inputs import MAX_BYTES, Upload
from flow2api.api.links import Links
from flow2api.api.services import Services
from flow2api.api.wire import answer
from flow2api.errors import Code, Failure

FORGET_SECONDS = 600.0
# Each may hold a picture in memory.
MAX_OPEN = 16


class UploadedFile(msgspec.Struct, frozen=True):
    """The answer to a step; the file is there after the last one."""

    file: FileResource | msgspec.UnsetType = msgspec.UNSET


class _Open:
    """An upload that is under way."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.touched = trio.current_time()


class Uploads:
    """All uploads that are under way."""

    def __init__(self, services: Services, links: Links, desk: Desk, files: Files) -> None:
        self._services = services
        self._links = links
        self._desk = desk
        self._files = files
        self._open: OrderedDict[str, _Open] = OrderedDict()

    async def handle(self, request: GatewayRequest) -> TrioResponse:
        """Every step of the protocol, told apart by its command. The pieces bring no key: the address of the upload, which nobody
        can guess, stands for it."""
        commands = {word.strip() for word in _header(request, b"x-goog-upload-command").lower().split(",")}
        if "start" in commands:
            self._services.keys.caller(request, "gemini")
            return self._start(request)
        upload_id = parse_qs(request.scope["query_string"].decode("latin-1")).get("upload_id", [""])[0]
        upload = self._open.get(upload_id)
        if upload is None or not commands & {"upload", "finalize"}:
            message = "There is no such upload. Begin one with the header `X-Goog-Upload-Command: start`."
            raise Failure(Code.NOT_FOUND, message)
        upload.data += await request.body.whole()
        upload.touched = trio.current_time()
        if len(upload.data) > MAX_BYTES:
            # Two pieces may arrive at once.
            self._open.pop(upload_id, None)
            raise Failure(Code.REQUEST_TOO_LARGE, f"A picture may have at most {MAX_BYTES // 1024**2} MiB.")
        if "finalize" not in commands:
            return TrioResponse(b"", headers={"x-goog-upload-status": "active"})
        self._open.pop(upload_id, None)
        [file] = await self._desk.inputs.keep([Upload(bytes(upload.data), "file")])
        return answer(UploadedFile(self._files.resource(request, file)), headers={"x-goog-upload-status": "final"})

    def _start(self, request: GatewayRequest) -> TrioResponse:
        now = trio.current_time()
        for upload_id, upload in list(self._open.items()):
            if now - upload.touched > FORGET_SECONDS:
                del self._open[upload_id]
        if len(self._open) >= MAX_OPEN:
            message = "Too many uploads are under way."
            raise Failure(Code.RATE_LIMIT_EXCEEDED, message, retry_after_seconds=FORGET_SECONDS)
        upload_id = secrets.token_hex(16)
        self._open[upload_id] = _Open()
        url = f"{self._links.base(request)}/upload/v1beta/files?upload_id={upload_id}"
        return answer(UploadedFile(), headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})


def _header(request: GatewayRequest, name: bytes) -> str:
    return (request.header(name) or b"").decode("latin-1").strip()
