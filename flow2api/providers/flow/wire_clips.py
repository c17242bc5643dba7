"""The JSON of Flow for clips: what is sent to begin, check, enlarge, join and cancel them, and what is read.

Kept by the same rules as `wire`. The answers about clips have had two forms, which may come together; they stay loose here and
are made one in `clips`.
"""

import msgspec

from flow2api.providers.flow.wire import ClientContext, Read, Sent, StructuredPrompt


class ClipContext(Sent, frozen=True, kw_only=True):
    """Ties the clips of one request together, and says that a clip whose sound was taken out is not wanted."""

    batch_id: str
    audio_failure_preference: str = "BLOCK_SILENCED_VIDEOS"


class MediaRef(Sent, frozen=True, kw_only=True):
    """A picture or a clip that is at Flow already."""

    media_id: str


class ReferenceImage(Sent, frozen=True, kw_only=True):
    """An uploaded picture of what the clip is to show."""

    image_usage_type: str = "IMAGE_USAGE_TYPE_ASSET"
    media_id: str


class TextInput(Sent, frozen=True, kw_only=True):
    structured_prompt: StructuredPrompt


class ClipMetadata(Sent, frozen=True, kw_only=True):
    """Empty for a new clip; ids of our own making for what follows from another one."""

    workflow_id: str | msgspec.UnsetType = msgspec.UNSET
    scene_id: str | msgspec.UnsetType = msgspec.UNSET


class ClipRequest(Sent, frozen=True, kw_only=True):
    """One clip to make. Which of the optional fields it has depends on what it is made from."""

    aspect_ratio: str
    resolution: str | msgspec.UnsetType = msgspec.UNSET
    seed: int
    text_input: TextInput | msgspec.UnsetType = msgspec.UNSET
    start_image: MediaRef | msgspec.UnsetType = msgspec.UNSET
    end_image: MediaRef | msgspec.UnsetType = msgspec.UNSET
    reference_images: tuple[ReferenceImage, ...] | msgspec.UnsetType = msgspec.UNSET
    video_input: MediaRef | msgspec.UnsetType = msgspec.UNSET
    video_model_key: str
    metadata: ClipMetadata = ClipMetadata()


class GenerateClips(Sent, frozen=True, kw_only=True):
    """A paid call for clips: one element of `requests` for each. Unlike for pictures, the context stands outside alone."""

    media_generation_context: ClipContext
    client_context: ClientContext
    requests: tuple[ClipRequest, ...]
    use_v2_model_config: bool = True


class ClipHandle(Sent, frozen=True, kw_only=True):
    name: str
    project_id: str


class CheckClips(Sent, frozen=True, kw_only=True):
    media: tuple[ClipHandle, ...]


class CancelClip(Sent, frozen=True, kw_only=True):
    media_id: str


class JoinedPart(Sent, frozen=True, kw_only=True):
    """One of the clips that become one, and from where to where it is used."""

    media_generation_id: str
    length_nanos: int
    start_time_offset: str
    end_time_offset: str


class JoinClips(Sent, frozen=True, kw_only=True):
    input_videos: tuple[JoinedPart, ...]


class OperationName(Sent, frozen=True, kw_only=True):
    name: str


class Operation(Sent, frozen=True, kw_only=True):
    operation: OperationName


class CheckJoin(Sent, frozen=True, kw_only=True):
    operation: Operation


class ClipsAnswer(Read, frozen=True, kw_only=True):
    """Clips, in the present form (`media`), the older one (`operations`), or both."""

    media: object = None
    operations: object = None
    remaining_credits: object = None


class FinishedClip(Read, frozen=True, kw_only=True):
    """A clip's bytes; the base64 text goes straight from the body into them."""

    encoded_video: bytes

    def __repr__(self) -> str:
        return f"FinishedClip({len(self.encoded_video)} bytes)"


class MediaAnswer(Read, frozen=True, kw_only=True):
    video: FinishedClip


class _JoinName(Read, frozen=True, kw_only=True):
    name: str


class _JoinOperation(Read, frozen=True, kw_only=True):
    operation: _JoinName


class JoinAnswer(Read, frozen=True, kw_only=True):
    """A joining that has begun."""

    operation: _JoinOperation

    @property
    def name(self) -> str:
        return self.operation.operation.name


class JoinStatus(Read, frozen=True, kw_only=True):
    """How a joining stands; once it is done, with a link or with the bytes."""

    status: object = None
    output_uri: object = None
    encoded_video: bytes | None = None
    error: object = None

    def __repr__(self) -> str:
        return f"JoinStatus({self.status!r}, {len(self.encoded_video or b'')} bytes)"
