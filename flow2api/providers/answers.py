"""What the answers of services with keys have in common: the calls that they are to, how they are read, and how refusals are told.

What a refusal means is each service's own affair. Pure functions.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple, TypeVar

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.net.message import Response
from flow2api.providers import waits

T = TypeVar("T")


class Call(Enum):
    """The calls, by the words in which people read about them."""

    KEY = "the check of the key"
    BILLING = "the question what is left"
    UPLOAD = "the upload of a picture"
    SUBMIT = "the request"
    STATUS = "the question how a request stands"
    RESULT = "the delivery of a result"
    CANCEL = "the cancelling of a request"


class Voice(NamedTuple):
    """How failures of one service are told to people."""

    title: str
    sentences: Mapping[FailureKind, str]

    def sentence(self, kind: FailureKind, call: Call, words: str, status: int | None = None) -> str:
        """The message. `words` are the service's own, without the key."""
        facts = ", ".join(filter(None, (call.value, f"status {status}" if status else "", words[:300])))
        return f"{self.sentences.get(kind, f'{self.title} failed')} ({facts})."

    def refusal(
        self, response: Response, kind: FailureKind, call: Call, words: str, reason: str, now: float
    ) -> UpstreamFailure:
        """The failure for an answer that is no success, with the wait that it names."""
        wait = waits.of_header(response.headers.get("retry-after"), now)
        return UpstreamFailure(
            kind,
            self.sentence(kind, call, words, response.status),
            status=response.status,
            reason=reason or None,
            retry_after_seconds=waits.USUAL_SECONDS if kind is FailureKind.THROTTLED and wait is None else wait,
        )

    def ended(self, kind: FailureKind, words: str, reason: str) -> UpstreamFailure:
        """The failure of something that was accepted, as its status tells it."""
        return UpstreamFailure(kind, self.sentence(kind, Call.STATUS, words), reason=reason or None)

    def read(self, body: bytes, kind: type[T], what: str) -> T:
        """The answer to `what` as `kind`.

        Raises:
            UpstreamFailure: `UNREADABLE`, it has another shape."""
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass
        # Outside the handler: an error about bad UTF-8 carries all of the answer along.
        raise self.unreadable(what)

    def unreadable(self, what: str) -> UpstreamFailure:
        """The failure for an answer that has another shape than any that is known."""
        message = f"{self.title} answered {what} in a form that is not known here."
        return UpstreamFailure(FailureKind.UNREADABLE, message, status=200)
