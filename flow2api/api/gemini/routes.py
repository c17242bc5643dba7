"""The addresses of Gemini's API, in every version that its clients use, and those of Vertex.

A model's name and verb are read from the raw path, where an encoded slash is still told from a plain one.
"""

import re
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from quart_trio.wrappers import TrioResponse

from flow2api.api.described import SameAs, Told
from flow2api.api.desk import Desk
from flow2api.api.exchange import GatewayRequest
from flow2api.api.gemini import described
from flow2api.api.gemini.content import ContentRoutes
from flow2api.api.gemini.files import Files
from flow2api.api.gemini.models import ModelRoutes
from flow2api.api.gemini.operations import OperationRoutes, resource_of
from flow2api.api.gemini.predict import PredictRoutes
from flow2api.api.gemini.uploads import Uploads
from flow2api.api.links import Links
from flow2api.api.routing import Application
from flow2api.api.services import Services
from flow2api.errors import Code, Failure

VERSIONS = ("v1", "v1beta", "v1alpha", "v1beta1")
DESCRIBED = "v1beta"
# Of `/v1`, these are OpenAI's as well.
_OF_BOTH = (("GET", "/{}/models"), ("GET", "/{}/models/<path:rest>"))
_VERB = re.compile(r"(?::|%3A)(\w+)$", re.IGNORECASE)
_MODELS = "/models/"
_MODEL = re.compile(r"/\w+/(?:.*/)?models/(.+)$")
_OPERATION = re.compile(r"/\w+/(.*operations/[^/]+)$")


class Asked(NamedTuple):
    """What an address asks of a model."""

    resource: str
    """The model as the address names it, still encoded."""
    model_id: str
    verb: str


def asked_of(path: str) -> Asked | None:
    """What a raw path asks of a model; None where it names no model or no verb. In one pass: everybody may send any path."""
    _, _, rest = path.removeprefix("/").partition("/")
    verb = _VERB.search(rest)
    if verb is None:
        return None
    resource = rest[: verb.start()]
    _, found, name = f"/{resource}".rpartition(_MODELS)
    if not found or not name or name.startswith("/"):
        return None
    return Asked(resource, unquote(name), verb[1])


def register(app: Application, services: Services, links: Links, desk: Desk) -> "Gemini":
    """Add all of them but those of `/v1` that OpenAI's dialect shares; these find their way by `Gemini.models`."""
    gemini = Gemini(services, links, desk)
    for version in VERSIONS:
        for method, rule, view, description in _routes(gemini):
            shared = version == "v1" and (method, rule) in _OF_BOTH
            if not shared:
                here = version == DESCRIBED or isinstance(description, SameAs)
                told = description if here else SameAs(rule.format(DESCRIBED))
                app.route_to(method, rule.format(version), view, told)
    return gemini


def _routes(gemini: "Gemini") -> Iterator[tuple[str, str, Callable[..., Awaitable[TrioResponse]], Told]]:
    yield "POST", "/{}/models/<path:rest>", gemini.ask, described.ASK
    for vertex in ("publishers", "projects"):
        yield "POST", f"/{{}}/{vertex}/<path:rest>", gemini.ask, SameAs(f"/{DESCRIBED}/models/<path:rest>")
    yield "GET", "/{}/operations/<path:rest>", gemini.operation, described.OPERATION
    yield "GET", "/{}/files/<path:rest>", gemini.file, described.FILE
    yield "POST", "/upload/{}/files", gemini.upload, described.UPLOAD
    yield "GET", "/{}/models", gemini.models, described.MODELS
    yield "GET", "/{}/models/<path:rest>", gemini.models, described.MODEL


class Gemini:
    """The dialect's routes."""

    def __init__(self, services: Services, links: Links, desk: Desk) -> None:
        self._services = services
        self._files = Files(services, links)
        self._models = ModelRoutes(services)
        self._content = ContentRoutes(services, links, desk, self._files)
        self._predict = PredictRoutes(services, desk, self._files)
        self._operations = OperationRoutes(services, self._files)
        self._uploads = Uploads(services, links, desk, self._files)

    async def models(self, request: GatewayRequest, rest: str = "") -> TrioResponse:
        """The list, one model, or an operation below a model."""
        path = _path(request)
        if operation := _OPERATION.match(path):
            return await self._operations.get(request, operation[1])
        match = _MODEL.match(path) if rest else None
        if match is None:
            return await self._models.list(request)
        return await self._models.get(request, unquote(match[1]))

    async def ask(self, request: GatewayRequest, rest: str) -> TrioResponse:
        """A verb of a model."""
        asked = asked_of(_path(request))
        if asked is None:
            self._services.keys.caller(request, "gemini")
            message = "A model is asked with a verb at the end of its address, such as `:generateContent`."
            raise Failure(Code.NOT_FOUND, message)
        resource, model_id, verb = asked
        match verb:
            case "generateContent":
                return await self._content.generate(request, model_id)
            case "streamGenerateContent":
                return await self._content.stream(request, model_id)
            case "countTokens":
                return await self._content.count(request, model_id)
            case "predict":
                return await self._predict.predict(request, model_id)
            case "predictLongRunning":
                own = resource if resource.startswith(("publishers/", "projects/")) else resource_of(model_id)
                return await self._predict.begin(request, model_id, own)
            case "fetchPredictOperation":
                return await self._operations.fetch(request)
        self._services.keys.caller(request, "gemini")
        raise Failure(Code.NOT_FOUND, f"Models have no verb {verb!r} here.")

    async def operation(self, request: GatewayRequest, rest: str) -> TrioResponse:
        """An operation by its own address."""
        match = _OPERATION.match(_path(request))
        return await self._operations.get(request, match[1] if match else rest)

    async def file(self, request: GatewayRequest, rest: str) -> TrioResponse:
        """A file."""
        return await self._files.get(request)

    async def upload(self, request: GatewayRequest) -> TrioResponse:
        """A step of an upload."""
        return await self._uploads.handle(request)


def _path(request: GatewayRequest) -> str:
    return str(request.scope["raw_path"].decode("latin-1"))
