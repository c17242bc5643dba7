"""The orders for clips, which all shapes of the gateway share: taken in, walked on, and filmed when somebody fetches them."""

import random
from collections.abc import Sequence
from typing import Literal

import msgspec
import trio

from flow2api.emulator.accounts import new_id
from flow2api.emulator.clips import ClipSpec
from flow2api.emulator.exchange import Refused
from flow2api.emulator.gateway.models import GatewayModel
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedService
from flow2api.emulator.keyed.work import Stage, Work, check_prompt, fate_of
from flow2api.emulator.memory import KEPT_SECONDS

NO_SUCH = "The video does not exist."
WHY: dict[str, tuple[str, str]] = {
    "refused": ("moderation_blocked", "The request was blocked by the moderation system."),
    "failed": ("video_generation_failed", "The generation failed."),
}


class ClipOrder(msgspec.Struct, kw_only=True):
    """One order. `owner` is the label of the key that sent it."""

    id: str
    shape: str
    model: str
    prompt: str
    owner: str
    file: str
    width: int
    height: int
    seconds: int
    begun_at: float
    work: Work
    remixed_from: str | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for, whatever the shape."""

    call: str
    shape: Literal["videos", "sora", "tasks"]
    model_id: str
    model: GatewayModel
    prompt: str
    size: tuple[int, int]
    seconds: int
    pictures: Sequence[bytes] = ()
    remixed_from: str | None = None


class Clips:
    """All orders for clips."""

    def __init__(self, service: KeyedService) -> None:
        self._service = service
        oldest = service.now() - KEPT_SECONDS
        self._orders = service.memory.table("orders", ClipOrder, lambda order: order.begun_at > oldest)

    async def take(self, key: ApiKey, wish: Wish) -> ClipOrder:
        """Take an order in."""
        service = self._service
        if len(wish.pictures) > wish.model.pictures:
            message = f"{wish.model_id} takes at most {wish.model.pictures} pictures."
            raise Refused(400, message, reason="invalid_value")
        service.admit(key)
        self._check_running(key)
        check_prompt(wish.prompt)
        piece = service.studio.film(self._spec(wish))
        order = ClipOrder(
            id=f"{'video' if wish.shape == 'videos' else 'task'}_{new_id().replace('-', '')}",
            shape=wish.shape,
            model=wish.model_id,
            prompt=wish.prompt,
            owner=key.label,
            file=piece.name,
            width=wish.size[0],
            height=wish.size[1],
            seconds=wish.seconds,
            begun_at=service.now(),
            work=Work(begun_at=service.now(), fate=fate_of(wish.prompt)),
            remixed_from=wish.remixed_from,
        )
        self._orders[order.id] = order
        service.accept(wish.call, key, order.id, wish.prompt, (piece.name,), wish.model.price * wish.seconds)
        await trio.sleep(service.knobs.latency_seconds)
        return order

    def own(self, order_id: str, key: ApiKey, shape: str) -> ClipOrder:
        """The key's own order; `Refused` 404 for an unknown or foreign one."""
        order = self._orders.get(order_id)
        if order is None or order.owner != key.label or order.shape != shape:
            raise Refused(404, NO_SUCH, reason="not_found")
        return order

    def of(self, key: ApiKey) -> list[ClipOrder]:
        """The key's orders by OpenAI's shape, oldest first."""
        return [order for order in self._orders.values() if order.owner == key.label and order.shape == "videos"]

    def remove(self, order: ClipOrder) -> None:
        """Forget an order and its file."""
        self._orders.pop(order.id, None)
        self._service.studio.remove(order.file)

    def poll(self, order: ClipOrder) -> Stage:
        return order.work.poll(self._service.knobs.walk, self._service.now())

    def stage(self, order: ClipOrder) -> Stage:
        return order.work.stage(self._service.knobs.walk, self._service.now())

    def percent(self, order: ClipOrder) -> int:
        return int(order.work.share(self._service.knobs.walk, self._service.now()) * 100)

    def _check_running(self, key: ApiKey) -> None:
        running = [one for one in self._orders.values() if one.owner == key.label and self.stage(one) != "done"]
        if key.max_running is not None and len(running) >= key.max_running:
            message = "Rate limit reached for videos."
            raise Refused(429, message, reason="rate_limit_exceeded", headers=(("Retry-After", "5"),))

    def _spec(self, wish: Wish) -> ClipSpec:
        names = []
        for data in wish.pictures:
            taken = self._service.studio.take_input(data)
            if taken is None:
                raise Refused(400, "The file is no picture.", reason="invalid_image")
            names.append(taken[0])
        width, height = wish.size
        return ClipSpec(
            prompt=wish.prompt,
            model=wish.model_id,
            aspect="16:9" if width >= height else "9:16",
            width=width,
            height=height,
            seconds=wish.seconds,
            seed=random.randrange(1_000_000),
            first=names[0] if names else "",
            last=names[1] if len(names) > 1 else "",
            references=tuple(names[2:]),
        )
