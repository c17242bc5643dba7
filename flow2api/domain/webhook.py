"""Telling a caller's own server that a job is over: what is known of one delivery, what follows an attempt, and the signature.

Pure data and pure functions, after the conventions of Standard Webhooks. Times are Unix seconds (UTC) as floats. Neither the
address nor a signing secret is in here; both lie sealed in the store.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from enum import StrEnum

import msgspec

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32
# What the conventions allow.
_SHORTEST_SECRET, _LONGEST_SECRET = 24, 64
# A receiver that answers so wants nothing more of this kind.
_GONE = 410
# Of one delivery so many attempts are remembered; the count goes on.
MOST_ATTEMPTS = 50
# However long a receiver wants to be left alone.
LONGEST_WISH_SECONDS = 6 * 3600.0


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    """Its job is not over yet."""
    DUE = "due"
    """To be sent, now or at `next_at`."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; an operator may send it again."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver."""

    at: float
    seconds: float
    status: int | None = None
    """What the receiver answered, None if nothing."""
    error: str = ""
    """In words, empty when it was taken."""
    wait_seconds: float = 0.0
    """How long the receiver wants to be left alone."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one receiver."""

    id: str
    """The `webhook-id`, the same in all attempts."""
    job_id: str
    caller: str
    place: str
    """Host and port of the receiver. The rest of the address may hold a token of its owner."""
    base: str
    """Under which address of ours the caller knows us, for links."""
    created_at: float
    state: DeliveryState = DeliveryState.WAITING
    next_at: float | None = None
    tries: int = 0
    """Since it became due, or was last asked for again."""
    attempts: tuple[Attempt, ...] = ()
    """The newest, oldest first."""


def ready(delivery: Delivery, now: float) -> Delivery:
    """To be sent now, with all tries ahead of it."""
    return msgspec.structs.replace(delivery, state=DeliveryState.DUE, next_at=now, tries=0)


def after(delivery: Delivery, attempt: Attempt, pause: float, most_tries: int) -> Delivery:
    """The delivery after an attempt; another one follows after `pause` seconds, unless it was the last."""
    tries = delivery.tries + 1
    attempts = (*delivery.attempts, attempt)[-MOST_ATTEMPTS:]
    done = msgspec.structs.replace(delivery, tries=tries, attempts=attempts, next_at=None)
    if not attempt.error:
        return msgspec.structs.replace(done, state=DeliveryState.DELIVERED)
    if attempt.status == _GONE or tries >= most_tries:
        return msgspec.structs.replace(done, state=DeliveryState.FAILED)
    wait = max(pause, min(attempt.wait_seconds, LONGEST_WISH_SECONDS))
    return msgspec.structs.replace(done, state=DeliveryState.DUE, next_at=attempt.at + attempt.seconds + wait)


def secret_of(raw: bytes) -> str:
    """A signing secret as people exchange it."""
    return SECRET_PREFIX + base64.b64encode(raw).decode()


def raw_secret(text: str) -> bytes:
    """The bytes of a signing secret.

    Raises:
        ValueError: it is none, or too short or long to be one; the message never quotes it."""
    try:
        raw = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("it is not base64") from None
    if not text.startswith(SECRET_PREFIX):
        raise ValueError(f"it does not begin with {SECRET_PREFIX}")
    if not _SHORTEST_SECRET <= len(raw) <= _LONGEST_SECRET:
        raise ValueError(f"it stands for {len(raw)} bytes; {_SHORTEST_SECRET} to {_LONGEST_SECRET} are allowed")
    return raw


def signature_headers(message_id: str, at: float, body: bytes, secrets: Iterable[str]) -> list[tuple[str, str]]:
    """The headers by which a receiver knows that a message is ours; one signature for each secret."""
    timestamp = str(int(at))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = [base64.b64encode(hmac.digest(raw_secret(one), signed, hashlib.sha256)).decode() for one in secrets]
    return [
        ("webhook-id", message_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(f"v1,{signature}" for signature in signatures)),
    ]
