"""What gateways answer, as far as it is read.

OpenAI's images and videos are as documented. The shapes of resellers are not documented by any authority: the names of ids, the words of
statuses and where the link stands are taken from programs that use them, and gateways mix them at will, in OpenAI's shape too. So a
thing is looked for in each of the places in which it was seen; but a word that is not known is no status at all.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from flow2api.providers.base import Stage
from flow2api.providers.gateway.failures import VOICE

STAGES: Mapping[str, Stage] = {
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
# Where links are found, by the names of the fields; the first that holds one.
_LINKS = ("video_url", "output", "outputs", "url", "video", "videos", "data")
_DEPTH = 3


def percent_of(progress: float) -> int:
    """A progress as a whole percentage, whatever the number.

    Raises:
        ValueError: it is none."""
    if progress != progress:
        raise ValueError("not a number")
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


class Task(msgspec.Struct, frozen=True):
    """How an order stands."""

    id: str = ""
    status: str = ""
    percent: int | None = None
    link: str | None = None
    wrong: Wrong = Wrong()


def task(body: bytes, what: str) -> Task:
    """The answer to an order or to the question how it stands.

    Raises:
        UpstreamFailure: `UNREADABLE`, it has another shape."""
    given = _unwrapped(VOICE.read(body, dict[str, Any], what))
    status = given.get("status") or ""
    if not isinstance(status, str):
        raise VOICE.unreadable(what)
    return Task(_id(given), status, _percent(given.get("progress")), _link(given), _wrong(given))


def _unwrapped(given: dict[str, Any]) -> dict[str, Any]:
    """The answer without the envelope that some put around it."""
    inner = given.get("data")
    if given.get("status"):
        return given
    if isinstance(inner, dict) and inner.keys() & {"status", "task_id", "id"}:
        return {**given, **inner}
    return {"task_id": inner, **given} if isinstance(inner, str) else given


def _id(given: Mapping[str, Any]) -> str:
    return next((found for name in ("task_id", "id") if isinstance(found := given.get(name), str) and found), "")


def _percent(progress: object) -> int | None:
    """The progress, written as a number or as `30%`."""
    text = str(progress).removesuffix("%").strip() if isinstance(progress, str | int | float) else ""
    try:
        return percent_of(float(text))
    except ValueError:
        return None


def _link(given: object, depth: int = _DEPTH) -> str | None:
    if isinstance(given, list):
        given = given[0] if given else None
    if isinstance(given, str):
        return given or None
    if not isinstance(given, dict) or not depth:
        return None
    # A bare text in `data` is an id.
    found = (given.get(name) for name in _LINKS if not (name == "data" and isinstance(given.get(name), str)))
    return next((link for one in found if (link := _link(one, depth - 1))), None)


def _wrong(given: Mapping[str, Any]) -> Wrong:
    """Why it failed. In one text the code may stand before the words, with a colon between."""
    error = given.get("error")
    if isinstance(error, dict):
        code, message = error.get("code"), error.get("message")
        known = str(code) if isinstance(code, str | int) else None
        return Wrong(known, message if isinstance(message, str) else None)
    text = next((one for one in (error, given.get("fail_reason")) if isinstance(one, str) and one), "")
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
