"""`GET /v1/models` and `/v1/models/{id}`, answered from memory: the catalogue never changes while the gateway runs."""

from urllib.parse import unquote

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api.exchange import GatewayRequest
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.api.wire import encode
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure

_PREFIX = b"/v1/models/"


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One model as clients list it. `name` is what some menus show in place of the id."""

    id: str
    object: str = "model"
    created: int
    owned_by: str = "flow2api"
    name: str


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """All of them."""

    object: str = "list"
    data: list[ModelEntry]


def register(app: Application, services: Services) -> None:
    """Add both routes."""
    entries = {model.id: _entry(model) for model in services.catalog.models()}
    listing = encode(ModelList(data=list(entries.values())))
    keys = services.keys

    async def list_models(request: GatewayRequest) -> TrioResponse:
        keys.caller(request)
        return TrioResponse(listing, content_type="application/json")

    async def get_model(request: GatewayRequest, rest: str) -> TrioResponse:
        keys.caller(request)
        # From the raw path: an id may hold an encoded slash, and `rest` cannot tell it from a plain one.
        model_id = unquote(request.scope["raw_path"].removeprefix(_PREFIX).decode("ascii"))
        entry = entries.get(model_id)
        if entry is None:
            raise Failure(Code.MODEL_NOT_FOUND, f"There is no model {model_id[:80]!r}.", param="model")
        return TrioResponse(encode(entry), content_type="application/json")

    app.route_to("GET", "/v1/models", list_models)
    app.route_to("GET", "/v1/models/<path:rest>", get_model)


def _entry(model: Model) -> ModelEntry:
    return ModelEntry(id=model.id, name=model.title, created=model.created)
