"""Files that callers bring: by a token for the file host, or by an upload link. The files themselves lie in the studio."""

import mimetypes
import secrets
from datetime import UTC, datetime

import msgspec

from flow2api.emulator.exchange import Answer, Refused, json_answer, read_body
from flow2api.emulator.keyed.service import KeyCall, KeyedService, KeyRoute

TOKEN_SECONDS = 3600.0


class Initiate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an upload will be."""

    file_name: str
    content_type: str


class Storage:
    """Takes files in."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service
        self._tokens: dict[str, float] = {}

    def routes(self) -> list[KeyRoute]:
        return [
            KeyRoute(name="upload_token", method="POST", path="/storage/auth/token", handle=self.token),
            KeyRoute(name="initiate", method="POST", path="/storage/upload/initiate", handle=self.initiate),
            KeyRoute(name="upload", method="POST", path="/files/upload", handle=self.upload, open_to_all=True),
            KeyRoute(name="put", method="PUT", path="/files/{name}", handle=self.put, open_to_all=True),
            KeyRoute(name="file", method="GET", path="/files/{name}", handle=self._service.file, open_to_all=True),
        ]

    async def token(self, call: KeyCall) -> Answer:
        """A token with which the file host takes uploads for a while. Costs nothing."""
        token, until = secrets.token_urlsafe(24), self._service.now() + TOKEN_SECONDS
        self._tokens[token] = until
        expires = datetime.fromtimestamp(until, UTC).isoformat()
        return json_answer({"token": token, "token_type": "Bearer", "base_url": call.asked.base, "expires_at": expires})

    async def upload(self, call: KeyCall) -> Answer:
        """A whole file in one request, for a token of the file host."""
        if self._tokens.get(call.asked.bearer or "", 0) <= self._service.now():
            raise Refused(401, "The upload token is unknown or has expired.")
        mime = call.asked.headers.get("content-type", "application/octet-stream")
        piece = self._service.studio.put(_ending(mime), mime, call.asked.body)
        return json_answer({"access_url": f"{call.asked.base}/files/{piece.name}"})

    async def initiate(self, call: KeyCall) -> Answer:
        """A link to which anyone may bring the file."""
        wish = read_body(call.asked, Initiate)
        piece = self._service.studio.put(_ending(wish.content_type), wish.content_type)
        url = f"{call.asked.base}/files/{piece.name}"
        return json_answer({"upload_url": url, "file_url": url})

    async def put(self, call: KeyCall) -> Answer:
        """The file for an upload link; once."""
        piece = self._service.studio.get(call.parts["name"])
        if piece is None or piece.content is not None or piece.picture or piece.clip:
            raise Refused(403, "The upload link is unknown or was used.")
        self._service.studio.put("", piece.mime, call.asked.body, piece.name)
        return json_answer({})


def _ending(mime: str) -> str:
    return (mimetypes.guess_extension(mime) or ".bin").lstrip(".")
