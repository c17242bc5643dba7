"""The OpenAPI document, made from the registered routes, what they say of themselves, and the records that the code really uses.

Nothing is written here that the code does not do: statuses that follow from an address, a body or a guard are derived from the closed
list of errors. Knows no single route.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from flow2api import __version__
from flow2api.api.admin.door import COOKIE
from flow2api.api.described import JSON, Content, Description, OneOf, SameAs
from flow2api.api.errors import Envelope
from flow2api.api.routing import Route
from flow2api.errors import KINDS, Code

REFERENCE = "#/components/schemas/{name}"
_OURS = "flow2api."
_PART = re.compile(r"<(?:\w+:)?(\w+)>")
_NAMED = re.compile(r"{(\w+)}")

_ABOUT = (
    "OpenAI's API and Google's Gemini API for pictures and clips, routes for jobs, and the administration of this gateway. "
    "Unknown fields of a body are ignored, null means absent, and numbers may be written as strings."
)
_OF_BODY = (
    *(Code.INVALID_JSON, Code.MISSING_REQUIRED_PARAMETER, Code.INVALID_TYPE, Code.INVALID_VALUE),
    *(Code.REQUEST_TIMEOUT, Code.REQUEST_TOO_LARGE),
)
_OF_KEY = (Code.INVALID_API_KEY, Code.ROUTE_NOT_ALLOWED, Code.RATE_LIMIT_EXCEEDED)
_OF_ADMIN = (Code.ADMIN_REQUIRED, Code.RATE_LIMIT_EXCEEDED)
_OF_ALL = (Code.INTERNAL_ERROR, Code.DRAINING)

_Security = list[dict[str, list[str]]]
_KEY_SECURITY: _Security = [{"bearer": []}, {"x-goog-api-key": []}, {"x-api-key": []}, {"api-key": []}, {"key": []}]
_ADMIN_SECURITY: _Security = [{"admin-token": []}, {"admin-session": []}, {"admin-password": []}]
_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key."},
    **{name: {"type": "apiKey", "in": "header", "name": name} for name in ("x-goog-api-key", "x-api-key", "api-key")},
    "key": {"type": "apiKey", "in": "query", "name": "key"},
    "admin-token": {"type": "http", "scheme": "bearer", "description": "The token of the running instance."},
    "admin-session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The cookie of a sign-in; `_` and the port follow its name where the instance listens on another than 8000. Changes need its token in the header `X-CSRF-Token` as well.",
    },
    "admin-password": {
        "type": "http",
        "scheme": "basic",
        "description": "The user `admin` with the admin password, where there is no second factor.",
    },
}
_RETRY_HEADERS = {
    "x-should-retry": {
        "schema": {"enum": ["true", "false"]},
        "description": "Whether the same request may succeed later.",
    },
    "retry-after": {"schema": {"type": "integer"}, "description": "Seconds; where the true wait is known."},
}


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The whole document over the routes that are described."""
    routes = list(routes)
    schemas = _Schemas(_records(routes))
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route, description in described_operations(routes):
        also = [twin.rule for twin in routes if twin.description == SameAs(route.rule) and twin.method == route.method]
        operation = _operation(route, description, schemas)
        paths[address(route, description)][route.method.lower()] = operation | ({"x-also-at": also} if also else {})
    return {
        "openapi": "3.1.0",
        "info": {"title": "flow2api", "version": __version__, "description": _ABOUT, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "tags": [
            {"name": tag}
            for tag in dict.fromkeys(tag for path in paths.values() for one in path.values() for tag in one["tags"])
        ],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": schemas.components, "securitySchemes": _SECURITY_SCHEMES},
        "x-error-codes": [
            {"code": code.value, "status": kind.status, "type": kind.type, "retry": kind.retry}
            for code, kind in KINDS.items()
        ],
    }


def described_operations(routes: Iterable[Route]) -> Iterator[tuple[Route, Description]]:
    """Every operation of the document with the route that serves it."""
    for route in routes:
        told = route.description
        if isinstance(told, Description):
            yield route, told
        elif isinstance(told, tuple):
            yield from ((route, one) for one in told)


def address(route: Route, description: Description) -> str:
    """The address of an operation as the document writes it."""
    return description.at or _PART.sub(r"{\1}", route.rule)


def codes_of(route: Route, description: Description) -> tuple[Code, ...]:
    """Every error that an operation may answer with."""
    codes = [*description.errors, *_OF_ALL]
    if description.scope is not None:
        codes += _OF_KEY
    if _is_admins(route, description):
        codes += _OF_ADMIN if route.method == "GET" else (*_OF_ADMIN, Code.FORBIDDEN)
    if description.body is not None:
        codes += _OF_BODY
    if description.query is not None:
        codes += (Code.INVALID_VALUE, Code.INVALID_TYPE)
    if _PART.search(route.rule):
        codes.append(Code.NOT_FOUND)
    return tuple(code for code in KINDS if code in codes)


def _is_admins(route: Route, description: Description) -> bool:
    return route.rule.startswith("/api/") and not description.everybody


class _Schemas:
    """The schemas of all records, each once, by reference."""

    def __init__(self, records: list[Any]) -> None:
        schemas, components = msgspec.json.schema_components(records, schema_hook=anything, ref_template=REFERENCE)
        self._of: dict[int, Mapping[str, Any]] = {
            id(record): _shortened(schema) for record, schema in zip(records, schemas, strict=True)
        }
        # The types must live as long as their ids are used.
        self._records = records
        self.components = {_short(name): _shortened(component) for name, component in sorted(components.items())}

    def of(self, record: Any) -> Mapping[str, Any]:
        if isinstance(record, OneOf):
            return {"anyOf": [self.of(kind) for kind in record.kinds]}
        return self._of[id(record)]

    def fields(self, record: Any) -> Iterator[tuple[str, dict[str, Any], bool]]:
        """Name, schema and whether it is needed, of each field of a record."""
        schema = self.of(record)
        whole = self.components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        for name, field in whole["properties"].items():
            yield name, field, name in whole.get("required", ())


def anything(kind: type) -> dict[str, Any]:
    """The schema of what is not told more closely."""
    if kind is not object:
        raise NotImplementedError(f"{kind} has no schema")
    # msgspec takes an empty one for none.
    return {"description": "Anything."}


def _records(routes: Iterable[Route]) -> list[Any]:
    found: dict[int, Any] = {id(Envelope): Envelope}
    for _, one in described_operations(routes):
        for told in (one.body, one.query, one.failure, *one.answers.values()):
            found |= {id(record): record for record in _leaves(told)}
    return list(found.values())


def _leaves(told: Any) -> Iterator[Any]:
    match told:
        case Content(kinds):
            for record in kinds.values():
                yield from _leaves(record)
        case OneOf(kinds):
            for record in kinds:
                yield from _leaves(record)
        case None:
            return
        case _:
            yield told


def _operation(route: Route, description: Description, schemas: _Schemas) -> dict[str, Any]:
    path = address(route, description)
    parameters = [_parameter("path", name, {"type": "string", "minLength": 1}, True) for name in _NAMED.findall(path)]
    if description.query is not None:
        parameters += [_parameter("query", *field) for field in schemas.fields(description.query)]
    parameters += [
        _parameter("header", name, {"type": "string"}, False) | {"description": more}
        for name, more in description.headers.items()
    ]
    operation: dict[str, Any] = {
        "operationId": _operation_id(route.method, path),
        "summary": description.summary,
        "tags": [_tag(route, description)],
        "responses": _responses(route, description, schemas),
    }
    if description.more:
        operation["description"] = description.more
    if parameters:
        operation["parameters"] = parameters
    if description.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(description.body, schemas)}
    if description.scope is not None:
        operation |= {"security": _KEY_SECURITY, "x-scope": description.scope}
    elif _is_admins(route, description):
        operation["security"] = _ADMIN_SECURITY
    return operation


def _responses(route: Route, description: Description, schemas: _Schemas) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, told in sorted(description.answers.items()):
        content = {} if told is None else {"content": _content(told, schemas)}
        responses[str(status)] = {"description": _MEANINGS.get(status, ""), **content}
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in codes_of(route, description):
        by_status[KINDS[code].status].append(code)
    failure = schemas.of(description.failure or Envelope)
    for status, codes in sorted(by_status.items()):
        words = ", ".join(f"`{code.value}`" for code in codes)
        response = responses.setdefault(str(status), {"description": ""})
        response["description"] = f"{response['description']} {words}".strip()
        response["headers"] = _RETRY_HEADERS
        content = response.setdefault("content", {})
        content[JSON] = {"schema": {"anyOf": [content[JSON]["schema"], failure]} if JSON in content else failure}
    return responses


def _content(told: Any, schemas: _Schemas) -> dict[str, Any]:
    if not isinstance(told, Content):
        return {JSON: {"schema": schemas.of(told)}}
    return {mime: {} if record is None else {"schema": schemas.of(record)} for mime, record in told.kinds.items()}


def _parameter(place: str, name: str, schema: Mapping[str, Any], needed: bool) -> dict[str, Any]:
    return {"name": name, "in": place, "required": needed, "schema": schema}


def _operation_id(method: str, path: str) -> str:
    return "_".join([method.lower(), *re.findall(r"\w+", path)])


def _tag(route: Route, description: Description) -> str:
    if description.scope is not None:
        return description.scope
    if route.rule.startswith("/api/"):
        return f"admin: {route.rule.split('/')[2]}"
    return "gateway"


def _shortened(schema: Any) -> Any:
    """The schema with short names in its references."""
    match schema:
        case {"$ref": str(reference)}:
            head, _, name = reference.rpartition("/")
            return {**schema, "$ref": f"{head}/{_short(name)}"}
        case dict():
            return {key: _shortened(value) for key, value in schema.items()}
        case list():
            return [_shortened(value) for value in schema]
    return schema


def _short(name: str) -> str:
    return name.removeprefix(_OURS).removeprefix("api.")


_MEANINGS = {
    200: "The answer.",
    201: "Made.",
    202: "Accepted; it goes on by itself.",
    204: "Done.",
    206: "The part that was asked for.",
}
