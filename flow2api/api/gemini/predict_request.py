"""The body of `:predict` and `:predictLongRunning`: one instance and its parameters, for pictures and for clips. Pure data."""

from collections.abc import Iterator

import msgspec

from flow2api.api.gemini.content_request import Own
from flow2api.api.inputs import Reference
from flow2api.api.wishes import GenerationConfig, Place, Request
from flow2api.domain.rendition import FORMATS, FULL_QUALITY, Rendition
from flow2api.errors import Code, Failure

# Each is looked for on disk, and the catalogue has no model that takes a tenth of it.
MAX_REFERENCES = 100


class Media(msgspec.Struct):
    """A picture or a clip: bytes, or an address."""

    data: str | None = msgspec.field(default=None, name="bytesBase64Encoded")
    encoded_video: str | None = msgspec.field(default=None, name="encodedVideo")
    mime_type: str = msgspec.field(default="", name="mimeType")
    uri: str | None = None
    gcs_uri: str | None = msgspec.field(default=None, name="gcsUri")

    def reference(self, param: str, own: Own) -> Reference:
        """It as the shared intake takes it.

        Raises:
            Failure: it is empty, or lies where this gateway cannot read."""
        address = self.uri or self.gcs_uri
        if self.data:
            return Reference(f"data:{self.mime_type};base64,{self.data}", param)
        if not address:
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, f"{param} holds neither bytes nor an address.", param=param)
        if address.startswith("gs://"):
            message = "Buckets cannot be read from here: send the bytes, or an http(s) address."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param=param)
        return Reference(own(address) or address, param)


class ReferenceImage(msgspec.Struct):
    """A picture to go by, in the form of clips (`image`) or of pictures (`referenceImage`)."""

    image: Media | None = None
    reference_image: Media | None = msgspec.field(default=None, name="referenceImage")
    kind: str = msgspec.field(default="", name="referenceType")


class Instance(msgspec.Struct):
    """What is to be made."""

    prompt: str | None = None
    image: Media | None = None
    last_frame: Media | None = msgspec.field(default=None, name="lastFrame")
    video: Media | None = None
    mask: Media | None = None
    reference_images: list[ReferenceImage] | None = msgspec.field(default=None, name="referenceImages")


class OutputOptions(msgspec.Struct):
    """The file format of pictures."""

    mime_type: str | None = msgspec.field(default=None, name="mimeType")
    compression_quality: int | None = msgspec.field(default=None, name="compressionQuality")

    def rendition(self) -> Rendition | None:
        """The form of the file; None where a picture may stay as it was made.

        Raises:
            Failure: there is no such form."""
        quality = FULL_QUALITY if self.compression_quality is None else self.compression_quality
        if not 0 <= quality <= FULL_QUALITY:
            raise _no_output("compressionQuality", f"a number from 0 to {FULL_QUALITY}")
        if not self.mime_type:
            return None
        form = FORMATS.get(self.mime_type.lower())
        if form is None:
            raise _no_output("mimeType", f"one of {', '.join(FORMATS)}")
        return Rendition(form, quality)


class Parameters(GenerationConfig, kw_only=True):
    """How it is to be made."""

    sample_count: int | None = msgspec.field(default=None, name="sampleCount")
    sample_image_size: str | None = msgspec.field(default=None, name="sampleImageSize")
    output_options: OutputOptions | None = msgspec.field(default=None, name="outputOptions")

    def image_class(self) -> str | None:
        return self.sample_image_size or super().image_class()


class PredictRequest(Request, kw_only=True):
    """The body. Its model stands in the path. `instances` is a list, or the one instance itself."""

    model: str = ""
    instances: list[Instance] | Instance = msgspec.field(default_factory=list)
    parameters: Parameters | None = None

    def instance(self) -> Instance:
        """The one instance.

        Raises:
            Failure: there is none, or more than one."""
        if isinstance(self.instances, Instance):
            return self.instances
        if len(self.instances) != 1:
            message = f"instances must hold exactly one instance; {len(self.instances)} were given."
            raise Failure(Code.INVALID_VALUE, message, param="instances")
        return self.instances[0]

    def prompt(self) -> str:
        """What to make.

        Raises:
            Failure: there are no words."""
        prompt = (self.instance().prompt or "").strip()
        if not prompt:
            message = "The prompt is missing."
            raise Failure(Code.MISSING_REQUIRED_PARAMETER, message, param="instances[0].prompt")
        return prompt

    def rendition(self) -> Rendition | None:
        """The form in which pictures are to be written.

        Raises:
            Failure: there is no such form."""
        options = self.parameters.output_options if self.parameters else None
        return options.rendition() if options else None

    def pictures(self, own: Own) -> list[Reference]:
        """First frame or picture, last frame, then references.

        Raises:
            Failure: one cannot be read, or is a mask, which no model here takes; or there are more than any takes."""
        instance = self.instance()
        if len(instance.reference_images or ()) > MAX_REFERENCES:
            message = f"referenceImages holds {len(instance.reference_images or ())} pictures; no model takes as many."
            raise Failure(Code.INVALID_VALUE, message, param="instances[0].referenceImages")
        if instance.mask is not None:
            message = "Masks are not taken here: describe what is to change."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param="instances[0].mask")
        return list(_pictures(instance, own))

    def clip(self, own: Own) -> Reference | None:
        """The clip to continue."""
        video = self.instance().video
        return video.reference("instances[0].video", own) if video else None

    def all_places(self) -> Iterator[Place]:
        if self.parameters is not None:
            yield from self.parameters.places()
        yield from super().all_places()


def _no_output(field: str, meant: str) -> Failure:
    param = f"parameters.outputOptions.{field}"
    return Failure(Code.INVALID_VALUE, f"{param} must be {meant}.", param=param)


def _pictures(instance: Instance, own: Own) -> Iterator[Reference]:
    for name, picture in (("image", instance.image), ("lastFrame", instance.last_frame)):
        if picture is not None:
            yield picture.reference(f"instances[0].{name}", own)
    for index, entry in enumerate(instance.reference_images or ()):
        param = f"instances[0].referenceImages[{index}]"
        picture = entry.image or entry.reference_image
        if entry.kind.upper() == "REFERENCE_TYPE_MASK" or picture is None:
            message = "Only pictures are taken as references here, no masks."
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param=param)
        yield picture.reference(param, own)
