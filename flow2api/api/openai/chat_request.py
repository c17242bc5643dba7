"""The body of a chat request: the fields that we read, and nothing of the dozens that front ends send besides.

Unknown fields are ignored, null means absent, and a field may stand under both its spellings; a wrong type is named with its
path. Pure data.
"""

import msgspec

from flow2api.api.wishes import Request


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


class StreamOptions(msgspec.Struct):
    """What a stream should bring besides."""

    include_usage: bool | None = None


class ChatRequest(Request, kw_only=True):
    """The body of `POST /v1/chat/completions`."""

    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    modalities: list[str] | None = None

    @property
    def wants_images(self) -> bool:
        """Whether pictures are to come as an `images` array in place of markdown links."""
        return "image" in (self.modalities or ())

    @property
    def wants_usage(self) -> bool:
        return bool(self.stream_options and self.stream_options.include_usage)
