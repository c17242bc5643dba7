"""What a conversation asks for: the prompt, the pictures and the clip of the last user message, and what an earlier answer brought.

Reads messages and fetches nothing; what a reference leads to is the business of `inputs`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from flow2api.api.inputs import Reference
from flow2api.api.openai.chat_request import FileData, ImageEntry, ImageUrl, Message, Part
from flow2api.api.wishes import within
from flow2api.errors import Code, Failure

# Of all answers together, the last ones; nobody draws as many, and what a caller sends must not cost more than a look.
_MAX_PICTURES = 500
_MAX_ALT = 500
# An answer with clips holds little besides; this is far more than all the links of one.
_CLIP_CHARACTERS = 20_000
# Of all answers together.
_MAX_CLIP_CHARACTERS = 100_000
_CLIP_LINK = re.compile(r"""(?:https?://[^\s"'()<>\[\]/]{1,255})?/media/[a-z2-7]{1,64}\.mp4(?![\w.])""")


class Asked(NamedTuple):
    """What the conversation comes down to."""

    prompt: str
    pictures: list[Reference]
    """Of the last user message, in order."""
    earlier: Reference | None
    """The newest picture of an earlier assistant message that can be used without asking anybody."""
    clip: Reference | None
    """Of the last user message: the clip that it names."""
    earlier_clip: Reference | None
    """The newest clip of ours in an earlier assistant message."""


def read(messages: Sequence[Message], is_own: Callable[[str], bool], field: str = "messages") -> Asked:
    """Prompt, pictures and clips; `is_own` tells a link of ours, `field` is what the messages stood in.

    Raises:
        Failure: there is no user message, or it holds no text."""
    last = next((index for index in reversed(range(len(messages))) if messages[index].role == "user"), None)
    if last is None:
        raise Failure(Code.INVALID_VALUE, f"{field} holds no message of the user.", param=field)
    prompt = messages[last].text().strip()
    if not prompt:
        raise Failure(
            Code.INVALID_VALUE,
            "The last user message holds no text: it is the prompt.",
            param=f"{field}[{last}].content",
        )
    within(prompt, f"{field}[{last}].content")
    where, before = f"{field}[{last}]", messages[:last]
    pictures = list(_pictures(messages[last], where))
    return Asked(
        prompt, pictures, _earlier(before, is_own), _clip(messages[last], where), _earlier_clip(before, is_own)
    )


def _pictures(message: Message, where: str) -> Iterator[Reference]:
    if not isinstance(message.content, list):
        return
    for index, part in enumerate(message.content):
        param = f"{where}.content[{index}]"
        if not isinstance(part, Part):
            continue
        if url := _address(part.image_url):
            yield Reference(url, f"{param}.image_url")
        elif url := _picture_file(part.file):
            yield Reference(url, f"{param}.file.file_data")


def _clip(message: Message, where: str) -> Reference | None:
    """The clip that a message names; of several the last."""
    for index, part in reversed(list(enumerate(message.content if isinstance(message.content, list) else ()))):
        if isinstance(part, Part) and (url := _address(part.video_url)):
            return Reference(url, f"{where}.content[{index}].video_url")
    return None


def _picture_file(file: FileData | None) -> str:
    data = (file.file_data if file else None) or ""
    return data if data.startswith("data:image/") else ""


def _address(image: ImageUrl | str | None) -> str:
    return ((image.url if isinstance(image, ImageUrl) else image) or "").strip()


def _earlier(messages: Sequence[Message], is_own: Callable[[str], bool]) -> Reference | None:
    pictures = ((index, url) for index, message in _answers(messages) for url in _answer_pictures(message))
    for index, url in islice(pictures, _MAX_PICTURES):
        if url.startswith("data:image/") or is_own(url):
            return Reference(url, f"messages[{index}]")
    return None


def _earlier_clip(messages: Sequence[Message], is_own: Callable[[str], bool]) -> Reference | None:
    left = _MAX_CLIP_CHARACTERS
    for index, message in _answers(messages):
        text = message.text()[-min(left, _CLIP_CHARACTERS) :]
        found = next((link for link in reversed(_CLIP_LINK.findall(text)) if is_own(link)), None)
        if found is not None:
            return Reference(found, f"messages[{index}]")
        left -= len(text)
        if not left:
            return None
    return None


def _answers(messages: Sequence[Message]) -> Iterator[tuple[int, Message]]:
    """The assistant's messages with their places, the last one first."""
    for index in reversed(range(len(messages))):
        if messages[index].role == "assistant":
            yield index, messages[index]


def _answer_pictures(message: Message) -> Iterator[str]:
    """All pictures of an answer, the last one first."""
    for entry in reversed(message.images or ()):
        yield _address(entry.image_url) if isinstance(entry, ImageEntry) else entry
    for part in reversed(message.content if isinstance(message.content, list) else ()):
        if isinstance(part, Part):
            yield _address(part.image_url)
    yield from _markdown_pictures(message.text())


def _markdown_pictures(text: str) -> Iterator[str]:
    """The addresses in markdown, the last one first, and an empty one for what only begins like a picture. An address may be a
    picture of megabytes, for which searching is a hundred times as fast as matching a pattern."""
    end = len(text)
    while (start := text.rfind("![", 0, end)) >= 0:
        middle = text.find("](", start, min(end, start + 2 + _MAX_ALT + 2))
        close = text.find(")", middle, end) if middle >= 0 else -1
        # Behind the address there may be a title.
        address = text[middle + 2 : close].strip() if close >= 0 else ""
        yield address.removeprefix("<").partition(">")[0].partition(" ")[0]
        end = start
