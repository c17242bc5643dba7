"""The body of `POST /v1/responses`: the few fields that mean something for pictures, and its input as messages of a conversation.

Everything else that clients send is ignored. Pure data.
"""

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from flow2api.api.openai import images_request
from flow2api.api.openai.chat_request import ImageUrl, Message, Part
from flow2api.api.wishes import Place, Request
from flow2api.domain.model import Model
from flow2api.domain.rendition import Rendition
from flow2api.errors import Code, Failure

PICTURE_TOOL = "image_generation"


class Mask(msgspec.Struct, omit_defaults=True):
    """A mask of the tool."""

    image_url: str | None = None
    file_id: str | None = None


class Tool(Place, kw_only=True, omit_defaults=True):
    """A tool of any type; for pictures with what they are to look like."""

    type: str | None = None
    name: str | None = None
    model: str | None = None
    background: str | None = None
    output_format: str | None = None
    output_compression: int | None = None
    partial_images: int | None = None
    input_image_mask: Mask | None = None


class InputPart(msgspec.Struct):
    """One part of an item's content."""

    type: str | None = None
    text: str | None = None
    image_url: ImageUrl | str | None = None
    file_id: str | None = None


class Item(msgspec.Struct):
    """One item of the input: a message, or what an earlier answer brought."""

    type: str | None = None
    role: str | None = None
    content: str | list[InputPart | str] | None = None
    id: str | None = None
    result: str | None = None
    """Of a picture that was made: base64."""


class ResponsesRequest(Request, kw_only=True):
    """The body."""

    model: str | None = None  # type: ignore[assignment]
    input: str | list[Item] | None = None
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_choice: object = None
    stream: bool | None = None
    background: bool | None = None
    """Whether to answer at once; how it goes is asked by the response's id."""
    previous_response_id: str | None = None
    metadata: dict[str, object] | None = None

    @property
    def tool(self) -> Tool | None:
        """The tool for pictures, if it was offered; then a picture comes as its result."""
        return next((tool for tool in self.tools or () if tool.type == PICTURE_TOOL), None)

    def all_places(self) -> Iterator[Place]:
        if self.tool is not None:
            yield self.tool
        yield from super().all_places()

    def rendition(self) -> Rendition | None:
        """The form in which a picture is to be written.

        Raises:
            Failure: there is no such form."""
        return images_request.rendition(self.tool.output_format, self.tool.output_compression) if self.tool else None


def check(asked: ResponsesRequest) -> None:
    """Refuse what no picture can be made from, or not in that way.

    Raises:
        Failure: so it is."""
    if not asked.input:
        raise Failure(Code.MISSING_REQUIRED_PARAMETER, "input must say what to make; it is empty.", param="input")
    images_request.check_partials(asked.tool.partial_images if asked.tool else None, "tools.partial_images")
    if asked.tool and asked.tool.input_image_mask is not None:
        message = "Masks are taken by POST /v1/images/edits alone. Say in the text what is to change."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param="tools.input_image_mask")


def with_options(asked: ResponsesRequest, model: Model) -> ResponsesRequest:
    """The request for this model, with what its tool says of the background.

    Raises:
        Failure: the model cannot make the background."""
    tool = asked.tool
    found = images_request.ground(model, tool.background) if tool else {}
    return replace(asked, model=model.id, options=found | (asked.options or {}))


def messages(items: str | Sequence[Item] | None) -> list[Message]:
    """The input as a conversation, item by item.

    Raises:
        Failure: a part names a stored file, of which there are none."""
    if items is None or isinstance(items, str):
        return [Message("user", items)]
    return [_message(item, f"input[{index}]") for index, item in enumerate(items)]


def only_named(items: str | Sequence[Item] | None) -> Iterator[tuple[int, str]]:
    """Places and ids of what an earlier answer brought and an item names without bringing it along."""
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if item.id and not item.result and item.type in ("image_generation_call", "item_reference"):
            yield index, item.id


def _message(item: Item, where: str) -> Message:
    if item.type == "image_generation_call":
        return Message("assistant", images=[f"data:image/png;base64,{item.result}"] if item.result else None)
    if item.content is None or isinstance(item.content, str):
        return Message(item.role or "tool", item.content)
    parts = [part if isinstance(part, str) else _part(part, f"{where}.content") for part in item.content]
    return Message(item.role or "tool", parts)


def _part(part: InputPart, where: str) -> Part:
    if part.type == "input_image" and part.file_id and not part.image_url:
        message = "There are no stored files here that file_id could name; send the picture as image_url."
        raise Failure(Code.UNSUPPORTED_OPERATION, message, param=where)
    return Part(part.type, text=part.text, image_url=part.image_url)
