"""What is kept of a request: its links, from the submit to the end, and that the key only ever goes to the host of the queue."""

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.providers.calls import is_at
from flow2api.providers.fal.wire import Submitted


class Links(msgspec.Struct, frozen=True):
    """Where a request is asked about; `index` says which of its results is meant."""

    status_url: str
    response_url: str
    cancel_url: str
    index: int = 0


def handles(submitted: Submitted, count: int, queue_url: str) -> tuple[Made, ...]:
    """A handle for each result of a request.

    Raises:
        UpstreamFailure: `OUTCOME_UNKNOWN`, the links lead elsewhere, so the request cannot be followed."""
    urls = (submitted.status_url, submitted.response_url, submitted.cancel_url)
    if not all(is_at(url, queue_url) for url in urls):
        message = (
            "fal took the request in, but its links lead to another host than the configured queue, so the key was not sent there. "
            f"Its id is {submitted.request_id[:80]}."
        )
        raise UpstreamFailure(FailureKind.OUTCOME_UNKNOWN, message)
    made = []
    for index in range(count):
        context = msgspec.json.encode(Links(*urls, index)).decode()
        media_id = submitted.request_id if count == 1 else f"{submitted.request_id}/{index}"
        made.append(Made(media_id=media_id, context=context))
    return tuple(made)


def links_of(made: Made, queue_url: str) -> Links:
    """The links of a handle.

    Raises:
        UpstreamFailure: `MEDIA_GONE`, it is not one of ours or belongs to another host than the configured one."""
    try:
        links = msgspec.json.decode(made.context, type=Links)
    except msgspec.DecodeError as error:
        raise UpstreamFailure(FailureKind.MEDIA_GONE, "The handle of this request cannot be read.") from error
    if not is_at(links.status_url, queue_url):
        message = "This request was sent to another host than the configured queue, so the key is not sent there."
        raise UpstreamFailure(FailureKind.MEDIA_GONE, message)
    return links
