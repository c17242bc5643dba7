"""The two forms in which fal.ai says no.

What a model finds wrong comes as a list of objects under `detail`; what the platform finds wrong, as a sentence there with its
type beside it and in a header.
"""

import re
from collections.abc import Sequence
from typing import Any

from flow2api.emulator.accounts import new_id
from flow2api.emulator.exchange import Answer, Refused, json_answer

DOCUMENTATION = "https://docs.fal.ai/errors#"
# What a failure of the platform is called when nobody says otherwise.
_TYPES = {
    400: "bad_request",
    500: "internal_error",
    502: "runner_incomplete_response",
    503: "runner_scheduling_failure",
    504: "request_timeout",
}
_MESSAGE = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?$", re.DOTALL)


class ModelRefused(Refused):
    """The model itself refuses an input. `retryable` is what the service says about asking again."""

    def __init__(self, kind: str, message: str, loc: Sequence[str] = ("body",), *, status: int = 422) -> None:
        super().__init__(status, message, reason=kind)
        self.loc = list(loc)


def refusal(refused: Refused) -> Answer:
    """The answer in which fal says no."""
    headers = (("x-fal-request-id", new_id()), *refused.headers)
    if isinstance(refused, ModelRefused):
        retryable = "true" if refused.status >= 500 else "false"
        return json_answer(
            {"detail": [_detail(refused)]}, status=refused.status, headers=(*headers, ("X-Fal-Retryable", retryable))
        )
    kind = refused.reason or _TYPES.get(refused.status)
    if kind is None:
        return json_answer({"detail": refused.message}, status=refused.status, headers=headers)
    body = {"detail": refused.message, "error_type": kind}
    return json_answer(body, status=refused.status, headers=(*headers, ("X-Fal-Error-Type", kind)))


def invalid(error: str) -> ModelRefused:
    """The refusal of arguments that do not fit, from the words of the decoder."""
    found = _MESSAGE.match(error)
    what, where = (found["what"], found["where"] or "") if found else (error, "")
    if unknown := re.search(r"unknown field `([^`]*)`", what):
        return ModelRefused("extra_forbidden", what, ["body", unknown[1]])
    if missing := re.search(r"missing required field `([^`]*)`", what):
        return ModelRefused("missing", what, ["body", missing[1]])
    return ModelRefused("value_error", what, ["body", *(part for part in where.split(".") if part)])


def _detail(refused: ModelRefused) -> dict[str, Any]:
    kind = refused.reason or "value_error"
    return {"loc": refused.loc, "msg": refused.message, "type": kind, "url": DOCUMENTATION + kind, "ctx": {}}
