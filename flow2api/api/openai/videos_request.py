"""What a request for a clip holds, whether it came as JSON or as a form: its fields, its pictures and the clip that it is about.

Lenient about what is not understood and strict about what is. Pure data but for the reading of forms.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from flow2api.api import forms
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Given, Reference, Upload
from flow2api.api.openai.picture_fields import Named, Pictures, references
from flow2api.api.wire import convert, decode, decoder, weigh
from flow2api.api.wishes import Request

# In the order in which they count: models that take a first and a last frame take them in this order.
_FIELDS = ("input_reference", "image", "images", "first_frame", "last_frame")
_LINK = re.compile(r"https?://|/media/", re.IGNORECASE)


class VideosRequest(Request, kw_only=True):
    """The body of all routes that make clips. `n` has no effect, since an answer speaks of one clip."""

    model: str | None = None  # type: ignore[assignment]
    prompt: str | None = None
    input_reference: Pictures | None = None
    image: Pictures | None = None
    images: Pictures | None = None
    first_frame: Pictures | None = None
    last_frame: Pictures | None = None


class Sheet(NamedTuple):
    """A request, taken apart."""

    asked: VideosRequest
    pictures: Sequence[Given]
    job: Reference | None
    """The clip that it is about, by its id,"""
    link: Reference | None
    """by its link,"""
    upload: bytes | None
    """or by its bytes."""

    @property
    def names_clip(self) -> bool:
        return self.job is not None or self.link is not None or self.upload is not None


async def read(request: GatewayRequest, body: bytes | bytearray) -> Sheet:
    """The request in a body of either form.

    Raises:
        Failure: it cannot be read, or a field is of the wrong type."""
    if forms.is_form(request):
        return _of_form(await forms.read(request, body))
    await weigh(body)
    asked = decode(body, _decoder)
    pictures = [one for field in _FIELDS for one in references(field, getattr(asked, field))]
    return _sheet(asked, pictures, asked.source_job(), None)


def _of_form(form: forms.Form) -> Sheet:
    """Pictures may stand in a form as files, as links and as nested values."""
    fields = {name: value for name, value in form.values().items() if name not in _FIELDS}
    clips = form.files_of("video")
    asked = convert(fields, VideosRequest)
    named = form.inner("video", "id") or asked.source_job()
    return _sheet(asked, list(_given(form)), named, clips[0].data if clips else None)


def _sheet(asked: VideosRequest, pictures: Sequence[Given], clip: str | None, upload: bytes | None) -> Sheet:
    if clip and _LINK.match(clip):
        return Sheet(asked, pictures, None, Reference(clip, "video"), upload)
    return Sheet(asked, pictures, Reference(clip, "video") if clip else None, None, upload)


def _given(form: forms.Form) -> Iterator[Given]:
    for field in _FIELDS:
        for file in form.files_of(field):
            yield Upload(file.data, field)
        for url in form.all(field):
            yield Reference(url, field)
        for name in (field, f"{field}[]", f"{field}[0]"):
            link = form.inner(name, "image_url") or form.get(f"{name}[image_url][url]")
            file_id = form.inner(name, "file_id")
            if link or file_id:
                yield Reference(Named(image_url=link, file_id=file_id).address(field), field)


_decoder = decoder(VideosRequest)
