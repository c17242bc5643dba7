"""`GET /v1/models` and `/v1/models/{id}`, answered from memory: what is made of a catalogue is kept until another takes its place."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import unquote

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api.auth import model_for, models_for
from flow2api.api.described import OneOf, described
from flow2api.api.errors import Envelope
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini import dialect
from flow2api.api.gemini.dialect import speaks
from flow2api.api.gemini.models import ModelPage, ModelResource
from flow2api.api.gemini.routes import Gemini
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import answer, encode
from flow2api.domain.catalog import Catalog
from flow2api.domain.key import ApiKey
from flow2api.domain.model import Kind, Model
from flow2api.domain.tier import Tier
from flow2api.errors import Code

_BOTH = "Who sends the key as Google's clients do gets Gemini's form."
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
    options: tuple[str, ...]
    """Names of what may stand in `options`."""


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What an account must have for the smallest thing that a model makes."""

    tier: Tier
    credits: int
    tier_credits: Mapping[Tier, int]


Endpoint = Literal["openai", "image-generation", "openai-response", "gemini"]
"""What a client may ask a model by. One that reads these words knows no others, and refuses a list with any."""
ENDPOINTS: Mapping[Kind, tuple[Endpoint, ...]] = {
    # Where several fit, the first is what is used.
    "image": ("openai", "image-generation", "openai-response", "gemini"),
    "video": ("openai", "openai-response", "gemini"),
}


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One model as clients list it. `name` is what some menus show in place of the id; `supported_endpoint_types` what a
    painting page looks for; the rest from `kind` on is ours."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "flow2api"
    name: str
    kind: Kind
    description: str
    supported_endpoint_types: tuple[Endpoint, ...]
    accepts: Accepts
    needs: Needs


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    object: str = "list"
    data: list[ModelEntry]


class _Listing:
    """Everything that is said of one catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.entries = {model.id: entry_of(model) for model in catalog.models()}
        self.whole = encode(ModelList(data=list(self.entries.values())))

    def for_key(self, key: ApiKey) -> bytes:
        """The list of the models that a key may use."""
        if not key.limits.models:
            return self.whole
        return encode(ModelList(data=[self.entries[model.id] for model in models_for(self.catalog, key.limits)]))


class Models:
    """The routes, and the listing of the present catalogue."""

    def __init__(self, services: Services, gemini: Gemini) -> None:
        self._services = services
        self._gemini = gemini
        self._newest = _Listing(services.catalog)

    @described(
        "List the models that this key may use",
        OneOf((ModelList, ModelPage)),
        scope="models",
        failure=OneOf((Envelope, dialect.Envelope)),
        errors=(Code.INVALID_VALUE,),
        more=_BOTH,
    )
    async def list_all(self, request: GatewayRequest) -> TrioResponse:
        if speaks(request):
            return await self._gemini.models(request)
        key = self._services.keys.caller(request, "models")
        return TrioResponse(self._listing().for_key(key), content_type="application/json")

    @described(
        "One model",
        OneOf((ModelEntry, ModelResource)),
        scope="models",
        failure=OneOf((Envelope, dialect.Envelope)),
        errors=(Code.MODEL_NOT_FOUND, Code.MODEL_NOT_ALLOWED),
        at="/v1/models/{model}",
        more=f"An id with a slash may be written with `%2F` or as it is. {_BOTH}",
    )
    async def one(self, request: GatewayRequest, rest: str) -> TrioResponse:
        if speaks(request):
            return await self._gemini.models(request, rest)
        key = self._services.keys.caller(request, "models")
        # From the raw path: an id may hold an encoded slash, and `rest` cannot tell it from a plain one.
        model_id = unquote(request.scope["raw_path"].removeprefix(_PREFIX).decode("ascii"))
        listing = self._listing()
        return answer(listing.entries[model_for(listing.catalog, key.limits, model_id).id])

    def _listing(self) -> _Listing:
        if self._newest.catalog is not self._services.catalog:
            self._newest = _Listing(self._services.catalog)
        return self._newest


def register(app: Application, services: Services, gemini: Gemini) -> None:
    """Add both routes, which Google's newer clients ask as well: theirs go to `gemini`."""
    models = Models(services, gemini)
    app.route_to("GET", "/v1/models", models.list_all)
    app.route_to("GET", "/v1/models/<path:rest>", models.one)


def entry_of(model: Model) -> ModelEntry:
    """How a model is listed."""
    return ModelEntry(
        id=model.id,
        name=model.title,
        created=model.created,
        kind=model.kind,
        description=model.description,
        supported_endpoint_types=ENDPOINTS[model.kind],
        accepts=Accepts(
            mode=model.mode,
            aspect_ratios=model.ratios,
            resolutions=model.resolutions,
            seconds=model.seconds or None,
            images=Bounds(model.min_inputs, model.max_inputs),
            n=Bounds(1, model.max_count),
            options=model.options,
        ),
        needs=Needs(tier=model.min_tier, credits=model.credits, tier_credits=model.tier_credits),
    )
