"""What a route says of itself: from this, and from the records that it names, the API's document is generated.

A view is described where it is written. What follows from its address, its body or its guard (the statuses of a missing key, of a
body too large) is added by `openapi` and not repeated here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from flow2api.domain.key import Scope
from flow2api.errors import Code

V = TypeVar("V", bound=Callable[..., Any])

JSON = "application/json"
EVENTS = "text/event-stream"
FORM = "multipart/form-data"

GENERATING = (
    *(Code.MODEL_NOT_ALLOWED, Code.MODEL_NOT_FOUND, Code.UNSUPPORTED_OPERATION, Code.INVALID_IMAGE),
    *(
        Code.CONTENT_POLICY_VIOLATION,
        Code.UPSTREAM_REJECTED,
        Code.NOT_FOUND,
        Code.CONFLICT,
        Code.CANCELLED,
        Code.EXPIRED,
    ),
    *(Code.QUEUE_FULL, Code.RATE_LIMIT_EXCEEDED, Code.INSUFFICIENT_QUOTA),
    *(Code.UPSTREAM_ERROR, Code.OUTCOME_UNKNOWN, Code.UPSCALE_FAILED, Code.JOIN_FAILED, Code.RESULT_LOST),
    *(Code.NO_ACCOUNT_AVAILABLE, Code.CAPTCHA_UNAVAILABLE, Code.CAPTCHA_REFUSED, Code.UPSTREAM_UNREACHABLE),
    *(Code.QUEUE_TIMEOUT, Code.GENERATION_TIMEOUT),
)
"""The errors of a route that waits for a generation."""


REPEATING = {
    "Idempotency-Key": "Names the request: the same key with the same body finds the earlier job, with another body it is refused.",
    "X-Stainless-Retry-Count": "Sent by SDKs: a repeat finds the job of the first try.",
}
"""The headers of a route that knows its repeats."""


class Content(NamedTuple):
    """A body that is not, or not only, one JSON record: the type of its record by media type, None for plain bytes or text."""

    kinds: Mapping[str, Any]


@dataclass(frozen=True)
class OneOf:
    """A JSON record that may be any of these, where msgspec cannot say so in one type."""

    kinds: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class Description:
    """One route as its document tells it. A record is a type that msgspec knows; `Content` stands for anything else."""

    summary: str
    more: str = ""
    body: Any = None
    """The record of its JSON body, or a `Content`; None takes no body."""
    query: Any = None
    """A record whose fields are the parameters of the query."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Request headers that it heeds, with what they do."""
    answers: Mapping[int, Any] = field(default_factory=dict)
    """By status; None for an answer without a body."""
    errors: tuple[Code, ...] = ()
    """Those that do not follow from the rest."""
    scope: Scope | None = None
    """The routes of API keys that it belongs to; None where no API key is asked for."""
    failure: Any = None
    """The record of its error answers where that is not the usual one."""
    everybody: bool = False
    """Whether it is for everybody although it stands among the admin routes."""
    at: str = ""
    """The address as it is documented, such as `/v1/models/{model}`, where the rule says less."""


@dataclass(frozen=True)
class SameAs:
    """What an address says that is only another one for the same: the rule where it is described."""

    rule: str


Told = Description | SameAs | tuple[Description, ...]
"""What is said of one registered address; several where one address stands for several in the document."""


def described(
    summary: str, answer: Any = None, *, status: int = 200, answers: Mapping[int, Any] | None = None, **more: Any
) -> Callable[[V], V]:
    """Describe the view that follows; `answer` is what it gives back with `status`, `answers` what else. See `Description`."""
    description = Description(summary=summary, answers={status: answer, **(answers or {})}, **more)

    def mark(view: V) -> V:
        view.described = description  # type: ignore[attr-defined]
        return view

    return mark


def description_of(view: Callable[..., Any]) -> Told | None:
    """How a view was described; None where it was not. Wrappers keep it by `functools.wraps`."""
    return getattr(view, "described", None)
