"""`GET /v1/models` and `/v1/models/{id}`, answered from memory: the catalogue never changes while the gateway runs."""

from collections.abc import Mapping
from urllib.parse import unquote

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api.auth import model_for, models_for
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini.dialect import speaks
from flow2api.api.gemini.routes import Gemini
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import answer, encode
from flow2api.domain.model import Model
from flow2api.domain.tier import Tier

_PREFIX = b"/v1/models/"


class Bounds(msgspec.Struct, frozen=True):
    """The least and the most of something."""

    min: int
    max: int


class Accepts(msgspec.Struct, frozen=True, kw_only=True):
    """What a request may ask a model for; of several choices the usual one comes first."""

    mode: str
    aspect_ratios: tuple[str, ...]
    resolutions: tuple[str, ...]
    seconds: tuple[int, ...] | None
    images: Bounds
    n: Bounds


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What an account must have for the smallest thing that a model makes."""

    tier: Tier
    credits: int
    tier_credits: Mapping[Tier, int]


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One model as clients list it. `name` is what some menus show in place of the id; all from `kind` on is ours."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "flow2api"
    name: str
    kind: str
    description: str
    accepts: Accepts
    needs: Needs


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    object: str = "list"
    data: list[ModelEntry]


def register(app: Application, services: Services, gemini: Gemini) -> None:
    """Add both routes, which Google's newer clients ask as well: theirs go to `gemini`."""
    entries = {model.id: entry_of(model) for model in services.catalog.models()}
    listing = encode(ModelList(data=list(entries.values())))
    keys = services.keys

    async def list_models(request: GatewayRequest) -> TrioResponse:
        if speaks(request):
            return await gemini.models(request)
        key = keys.caller(request, "models")
        if not key.limits.models:
            return TrioResponse(listing, content_type="application/json")
        return answer(ModelList(data=[entries[model.id] for model in models_for(services.catalog, key.limits)]))

    async def get_model(request: GatewayRequest, rest: str) -> TrioResponse:
        if speaks(request):
            return await gemini.models(request, rest)
        key = keys.caller(request, "models")
        # From the raw path: an id may hold an encoded slash, and `rest` cannot tell it from a plain one.
        model_id = unquote(request.scope["raw_path"].removeprefix(_PREFIX).decode("ascii"))
        return answer(entries[model_for(services.catalog, key.limits, model_id).id])

    app.route_to("GET", "/v1/models", list_models)
    app.route_to("GET", "/v1/models/<path:rest>", get_model)


def entry_of(model: Model) -> ModelEntry:
    """How a model is listed."""
    return ModelEntry(
        id=model.id,
        name=model.title,
        created=model.created,
        kind=model.kind,
        description=model.description,
        accepts=Accepts(
            mode=model.mode,
            aspect_ratios=model.ratios,
            resolutions=model.resolutions,
            seconds=model.seconds or None,
            images=Bounds(model.min_inputs, model.max_inputs),
            n=Bounds(1, model.max_count),
        ),
        needs=Needs(tier=model.min_tier, credits=model.credits, tier_credits=model.tier_credits),
    )
