"""Files on disk: inputs that callers sent, results that were made and pictures of those; admits, fetches, writes and clears them.

A file's name is unguessable and is all that a link holds. A result's record is stored together with the end of its job, so a file
without a record is left over from a cut and belongs to nobody.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, Literal, assert_never

import msgspec
import trio

from flow2api.actors.companions import Companions, MakeCompanion
from flow2api.actors.exits import ExitBook
from flow2api.actors.library import EXTENSIONS, Library
from flow2api.actors.links import ResultLinks
from flow2api.actors.looker import Looker
from flow2api.actors.media_sweep import Sweep, Sweeper, all_of, unlink
from flow2api.actors.renditions import MakeRendition, Renditions
from flow2api.domain import picture
from flow2api.domain.clip_facts import ClipFacts, Unshowable
from flow2api.domain.media import MediaFile
from flow2api.errors import AddressForbidden, Code, Failure, NetworkFault
from flow2api.kit.actor import Actor
from flow2api.kit.mailbox import Ask
from flow2api.kit.timing import Backoff
from flow2api.net.detour import with_detours
from flow2api.net.guard import A, Target
from flow2api.net.http import Http
from flow2api.net.message import Downloaded, Limits, Response
from flow2api.store import clearing, media
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.media")

# Inputs are needed until their job is done, also after a restart.
INPUT_SECONDS = 2 * 86400.0
FETCH_TRIES = 4
DEFAULT_PAUSES = Backoff(first=0.5, factor=3, limit=10)
# An enlarged picture may have tens of megabytes; only so many are held in memory at a time.
FETCHES_AT_A_TIME = 16
CLIP_LIMITS = Limits(total_seconds=900, max_bytes=4 * 1024 * 1024 * 1024)
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
    provider: str
    """Whose link it is, which decides where it may lead."""
    account_id: str
    """Whose result it is: that account's exit for media is the way to it."""
    kind: Literal["image", "video"] = "image"


class KeepResult(Ask[MediaFile], frozen=True):
    """Write a result that came as bytes; stored as above."""

    job_id: str
    data: bytes


class AdoptResult(Ask[MediaFile], frozen=True):
    """Take in a result that was written under a name of the library."""

    job_id: str
    name: str


class Discard(Ask[None], frozen=True):
    """Forget a job that is over, with all that it made. `Failure` not_found when it is not known, or conflict when it is not over."""

    job_id: str


MediaMessage = KeepInput | FetchResult | KeepResult | AdoptResult | MakeCompanion | MakeRendition | Discard | Sweep


class Media(Actor[MediaMessage]):
    """The only writer of the media folder."""

    mailbox_size: ClassVar[int] = 64
    expected: ClassVar[tuple[type[Exception], ...]] = (Failure, StoreFault)

    def __init__(
        self,
        library: Library,
        store: Store,
        http: Http,
        exits: ExitBook,
        links: ResultLinks,
        retention_seconds: Callable[[], float],
        now: Callable[[], float],
        *,
        pauses: Callable[[], Backoff] = lambda: DEFAULT_PAUSES,
    ) -> None:
        """`pauses` lie between tries to fetch one picture."""
        self._library = library
        self._store = store
        self._http = http
        self._exits = exits
        self._links = links
        self._retention_seconds = retention_seconds
        self._now = now
        self._pauses = pauses
        # Two, so that results never wait for pictures of clips, which take longer.
        self._measuring, self._showing = Looker(), Looker()
        self._companions = Companions(library, store, self._showing)
        self._renditions = Renditions(library, store)
        self._fetches = trio.CapacityLimiter(FETCHES_AT_A_TIME)

    async def start(self) -> None:
        await trio.to_thread.run_sync(self._library.make_folders)
        self.tasks.start_soon(self._measuring.run)
        self.tasks.start_soon(self._showing.run)

    async def handle(self, message: MediaMessage) -> object:
        match message:
            case KeepInput():
                self.answer_in_task(self._keep_input, message)
            case FetchResult():
                self.answer_in_task(self._fetch if message.kind == "image" else self._fetch_clip, message)
            case AdoptResult():
                self.answer_in_task(self._adopt, message)
            case KeepResult():
                self.answer_in_task(self._keep_result, message.job_id, message.data)
            case MakeCompanion():
                self.answer_in_task(self._companions.make, message)
            case Discard():
                self.answer_in_task(self._discard, message)
            case MakeRendition():
                self.answer_in_task(self._renditions.make, message)
            case Sweep():
                self.answer_in_task(Sweeper(self._library, self._store, self._now).sweep, message)
            case _:
                assert_never(message)
        return None

    async def _keep_input(self, message: KeepInput) -> MediaFile:
        info = picture.PictureInfo(
            mime=message.mime, extension=EXTENSIONS[message.mime], width=message.width, height=message.height
        )
        file = await self._write(message.data, info, "input", None)
        try:
            await self._store.write(media.insert, file)
        except StoreFault as fault:
            raise Failure(
                Code.INTERNAL_ERROR, f"The picture could not be stored, so nothing was begun: {fault}"
            ) from None
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

    async def _fetch_clip(self, message: FetchResult) -> MediaFile:
        """Straight to disk, since a clip is too large to be held in memory."""
        name, path = self._library.new("mp4")

        async def attempt(target: Target, exit_url: str | None) -> Downloaded:
            return await self._http.download(
                target.url,
                path,
                exit_url=exit_url,
                limits=CLIP_LIMITS,
                durable=True,
                addresses=target.addresses,
            )

        try:
            await self._patiently(message, attempt)
        except OSError as error:
            raise _unwritable(error) from error
        return await self._adopt(AdoptResult(message.job_id, name))

    async def _adopt(self, message: AdoptResult) -> MediaFile:
        path = self._library.path(message.name)
        if path is None:
            raise ValueError("a result must have a name of the library")
        if path.suffix != ".mp4":
            size, info = await trio.to_thread.run_sync(_picture_facts, path)
            return self._record(message.name, size, info, "result", message.job_id)
        size = await trio.to_thread.run_sync(_clip_size, path)
        width, height, seconds = await self._clip_facts(path)
        info = picture.PictureInfo("video/mp4", "mp4", width, height)
        record = self._record(message.name, size, info, "result", message.job_id)
        return msgspec.structs.replace(record, seconds=seconds)

    async def _clip_facts(self, path: Path) -> ClipFacts:
        """What a clip says of itself; nothing but zeros if it cannot be shown here, which is no reason to withhold it."""
        try:
            return await self._measuring.measure(path)
        except (Unshowable, FileNotFoundError) as why:
            log.warning("clip=%s cannot be measured: %s", path.name, why)
            return ClipFacts(0, 0, 0.0)

    async def _discard(self, message: Discard) -> None:
        """The record goes before the files, as in a sweep."""
        try:
            files = await self._store.write(clearing.take_job, message.job_id)
        except StoreFault as fault:
            raise Failure(Code.INTERNAL_ERROR, f"The generation could not be removed: {fault}") from None
        paths = [path for file in files for path in all_of(self._library, file.name)]
        stuck, trouble = await trio.to_thread.run_sync(unlink, paths) if paths else (0, "")
        if stuck:
            log.warning("files of job=%s could not be removed now: %s", message.job_id, trouble)

    async def _download(self, message: FetchResult) -> bytes:
        """The finished picture's bytes."""

        async def attempt(target: Target, exit_url: str | None) -> Response:
            return await self._http.request(
                "GET", target.url, exit_url=exit_url, limits=PICTURE_LIMITS, addresses=target.addresses
            )

        return (await self._patiently(message, attempt)).body

    async def _patiently(self, message: FetchResult, attempt: Callable[[Target, str | None], Awaitable[A]]) -> A:
        """The good answer of a download. Asking again is free, so a passing fault is waited out."""

        async def follow(exit_url: str | None) -> A:
            def ask(target: Target) -> Awaitable[A]:
                return attempt(target, exit_url)

            return await self._links.follow(message.provider, message.account_id, message.url, ask, exit_url)

        exit_for = self._exits.choice(message.account_id, "media")
        pauses = iter(self._pauses())
        for tries_left in reversed(range(FETCH_TRIES)):
            try:
                answer = await with_detours(exit_for, follow)
            except NetworkFault as fault:
                trouble = str(fault)
                if isinstance(fault, AddressForbidden):
                    break
            else:
                if answer.status == 200:
                    return answer
                trouble = f"the provider's media server answered {answer.status}"
                if _settled(answer.status):
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
        return self._record(name, len(data), info, role, job_id)

    def _record(
        self, name: str, size: int, info: picture.PictureInfo, role: Literal["input", "result"], job_id: str | None
    ) -> MediaFile:
        keep = INPUT_SECONDS if role == "input" else self._retention_seconds()
        now = self._now()
        return MediaFile(
            name=name,
            role=role,
            job_id=job_id,
            mime=info.mime,
            size_bytes=size,
            width=info.width,
            height=info.height,
            created_at=now,
            expires_at=now + keep if keep else None,
        )


def _picture_facts(path: Path) -> tuple[int, picture.PictureInfo]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Failure(Code.RESULT_LOST, f"The picture is not where it should be ({error.strerror}).") from error
    return len(data), picture.inspect(data)


def _clip_size(path: Path) -> int:
    """Size in bytes of a clip; it must begin as an MP4 file does."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise Failure(Code.RESULT_LOST, f"The clip is not where it should be ({error.strerror}).") from error
    if head[4:8] != b"ftyp":
        path.unlink()
        raise Failure(Code.RESULT_LOST, "What the provider delivered is no MP4 file.")
    return size


def _settled(status: int) -> bool:
    """Whether asking again is pointless: a signed link that has ended or never was."""
    return 400 <= status < 500 and status not in (408, 425, 429)


def _unwritable(error: OSError) -> Failure:
    return Failure(
        Code.INTERNAL_ERROR, f"The media folder could not be written ({error.strerror}). Check space and rights."
    )


def _write_whole(path: Path, data: bytes) -> None:
    """Write so that the file is there whole or not at all, also after a power cut."""
    side = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(side, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        side.rename(path)
    except OSError as error:
        side.unlink(missing_ok=True)
        raise _unwritable(error) from error
