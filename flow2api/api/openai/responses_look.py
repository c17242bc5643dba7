"""How the caller of a response wants to see it: kept with the job, since a response can be looked at again by its id. Pure data."""

from collections.abc import Mapping
from typing import Any

import msgspec

from flow2api.api.jobs.request import MAX_NAME_LENGTH, MAX_PAIRS, MAX_VALUE_LENGTH
from flow2api.api.openai.responses_request import ResponsesRequest
from flow2api.domain.job import Job, Terms
from flow2api.domain.rendition import FULL_QUALITY, Format, Rendition


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept. That of a job which has none is a picture as it was made, as the result of the tool."""

    tool: bool = True
    """Whether a picture comes as the result of the tool, which was offered."""
    format: Format | None = None
    quality: int = FULL_QUALITY
    background: bool = False

    @classmethod
    def asked(cls, asked: ResponsesRequest) -> "Look":
        """What a request asks for.

        Raises:
            Failure: there is no such form of a picture."""
        rendition = asked.rendition()
        return cls(
            tool=asked.tool is not None,
            format=rendition.format if rendition else None,
            quality=rendition.quality if rendition else FULL_QUALITY,
            background=bool(asked.background),
        )

    @classmethod
    def of(cls, job: Job) -> "Look":
        return msgspec.convert(job.shown, cls)

    @property
    def rendition(self) -> Rendition | None:
        """The form in which a picture is written; None: as it was made."""
        return Rendition(self.format, self.quality) if self.format else None

    def terms(self, notes: Mapping[str, Any] | None) -> Terms:
        """What is laid down with the job: this, and the caller's notes if they are such as can be kept."""
        return Terms(shown=msgspec.to_builtins(self), metadata=dict(notes) if notes and _can_be_kept(notes) else {})


def _can_be_kept(notes: Mapping[str, Any]) -> bool:
    """Whether these are within the limits that OpenAI names, and that our own jobs have."""
    return len(notes) <= MAX_PAIRS and all(
        len(name) <= MAX_NAME_LENGTH and isinstance(note, str) and len(note) <= MAX_VALUE_LENGTH
        for name, note in notes.items()
    )
