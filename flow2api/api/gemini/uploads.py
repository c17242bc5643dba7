"""Resumable uploads of pictures: begun, sent in pieces, finished. What was not finished is forgotten after a while.

Nothing is believed of what the sender says about the file; it is looked at like every other input picture.
"""

import secrets
from collections import Counter
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
# Each may hold a picture in memory. The places are shared by all keys, none of which can keep the others out.
MAX_OPEN = 16


class UploadedFile(msgspec.Struct, frozen=True):
    """The answer to a step; the file is there after the last one."""

    file: FileResource | msgspec.UnsetType = msgspec.UNSET


class Opened:
    """An upload that is under way."""

    def __init__(self, owner: str, now: float) -> None:
        self.owner = owner
        """The id of the key that began it."""
        self.data = bytearray()
        self.touched = now


class Places:
    """The uploads that are under way, by their ids. Whoever has the most of them makes room, rather than that somebody with fewer is
    turned away."""

    def __init__(self) -> None:
        self._open: dict[str, Opened] = {}

    def begin(self, owner: str, now: float) -> str:
        """The id of a new upload of this key.

        Raises:
            Failure: `rate_limit_exceeded`, there is no place, and nobody has two more than this key."""
        self._open = {name: one for name, one in self._open.items() if now - one.touched <= FORGET_SECONDS}
        if len(self._open) >= MAX_OPEN:
            self._make_room(owner, now)
        upload_id = secrets.token_hex(16)
        self._open[upload_id] = Opened(owner, now)
        return upload_id

    def find(self, upload_id: str) -> Opened | None:
        return self._open.get(upload_id)

    def end(self, upload_id: str) -> None:
        """Forget it; no harm where that was done before."""
        self._open.pop(upload_id, None)

    def _make_room(self, owner: str, now: float) -> None:
        held = Counter(one.owner for one in self._open.values())
        [(greediest, most)] = held.most_common(1)
        if most - held[owner] < 2:
            message = "Too many uploads are under way. Finish one, or wait until one that rests is forgotten."
            longest = now - min(one.touched for one in self._open.values())
            raise Failure(Code.RATE_LIMIT_EXCEEDED, message, retry_after_seconds=FORGET_SECONDS - longest)
        theirs = [name for name, one in self._open.items() if one.owner == greediest]
        self.end(min(theirs, key=lambda name: self._open[name].touched))


class Uploads:
    """All uploads that are under way."""

    def __init__(self, services: Services, links: Links, desk: Desk, files: Files) -> None:
        self._services = services
        self._links = links
        self._desk = desk
        self._files = files
        self._places = Places()

    async def handle(self, request: GatewayRequest) -> TrioResponse:
        """Every step of the protocol, told apart by its command. The pieces bring no key: the address of the upload, which nobody
        can guess, stands for it."""
        commands = {word.strip() for word in _header(request, b"x-goog-upload-command").lower().split(",")}
        if "start" in commands:
            return self._start(request, self._services.keys.caller(request, "gemini").id)
        upload_id = parse_qs(request.scope["query_string"].decode("latin-1")).get("upload_id", [""])[0]
        upload = self._places.find(upload_id)
        if upload is None or not commands & {"upload", "finalize"}:
            message = "There is no such upload. Begin one with the header `X-Goog-Upload-Command: start`."
            raise Failure(Code.NOT_FOUND, message)
        upload.data += await request.body.whole()
        upload.touched = trio.current_time()
        if len(upload.data) > MAX_BYTES:
            self._places.end(upload_id)
            raise Failure(Code.REQUEST_TOO_LARGE, f"A picture may have at most {MAX_BYTES // 1024**2} MiB.")
        if "finalize" not in commands:
            return TrioResponse(b"", headers={"x-goog-upload-status": "active"})
        self._places.end(upload_id)
        [file] = await self._desk.inputs.keep([Upload(bytes(upload.data), "file")])
        return answer(UploadedFile(self._files.resource(request, file)), headers={"x-goog-upload-status": "final"})

    def _start(self, request: GatewayRequest, caller: str) -> TrioResponse:
        upload_id = self._places.begin(caller, trio.current_time())
        url = f"{self._links.base(request)}/upload/v1beta/files?upload_id={upload_id}"
        return answer(UploadedFile(), headers={"x-goog-upload-url": url, "x-goog-upload-status": "active"})


def _header(request: GatewayRequest, name: bytes) -> str:
    return (request.header(name) or b"").decode("latin-1").strip()
