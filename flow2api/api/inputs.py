"""Input pictures: from a link, a data URL or the bytes of an upload to a stored, checked file. Shared by all dialects.

Our own links are resolved without HTTP; others are fetched through the guard, on behalf of a stranger, with limits. What a
picture is follows from its bytes alone.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import trio

from flow2api.actors.media import KeepInput
from flow2api.api.services import Services
from flow2api.domain import picture
from flow2api.domain.media import MediaFile
from flow2api.domain.model import Model
from flow2api.errors import AddressForbidden, Code, Failure, NetworkFault, ResponseTooLarge
from flow2api.net.message import Limits
from flow2api.store import media

MAX_BYTES = 20 * 1024 * 1024
FETCH = Limits(connect_seconds=10, total_seconds=30, max_bytes=MAX_BYTES)
# For all pictures of one request together.
PATIENCE_SECONDS = 90.0

_OWN = re.compile(r"(?:https?://[^/?#]+)?/media/([a-z2-7]+\.[a-z0-9]+)")
# The alphabet for URLs, which Google's Python SDK uses for bytes inside JSON.
_FROM_URL = str.maketrans("-_", "+/")
_QUOTED = (("%2B", "+"), ("%2b", "+"), ("%2F", "/"), ("%2f", "/"), ("%3D", "="), ("%3d", "="))
_DATA = re.compile(r"data:[^,]*;base64,", re.IGNORECASE)


class Reference(NamedTuple):
    """A picture as a request names it: a data URL or a link, and the field in which it stood."""

    url: str
    param: str


class Upload(NamedTuple):
    """A picture as the bytes of a form's file, and the name of its field. What the sender says of its type is worthless."""

    data: bytes
    param: str


Given = Reference | Upload


class Inputs:
    """Takes in the pictures of requests."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Each unpacks pictures of up to 64 million pixels.
        self._drawing = trio.CapacityLimiter(1)

    def is_own(self, url: str) -> bool:
        """Whether a link has the form of ours, under whatever name the gateway is reached."""
        return self.own_name(url) is not None

    def own_name(self, url: str) -> str | None:
        """The name of the file to which a link of ours leads; None for any other link."""
        match = _OWN.fullmatch(url)
        return match[1] if match and self._services.library.path(match[1]) else None

    async def take(self, given: Sequence[Given], model: Model, earlier: Reference | None = None) -> list[MediaFile]:
        """The stored pictures of a request, in order and each once; `earlier`, an earlier answer's picture, comes first if the
        model has room for it.

        Raises:
            Failure: there are more than the model takes, or one cannot be had or used; `param` names it."""
        if len(given) > model.max_inputs:
            raise _too_many(model, given)
        try:
            with trio.fail_after(PATIENCE_SECONDS):
                taken = [await self._take(picture) for picture in given]
                if earlier is not None and len(taken) < model.max_inputs:
                    taken = await self._earlier(earlier) + taken
        except trio.TooSlowError:
            message = "The pictures could not be fetched in time."
            param = next((picture.param for picture in (*given, earlier) if picture), None)
            raise Failure(Code.INVALID_IMAGE, message, param=param) from None
        return list({file.name: file for file in taken}.values())

    async def keep(self, uploads: Sequence[Upload]) -> list[MediaFile]:
        """Store pictures that no request uses yet.

        Raises:
            Failure: one is no picture, or too large."""
        return [await self._take(upload) for upload in uploads]

    async def one(self, given: Given) -> MediaFile:
        """A stored picture besides those that the model counts, such as a mask.

        Raises:
            Failure: as `take`."""
        try:
            with trio.fail_after(PATIENCE_SECONDS):
                return await self._take(given)
        except trio.TooSlowError:
            raise Failure(Code.INVALID_IMAGE, "The picture could not be fetched in time.", param=given.param) from None

    async def marked(self, file: MediaFile, markup: Given) -> MediaFile:
        """A stored picture with a markup drawn over it, as one picture.

        Raises:
            Failure: as `take`, or nothing can be seen through the markup."""
        marks = await self.one(markup)
        below, above = self._services.library.path(file.name), self._services.library.path(marks.name)
        assert below is not None
        assert above is not None
        data = await trio.to_thread.run_sync(_overlaid, below, above, markup.param, limiter=self._drawing)
        return await self._keep(data, markup.param)

    async def _earlier(self, reference: Reference) -> list[MediaFile]:
        """What an earlier answer brought. It was not asked for in so many words, so if it is gone that is no failure."""
        name = self.own_name(reference.url)
        if name is None:
            return [await self._take(reference)]
        file = await self._stored(name)
        return [file] if file and file.mime.startswith("image/") else []

    async def _take(self, given: Given) -> MediaFile:
        if isinstance(given, Upload):
            if len(given.data) > MAX_BYTES:
                raise _too_large(given.param)
            return await self._keep(given.data, given.param)
        url, param = given
        name = self.own_name(url)
        if name is not None and (file := await self._stored(name)):
            if not file.mime.startswith("image/"):
                raise Failure(Code.INVALID_IMAGE, "The link leads to a clip, not to a picture.", param=param)
            return file
        if url[:5].lower() == "data:":
            return await self._keep(_payload(url, param), param)
        if url[:8].lower().startswith(("http://", "https://")):
            return await self._keep(await self._fetch(url, param), param)
        message = "A picture must be given as an http(s) link or as a data URL with base64."
        raise Failure(Code.INVALID_VALUE, message, param=param)

    async def _stored(self, name: str) -> MediaFile | None:
        file = await self._services.store.read(media.get, name)
        path = self._services.library.path(name)
        return file if file and path and await trio.Path(path).exists() else None

    async def _fetch(self, url: str, param: str) -> bytes:
        try:
            response = await self._services.guard.fetch(self._services.http, url, FETCH)
        except ResponseTooLarge:
            raise _too_large(param) from None
        except AddressForbidden as fault:
            raise Failure(
                Code.INVALID_VALUE, f"The picture's address may not be asked: {fault}.", param=param
            ) from None
        except NetworkFault as fault:
            raise Failure(Code.INVALID_IMAGE, f"The picture could not be fetched: {fault}.", param=param) from None
        if response.status != 200:
            message = f"The picture could not be fetched: its server answered {response.status}."
            raise Failure(Code.INVALID_IMAGE, message, param=param)
        return response.body

    async def _keep(self, data: bytes | str, param: str) -> MediaFile:
        raw, info = await trio.to_thread.run_sync(_inspect, data, param)
        return await self._services.media.ask_again(KeepInput(raw, info.mime, info.width, info.height))


def _overlaid(below: Path, above: Path, param: str) -> bytes:
    # Lazy, see there.
    from flow2api.actors import recode

    try:
        data = recode.overlay(below, above)
    except (recode.Unreadable, FileNotFoundError) as error:
        raise Failure(
            Code.INVALID_IMAGE, f"The pictures could not be laid over each other: {error}.", param=param
        ) from None
    if data is None:
        raise Failure(Code.INVALID_IMAGE, "A markup must be transparent where the picture is to be seen.", param=param)
    return data


def _payload(url: str, param: str) -> str:
    """The base64 text of a data URL; its size is checked before anything is decoded."""
    head = _DATA.match(url[:200])
    if head is None:
        raise Failure(Code.INVALID_VALUE, "A data URL must hold base64.", param=param)
    if (len(url) - head.end()) * 3 // 4 > MAX_BYTES:
        raise _too_large(param)
    return url[head.end() :]


def _inspect(data: bytes | str, param: str) -> tuple[bytes, picture.PictureInfo]:
    """Decode and look; in a worker thread, since it takes milliseconds for each megabyte."""
    if isinstance(data, str):
        try:
            # Padding is often left off; too much of it does no harm.
            data = base64.b64decode(_unquoted(data) + "==")
        except (binascii.Error, ValueError):
            raise Failure(Code.INVALID_IMAGE, "The picture's base64 is broken.", param=param) from None
    return data, picture.inspect(data, param=param)


def _unquoted(text: str) -> str:
    """Base64 as it was before a URL was made of it: three of its characters mean something else there."""
    if "%" in text:
        for quoted, plain in _QUOTED:
            text = text.replace(quoted, plain)
    return text.translate(_FROM_URL) if "-" in text or "_" in text else text


def _too_large(param: str) -> Failure:
    limit = f"{MAX_BYTES // (1024 * 1024)} MiB"
    return Failure(Code.REQUEST_TOO_LARGE, f"A picture may have at most {limit}.", param=param)


def _too_many(model: Model, pictures: Sequence[Given]) -> Failure:
    given = len(pictures)
    takes = f"at most {model.max_inputs} input pictures" if model.max_inputs else "no input pictures"
    return Failure(
        Code.INVALID_VALUE,
        f"{model.id} takes {takes}; {given} {'was' if given == 1 else 'were'} given.",
        param=pictures[model.max_inputs].param,
    )
