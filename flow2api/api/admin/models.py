"""Admin routes for models: all that there are, on or off, and further names for them. A change holds from the next request on."""

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api import wire
from flow2api.api.admin.table import Table
from flow2api.api.described import described
from flow2api.api.exchange import GatewayRequest
from flow2api.api.offer import Offer
from flow2api.api.services import Services
from flow2api.domain.model import Kind
from flow2api.errors import Code, Failure


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """A model or a family of models, with everything that goes by its name."""

    id: str
    title: str
    description: str
    kind: Kind
    provider: str
    on: bool
    """Whether it was left on. A family whose member is off is not offered either."""
    offered: bool
    """Whether requests can name it now."""
    members: tuple[str, ...]
    """Of a family, the models that it picks from."""
    names: tuple[str, ...]
    """Every id that means it or one of its forms, aliases included; those that are offered when it is on."""


class AliasView(msgspec.Struct, frozen=True, kw_only=True):
    """A further name for a model, added at run time."""

    name: str
    target: str
    offered: bool
    """Whether requests can name it now: not while its model is off, or gone from the catalogue."""


class ModelOffer(msgspec.Struct, frozen=True):
    """All models and all aliases."""

    models: list[ModelView]
    aliases: list[AliasView]


class Switch(msgspec.Struct):
    """The body of `PUT /api/models/{id}`."""

    on: bool


class NewAlias(msgspec.Struct):
    """The body of `PUT /api/aliases/{name}`."""

    target: str


class Removed(msgspec.Struct, frozen=True):
    """A name that is no more."""

    name: str
    removed: bool = True


_switch = wire.decoder(Switch)
_alias = wire.decoder(NewAlias)


def routes(services: Services) -> Table:
    """All of them."""
    offer = services.offer

    @described("List all models, on and off, and all aliases", ModelOffer)
    async def list_all(request: GatewayRequest) -> TrioResponse:
        aliases = [_alias_view(offer, name) for name in sorted(offer.aliases)]
        return wire.answer(ModelOffer([_view(offer, name) for name in offer.built.own_names()], aliases))

    @described(
        "Switch a model on or off",
        ModelView,
        body=Switch,
        errors=(Code.MODEL_NOT_FOUND, Code.UNSUPPORTED_OPERATION),
    )
    async def switch(request: GatewayRequest, model_id: str) -> TrioResponse:
        await offer.switch(model_id, wire.decode(await request.body.whole(), _switch).on)
        return wire.answer(_view(offer, model_id))

    @described("Let a model go by another name too", AliasView, body=NewAlias, errors=(Code.CONFLICT,))
    async def set_alias(request: GatewayRequest, name: str) -> TrioResponse:
        await offer.set_alias(name, wire.decode(await request.body.whole(), _alias).target)
        return wire.answer(_alias_view(offer, name))

    @described("Forget an alias", Removed)
    async def remove_alias(request: GatewayRequest, name: str) -> TrioResponse:
        if not await offer.remove_alias(name):
            raise Failure(Code.NOT_FOUND, "There is no such alias that was added at run time.")
        return wire.answer(Removed(name))

    return (
        ("GET", "/api/models", list_all),
        ("PUT", "/api/models/<path:model_id>", switch),
        ("PUT", "/api/aliases/<path:name>", set_alias),
        ("DELETE", "/api/aliases/<path:name>", remove_alias),
    )


def _view(offer: Offer, model_id: str) -> ModelView:
    model = offer.built.find(model_id)
    further = (name for name, target in offer.aliases.items() if _means(offer, target, model_id))
    return ModelView(
        id=model.id,
        title=model.title,
        description=model.description,
        kind=model.kind,
        provider=model.provider,
        on=model.id not in offer.off,
        offered=offer.works(model.id),
        members=model.family,
        names=(*offer.built.own_names()[model_id], *further),
    )


def _means(offer: Offer, target: str, model_id: str) -> bool:
    model = offer.built.get(target)
    return model is not None and model.base == model_id


def _alias_view(offer: Offer, name: str) -> AliasView:
    return AliasView(name=name, target=offer.aliases[name], offered=offer.works(name))
