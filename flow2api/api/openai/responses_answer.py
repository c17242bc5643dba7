"""A finished job as a response: the whole object, and the events of a stream in the order that clients rely on. Pure data."""

import secrets
import time
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from flow2api.api import sse
from flow2api.api.openai.responses_look import Look
from flow2api.api.openai.responses_request import ResponsesRequest, Tool
from flow2api.api.served import Served, served
from flow2api.domain.job import Job
from flow2api.domain.job_view import status_of
from flow2api.errors import Failure

Status = Literal["queued", "in_progress", "completed", "failed", "cancelled"]


class InputDetails(msgspec.Struct, frozen=True):
    cached_tokens: int = 0
    cache_write_tokens: int = 0


class OutputDetails(msgspec.Struct, frozen=True):
    reasoning_tokens: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Token counts. There are none, so the prompt's are estimated and nothing is made up for a picture."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputDetails = InputDetails()
    output_tokens_details: OutputDetails = OutputDetails()

    @classmethod
    def of(cls, prompt: str) -> "Usage":
        tokens = (len(prompt) + 3) // 4
        return cls(tokens, 0, tokens)


class Picture(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="image_generation_call"):
    """The result of the tool for pictures; all but the first four fields say what was really made."""

    id: str
    status: str
    result: str | None
    output_format: str | msgspec.UnsetType = msgspec.UNSET
    size: str | msgspec.UnsetType = msgspec.UNSET
    quality: str | msgspec.UnsetType = msgspec.UNSET
    background: str | msgspec.UnsetType = msgspec.UNSET


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of text."""

    type: Literal["output_text"] = "output_text"
    text: str
    annotations: tuple[()] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A message."""

    id: str
    status: str
    role: Literal["assistant"] = "assistant"
    content: tuple[Text, ...]


class Error(msgspec.Struct, frozen=True):
    """Why a response failed."""

    code: str
    message: str


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The whole object."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Status
    model: str
    error: Error | None = None
    incomplete_details: None = None
    instructions: str | None = None
    metadata: Mapping[str, Any] = {}
    parallel_tool_calls: bool = True
    temperature: float = 1.0
    top_p: float = 1.0
    tool_choice: Any = "auto"
    tools: list[Tool] = []
    previous_response_id: str | None = None
    output: tuple[Picture | Said, ...] = ()
    usage: Usage | None = None
    background: bool = False
    x_flow2api: Served | msgspec.UnsetType = msgspec.UNSET


def response_id(job: Job) -> str:
    return f"resp_{job.id.removeprefix('job_')}"


def picture_id(job: Job) -> str:
    return f"ig_{job.id.removeprefix('job_')}"


def job_id(named: str) -> str | None:
    """The job behind the id of a response, of its picture or of its message; None for an id of another form."""
    kind, _, rest = named.partition("_")
    return f"job_{rest}" if kind in ("resp", "ig", "msg") else None


def is_picture(named: str) -> bool:
    """Whether this is the id of a picture."""
    return named.startswith("ig_")


def begun(job: Job) -> Response:
    """The response to a job that is not over."""
    return Response(
        id=response_id(job),
        created_at=int(job.created_at),
        status="queued" if status_of(job.state) == "queued" else "in_progress",
        model=job.name,
        metadata=job.metadata,
        background=Look.of(job).background,
        x_flow2api=served([job]),
    )


def waited_for(job: Job, asked: ResponsesRequest) -> Response:
    """The response to a job whose caller stays and waits: to that it is under way from the beginning."""
    return repeating(msgspec.structs.replace(begun(job), status="in_progress"), asked)


def unpaid(asked: ResponsesRequest, text: str) -> Response:
    """A response that says something without anything having been made."""
    bare = secrets.token_hex(16)
    message = Said(id=f"msg_{bare}", status="completed", content=(Text(text=text),))
    response = Response(
        id=f"resp_{bare}",
        created_at=int(time.time()),
        status="completed",
        model=asked.model or "",
        output=(message,),
        usage=Usage.of(text),
    )
    return repeating(response, asked)


def repeating(response: Response, asked: ResponsesRequest) -> Response:
    """The response with what clients expect to find in it again."""
    return msgspec.structs.replace(
        response,
        model=asked.model,
        instructions=asked.instructions,
        metadata=asked.metadata or {},
        tool_choice="auto" if asked.tool_choice is None else asked.tool_choice,
        tools=asked.tools or [],
        previous_response_id=asked.previous_response_id,
    )


def said(job: Job, text: str) -> Said:
    """The message of an answer."""
    return Said(id=f"msg_{job.id.removeprefix('job_')}", status="completed", content=(Text(text=text),))


def done(response: Response, job: Job, output: tuple[Picture | Said, ...]) -> Response:
    """The response once all is there."""
    usage = Usage.of(job.generation.prompt)
    return msgspec.structs.replace(response, status="completed", output=output, usage=usage, x_flow2api=served([job]))


def cancelled(response: Response) -> Response:
    """The response once it was given up."""
    return msgspec.structs.replace(response, status="cancelled")


def failed(response: Response, failure: Failure) -> Response:
    return msgspec.structs.replace(response, status="failed", error=Error(failure.code.value, failure.message))


class Events:
    """The frames of one stream, counted."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._count = 0

    def opening(self, picture: Picture | None) -> bytes:
        """What can be told before anything is made; `picture` is the call that will bring one."""
        frames = self._whole("created", self._response) + self._whole("in_progress", self._response)
        if picture is not None:
            at = {"output_index": 0, "item_id": picture.id}
            frames += self._event("output_item.added", output_index=0, item=picture)
            frames += self._event("image_generation_call.in_progress", **at)
            frames += self._event("image_generation_call.generating", **at)
        return frames

    def beat(self) -> bytes:
        """A sign of life that counts as an event."""
        return self._whole("in_progress", self._response)

    def closing(self, response: Response) -> bytes:
        """Everything that the answer brings."""
        items = enumerate(response.output)
        frames = b"".join(
            self._picture(index, item) if isinstance(item, Picture) else self._said(index, item)
            for index, item in items
        )
        return frames + self._whole("completed", response)

    def failed(self, failure: Failure) -> bytes:
        return self._whole("failed", failed(self._response, failure))

    def _picture(self, index: int, item: Picture) -> bytes:
        frames = self._event("image_generation_call.completed", output_index=index, item_id=item.id)
        return frames + self._event("output_item.done", output_index=index, item=item)

    def _said(self, index: int, item: Said) -> bytes:
        [part] = item.content
        at = {"output_index": index, "content_index": 0, "item_id": item.id}
        empty = msgspec.structs.replace(item, status="in_progress", content=())
        return b"".join(
            (
                self._event("output_item.added", output_index=index, item=empty),
                self._event("content_part.added", **at, part=Text(text="")),
                self._event("output_text.delta", **at, delta=part.text, logprobs=[]),
                self._event("output_text.done", **at, text=part.text, logprobs=[]),
                self._event("content_part.done", **at, part=part),
                self._event("output_item.done", output_index=index, item=item),
            )
        )

    def _whole(self, kind: str, response: Response) -> bytes:
        return self._event(kind, response=response)

    def _event(self, kind: str, **fields: object) -> bytes:
        number, self._count = self._count, self._count + 1
        name = f"response.{kind}"
        return sse.event(name, {"type": name, "sequence_number": number, **fields})
