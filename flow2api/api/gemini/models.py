"""The models in this dialect, answered from memory, page by page."""

from typing import NamedTuple
from urllib.parse import parse_qs

import msgspec
from quart_trio.wrappers import TrioResponse

from flow2api.api.auth import model_for, models_for
from flow2api.api.exchange import GatewayRequest
from flow2api.api.services import Services
from flow2api.api.wire import answer
from flow2api.domain.model import Model
from flow2api.errors import Code, Failure

DEFAULT_PAGE = 50
MAX_PAGE = 1000
# Nothing is counted in tokens here; clients want to see a number.
INPUT_TOKENS = 32_768
OUTPUT_TOKENS = 8_192


class ModelResource(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One model as clients list it."""

    name: str
    version: str = "1"
    display_name: str
    description: str
    input_token_limit: int = INPUT_TOKENS
    output_token_limit: int = OUTPUT_TOKENS
    supported_generation_methods: tuple[str, ...]


class ModelPage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Some of them; no token on the last page."""

    models: list[ModelResource]
    next_page_token: str | msgspec.UnsetType = msgspec.UNSET


class _Page(NamedTuple):
    start: int
    size: int


def resource(model: Model) -> ModelResource:
    """How a model is listed."""
    methods = ("generateContent", "streamGenerateContent", "countTokens")
    own = ("predict",) if model.kind == "image" else ("predictLongRunning",)
    return ModelResource(
        name=f"models/{model.id}",
        display_name=model.title,
        description=model.description,
        supported_generation_methods=(*methods, *own),
    )


class ModelRoutes:
    """The list and the single model."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def list(self, request: GatewayRequest) -> TrioResponse:
        """One page of the models that the key may use."""
        key = self._services.keys.caller(request, "models")
        page = _page(request)
        models = models_for(self._services.catalog, key.limits)
        end = page.start + page.size
        token = str(end) if end < len(models) else msgspec.UNSET
        listed = [resource(model) for model in models[page.start : end]]
        return answer(ModelPage(models=listed, next_page_token=token))

    async def get(self, request: GatewayRequest, model_id: str) -> TrioResponse:
        """One model."""
        key = self._services.keys.caller(request, "models")
        return answer(resource(model_for(self._services.catalog, key.limits, model_id)))


def _page(request: GatewayRequest) -> _Page:
    query = parse_qs(request.scope["query_string"].decode("latin-1"))
    size, token = query.get("pageSize", ["0"])[0], query.get("pageToken", ["0"])[0]
    if not (_whole(size) and _whole(token)):
        name = "pageToken" if _whole(size) else "pageSize"
        raise Failure(Code.INVALID_VALUE, f"{name} is not one of ours.", param=name)
    return _Page(int(token), min(int(size) or DEFAULT_PAGE, MAX_PAGE))


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9
