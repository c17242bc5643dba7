"""The shapes in which gateways are asked: what goes out for an order, and what the answers say. One class for each.

A shape knows no connection. `Ask` is what the session sends for it.
"""

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.providers.answers import Call
from flow2api.providers.base import Begun, Stage
from flow2api.providers.gateway import wire
from flow2api.providers.gateway.failures import VOICE
from flow2api.providers.gateway.forms import File, form
from flow2api.providers.gateway.how import How, Shape, fields_of

IMAGE_MIB = 128
"""Ten large pictures in base64."""


class Input(NamedTuple):
    """An input picture."""

    mime: str
    data: bytes

    @property
    def link(self) -> str:
        """The picture in a URL."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"

    def file(self, field: str) -> File:
        """The picture as a part of a form."""
        return File(field, f"input.{self.mime.partition('/')[2]}", self.mime, self.data)


class Inputs(NamedTuple):
    """What an order brings along."""

    pictures: Sequence[Input] = ()
    mask: Input | None = None
    """Only for models that take one."""


class Ask(NamedTuple):
    """One call that orders something."""

    path: str
    body: Mapping[str, Any] | None = None
    form: tuple[str, bytes] | None = None
    max_mib: int = 4


class Standing(NamedTuple):
    """How an order stands, as its status says."""

    stage: Stage
    word: str
    percent: int | None = None
    link: str | None = None
    wrong: wire.Wrong = wire.Wrong()


class Form(Protocol):
    """One shape."""

    def order(self, generation: Generation, how: How, inputs: Inputs) -> Ask:
        """The call for an order."""

    def begun(self, body: bytes, how: How) -> Begun:
        """What the answer to the order says."""

    def status_path(self, handle: "Handle") -> str:
        """Where to ask how an order stands."""

    def standing(self, body: bytes) -> Standing:
        """What the answer to that says."""


class Handle(msgspec.Struct, frozen=True):
    """What is kept of an order."""

    shape: Shape
    id: str
    family: str = ""

    @property
    def content_path(self) -> str | None:
        """Where the clip itself is delivered to the bearer of the key; None where its link is public."""
        return f"/v1/videos/{quote(self.id, safe='')}/content" if self.shape == "videos" else None


class Images:
    """OpenAI's pictures, answered at once."""

    def order(self, generation: Generation, how: How, inputs: Inputs) -> Ask:
        fields = fields_of(generation, how)
        if how.count and generation.count > 1:
            fields[how.count] = generation.count
        if not inputs.pictures:
            return Ask("/v1/images/generations", body=fields, max_mib=IMAGE_MIB)
        field = "image" if len(inputs.pictures) == 1 else "image[]"
        files = [picture.file(field) for picture in inputs.pictures]
        if inputs.mask is not None:
            files.append(inputs.mask.file("mask"))
        return Ask("/v1/images/edits", form=form(fields, files), max_mib=IMAGE_MIB)

    def begun(self, body: bytes, how: How) -> Begun:
        pictures = VOICE.read(body, wire.Pictures, Call.SUBMIT.value).data
        if not pictures:
            raise _unreadable("without a picture")
        found = [_bytes(one) for one in pictures]
        made = tuple(
            Made(media_id=f"picture-{uuid.uuid4().hex}", url=None if data else one.url)
            for one, data in zip(pictures, found, strict=True)
        )
        data = tuple(one for one in found if one)
        if data and len(data) < len(pictures):
            raise _unreadable("with some pictures as bytes and some not")
        if not data and not all(one.url for one in pictures):
            raise _unreadable("with neither bytes nor a link")
        return Begun(made=made, finished=True, data=data)

    def status_path(self, handle: Handle) -> str:
        raise _unreadable("at once, so there is nothing to ask about")

    def standing(self, body: bytes) -> Standing:
        raise _unreadable("at once, so there is nothing to ask about")


class Videos:
    """OpenAI's clips."""

    def order(self, generation: Generation, how: How, inputs: Inputs) -> Ask:
        fields = fields_of(generation, how) | {"seconds": str(generation.seconds)}
        files = [picture.file("input_reference") for picture in inputs.pictures]
        return Ask("/v1/videos", form=form(fields, files))

    def begun(self, body: bytes, how: How) -> Begun:
        return _handed(body, "videos")

    def status_path(self, handle: Handle) -> str:
        return f"/v1/videos/{quote(handle.id, safe='')}"

    def standing(self, body: bytes) -> Standing:
        """Where there is a link it is another way to the clip, which is delivered by a call of its own."""
        return _standing(body)


class Relay:
    """What the shapes of resellers have in common."""

    def standing(self, body: bytes) -> Standing:
        return _standing(body)


class Sora(Relay):
    """Shaped after Sora: pictures as a list of links."""

    def order(self, generation: Generation, how: How, inputs: Inputs) -> Ask:
        fields = fields_of(generation, how) | {"duration": str(generation.seconds)}
        if generation.resolution == "1080p":
            fields["hd"] = True
        if inputs.pictures:
            fields["images"] = [picture.link for picture in inputs.pictures]
        return Ask("/v2/videos/generations", body=fields)

    def begun(self, body: bytes, how: How) -> Begun:
        return _handed(body, "sora")

    def status_path(self, handle: Handle) -> str:
        return f"/v2/videos/generations/{quote(handle.id, safe='')}"


class Tasks(Relay):
    """A path for each model, and for each way to make a clip with it."""

    def order(self, generation: Generation, how: How, inputs: Inputs) -> Ask:
        fields = fields_of(generation, how) | {"duration": generation.seconds}
        way, names = _WAYS[min(len(inputs.pictures), len(_WAYS) - 1)]
        fields |= {name: picture.link for name, picture in zip(names, inputs.pictures, strict=False)}
        return Ask(f"/v1/video/{quote(how.family, safe='')}/{way}", body=fields)

    def begun(self, body: bytes, how: How) -> Begun:
        return _handed(body, "tasks", how.family)

    def status_path(self, handle: Handle) -> str:
        return f"/v1/video/{quote(handle.family, safe='')}/tasks/{quote(handle.id, safe='')}"


# By the number of input pictures.
_WAYS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("text-to-video", ()),
    ("image-to-video", ("image",)),
    ("frames-to-video", ("first_frame", "last_frame")),
)

FORMS: Mapping[Shape, Form] = {"images": Images(), "videos": Videos(), "sora": Sora(), "tasks": Tasks()}


def _handed(body: bytes, shape: Shape, family: str = "") -> Begun:
    """The handle of an accepted order."""
    task_id = wire.task(body, Call.SUBMIT.value).id
    if not task_id:
        raise _unreadable("without the id of a task")
    handle = Handle(shape, task_id, family)
    made = Made(media_id=handle.id, context=msgspec.json.encode(handle).decode())
    return Begun(made=(made,), finished=False)


def _standing(body: bytes) -> Standing:
    task = wire.task(body, Call.STATUS.value)
    stage = wire.STAGES.get(task.status.casefold(), Stage.UNKNOWN)
    return Standing(stage, task.status, task.percent, task.link, task.wrong)


def handle_of(made: Made) -> Handle:
    """What was kept of an order.

    Raises:
        UpstreamFailure: `MEDIA_GONE`, it is not one of ours."""
    try:
        return msgspec.json.decode(made.context, type=Handle)
    except msgspec.DecodeError as error:
        raise UpstreamFailure(FailureKind.MEDIA_GONE, "The handle of this clip cannot be read.") from error


def _bytes(picture: wire.Picture) -> bytes | None:
    """What came with the answer: in base64, plain or as a link that holds everything itself; None where there is but a link."""
    text = picture.b64_json or (picture.url if (picture.url or "").startswith("data:") else None)
    if not text:
        return None
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        if not head.endswith(";base64"):
            raise _unreadable("with bytes that are no base64")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError) as error:
        raise _unreadable("with bytes that are no base64") from error


def _unreadable(how: str) -> UpstreamFailure:
    return UpstreamFailure(FailureKind.UNREADABLE, f"The gateway answered {how}.", status=200)
