"""What the orders for pictures and for clips have in common: where something is made, by whose leave, and with which seeds.

Pure functions and records. Knows no connection and no account.
"""

import random

import msgspec

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.flow import wire

PICTURE_SEEDS = 999_999


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where something is made: what `prepare` hands to `begin`, and `begin` to everything that follows."""

    project_id: str
    session_id: str
    batch_id: str = ""
    inputs: tuple[str, ...] = ()
    """Media ids of the uploaded input pictures."""
    clip_id: str = ""
    """The id by which follow-up work knows a finished clip, where that is not the one by which it was checked."""


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What a call carries besides its subject: the captcha token and the account's level in Flow's word."""

    captcha_token: str
    paygate_tier: str | None = None

    def __repr__(self) -> str:
        return f"Marks(captcha_token=***, paygate_tier={self.paygate_tier!r})"


def place_of(context: str) -> Place:
    """The place that an earlier call wrote into `Prepared.context` or `Made.context`."""
    return msgspec.json.decode(context, type=Place)


def context_of(place: Place) -> str:
    """The place in the form in which it is handed on."""
    return wire.encode(place).decode()


def client_context(place: Place, marks: Marks) -> wire.ClientContext:
    """The part of a call that says who asks for it."""
    return wire.ClientContext(
        recaptcha_context=wire.Recaptcha(token=marks.captcha_token),
        session_id=place.session_id,
        project_id=place.project_id,
        user_paygate_tier=marks.paygate_tier or msgspec.UNSET,
    )


def prompt_of(text: str) -> wire.StructuredPrompt:
    return wire.StructuredPrompt(parts=(wire.TextPart(text=text),))


def seeds(first: int | None, count: int, most: int = PICTURE_SEEDS) -> list[int]:
    """`count` distinct seeds from 1 to `most`, counting up from `first` where it is given."""
    if first is None:
        return random.sample(range(1, most + 1), count)
    return [(first - 1 + index) % most + 1 for index in range(count)]


def rejected(why: str) -> UpstreamFailure:
    """Something that Flow cannot be asked for; nothing was sent."""
    return UpstreamFailure(FailureKind.REQUEST_REJECTED, f"Flow cannot do this: {why}.")
