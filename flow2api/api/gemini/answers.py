"""The shapes of answers to `generateContent`, in camelCase, since the Node SDK knows no other.

Pure data and functions. A refused picture is no error here: it is a candidate whose `finishReason` says so.
"""

from collections.abc import Sequence

import msgspec

from flow2api.api.results import Inline
from flow2api.api.served import Served
from flow2api.domain.job import Job
from flow2api.errors import Code, Failure

PICTURES_TEXT = "Here is what was made."
REFUSED = "IMAGE_SAFETY"


class Blob(msgspec.Struct, frozen=True, rename="camel"):
    mime_type: str
    data: str


class FileData(msgspec.Struct, frozen=True, rename="camel"):
    mime_type: str
    file_uri: str


class Part(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One part of a candidate: text, progress (`thought`), bytes, or a file by its address."""

    text: str | None = None
    thought: bool = False
    inline_data: Blob | None = None
    file_data: FileData | None = None


class Content(msgspec.Struct, frozen=True):
    parts: tuple[Part, ...]
    role: str = "model"


class Candidate(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    content: Content
    finish_reason: str | msgspec.UnsetType = msgspec.UNSET
    finish_message: str | msgspec.UnsetType = msgspec.UNSET
    index: int = 0


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """Token counts. There are none, so the prompt's are estimated and nothing is made up for a picture."""

    prompt_token_count: int
    candidates_token_count: int
    total_token_count: int

    @classmethod
    def of(cls, prompt: str, said: str = "") -> "Usage":
        asked, answered = tokens(prompt), tokens(said)
        return cls(asked, answered, asked + answered)


class Answer(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    candidates: tuple[Candidate, ...]
    usage_metadata: Usage | msgspec.UnsetType = msgspec.UNSET
    model_version: str
    response_id: str
    x_flow2api: Served | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="x_flow2api")
    """Of the last piece alone: no progress tells what served."""


class TokenCount(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to `:countTokens`."""

    total_tokens: int


class Ticket(msgspec.Struct, frozen=True):
    """What is the same in every piece of one answer."""

    response_id: str
    model: str
    prompt: str

    @classmethod
    def of(cls, job: Job, model: str) -> "Ticket":
        return cls(job.id.removeprefix("job_"), model, job.generation.prompt)

    def progress(self, text: str) -> Answer:
        """A line of progress, as a thought."""
        candidate = Candidate(content=Content((Part(text=text, thought=True),)))
        return Answer(candidates=(candidate,), model_version=self.model, response_id=self.response_id)

    def pictures(self, pictures: Sequence[Inline], *, with_text: bool) -> Answer:
        """Each picture as a candidate of its own; the text stands before the first."""
        said = (Part(text=PICTURES_TEXT),) if with_text else ()
        candidates = tuple(
            _ended((*(said if index == 0 else ()), Part(inline_data=Blob(one.mime, one.base64))), index)
            for index, one in enumerate(pictures)
        )
        return self._whole(candidates, PICTURES_TEXT if with_text else "")

    def clips(self, text: str, links: Sequence[str]) -> Answer:
        """Clips by their links, which any reader of text can follow."""
        files = tuple(Part(file_data=FileData("video/mp4", link)) for link in links)
        return self._whole((_ended((Part(text=text), *files), 0),), text)

    def said(self, text: str) -> Answer:
        return self._whole((_ended((Part(text=text),), 0),), text)

    def refused(self, failure: Failure) -> Answer:
        """The provider would not make it."""
        refusal = Candidate(content=Content(()), finish_reason=REFUSED, finish_message=failure.message)
        return self._whole((refusal,), "")

    def _whole(self, candidates: tuple[Candidate, ...], said: str) -> Answer:
        return Answer(
            candidates=candidates,
            usage_metadata=Usage.of(self.prompt, said),
            model_version=self.model,
            response_id=self.response_id,
        )


def tokens(text: str) -> int:
    """A guess at the number of tokens in a text."""
    return (len(text) + 3) // 4


def is_refusal(failure: Failure) -> bool:
    """Whether the provider's rules forbade it, which is told as an answer and not as an error."""
    return failure.code is Code.CONTENT_POLICY_VIOLATION


def _ended(parts: tuple[Part, ...], index: int) -> Candidate:
    return Candidate(content=Content(parts), finish_reason="STOP", index=index)
