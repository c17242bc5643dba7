"""What the job routes are asked: the body of a new job, the `Prefer` header, and the query of the list. Pure translation."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta

from flow2api.api import wire
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Reference
from flow2api.api.wishes import Request
from flow2api.domain.job_view import Status
from flow2api.errors import Code, Failure

MAX_WAIT_SECONDS = 60
MAX_PAIRS, MAX_NAME_LENGTH, MAX_VALUE_LENGTH = 16, 64, 512
MAX_URL_LENGTH = 2000
DEFAULT_LIMIT, MAX_LIMIT = 20, 100
_WAIT = re.compile(r"""wait(?:\s*=\s*"?(\d{1,9})"?)?""", re.IGNORECASE)

Seconds = Annotated[float, Meta(gt=0, le=86400 * 365)]
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=MAX_NAME_LENGTH)], Annotated[str, Meta(max_length=MAX_VALUE_LENGTH)]],
    Meta(max_length=MAX_PAIRS),
]


class JobRequest(Request, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/jobs`. A misspelt field is an error: it would be paid for without its effect."""

    prompt: str
    inputs: tuple[str, ...] | None = None
    """Pictures: data URLs, http(s) links, or links of ours."""
    source: str | None = None
    """The clip to continue: the id of its job, or a link of ours."""
    webhook: Annotated[str, Meta(max_length=MAX_URL_LENGTH)] | None = None
    start_deadline: Seconds | None = None
    """Seconds within which the generation must have begun."""
    deadline: Seconds | None = None
    """Seconds within which it must be done."""
    metadata: Metadata | None = None

    def pictures(self) -> list[Reference]:
        return [Reference(url, f"inputs[{place}]") for place, url in enumerate(self.inputs or ())]

    def clip(self) -> tuple[Reference | None, Reference | None]:
        """The clip to continue, by its job or by its link."""
        if self.source is None:
            named = self.source_job()
            return (Reference(named, "video.id") if named else None), None
        clip = Reference(self.source, "source")
        return (clip, None) if self.source.startswith("job_") else (None, clip)


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs are asked for."""

    status: Status | None = None
    model: str | None = None
    kind: Literal["image", "video"] | None = None
    after: str | None = None
    before: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    order: Literal["asc", "desc"] = "desc"


def query_of(request: GatewayRequest) -> Query:
    """The query of the list.

    Raises:
        Failure: a value that is not allowed; `param` names it."""
    given = parse_qs(request.scope["query_string"].decode("latin-1"))
    chosen = {name: values[-1] for name, values in given.items() if values[-1]}
    try:
        query = msgspec.convert(chosen, Query, strict=False)
    except msgspec.ValidationError as error:
        raise wire.field_failure(str(error)) from None
    if query.after and query.before:
        raise Failure(Code.INVALID_VALUE, "Give either after or before, not both.", param="before")
    return query


def wait_of(request: GatewayRequest) -> int | None:
    """How many seconds the caller prefers to wait for the end; None: it does not. What cannot be read is no preference."""
    for preference in _preferences(request):
        match = _WAIT.fullmatch(preference)
        if match:
            return min(MAX_WAIT_SECONDS, int(match[1])) if match[1] else MAX_WAIT_SECONDS
    return None


def _preferences(request: GatewayRequest) -> Sequence[str]:
    header = (request.header(b"prefer") or b"").decode("latin-1")
    return [part.strip() for part in header.split(",")]
