"""The API's document against the API itself: what is told is there, and what is there is told."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import trio

from flow2api.api import openapi, reference_page
from flow2api.api.described import SameAs
from flow2api.api.routing import Application
from flow2api.api.server import make_app
from flow2api.domain.key import SCOPES, Limits
from flow2api.errors import KINDS
from tests.unit.api.doubles import Desk, open_desk, serving


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Desk, Application, dict[str, Any], httpx.AsyncClient]]:
    with trio.fail_after(30):
        async with open_desk(folder) as desk, serving(desk) as url, httpx.AsyncClient(base_url=url) as client:
            yield desk, make_app(desk.services), (await client.get("/openapi.json")).json(), client


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, address with every part filled in, and the operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), re.sub(r"{\w+}", "x", path), operation


async def test_every_route_is_described_and_every_description_has_its_route(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, app, document, _):
        registered = {(rule.rule, method) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
        assert registered - {(route.rule, "HEAD") for route in app.routes} == {(r.rule, r.method) for r in app.routes}
        assert [f"{route.method} {route.rule}" for route in app.routes if route.description is None] == []
        told = {(route.rule, route.method) for route, _ in openapi.described_operations(app.routes)}
        for route in app.routes:
            same = route.description.rule if isinstance(route.description, SameAs) else route.rule
            assert (same, route.method) in told, route.rule
        adapter = app.url_map.bind("localhost")
        for method, path, _ in operations(document):
            rule, _ = adapter.match(path, method, return_rule=True)
            assert (rule.rule, method) in told, path


async def test_the_document_is_a_valid_one_whose_names_are_unique_and_whose_references_lead_somewhere(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (_, _, document, _):
        schemathesis.openapi.from_dict(document).validate()
        ids = [operation["operationId"] for _, _, operation in operations(document)]
        assert len(ids) == len(set(ids)) >= 50
        references = set(re.findall(r"'\$ref': '#/components/schemas/([^']+)'", repr(document)))
        assert references <= set(document["components"]["schemas"])


async def test_the_closed_list_of_errors_is_told_and_each_operation_names_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, _, document, _):
        listed = {one["code"]: (one["status"], one["type"], one["retry"]) for one in document["x-error-codes"]}
        assert listed == {code.value: tuple(kind) for code, kind in KINDS.items()}
        for method, path, operation in operations(document):
            answers = operation["responses"]
            assert {"500", "503"} <= set(answers), path
            # What is there only to be refused in words says so.
            assert any(int(status) < 400 for status in answers) or "unsupported_operation" in repr(answers), path
            assert "requestBody" not in operation or {"400", "408", "413"} <= set(answers), path
            assert "security" not in operation or {"401", "429"} <= set(answers), path
            assert method != "GET" or "requestBody" not in operation, path


async def test_each_operation_asks_for_the_key_and_the_scope_that_it_names(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, _, document, client):
        for scope in SCOPES:
            others = Limits(scopes=tuple(other for other in SCOPES if other != scope))
            _, plain = await desk.services.keys.create(f"all but {scope}", limits=others)
            for method, path, operation in operations(document):
                if operation.get("x-scope") != scope:
                    continue
                # What a step of an upload asks for depends on its command.
                headers = {"X-Goog-Upload-Command": "start"}
                assert (await client.request(method, path, headers=headers)).status_code == 401, path
                headers["Authorization"] = f"Bearer {plain}"
                refused = await client.request(method, path, headers=headers)
                assert refused.status_code == 403, path
                assert "route_not_allowed" in refused.text or "not for the" in refused.text, path


async def test_what_is_told_to_be_open_answers_without_a_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, _, document, client):
        paths = {path for method, path, operation in operations(document) if "security" not in operation}
        assert {"/", "/docs", "/health", "/openapi.json"} <= paths
        for path in paths:
            assert (await client.get(path)).status_code not in (401, 403), path


async def test_the_page_tells_every_operation_and_loads_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, _, document, client):
        answer = await client.get("/docs")
        page, policy = answer.text, answer.headers["content-security-policy"]
        for _, _, operation in operations(document):
            assert f'<details id="{operation["operationId"]}">' in page
        for name in document["components"]["schemas"]:
            assert f'<details id="schemas/{name}">' in page
        for code in KINDS:
            assert f"<code>{code.value}</code>" in page
        assert re.findall(r"""(?:src|href)=["'](?!#|data:,|openapi\.json)""", page) == []
        assert "style=" not in page
        assert " on" not in "".join(re.findall(r"<[a-z]+ [^>]*>", page)).replace('class="verb', "")
        for tag in ("style", "script"):
            [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
            assert reference_page.digest(text) in policy
        assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a `<b>` c"])
def test_words_on_the_page_are_never_markup(text: str) -> None:
    schema = {"type": "object", "description": text, "properties": {text: {"type": "string", "default": text}}}
    document = {
        "info": {"version": text, "description": text},
        "tags": [],
        "paths": {},
        "x-error-codes": [],
        "components": {"schemas": {"Envelope": schema}},
    }
    assert text.replace("`", "") not in reference_page.render(document)
