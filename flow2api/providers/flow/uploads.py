"""Input pictures of one account: uploaded into a project, remembered while Flow is sure to know them.

Owns the memory of uploads in the vault. Reads files in a worker thread; the picture is sent as it is, never re-encoded.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import trio

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.base import Picture
from flow2api.providers.flow import wire
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.vault import Upload, Vault

# Uploads are reported to end after about an hour.
REUSE_SECONDS = 45 * 60.0

# Encoding a picture of many megabytes takes tens of milliseconds; two at a time keep memory and both cores in hand.
_encoders = trio.CapacityLimiter(2)


class Uploads:
    """The uploaded pictures of one account, by project and digest."""

    def __init__(self, client: Client, vault: Vault, clock: Callable[[], float]) -> None:
        self._client = client
        self._vault = vault
        self._clock = clock

    def home_of(self, pictures: Sequence[Picture]) -> str | None:
        """A project that holds all `pictures` already, so that nothing needs to be uploaded; None when there is none."""
        if not pictures:
            return None
        projects = self._vault.projects
        return next(
            (project for project in projects if all(self._known(project, picture) for picture in pictures)), None
        )

    async def put(self, project_id: str, pictures: Sequence[Picture], session_id: str) -> tuple[str, ...]:
        """The media ids of `pictures` in the project, in order; those not known there are uploaded."""
        return tuple([await self._put(project_id, picture, session_id) for picture in pictures])

    def forget(self, project_id: str, media_ids: Sequence[str]) -> None:
        """Drop uploads that Flow no longer knows."""
        known = self._vault.uploads.get(project_id, {})
        self._vault.uploads[project_id] = {
            digest: upload for digest, upload in known.items() if upload.media_id not in media_ids
        }

    def prune(self) -> None:
        """Drop what is too old to be reused."""
        fresh_from = self._clock() - REUSE_SECONDS
        kept = {
            project: {digest: upload for digest, upload in known.items() if upload.at > fresh_from}
            for project, known in self._vault.uploads.items()
        }
        self._vault.uploads = {project: known for project, known in kept.items() if known}

    async def _put(self, project_id: str, picture: Picture, session_id: str) -> str:
        known = self._known(project_id, picture)
        if known is not None:
            return known
        body = await trio.to_thread.run_sync(_encode, picture, session_id, project_id, limiter=_encoders)
        media_id = await self._client.upload_image(self._vault.access_token, body)
        self._vault.uploads.setdefault(project_id, {})[picture.digest] = Upload(media_id, self._clock())
        return media_id

    def _known(self, project_id: str, picture: Picture) -> str | None:
        upload = self._vault.uploads.get(project_id, {}).get(picture.digest)
        return upload.media_id if upload and upload.at > self._clock() - REUSE_SECONDS else None


def _encode(picture: Picture, session_id: str, project_id: str) -> bytes:
    """The upload's body. Runs in a worker thread."""
    return wire.encode(
        wire.UploadImage(
            client_context=wire.ClientContext(session_id=session_id, project_id=project_id),
            file_name="input.png" if picture.mime == "image/png" else "input.jpg",
            mime_type=picture.mime,
            image_bytes=_read(picture.path),
        )
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        detail = error.strerror or "it cannot be read"
        raise UpstreamFailure(
            FailureKind.REQUEST_REJECTED, f"An input picture is no longer on disk: {detail}."
        ) from error
