"""Files on disk: inputs that callers sent and results that were made; admits, fetches and writes them.

A file's name is unguessable and is all that a link holds. A result's record is stored together with the end of its job, so a file
without a record is left over from a cut and belongs to nobody.
"""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar, Literal, assert_never

import trio

from flow2api.domain import picture
from flow2api.domain.media import MediaFile
from flow2api.errors import Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.mailbox import Ask
from flow2api.kit.timing import Backoff
from flow2api.net.http import Http
from flow2api.net.message import Limits, Response
from flow2api.providers.base import Picture
from flow2api.store import media
from flow2api.store.door import Store

_NAME = re.compile(r"[a-z2-7]{26}\.(png|jpg|webp|gif|bmp|mp4)")
MIMES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "mp4": "video/mp4",
}
_EXTENSIONS = {mime: extension for extension, mime in MIMES.items()}
# Inputs are needed until their job is done, also after a restart.
INPUT_SECONDS = 2 * 86400.0
FETCH_TRIES = 4
DEFAULT_PAUSES = Backoff(first=0.5, factor=3, limit=10)
# An enlarged picture may have tens of megabytes; only so many are held in memory at a time.
FETCHES_AT_A_TIME = 16
PICTURE_LIMITS = Limits(total_seconds=120, max_bytes=128 * 1024 * 1024)


class KeepInput(Ask[MediaFile], frozen=True):
    """Keep a caller's picture, already inspected; its record is durable when this is answered."""

    data: bytes
    mime: str
    width: int
    height: int


class FetchResult(Ask[MediaFile], frozen=True):
    """Bring a finished picture to disk. Its record is stored by whoever ends the job."""

    job_id: str
    url: str
    exit_url: str | None


class KeepResult(Ask[MediaFile], frozen=True):
    """Write a result that came as bytes; stored as above."""

    job_id: str
    data: bytes


MediaMessage = KeepInput | FetchResult | KeepResult


class Library:
    """Where files lie. A plain object, shared with the route that serves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path | None:
        """The file's path; None when `name` is not of the form that we give out, so nothing outside can be reached."""
        return self.folder / name[:2] / name if _NAME.fullmatch(name) else None

    def pictures(self, names: Sequence[str]) -> tuple[Picture, ...]:
        """Stored pictures, ready for a provider. Reads the files, so it runs in a worker thread.

        Raises:
            FileNotFoundError: one of them is no longer there.
        """
        return tuple(self._picture(name) for name in names)

    def _picture(self, name: str) -> Picture:
        path = self.path(name)
        if path is None:
            raise FileNotFoundError(name)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Picture(path=path, mime=MIMES[path.suffix[1:]], digest=digest)

    def new(self, extension: str) -> tuple[str, Path]:
        """A fresh name and its path; 130 random bits make it unguessable."""
        name = f"{base64.b32encode(secrets.token_bytes(17)).decode().lower()[:26]}.{extension}"
        path = self.path(name)
        if path is None:
            raise ValueError(f"no file of ours ends in {extension!r}")
        return name, path


class Media(Actor[MediaMessage]):
    """The only writer of the media folder."""

    mailbox_size: ClassVar[int] = 64
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure,)

    def __init__(
        self,
        library: Library,
        store: Store,
        http: Http,
        retention_seconds: float,
        now: Callable[[], float],
        *,
        pauses: Backoff = DEFAULT_PAUSES,
    ) -> None:
        """`pauses` lie between tries to fetch one picture."""
        self._library = library
        self._store = store
        self._http = http
        self._retention_seconds = retention_seconds
        self._now = now
        self._pauses = pauses
        self._fetches = trio.CapacityLimiter(FETCHES_AT_A_TIME)

    async def start(self) -> None:
        await trio.to_thread.run_sync(lambda: self._library.folder.mkdir(parents=True, exist_ok=True))

    async def handle(self, message: MediaMessage) -> object:
        match message:
            case KeepInput():
                self.answer_in_task(self._keep_input, message)
            case FetchResult():
                self.answer_in_task(self._fetch, message)
            case KeepResult():
                self.answer_in_task(self._keep_result, message.job_id, message.data)
            case _:
                assert_never(message)
        return None

    async def _keep_input(self, message: KeepInput) -> MediaFile:
        info = picture.PictureInfo(
            mime=message.mime, extension=_EXTENSIONS[message.mime], width=message.width, height=message.height
        )
        file = await self._write(message.data, info, "input", None)
        await self._store.write(media.insert, file)
        return file

    async def _fetch(self, message: FetchResult) -> MediaFile:
        async with self._fetches:
            data = await self._download(message)
            return await self._keep_result(message.job_id, data)

    async def _keep_result(self, job_id: str, data: bytes) -> MediaFile:
        try:
            info = picture.inspect(data)
        except Failure as failure:
            raise Failure(Code.RESULT_LOST, f"What the provider delivered is no picture: {failure.message}") from None
        return await self._write(data, info, "result", job_id)

    async def _download(self, message: FetchResult) -> bytes:
        """The finished picture's bytes. Asking again is free, so a passing fault is waited out."""
        pauses = iter(self._pauses)
        for tries_left in reversed(range(FETCH_TRIES)):
            try:
                response = await self._http.request(
                    "GET", message.url, exit_url=message.exit_url, limits=PICTURE_LIMITS
                )
            except NetworkFault as fault:
                trouble = str(fault)
            else:
                if response.status == 200:
                    return response.body
                trouble = f"the provider's media server answered {response.status}"
                if _settled(response):
                    break
            if tries_left:
                await trio.sleep(next(pauses))
        raise Failure(Code.RESULT_LOST, f"The result was made but could not be fetched: {trouble}.")

    async def _write(
        self, data: bytes, info: picture.PictureInfo, role: Literal["input", "result"], job_id: str | None
    ) -> MediaFile:
        name, path = self._library.new(info.extension)
        # Not abandoned on cancellation: the thread finishes its write or removes the side file.
        await trio.to_thread.run_sync(_write_whole, path, data)
        keep = INPUT_SECONDS if role == "input" else self._retention_seconds
        now = self._now()
        return MediaFile(
            name=name,
            role=role,
            job_id=job_id,
            mime=info.mime,
            size_bytes=len(data),
            width=info.width,
            height=info.height,
            created_at=now,
            expires_at=now + keep if keep else None,
        )


def _settled(response: Response) -> bool:
    """Whether asking again is pointless: a signed link that has ended or never was."""
    return 400 <= response.status < 500 and response.status not in (408, 425, 429)


def _write_whole(path: Path, data: bytes) -> None:
    """Write so that the file is there whole or not at all, also after a power cut."""
    side = path.with_suffix(".part")
    try:
        descriptor = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        side.rename(path)
    except OSError as error:
        side.unlink(missing_ok=True)
        raise Failure(
            Code.INTERNAL_ERROR, f"The media folder could not be written ({error.strerror}). Check space and rights."
        ) from error
