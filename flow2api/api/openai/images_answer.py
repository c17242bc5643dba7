"""Finished pictures in the shapes of OpenAI's image routes: the whole answer, and the events of a stream. Pure data."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from flow2api.api import sse
from flow2api.api.pictures import Finished, quality
from flow2api.api.served import Served, served
from flow2api.api.wire import encode
from flow2api.domain.job import Job

Prefix = Literal["image_generation", "image_edit"]


class TokenDetails(msgspec.Struct, frozen=True):
    """What the prompt's tokens were."""

    text_tokens: int
    image_tokens: int = 0


class Usage(msgspec.Struct, frozen=True):
    """Token counts. There are none, so the prompt's are estimated and nothing is made up for a picture."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: TokenDetails

    @classmethod
    def of(cls, prompt: str) -> "Usage":
        tokens = (len(prompt) + 3) // 4
        return cls(tokens, 0, tokens, TokenDetails(tokens))


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One picture: exactly one of the two."""

    b64_json: str | None = None
    url: str | None = None


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    created: int
    background: str
    output_format: str
    quality: str
    size: str
    data: list[Entry]
    usage: Usage
    warnings: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Not OpenAI's: what was asked for and left out."""
    x_flow2api: Served


def whole(jobs: Sequence[Job], pictures: Sequence[Finished], entries: Sequence[Entry]) -> bytes:
    """The whole answer to these jobs; where pictures differ, what it says is true of the first."""
    first, shown = jobs[0], pictures[0]
    answer = Pictures(
        created=int(first.created_at),
        background=shown.background,
        output_format=shown.format,
        quality=quality(first.generation),
        size=shown.size,
        data=list(entries),
        usage=Usage.of(first.generation.prompt),
        warnings=first.generation.warnings or msgspec.UNSET,
        x_flow2api=served(jobs),
    )
    return encode(answer)


def completed(prefix: Prefix, created_at: int, job: Job, picture: Finished, entry: Entry) -> bytes:
    """The event that brings a finished picture of a job."""
    generation = job.generation
    kind = f"{prefix}.completed"
    fields = {
        "type": kind,
        **msgspec.to_builtins(entry),
        "created_at": created_at,
        "size": picture.size,
        "quality": quality(generation),
        "background": picture.background,
        "output_format": picture.format,
        "usage": Usage.of(generation.prompt),
        **({"warnings": generation.warnings} if generation.warnings else {}),
        "x_flow2api": served([job]),
    }
    return sse.event(kind, fields)
