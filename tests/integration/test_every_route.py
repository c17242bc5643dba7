"""What holds for every route with an API key: the key is looked at before anything else, and each answer has what clients rely on."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from tests.doubles.gateway import TestedGateway, open_tested_gateway

# It counts as a word in a path; no route looks at it before the key.
PART = "x"
FOREIGN = {"origin": "https://page.example"}


def guarded(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and address of each operation that wants a key, also at its other addresses."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if "x-scope" in operation:
                yield method.upper(), re.sub(r"{\w+}", PART, path)
                for rule in operation.get("x-also-at", ()):
                    if "path:" not in rule:
                        yield method.upper(), re.sub(r"<\w+>", PART, rule)


async def ask(gateway: TestedGateway, method: str, path: str, key: str) -> httpx.Response:
    # An upload's pieces bring no key, its beginning does.
    headers = {"authorization": key, "content-type": "application/json", "x-goog-upload-command": "start", **FOREIGN}
    content = b"{ this is no JSON" if method == "POST" else b""
    return await gateway.client.request(method, path, headers=headers, content=content)


async def test_a_bad_key_is_told_before_the_body_is_looked_at_on_every_route() -> None:
    async with open_tested_gateway() as gateway:
        operations = list(guarded((await gateway.client.get("/openapi.json")).json()))
        assert len(operations) > 40
        ids: set[str] = set()
        for method, path in operations:
            for key in ("", "Bearer f2a_wrong", "Basic eDp5"):
                answer = await ask(gateway, method, path, key)
                told = answer.json()["error"]
                assert answer.status_code == 401, (method, path)
                # The dialect's own word, and the code that OpenAI's clients know.
                assert told.get("code") in ("invalid_api_key", 401), (method, path)
                assert (told["code"] == 401) == (told.get("status") == "UNAUTHENTICATED"), (method, path)
                assert answer.headers["x-should-retry"] == "false"
                assert answer.headers["access-control-allow-origin"] in ("*", FOREIGN["origin"])
                ids.add(answer.headers["x-request-id"])
        assert len(ids) == 3 * len(operations)


async def test_a_page_may_ask_every_route_beforehand_without_a_key() -> None:
    async with open_tested_gateway() as gateway:
        wanted = "authorization, content-type, x-stainless-lang, x-goog-api-client"
        headers = {**FOREIGN, "access-control-request-headers": wanted, "authorization": ""}
        for _, path in guarded((await gateway.client.get("/openapi.json")).json()):
            answer = await gateway.client.options(path, headers=headers)
            assert (answer.status_code, answer.headers["access-control-allow-headers"]) == (204, wanted), path
