"""Files in this dialect: `files/<id>` stands for a stored file, whose id is its name without the extension.

Ids are lower-case letters and digits, since clients cut off anything else. The Python SDK pastes the whole address of a file into the
path when that is plain http, so the last `files/<id>` of the raw path counts.
"""

import re
from datetime import UTC, datetime

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.actors.library import MIMES, Library
from flow2api.api import files as media_files
from flow2api.api.exchange import GatewayRequest
from flow2api.api.links import Links
from flow2api.api.services import Services
from flow2api.api.wire import answer
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure
from flow2api.store import media

# Whatever stands before the last id of an address may be a whole body long.
_SEARCHED_CHARACTERS = 1000
_ID = re.compile(r"files/+([a-z0-9]+)")
_DOWNLOAD = re.compile(r"files/+([a-z0-9]+)(?::|%3A)download", re.IGNORECASE)


class FileResource(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A file as clients know it."""

    name: str
    display_name: str = ""
    mime_type: str
    size_bytes: str
    create_time: str
    update_time: str
    expiration_time: str | msgspec.UnsetType = msgspec.UNSET
    uri: str
    download_uri: str | msgspec.UnsetType = msgspec.UNSET
    state: str = "ACTIVE"
    source: str


class Files:
    """Stored files by their ids."""

    def __init__(self, services: Services, links: Links) -> None:
        self._services = services
        self._links = links

    async def get(self, request: GatewayRequest) -> TrioResponse:
        """A file's bytes, or what is known of it."""
        self._services.keys.caller(request, "gemini")
        path = request.scope["raw_path"].decode("latin-1")
        wanted = _DOWNLOAD.findall(path)
        if wanted:
            return await media_files.serve(request, self._services, self._name(wanted[-1]))
        file = await self._services.store.read(media.get, self._name(newest_id(path) or ""))
        if file is None:
            raise _missing()
        return answer(self.resource(request, file))

    def resource(self, request: GatewayRequest, file: MediaFile) -> FileResource:
        """A stored file as clients know it."""
        made = file.role == "result"
        uri = self.uri(request, file.name)
        return FileResource(
            name=f"files/{_stem(file.name)}",
            mime_type=file.mime,
            size_bytes=str(file.size_bytes),
            create_time=_stamp(file.created_at),
            update_time=_stamp(file.created_at),
            expiration_time=_stamp(file.expires_at) if file.expires_at else msgspec.UNSET,
            uri=f"{uri}:download?alt=media" if made else uri,
            download_uri=f"{uri}:download?alt=media" if made else msgspec.UNSET,
            source="GENERATED" if made else "UPLOADED",
        )

    def uri(self, request: GatewayRequest, name: str) -> str:
        """The address of a file."""
        return f"{self._links.base(request)}/v1beta/files/{_stem(name)}"

    def download(self, request: GatewayRequest, name: str) -> str:
        """The address of a file's bytes, for which the key is needed."""
        return f"{self.uri(request, name)}:download?alt=media"

    def link(self, address: str) -> str | None:
        """The public link of the file behind an address of this dialect; None when it is none of ours."""
        found = newest_id(address)
        name = find(self._services.library, found) if found else None
        return f"/media/{name}" if name else None

    def _name(self, file_id: str) -> str:
        name = find(self._services.library, file_id)
        if name is None:
            raise _missing()
        return name


def newest_id(address: str) -> str | None:
    """The last id that an address names."""
    found = _ID.findall(address[-_SEARCHED_CHARACTERS:])
    return found[-1] if found else None


def find(library: Library, file_id: str) -> str | None:
    """The name of the stored file with this id. A few looks at the folder, each as quick as a look into a table."""
    for extension in MIMES:
        path = library.path(f"{file_id}.{extension}")
        if path is not None and path.exists():
            return path.name
    return None


def _stem(name: str) -> str:
    return name.partition(".")[0]


def _missing() -> Failure:
    return Failure(Code.NOT_FOUND, "There is no such file. Files are kept for a limited time.")


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
