"""The body of a chat request: the fields that we read, and nothing of the dozens that front ends send besides.

Unknown fields are ignored, null means absent, and a field may stand under both its spellings; a wrong type is named with its
path. Pure data.
"""

from collections.abc import Iterator

import msgspec


class ImageUrl(msgspec.Struct):
    """The inner object of a picture part."""

    url: str


class FileData(msgspec.Struct):
    """The inner object of a file part."""

    file_data: str | None = None


class Part(msgspec.Struct):
    """One part of a message's content, of any type; what a type does not have is None."""

    type: str | None = None
    text: str | None = None
    image_url: ImageUrl | str | None = None
    video_url: ImageUrl | str | None = None
    file: FileData | None = None


class ImageEntry(msgspec.Struct):
    """One entry of an assistant message's `images`."""

    image_url: ImageUrl | str | None = None


class Message(msgspec.Struct):
    """One message of the conversation."""

    role: str
    content: str | list[Part | str] | None = None
    images: list[ImageEntry | str] | None = None

    def text(self) -> str:
        """Its text, parts joined by line breaks."""
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "\n".join(text for part in self.content if (text := part if isinstance(part, str) else part.text))


class VideoRef(msgspec.Struct):
    """The clip that is to go on, by the job that made it."""

    id: str


class Place(msgspec.Struct, kw_only=True):
    """A place in the body where shape, size and length may stand, in every spelling that is in use."""

    aspect_ratio: str | None = None
    aspect_ratio_camel: str | None = msgspec.field(default=None, name="aspectRatio")
    aspect: str | None = None
    size: str | None = None
    image_size: str | None = None
    image_size_camel: str | None = msgspec.field(default=None, name="imageSize")
    resolution: str | None = None
    quality: str | float | None = None
    seed: int | None = None
    seconds: float | str | None = None
    duration: float | str | None = None
    duration_seconds: float | str | None = None
    duration_seconds_camel: float | str | None = msgspec.field(default=None, name="durationSeconds")

    def ratio(self) -> str | None:
        return self.aspect_ratio_camel or self.aspect_ratio or self.aspect

    def image_class(self) -> str | None:
        return self.image_size_camel or self.image_size or self.resolution

    def length(self) -> tuple[str, float | str] | None:
        """The name of the field that names a length, and what it says."""
        fields = ("durationSeconds", self.duration_seconds_camel), ("duration_seconds", self.duration_seconds)
        named = (*fields, ("seconds", self.seconds), ("duration", self.duration))
        return next(((name, value) for name, value in named if value is not None and value != ""), None)


class GenerationConfig(Place, kw_only=True):
    """Gemini's settings, which some clients send to OpenAI routes as well."""

    image_config: Place | None = None
    image_config_camel: Place | None = msgspec.field(default=None, name="imageConfig")

    def places(self) -> Iterator[Place]:
        yield from filter(None, (self.image_config_camel, self.image_config))
        yield self


class Extra(GenerationConfig, kw_only=True):
    """What may hold a `generationConfig`: the body itself, and an `extra_body` that was sent as it is."""

    generation_config: GenerationConfig | None = None
    generation_config_camel: GenerationConfig | None = msgspec.field(default=None, name="generationConfig")
    video: VideoRef | None = None

    def inner(self) -> Iterator[Place]:
        for config in filter(None, (self.generation_config_camel, self.generation_config)):
            yield from config.places()


class StreamOptions(msgspec.Struct):
    """What a stream should bring besides."""

    include_usage: bool | None = None


class ChatRequest(Extra, kw_only=True):
    """The body of `POST /v1/chat/completions`."""

    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: int | None = None
    modalities: list[str] | None = None
    extra_body: Extra | None = None
    extra_body_camel: Extra | None = msgspec.field(default=None, name="extraBody")

    def all_places(self) -> Iterator[Place]:
        """Every place where shape and size may stand, the one that counts most first."""
        yield from self.inner()
        for extra in filter(None, (self.extra_body, self.extra_body_camel)):
            yield from extra.inner()
            yield from extra.places()
        yield from self.places()

    def source_job(self) -> str | None:
        """The job whose clip is to go on."""
        named = (place.video for place in (self.extra_body, self.extra_body_camel, self) if place and place.video)
        return next((video.id for video in named), None)

    @property
    def wants_images(self) -> bool:
        """Whether pictures are to come as an `images` array in place of markdown links."""
        return "image" in (self.modalities or ())

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)
