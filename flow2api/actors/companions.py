"""Pictures of clips, made when somebody first asks for one and kept beside the clip.

Works for the media actor. One at a time, so that a gallery of clips keeps no other work waiting. A clip that
cannot be shown is remembered for a while, so that asking for it again costs nothing.
"""

import logging
from collections import OrderedDict
from pathlib import Path

import trio

from flow2api.actors.library import Companion, Library, companion_name
from flow2api.actors.looker import Looker
from flow2api.domain.clip_facts import Unshowable
from flow2api.errors import Code, Failure
from flow2api.kit.mailbox import Ask
from flow2api.net.files import SideFile
from flow2api.store import media
from flow2api.store.door import Store
from flow2api.store.errors import StoreFault

log = logging.getLogger("flow2api.media")

REMEMBERED = 1000


class MakeCompanion(Ask[str], frozen=True):
    """Have a picture of a clip made, unless it is there; answers with its name. `Failure` not_found when there is no such clip
    or it cannot be shown."""

    clip: str
    kind: Companion


class Companions:
    """Makes them."""

    def __init__(self, library: Library, store: Store, looker: Looker) -> None:
        self._library = library
        self._store = store
        self._looker = looker
        self._turn = trio.CapacityLimiter(1)
        self._unshowable: OrderedDict[str, str] = OrderedDict()

    async def make(self, message: MakeCompanion) -> str:
        """See `MakeCompanion`."""
        name = companion_name(message.clip, message.kind)
        clip, path = self._library.path(message.clip), self._library.path(name)
        if clip is None or path is None:
            raise Failure(Code.NOT_FOUND, "There is no such clip.")
        async with self._turn:
            if name in self._unshowable:
                raise _unshowable(message.kind, self._unshowable[name])
            if not await trio.Path(path).exists():
                size = await self._draw(message.kind, clip, path)
                await self._count(message.clip, size)
        return name

    async def _draw(self, kind: Companion, clip: Path, path: Path) -> int:
        draw = self._looker.thumbnail if kind == "thumbnail" else self._looker.spritesheet
        try:
            data = await draw(clip)
        except FileNotFoundError:
            raise Failure(Code.NOT_FOUND, "There is no such clip. Files are kept for a limited time.") from None
        except Unshowable as why:
            log.warning("no %s of clip=%s: %s", kind, clip.name, why)
            self._remember(path.name, str(why))
            raise _unshowable(kind, str(why)) from None
        try:
            with SideFile(path, trio.to_thread.current_default_thread_limiter()) as file:
                await file.write(data)
                await file.commit(durable=False)
        except OSError as error:
            message = f"The {kind} could not be stored ({error.strerror}). Check space and rights of the media folder."
            raise Failure(Code.INTERNAL_ERROR, message) from error
        return len(data)

    async def _count(self, clip: str, size: int) -> None:
        try:
            await self._store.write(media.add_companion, clip, size)
        except StoreFault as fault:  # it is there all the same
            log.warning("a picture of clip=%s is not counted: %s", clip, fault)

    def _remember(self, name: str, why: str) -> None:
        self._unshowable[name] = why
        if len(self._unshowable) > REMEMBERED:
            self._unshowable.popitem(last=False)


def _unshowable(kind: Companion, why: str) -> Failure:
    return Failure(Code.NOT_FOUND, f"There is no {kind} of this clip, since its file cannot be shown: {why}.")
