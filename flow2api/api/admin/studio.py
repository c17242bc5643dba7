"""Admin routes for making something by hand: what the models offer, and ordering from them. No API key is needed, and none is charged.

What is ordered runs on by itself; how it goes is seen where all generations are.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta
from msgspec.structs import replace
from quart_trio.wrappers import TrioResponse

from flow2api.actors.accounts_messages import ListAccounts
from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.inputs import Reference
from flow2api.api.openai.models import ModelEntry, entry_of
from flow2api.api.services import Services
from flow2api.api.wishes import prompt_of
from flow2api.domain.catalog import Wish
from flow2api.domain.job import Progress
from flow2api.domain.model import Model
from flow2api.errors import Code

CALLER = "admin"
"""Whoever holds the instance's own token is known by the same name."""
ORIGIN = "studio"
MOST_AT_ONCE = 8


class StudioOffer(msgspec.Struct, frozen=True):
    """Every model that can be ordered from now, with what it takes."""

    models: list[ModelEntry]
    ready: list[str]
    """The ids of those whose provider has an account, whatever its standing."""


class StudioOrder(msgspec.Struct, kw_only=True):
    """The body of `POST /api/studio`; what is absent is as usual for the model."""

    model: str
    prompt: str
    aspect_ratio: str | None = None
    resolution: str | None = None
    seconds: int | None = None
    seed: int | None = None
    n: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 1
    """How many; each is a generation of its own."""
    inputs: list[str] = []
    """Pictures as data URLs or links of this gateway."""
    source: str | None = None
    """The clip to continue, as a link of this gateway."""


class StudioOrdered(msgspec.Struct, frozen=True):
    """The generations that were begun, in the order of the wish."""

    jobs: list[Progress]


_order = wire.decoder(StudioOrder)


def routes(services: Services, desk: Desk) -> Table:
    """All of them."""
    views = _Views(services, desk)
    return (("GET", "/api/studio", views.offer), ("POST", "/api/studio", views.order))


class _Views:
    """Each method is a route."""

    def __init__(self, services: Services, desk: Desk) -> None:
        self._services = services
        self._desk = desk

    @described("Tell what can be ordered by hand", StudioOffer)
    async def offer(self, request: GatewayRequest) -> TrioResponse:
        models = [model for model in self._services.catalog.models() if model.fixed is None]
        providers = {view.account.provider for view in await self._services.accounts.ask_again(ListAccounts())}
        ready = [model.id for model in models if model.provider in providers]
        # The page begins with the first of them.
        usual = self._services.config.models
        models.sort(key=lambda model: (model.id != usual.image, model.id != usual.video))
        return wire.answer(StudioOffer([entry_of(model) for model in models], ready))

    @described(
        "Order by hand",
        StudioOrdered,
        status=202,
        body=StudioOrder,
        errors=(
            Code.MODEL_NOT_FOUND,
            Code.INVALID_VALUE,
            Code.INVALID_IMAGE,
            Code.UNSUPPORTED_OPERATION,
            Code.QUEUE_FULL,
        ),
    )
    async def order(self, request: GatewayRequest) -> TrioResponse:
        self._desk.check_open()
        body = await request.body.whole()
        order = wire.decode(body, _order)
        model = self._services.catalog.find(order.model)
        wish = await self._wish(order, model)
        # A hand that presses twice means two.
        claim = (await self._desk.claim(request, CALLER, body))._replace(key=None)
        begun: list[Progress] = []
        for one in _each(wish, order.n):
            with await self._desk.submit(request, claim.of_part(len(begun)), one, ORIGIN, detached=True) as watch:
                begun.append(watch.progress)
        return wire.answer(StudioOrdered(begun), 202)

    async def _wish(self, order: StudioOrder, model: Model) -> Wish:
        prompt = prompt_of(order.prompt)
        given = [Reference(url, f"inputs.{number}") for number, url in enumerate(order.inputs)]
        link = Reference(order.source, "source") if order.source else None
        source = await self._desk.sources.find(model, CALLER, link=link)
        pictures = await self._desk.pictures(given, model)
        return Wish(
            model=model.id,
            prompt=prompt,
            pictures=tuple(picture.name for picture in pictures),
            picture_sizes=tuple((picture.width, picture.height) for picture in pictures),
            aspect_ratio=order.aspect_ratio,
            resolution=order.resolution,
            seconds=order.seconds,
            seed=order.seed,
            n=1,
            source=source,
        )


def _each(wish: Wish, count: int) -> Sequence[Wish]:
    """The same so many times; a seed rises by one with each, since the same seed would make the same picture."""
    return [wish if wish.seed is None else replace(wish, seed=wish.seed + number) for number in range(count)]
