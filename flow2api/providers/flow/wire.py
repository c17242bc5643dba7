"""The JSON of Google Labs Flow, as structs: what is sent and what is read.

Reading is lenient about everything that is not needed (unknown fields, odd values in decoration) and strict about what is; an
answer without it becomes `UpstreamFailure(UNREADABLE)` and nothing else is ever raised. Knows no HTTP, no account, no clock.
"""

import re
from mmap import mmap
from typing import Any, TypeVar, cast

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure

T = TypeVar("T")
Body = bytes | mmap | msgspec.Raw

TOOL = "PINHOLE"


class Sent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What we send: camel case on the wire, every field present unless it is `UNSET`."""


class Read(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What we read: unknown fields are skipped. Fields of type `object` or `Raw` are decoration and judged where they are used."""


class Recaptcha(Sent, frozen=True, kw_only=True):
    """The captcha token of one attempt; empty when the gateway works without captcha."""

    token: str
    application_type: str = "RECAPTCHA_APPLICATION_TYPE_WEB"

    def __repr__(self) -> str:
        return "Recaptcha(token=***)"


class ClientContext(Sent, frozen=True, kw_only=True):
    """Who asks, in which project and page session."""

    recaptcha_context: Recaptcha | msgspec.UnsetType = msgspec.UNSET
    session_id: str
    project_id: str
    tool: str = TOOL
    user_paygate_tier: str | msgspec.UnsetType = msgspec.UNSET


class MediaGenerationContext(Sent, frozen=True, kw_only=True):
    """Ties the results of one request together."""

    batch_id: str


class TextPart(Sent, frozen=True, kw_only=True):
    text: str


class StructuredPrompt(Sent, frozen=True, kw_only=True):
    parts: tuple[TextPart, ...]


class ImageInput(Sent, frozen=True, kw_only=True):
    """An uploaded picture that the model may look at."""

    name: str
    image_input_type: str = "IMAGE_INPUT_TYPE_REFERENCE"


class ImageRequest(Sent, frozen=True, kw_only=True):
    """One picture to make."""

    client_context: ClientContext
    seed: int
    image_model_name: str
    image_aspect_ratio: str
    structured_prompt: StructuredPrompt
    image_inputs: tuple[ImageInput, ...]


class GenerateImages(Sent, frozen=True, kw_only=True):
    """The paid call for pictures: one element of `requests` for each."""

    client_context: ClientContext
    media_generation_context: MediaGenerationContext
    use_new_media: bool = True
    requests: tuple[ImageRequest, ...]


class UpsampleImage(Sent, frozen=True, kw_only=True):
    media_id: str
    target_resolution: str
    client_context: ClientContext


class UploadImage(Sent, frozen=True, kw_only=True):
    client_context: ClientContext
    file_name: str
    mime_type: str
    image_bytes: bytes
    is_hidden: bool = False
    is_user_uploaded: bool = True

    def __repr__(self) -> str:
        return f"UploadImage({self.file_name}, {len(self.image_bytes)} bytes)"


class ProjectWish(Sent, frozen=True, kw_only=True):
    project_title: str
    tool_name: str = TOOL


class CreateProject(msgspec.Struct, frozen=True):
    """The tRPC wrapping of `ProjectWish`."""

    json: ProjectWish


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for a session cookie. A dead cookie is answered with an empty object, which decodes to all defaults."""

    access_token: str | None = None
    expires: object = None
    user: object = None
    error: object = None

    def __repr__(self) -> str:
        return f"SessionAnswer(access_token={'***' if self.access_token else None}, error={self.error!r})"


class CreditsAnswer(Read, frozen=True, kw_only=True):
    credits: object = None
    user_paygate_tier: object = None


class _ProjectMade(Read, frozen=True, kw_only=True):
    project_id: str


class _ProjectResult(Read, frozen=True, kw_only=True):
    result: _ProjectMade


class _ProjectJson(Read, frozen=True, kw_only=True):
    json: _ProjectResult


class _ProjectData(Read, frozen=True, kw_only=True):
    data: _ProjectJson


class ProjectAnswer(Read, frozen=True, kw_only=True):
    """The tRPC wrapping of a new project's id."""

    result: _ProjectData

    @property
    def project_id(self) -> str:
        return self.result.data.json.result.project_id


class UploadAnswer(Read, frozen=True, kw_only=True):
    """An upload's id is in `media` (an object or a list of them) or, in the older form, in `mediaGenerationId`."""

    media: object = None
    media_generation_id: object = None

    @property
    def media_id(self) -> str | None:
        entries = self.media if isinstance(self.media, list) else [self.media]
        named = (text(field(entry, "name")) for entry in entries)
        return next((name for name in named if name), None) or text(
            field(self.media_generation_id, "mediaGenerationId")
        )


class GeneratedImage(Read, frozen=True, kw_only=True):
    fife_url: object = None
    media_id: object = None


class Image(Read, frozen=True, kw_only=True):
    generated_image: GeneratedImage = GeneratedImage()
    dimensions: msgspec.Raw = msgspec.Raw(b"null")


class ImageMedia(Read, frozen=True, kw_only=True):
    """One finished picture."""

    image: Image = Image()
    name: object = None


class ImagesAnswer(Read, frozen=True, kw_only=True):
    """Finished pictures. Entries stay raw, so that one broken entry does not take the good ones along."""

    media: list[msgspec.Raw]
    remaining_credits: object = None


class UpscaleAnswer(Read, frozen=True, kw_only=True):
    """The enlarged picture; the base64 text goes straight from the body into bytes."""

    encoded_image: bytes

    def __repr__(self) -> str:
        return f"UpscaleAnswer({len(self.encoded_image)} bytes)"


_encoder = msgspec.json.Encoder()
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}


def encode(message: object) -> bytes:
    """The message as it goes on the wire."""
    return _encoder.encode(message)


def decode(body: Body, kind: type[T], what: str) -> T:
    """The answer `body` read as `kind`; `what` names the call for people.

    Raises:
        UpstreamFailure: `UNREADABLE`; the message tells where, never what.
    """
    try:
        return cast("T", _decoder(kind).decode(body))
    except msgspec.ValidationError as error:
        detail = str(error)
    except (msgspec.MsgspecError, UnicodeError):
        detail = "it is not JSON"
    except RecursionError:
        detail = "it is nested too deeply"
    # Outside the handlers, so that the failure does not carry the body along: an error about bad UTF-8 holds all of it.
    raise UpstreamFailure(FailureKind.UNREADABLE, f"Flow's answer to {what} cannot be read: {detail}")


def _decoder(kind: type) -> msgspec.json.Decoder[Any]:
    """The decoder of a kind, made when it is first asked for."""
    if kind not in _decoders:
        _decoders[kind] = msgspec.json.Decoder(kind)
    return _decoders[kind]


def decode_loose(body: Body) -> object:
    """Any JSON as plain Python values, None when it is none."""
    try:
        return decode(body, object, "")
    except UpstreamFailure:
        return None


def field(value: object, *path: str) -> object:
    """The value at `path` inside decoded JSON, None when there is nothing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text(value: object) -> str | None:
    """A non-empty string, None for everything else."""
    return value if isinstance(value, str) and value else None


def whole(value: object) -> int | None:
    """A number from 0 up, also in the text form in which Google writes 64-bit numbers; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value) if 0 <= value < 10**18 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None


_ID = re.compile(r"[A-Za-z0-9_.~-]{1,200}")


def is_id(value: str) -> bool:
    """Whether `value` may stand in the path of a URL as it is."""
    return _ID.fullmatch(value) is not None and value not in {".", ".."}
