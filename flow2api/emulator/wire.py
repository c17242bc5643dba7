"""The parts of request bodies that several calls share, as strict as the service is about them.

An unknown field is refused, since the service refuses it; so are ids and constants of the wrong form, since only a client's bug
makes them.
"""

import re
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from flow2api.emulator.accounts import TIER_RANK, Account, WireTier
from flow2api.emulator.exchange import NOT_FOUND, Refused

SessionId = Annotated[str, Meta(pattern=r"^;[0-9]{13}$")]
Uuid = Annotated[str, Meta(pattern="^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]

ImageAspect = Literal[
    "IMAGE_ASPECT_RATIO_LANDSCAPE",
    "IMAGE_ASPECT_RATIO_PORTRAIT",
    "IMAGE_ASPECT_RATIO_SQUARE",
    "IMAGE_ASPECT_RATIO_LANDSCAPE_FOUR_THREE",
    "IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR",
]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A JSON object that takes no unknown names."""


class RecaptchaContext(Strict, frozen=True):
    application_type: Literal["RECAPTCHA_APPLICATION_TYPE_WEB"]
    token: str = ""


class ClientContext(Strict, frozen=True):
    """Who calls, from which page. Which of the optional fields are due depends on the call."""

    session_id: SessionId
    tool: Literal["PINHOLE"]
    project_id: Uuid | None = None
    recaptcha_context: RecaptchaContext | None = None
    user_paygate_tier: str | None = None

    @property
    def token(self) -> str:
        return self.recaptcha_context.token if self.recaptcha_context is not None else ""


class TextPart(Strict, frozen=True):
    text: str


class StructuredPrompt(Strict, frozen=True):
    parts: Annotated[list[TextPart], Meta(min_length=1)]

    @property
    def text(self) -> str:
        return "".join(part.text for part in self.parts)


class GenerationContext(Strict, frozen=True):
    batch_id: Uuid


def check_project(context: ClientContext, account: Account) -> str:
    """The project that the call is for; `Refused` when it is missing or not the caller's."""
    if context.project_id is None:
        raise Refused(400, "Invalid value at 'clientContext.projectId': a project is required.")
    if context.project_id not in account.projects:
        raise Refused(404, NOT_FOUND)
    return context.project_id


def check_tier(context: ClientContext, account: Account, *, required: bool) -> None:
    """The tier that the client claims must be the account's own."""
    claimed = context.user_paygate_tier
    if claimed != account.tier and (required or claimed is not None):
        raise Refused(400, "Invalid value at 'clientContext.userPaygateTier': not the tier of this account.")


def check_rank(account: Account, least: WireTier) -> None:
    """The account must have at least that tier."""
    if TIER_RANK[account.tier] < TIER_RANK[least]:
        raise Refused(403, "This tier may not do that.", reason="PUBLIC_ERROR_MODEL_ACCESS_DENIED")


# Words in a prompt that the emulated service takes offence at, and the reason that it gives.
MARKERS = {
    "[unsafe]": "PUBLIC_ERROR_UNSAFE_GENERATION",
    "[sexual]": "PUBLIC_ERROR_SEXUAL",
    "[minor]": "PUBLIC_ERROR_MINOR",
    "[violence]": "PUBLIC_ERROR_VIOLENCE_FILTER",
    "[danger]": "PUBLIC_ERROR_DANGER_FILTER",
    "[prominent]": "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED",
}
_MARKER = re.compile("|".join(re.escape(word) for word in MARKERS))


def check_prompt(text: str) -> None:
    """`Refused` for an empty prompt, or for one with a marker word."""
    if not text.strip():
        raise Refused(400, "Invalid value at 'structuredPrompt': the prompt is empty.")
    if marked := _MARKER.search(text):
        raise Refused(400, "The prompt was refused.", reason=MARKERS[marked[0]])
