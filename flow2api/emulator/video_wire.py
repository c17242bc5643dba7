"""The bodies of the calls about videos, as strict as the service is about them."""

from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta

from flow2api.emulator.exchange import Refused
from flow2api.emulator.video_models import MAX_REFERENCES, VideoAspect
from flow2api.emulator.wire import ClientContext, GenerationContext, Strict, StructuredPrompt, Uuid

R = TypeVar("R", bound="VideoRequest")

Share = Annotated[float, Meta(ge=0, le=1)]


class Metadata(Strict, frozen=True):
    workflow_id: Uuid | None = None
    scene_id: Uuid | None = None


class VideoRequest(Strict, frozen=True):
    """One clip of a batch; what is common to all calls."""

    aspect_ratio: VideoAspect
    seed: Annotated[int, Meta(ge=1, le=99_999)]
    video_model_key: str
    metadata: Metadata

    @property
    def prompt(self) -> str | None:
        """None: the call takes no prompt."""
        return None

    @property
    def images(self) -> tuple[str, ...]:
        """The media names of the pictures given, in order."""
        return ()

    @property
    def source(self) -> str | None:
        """The media name of the clip given."""
        return None

    def check(self) -> None:
        """`Refused` for what the form of the fields alone does not tell."""


class TextInput(Strict, frozen=True):
    structured_prompt: StructuredPrompt


class TextVideo(VideoRequest, frozen=True):
    text_input: TextInput

    @property
    def prompt(self) -> str:
        return self.text_input.structured_prompt.text


class Crop(Strict, frozen=True):
    top: Share
    left: Share
    bottom: Share
    right: Share


class Frame(Strict, frozen=True):
    media_id: str
    crop_coordinates: Crop | None = None
    aspect_ratio: str | None = None


class StartVideo(TextVideo, frozen=True):
    start_image: Frame

    @property
    def images(self) -> tuple[str, ...]:
        return (self.start_image.media_id,)


class StartEndVideo(TextVideo, frozen=True):
    start_image: Frame
    end_image: Frame

    @property
    def images(self) -> tuple[str, ...]:
        return (self.start_image.media_id, self.end_image.media_id)


class Reference(Strict, frozen=True):
    """It is not known for sure which of the two the service wants beside the id, so either will do."""

    media_id: str
    image_usage_type: Literal["IMAGE_USAGE_TYPE_ASSET"] | None = None
    aspect_ratio: str | None = None


class ReferenceVideo(TextVideo, frozen=True):
    reference_images: Annotated[list[Reference], Meta(min_length=1, max_length=MAX_REFERENCES)]

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(one.media_id for one in self.reference_images)

    def check(self) -> None:
        if any(one.image_usage_type is None and one.aspect_ratio is None for one in self.reference_images):
            raise Refused(400, "Invalid value at 'requests.referenceImages': imageUsageType is required.")


class VideoInput(Strict, frozen=True):
    media_id: str


class ExtendVideo(TextVideo, frozen=True):
    video_input: VideoInput

    @property
    def source(self) -> str:
        return self.video_input.media_id

    def check(self) -> None:
        if self.metadata.workflow_id is None:
            raise Refused(400, "Invalid value at 'requests.metadata.workflowId': a workflow is required.")


RESOLUTION_OF = {
    "veo_3_1_upsampler_1080p": "VIDEO_RESOLUTION_1080P",
    "veo_3_1_upsampler_4k": "VIDEO_RESOLUTION_4K",
}


class UpsampleVideo(VideoRequest, frozen=True):
    video_input: VideoInput
    resolution: Literal["VIDEO_RESOLUTION_1080P", "VIDEO_RESOLUTION_4K"] | None = None

    @property
    def source(self) -> str:
        return self.video_input.media_id

    def check(self) -> None:
        if self.metadata.scene_id is None:
            raise Refused(400, "Invalid value at 'requests.metadata.sceneId': a scene is required.")
        if self.resolution not in {None, RESOLUTION_OF.get(self.video_model_key, self.resolution)}:
            raise Refused(400, "Invalid value at 'requests.resolution': not what this model makes.")


class VideoContext(GenerationContext, frozen=True):
    audio_failure_preference: Literal["BLOCK_SILENCED_VIDEOS"] | None = None


class GenerateVideo(Strict, Generic[R], frozen=True):
    """The envelope of all calls that make videos."""

    media_generation_context: VideoContext
    client_context: ClientContext
    requests: Annotated[list[R], Meta(min_length=1)]
    use_v2_model_config: bool
