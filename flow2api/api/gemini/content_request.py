"""The body of `generateContent`, and the conversation in it in the words of the chat route, so that both dialects mean the same.

Pure data; `own` tells the file behind an address of ours.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec

from flow2api.api.openai.chat_request import Message
from flow2api.api.openai.chat_request import Part as ChatPart
from flow2api.api.wishes import GenerationConfig, Request
from flow2api.errors import Code, Failure

Own = Callable[[str], str | None]
"""The public link of the file behind an address of ours, None for any other address."""

_PLACE = re.compile(r"messages(?:\[(\d+)\])?(?:\.content(?:\[(\d+)\])?)?(?:\.\w+)*")


class Blob(msgspec.Struct):
    """Bytes inside the body, as base64 of either alphabet."""

    data: str
    mime_type: str = msgspec.field(default="", name="mimeType")


class FileData(msgspec.Struct):
    """A file by its address."""

    file_uri: str = msgspec.field(name="fileUri")
    mime_type: str = msgspec.field(default="", name="mimeType")


class Part(msgspec.Struct):
    """One part of a content."""

    text: str | None = None
    thought: bool = False
    inline_data: Blob | None = msgspec.field(default=None, name="inlineData")
    file_data: FileData | None = msgspec.field(default=None, name="fileData")


class Content(msgspec.Struct):
    """One turn. A missing role is the user's."""

    parts: list[Part] | Part = []
    role: str | None = None

    def each(self) -> list[Part]:
        return self.parts if isinstance(self.parts, list) else [self.parts]


class Config(GenerationConfig, kw_only=True):
    """The settings of one generation."""

    candidate_count: int | None = msgspec.field(default=None, name="candidateCount")
    response_modalities: list[str] | None = msgspec.field(default=None, name="responseModalities")


class ContentRequest(Request, kw_only=True):
    """The body. Its model stands in the path."""

    model: str = ""
    contents: list[Content] | Content | str = msgspec.field(default_factory=list)
    generation_config_camel: Config | None = msgspec.field(default=None, name="generationConfig")

    @property
    def config(self) -> Config:
        return self.generation_config_camel or Config()

    @property
    def wants_text(self) -> bool:
        """Whether the answer may hold text beside the pictures."""
        wanted = self.config.response_modalities
        return not wanted or any(word.upper() == "TEXT" for word in wanted)

    def turns(self) -> list[Content]:
        if isinstance(self.contents, str):
            return [Content([Part(text=self.contents)])]
        return self.contents if isinstance(self.contents, list) else [self.contents]


def messages(turns: list[Content], own: Own) -> list[Message]:
    """The turns as messages, with the same indices.

    Raises:
        Failure: there is none."""
    if not turns:
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, "contents must hold at least one turn.", param="contents")
    if all(turn.role == "model" for turn in turns):
        raise Failure(Code.INVALID_VALUE, "contents holds no turn of the user.", param="contents")
    return [_message(turn, own) for turn in turns]


@contextmanager
def own_words() -> Iterator[None]:
    """Name the field at fault as it is called in this dialect."""
    try:
        yield
    except Failure as failure:
        match = _PLACE.fullmatch(failure.param or "")
        if match is not None:
            turn = "contents" if match[1] is None else f"contents[{match[1]}]"
            failure.param = turn if match[2] is None else f"{turn}.parts[{match[2]}]"
        raise


def _message(turn: Content, own: Own) -> Message:
    role = "assistant" if turn.role == "model" else turn.role if turn.role in ("system", "function") else "user"
    return Message(role=role, content=[_part(part, own) for part in turn.each()])


def _part(part: Part, own: Own) -> ChatPart:
    if part.inline_data is not None:
        url, mime = f"data:{part.inline_data.mime_type};base64,{part.inline_data.data}", part.inline_data.mime_type
    elif part.file_data is not None:
        link = own(part.file_data.file_uri)
        url, mime = link or part.file_data.file_uri, part.file_data.mime_type
    else:
        return ChatPart(type="text", text=None if part.thought else part.text)
    if mime.startswith("video/") or url.endswith(".mp4"):
        return ChatPart(type="video_url", video_url=url)
    return ChatPart(type="image_url", image_url=url)
