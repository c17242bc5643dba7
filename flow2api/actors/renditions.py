"""Pictures in another file format than they came in, made when somebody first asks for one and kept like the result itself.

Works for the media actor. The name of a rendition follows from the picture's and from the form, so it is made once, and whoever
asks for its link and whoever asks for its bytes get the same.
"""

from pathlib import Path

import msgspec
import trio

from flow2api.actors.library import EXTENSIONS, Library
from flow2api.domain import picture
from flow2api.domain.media import MediaFile
from flow2api.domain.rendition import MIMES, Rendition
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask
from flow2api.net.files import SideFile
from flow2api.store import media
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

# Each holds a picture unpacked, of up to 64 million pixels.
AT_A_TIME = 2


class MakeRendition(Ask[MediaFile], frozen=True):
    """Have a stored picture written in this form; answers with the picture itself if it is written so already. `Failure` expired
    when it is no longer there, result_lost when it cannot be decoded."""

    name: str
    form: Rendition


class Renditions:
    """Makes them."""

    def __init__(self, library: Library, store: Store) -> None:
        self._library = library
        self._store = store
        self._turns = [trio.CapacityLimiter(1) for _ in range(AT_A_TIME)]

    async def make(self, message: MakeRendition) -> MediaFile:
        """See `MakeRendition`."""
        source, path = await self._store.read(media.get, message.name), self._library.path(message.name)
        if source is None or path is None:
            raise _gone()
        if message.form.fits(source.mime):
            return source
        name, target = self._library.derived(
            message.name, repr(tuple(message.form)), EXTENSIONS[MIMES[message.form.format]]
        )
        # Equal names share a turn, so nothing is made twice at a time.
        async with self._turns[ord(name[0]) % AT_A_TIME]:
            made = await self._store.read(media.get, name)
            if made is not None and await trio.Path(target).exists():
                return made
            data = await _recoded(path, message.form)
            record = _record(source, name, data)
            await self._keep(record, target, data, known=made is not None)
            return record

    async def _keep(self, record: MediaFile, target: Path, data: bytes, *, known: bool) -> None:
        try:
            with SideFile(target, trio.to_thread.current_default_thread_limiter()) as file:
                await file.write(data)
                await file.commit(durable=False)
            if not known:
                await self._store.write(media.insert, record)
        except OSError as error:
            message = f"The media folder could not be written ({error.strerror}). Check space and rights."
            raise Failure(Code.INTERNAL_ERROR, message) from error
        except StoreFault as fault:
            raise Failure(Code.INTERNAL_ERROR, f"The picture could not be stored in its new form: {fault}") from None


async def _recoded(path: Path, form: Rendition) -> bytes:
    data = await trio.to_thread.run_sync(_recode, path, form)
    if data is None:
        raise _gone()
    return data


def _recode(path: Path, form: Rendition) -> bytes | None:
    # Lazy, see there.
    from flow2api.actors import recode

    try:
        return recode.recode(path, form)
    except FileNotFoundError:
        return None
    except recode.Unreadable as why:
        raise Failure(Code.RESULT_LOST, f"The result was made but cannot be written as {form.format}: {why}.") from None


def _record(source: MediaFile, name: str, data: bytes) -> MediaFile:
    """It goes when the picture goes that it was made of."""
    info = picture.inspect(data)
    return msgspec.structs.replace(
        source, name=name, mime=info.mime, size_bytes=len(data), width=info.width, height=info.height
    )


def _gone() -> Failure:
    return Failure(Code.EXPIRED, "The result is no longer kept.")
