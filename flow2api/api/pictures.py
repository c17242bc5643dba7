"""Finished pictures as answers bring them: in the form that was asked for, inside the answer or behind a link, and with the truth
about what they are. Shared by all dialects.
"""

from pathlib import Path
from typing import NamedTuple

from flow2api.actors.renditions import MakeRendition
from flow2api.api import results
from flow2api.api.services import Services
from flow2api.domain.job import Generation
from flow2api.domain.media import MediaFile
from flow2api.domain.rendition import FORMATS, Rendition
from flow2api.errors import Code, Failure
from flow2api.store import media


class Finished(NamedTuple):
    """One picture, ready to be handed out."""

    file: MediaFile
    base64: str
    """Empty where only its link is handed out."""
    opaque: bool

    @property
    def size(self) -> str:
        return f"{self.file.width}x{self.file.height}"

    @property
    def format(self) -> str:
        """Its file format, in the words of requests."""
        return FORMATS.get(self.file.mime, self.file.mime.removeprefix("image/"))

    @property
    def background(self) -> str:
        return "opaque" if self.opaque else "transparent"


async def finish(services: Services, name: str, rendition: Rendition | None, *, inline: bool) -> Finished:
    """A result in the form that was asked for; with its bytes if it is to stand inside the answer.

    Raises:
        Failure: it is no longer there, or cannot be written so."""
    if rendition is not None:
        file = await services.media.ask_again(MakeRendition(name, rendition))
    else:
        found = await services.store.read(media.get, name)
        if found is None:
            raise Failure(Code.EXPIRED, "The result is no longer kept.")
        file = found
    data = (await results.inline(services.library, file.name)).base64 if inline else ""
    # A JPEG shows nothing through, so it need not be opened.
    opaque = file.mime == "image/jpeg" or await results.read(services.library, file.name, _is_opaque)
    return Finished(file, data, opaque)


def quality(generation: Generation) -> str:
    """What an answer says of a picture's quality: what was chosen, and where there is no choice whether it was enlarged."""
    return str(generation.options.get("quality") or ("high" if generation.upscale else "medium"))


def _is_opaque(path: Path) -> bool:
    # Lazy, see there.
    from flow2api.actors import recode

    try:
        return recode.is_opaque(path)
    except recode.Unreadable as why:
        raise Failure(Code.RESULT_LOST, f"The result was made but cannot be read: {why}.") from None
