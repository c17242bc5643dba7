"""A finished job as a chat answer: its text, its pictures, whole or in chunks."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from flow2api.actors.library import Library
from flow2api.api import results
from flow2api.api.served import Served
from flow2api.api.wire import encode
from flow2api.config import VideoForm
from flow2api.domain.job import Job

PICTURES_TEXT = "Here is what was made."
FILTERED = "content_filter"


class Usage(msgspec.Struct, frozen=True):
    """Token counts. There are none, so the prompt's are estimated and nothing is made up for a picture."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, prompt: str, said: str = "") -> "Usage":
        asked, answered = (len(prompt) + 3) // 4, (len(said) + 3) // 4
        return cls(asked, answered, asked + answered)


class ImageUrl(msgspec.Struct, frozen=True):
    """The inner object of an entry of `images`."""

    url: str


class ImageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `images`."""

    type: Literal["image_url"] = "image_url"
    image_url: ImageUrl
    index: int


class Content(msgspec.Struct, frozen=True):
    """What an answer says: text, and pictures beside it where they were asked for so."""

    text: str
    images: list[ImageEntry] = []


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What the assistant says."""

    role: str = "assistant"
    content: str
    refusal: str | None = None
    images: list[ImageEntry] | msgspec.UnsetType = msgspec.UNSET


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The only choice; several pictures are all in its message."""

    index: int = 0
    message: Message
    logprobs: None = None
    finish_reason: str = "stop"


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """A whole answer."""

    id: str
    object: str = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice]
    usage: Usage
    x_flow2api: Served | msgspec.UnsetType = msgspec.UNSET


class Ticket(msgspec.Struct, frozen=True):
    """What is the same in every piece of one answer."""

    id: str
    created: int
    model: str
    """As the caller named it."""

    @classmethod
    def of(cls, job: Job, model: str) -> "Ticket":
        return cls(f"chatcmpl-{job.id.removeprefix('job_')}", int(job.created_at), model)


def whole(ticket: Ticket, content: Content, usage: Usage, served: Served | None = None) -> bytes:
    """The whole answer as JSON; `served` where something was made for it."""
    message = Message(content=content.text, images=content.images or msgspec.UNSET)
    return _completion(ticket, Choice(message=message), usage, served)


def refused(ticket: Ticket, why: str, usage: Usage) -> bytes:
    """The whole answer when the provider refused, for when it is too late for a status."""
    message = Message(content=why, refusal=why)
    return _completion(ticket, Choice(message=message, finish_reason=FILTERED), usage)


def _completion(ticket: Ticket, choice: Choice, usage: Usage, served: Served | None = None) -> bytes:
    completion = Completion(
        id=ticket.id,
        created=ticket.created,
        model=ticket.model,
        choices=(choice,),
        usage=usage,
        x_flow2api=served or msgspec.UNSET,
    )
    return encode(completion)


class Chunks:
    """The frames of one stream; everything that is the same in all of them is encoded once."""

    def __init__(self, ticket: Ticket) -> None:
        fixed = encode(
            {"id": ticket.id, "object": "chat.completion.chunk", "created": ticket.created, "model": ticket.model}
        )
        self._head = b"data: " + fixed[:-1] + b',"choices":['
        self.role = self._frame({"role": "assistant", "content": ""})
        self.filtered = self._ending(FILTERED)

    def thought(self, text: str) -> bytes:
        """A line of progress; never in one frame with content."""
        return self._frame({"reasoning_content": text})

    def content(self, content: Content) -> bytes:
        """All that the answer says. Text and pictures go apart, since some readers lose one of two in one frame."""
        frames = self._frame({"content": content.text})
        return frames + (self._frame({"images": content.images}) if content.images else b"")

    def finish(self, served: Served | None = None) -> bytes:
        """The one frame that says that all is said, and what served it where something was made: every stream has it, and no client
        minds what stands there besides."""
        return self._ending("stop", b',"x_flow2api":' + encode(served) if served else b"")

    def usage(self, usage: Usage) -> bytes:
        return self._head + b'],"usage":' + encode(usage) + b"}\n\n"

    def _ending(self, reason: str, more: bytes = b"") -> bytes:
        return self._head + b'{"index":0,"delta":{},"finish_reason":"' + reason.encode() + b'"}]' + more + b"}\n\n"

    def _frame(self, delta: object) -> bytes:
        return self._head + b'{"index":0,"delta":' + encode(delta) + b',"finish_reason":null}]}\n\n'


def links_text(links: Sequence[str], video_form: VideoForm = "both") -> str:
    """Markdown for stored files: pictures each on a line of its own, clips as `video_form` says."""
    pictures = [f"![image]({link})" for link in links if not link.endswith(".mp4")]
    clips = [_clip(link, video_form) for link in links if link.endswith(".mp4")]
    return "\n".join(pictures) + "".join(clips)


def _clip(link: str, form: VideoForm) -> str:
    """A tag that is a block of its own with the address inside, and a link with the file's ending, each for other readers."""
    blocks = {"tag": f'<video src="{link}" controls>\n{link}\n</video>', "link": f"[video.mp4]({link})"}
    return "".join(f"\n\n{block}" for kind, block in blocks.items() if form in (kind, "both")) + "\n"


async def data_images(library: Library, names: Sequence[str]) -> list[ImageEntry]:
    """Stored pictures as data URLs.

    Raises:
        Failure: one is no longer there."""
    urls = [(await results.inline(library, name)).data_url for name in names]
    return [ImageEntry(image_url=ImageUrl(url), index=index) for index, url in enumerate(urls)]
