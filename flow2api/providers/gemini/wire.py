"""What goes over the wire, as far as we read or write it. Answers are read leniently: what is missing or new does not matter."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure

T = TypeVar("T")


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Anything on the wire."""


class Blob(Wire, frozen=True):
    """A picture inside a conversation."""

    mime_type: str = ""
    data: bytes = b""

    def __repr__(self) -> str:
        return f"Blob({self.mime_type}, {len(self.data)} bytes)"


class Part(Wire, frozen=True):
    text: str | None = None
    thought: bool = False
    inline_data: Blob | None = None


class Content(Wire, frozen=True):
    role: str = ""
    parts: tuple[Part, ...] = ()


class ImageConfig(Wire, frozen=True):
    aspect_ratio: str
    image_size: str | None = None


class GenerationConfig(Wire, frozen=True):
    response_modalities: tuple[str, ...]
    image_config: ImageConfig
    seed: int | None = None


class ContentOrder(Wire, frozen=True):
    contents: tuple[Content, ...]
    generation_config: Mapping[str, Any]
    """A `GenerationConfig`, and what the catalogue adds to it."""


class Candidate(Wire, frozen=True):
    content: Content = Content()
    finish_reason: str = ""
    finish_message: str = ""


class PromptFeedback(Wire, frozen=True):
    block_reason: str = ""
    block_reason_message: str = ""


class ContentAnswer(Wire, frozen=True):
    candidates: tuple[Candidate, ...] = ()
    prompt_feedback: PromptFeedback = PromptFeedback()


class Prediction(Wire, frozen=True):
    mime_type: str = ""
    bytes_base64_encoded: bytes = b""
    rai_filtered_reason: str = ""


class PredictAnswer(Wire, frozen=True):
    predictions: tuple[Prediction, ...] = ()


class Image(Wire, frozen=True):
    """A picture for a clip."""

    bytes_base64_encoded: bytes
    mime_type: str


class Reference(Wire, frozen=True):
    image: Image
    reference_type: str


class Video(Wire, frozen=True):
    uri: str = ""


class Instance(Wire, frozen=True):
    prompt: str
    image: Image | None = None
    last_frame: Image | None = None
    reference_images: tuple[Reference, ...] = ()
    video: Video | None = None


class Parameters(Wire, frozen=True):
    sample_count: int | None = None
    aspect_ratio: str | None = None
    resolution: str | None = None
    duration_seconds: int | None = None
    seed: int | None = None
    sample_image_size: str | None = None
    include_rai_reason: bool | None = None


class Order(Wire, frozen=True):
    """An order by prediction, at once or long running."""

    instances: tuple[Instance, ...]
    parameters: Mapping[str, Any]
    """`Parameters`, and what the catalogue adds to them."""


class Sample(Wire, frozen=True):
    video: Video = Video()


class VideoResponse(Wire, frozen=True):
    generated_samples: tuple[Sample, ...] = ()
    rai_media_filtered_count: int = 0
    rai_media_filtered_reasons: tuple[str, ...] = ()


class OperationResponse(Wire, frozen=True):
    generate_video_response: VideoResponse = VideoResponse()


class OperationError(Wire, frozen=True):
    code: int = 0
    message: str = ""


class Operation(Wire, frozen=True):
    name: str = ""
    done: bool = False
    error: OperationError | None = None
    response: OperationResponse = OperationResponse()


def with_options(given: Wire, options: Mapping[str, object]) -> dict[str, Any]:
    """A record with parameters that only some models take, each by the service's own name for it."""
    return {**msgspec.to_builtins(given), **options}


def decode(body: bytes, kind: type[T], what: str) -> T:
    """The answer to a call; `UNREADABLE` when it has not the known form."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        message = f"The Gemini API gave an unknown answer ({what}: {error})."
    # Outside the handler: an error about bad UTF-8 carries all of the answer along.
    raise UpstreamFailure(FailureKind.UNREADABLE, message, status=200)
