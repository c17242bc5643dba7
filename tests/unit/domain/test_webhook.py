"""What follows an attempt to deliver, and the signature as a receiver's package reads it."""

import time

import msgspec
import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from flow2api.actors.webhooks import WebhookParts
from flow2api.config import WebhooksConfig
from flow2api.domain.webhook import (
    LONGEST_WISH_SECONDS,
    MOST_ATTEMPTS,
    Attempt,
    Delivery,
    DeliveryState,
    after,
    raw_secret,
    ready,
    secret_of,
    signature_headers,
)

DUE, DELIVERED, FAILED = DeliveryState.DUE, DeliveryState.DELIVERED, DeliveryState.FAILED
DELIVERY = ready(
    Delivery(id="msg_1", job_id="j1", caller="k1", place="example.org:443", base="http://us", created_at=1.0), 10.0
)


def attempt(status: int | None = 500, *, wait: float = 0.0, error: str = "no") -> Attempt:
    return Attempt(at=100.0, seconds=2.0, status=status, error=error, wait_seconds=wait)


@pytest.mark.parametrize(
    ("tries", "made", "state", "next_at"),
    [
        (0, attempt(200, error=""), DELIVERED, None),
        (0, attempt(), DUE, 107.0),
        (0, attempt(None), DUE, 107.0),
        (0, attempt(503, wait=60.0), DUE, 162.0),
        (0, attempt(503, wait=1.0), DUE, 107.0),
        (0, attempt(429, wait=1e9), DUE, 102.0 + LONGEST_WISH_SECONDS),
        (0, attempt(410), FAILED, None),
        (8, attempt(), DUE, 107.0),
        (9, attempt(), FAILED, None),
    ],
)
def test_what_follows_an_attempt(tries: int, made: Attempt, state: DeliveryState, next_at: float | None) -> None:
    then = after(msgspec.structs.replace(DELIVERY, tries=tries), made, 5.0, 10)
    assert (then.state, then.next_at, then.tries, then.attempts) == (state, next_at, tries + 1, (made,))


def test_only_so_many_attempts_are_remembered_and_the_newest_is_among_them() -> None:
    delivery = DELIVERY
    for number in range(MOST_ATTEMPTS + 5):
        delivery = after(delivery, attempt(500 + number), 1.0, 1000)
    assert (len(delivery.attempts), delivery.tries) == (MOST_ATTEMPTS, MOST_ATTEMPTS + 5)
    assert delivery.attempts[-1].status == 500 + MOST_ATTEMPTS + 4


def test_as_the_settings_come_a_receiver_may_be_away_for_half_a_working_day() -> None:
    config = WebhooksConfig()
    pauses = WebhookParts(None, None, None, config).pauses  # type: ignore[arg-type]
    shortest = sum(pauses.delay(number) * (1 - pauses.jitter) for number in range(config.tries - 1))
    assert 6 * 3600 < shortest < 24 * 3600
    assert pauses.jitter > 0


def test_a_message_is_verified_with_either_secret_and_with_no_other() -> None:
    secrets, body = [secret_of(b"a" * 32), secret_of(b"b" * 24)], b'{"type":"job.succeeded"}'
    headers = dict(signature_headers("msg_1", time.time(), body, secrets))
    for secret in secrets:
        assert Webhook(secret).verify(body, headers) == {"type": "job.succeeded"}
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(b"c" * 32)).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secrets[0]).verify(body, {**headers, "webhook-id": "msg_2"})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("whsec_!!", "it is not base64"),
        ("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4", "does not begin with whsec_"),
        (secret_of(b"x" * 23), "stands for 23 bytes"),
        (secret_of(b"x" * 65), "stands for 65 bytes"),
    ],
)
def test_what_is_no_secret_is_refused_without_being_quoted(text: str, why: str) -> None:
    with pytest.raises(ValueError) as refused:
        raw_secret(text)
    assert why in str(refused.value)
    assert text.removeprefix("whsec_") not in str(refused.value)
