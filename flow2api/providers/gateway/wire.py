"""What gateways answer, as far as it is read.

OpenAI's images and videos are as documented. The shapes of resellers are not documented by any authority: `task_id`, the words of
their statuses and where the link stands are taken from programs that use them. Where these differ, the plainest reading is
followed: a link is looked for in each of the places in which one was seen, and a word that is not known is no status at all.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.base import Stage

T = TypeVar("T")

VIDEO_STAGES: Mapping[str, Stage] = {
    "queued": Stage.WAITING,
    "in_progress": Stage.RUNNING,
    "completed": Stage.DONE,
    "failed": Stage.FAILED,
}
"""OpenAI's four words, and no others."""
RELAY_STAGES: Mapping[str, Stage] = {
    "not_start": Stage.WAITING,
    "submitted": Stage.WAITING,
    "queued": Stage.WAITING,
    "pending": Stage.WAITING,
    "in_progress": Stage.RUNNING,
    "processing": Stage.RUNNING,
    "running": Stage.RUNNING,
    "success": Stage.DONE,
    "succeeded": Stage.DONE,
    "completed": Stage.DONE,
    "failure": Stage.FAILED,
    "failed": Stage.FAILED,
    "cancelled": Stage.FAILED,
}


def percent_of(progress: float) -> int:
    """A progress as a whole percentage, whatever the number."""
    return int(min(max(progress, 0.0), 100.0))


class Picture(msgspec.Struct, frozen=True):
    """A picture, as bytes in base64 or as a link."""

    b64_json: str | None = None
    url: str | None = None


class Pictures(msgspec.Struct, frozen=True):
    data: list[Picture]


class Wrong(msgspec.Struct, frozen=True):
    """Why a clip failed, in OpenAI's form."""

    code: str | None = None
    message: str | None = None


class Video(msgspec.Struct, frozen=True):
    """OpenAI's video object."""

    id: str
    status: str
    progress: float | None = None
    error: Wrong | None = None


class Data(msgspec.Struct, frozen=True):
    output: str | None = None


class Task(msgspec.Struct, frozen=True):
    """How a reseller's task stands."""

    task_id: str = ""
    status: str = ""
    progress: float | str | None = None
    data: Data | None = None
    video_url: str | None = None
    fail_reason: str | None = None
    error: str | Wrong | None = None

    @property
    def link(self) -> str | None:
        return self.video_url or (self.data.output if self.data else None)

    @property
    def percent(self) -> int | None:
        """The progress, written as a number or as `30%`."""
        text = str(self.progress).removesuffix("%").strip() if self.progress is not None else ""
        return percent_of(float(text)) if text.replace(".", "", 1).isdecimal() else None

    @property
    def wrong(self) -> Wrong:
        """Why it failed. In one text the code may stand before the words, with a colon between."""
        if isinstance(self.error, Wrong):
            return self.error
        text = self.error or self.fail_reason or ""
        code, colon, words = text.partition(":")
        return Wrong(code, words.strip()) if colon and code.isidentifier() else Wrong(None, text)


class Subscription(msgspec.Struct, frozen=True):
    """What a key may spend in all, in dollars."""

    hard_limit_usd: float


class Usage(msgspec.Struct, frozen=True):
    """What a key has spent, in cents."""

    total_usage: float


class Listed(msgspec.Struct, frozen=True):
    """The list of models. What is in it does not matter here."""

    data: list[object]


def read(body: bytes, kind: type[T], what: str) -> T:
    """The answer as `kind`.

    Raises:
        UpstreamFailure: `UNREADABLE`, it has another shape."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        message = f"The gateway answered {what} in a form that is not known here."
    # Outside the handler: an error about bad UTF-8 carries all of the answer along.
    raise UpstreamFailure(FailureKind.UNREADABLE, message, status=200)
