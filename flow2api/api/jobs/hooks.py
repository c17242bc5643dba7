"""The webhook that a caller asks for: whether it can be honoured, and how its deliveries are shown.

What cannot be honoured is refused beforehand: an address that callers may not send us to, and a message that could not be signed.
"""

import time

import msgspec
import trio

from flow2api.api.services import Services
from flow2api.domain.job import Hook
from flow2api.domain.present import present
from flow2api.domain.webhook import Attempt, Delivery, DeliveryState
from flow2api.errors import AddressForbidden, Code, Failure, Unreachable
from flow2api.net.guard import Guard
from flow2api.store import webhooks

LOOKUP_SECONDS = 10.0


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as its caller sees it."""

    id: str
    job_id: str
    place: str
    """Host and port of the receiver."""
    state: DeliveryState
    tries: int
    next_at: float | None
    created_at: float
    attempts: tuple[Attempt, ...]


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True):
    """The deliveries of one job."""

    object: str = "list"
    data: list[DeliveryView]


class Hooks:
    """Admits webhooks."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._guard = present(lambda: Guard(services.config.webhooks.allow_private))

    async def admit(self, url: str | None, caller: str, base: str) -> Hook | None:
        """Whom to tell, if anybody.

        Raises:
            Failure: nobody may be told so, or there is no secret to sign with."""
        if url is None:
            return None
        if not await self._services.store.read(webhooks.signing_secrets, caller, time.time()):
            message = (
                "There is no secret yet to sign webhooks of this API key with. An administrator makes one: "
                f"POST /api/webhooks/secrets/{caller}, or POST /api/webhooks/secrets/default for all keys."
            )
            raise Failure(Code.UNSUPPORTED_OPERATION, message, param="webhook")
        try:
            with trio.fail_after(LOOKUP_SECONDS):
                target = await self._guard.check(url)
        except AddressForbidden as fault:
            raise _unusable(f"it may not be asked: {fault}") from None
        except (Unreachable, trio.TooSlowError) as fault:
            raise _unusable(str(fault) or "its name could not be resolved in time") from None
        return Hook(target.url, base)

    async def of_job(self, job_id: str) -> DeliveryList:
        """The deliveries of a job."""
        found = await self._services.store.read(webhooks.of_job, job_id)
        return DeliveryList(data=[_view(delivery) for delivery in found])


def _unusable(why: str) -> Failure:
    return Failure(Code.INVALID_VALUE, f"The webhook's address cannot be used: {why}.", param="webhook")


def _view(delivery: Delivery) -> DeliveryView:
    return DeliveryView(
        id=delivery.id,
        job_id=delivery.job_id,
        place=delivery.place,
        state=delivery.state,
        tries=delivery.tries,
        next_at=delivery.next_at,
        created_at=delivery.created_at,
        attempts=delivery.attempts,
    )
