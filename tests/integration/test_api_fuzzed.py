"""Requests made up from the API's own document, against the whole gateway: no fault of ours, and no answer that it does not tell of.

The deep profile (`HYPOTHESIS_PROFILE=deep`) tries more of each route. Everything goes over loopback.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
import requests
import schemathesis
import trio
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.doubles.gateway import MODEL, TestedGateway, open_tested_gateway

DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
EXAMPLES = 200 if DEEP else 3
LIMIT_SECONDS = 3600.0 if DEEP else 90.0
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OTHER_MODEL = "imagen-4.0-generate-preview"
PICTURE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
# What fields of bodies are, by their names: else every request would end at the first word that nobody knows.
WORDS: Mapping[tuple[str, ...], Sequence[object]] = {
    ("model", "target"): [MODEL],
    ("role",): ["user", "user", "system"],
    ("url",): [PICTURE, "nowhere"],
    ("n",): [None, 1, 2],
    ("seconds",): [None, 8],
    ("response_format",): [None, "url", "b64_json"],
    ("output_format",): [None, "png", "jpeg"],
    ("aspect_ratio", "aspectRatio", "aspect", "size"): [None, "1:1", "16:9", "1024x1024", "wide"],
    ("image_size", "imageSize", "resolution"): [None, "1K"],
    ("duration", "duration_seconds", "durationSeconds", "quality", "background"): [None],
    ("image", "images", "input_image_mask", "mask", "video", "previous_response_id"): [None],
}
# Parts of paths. Nothing that would take the only account or the model away.
PARTS: Mapping[str, list[str]] = {
    "model": [MODEL, OTHER_MODEL, "nothing"],
    "model_id": [OTHER_MODEL, "nothing"],
    "name": ["credits", "sora-2", "nothing"],
}
# Each wrong guess makes the next one wait, up to half a minute.
GUARDED = ("/api/session", "/api/setup")
PATIENCE_SECONDS = 60.0
REAL_ACCOUNT = ("/enable", "/refresh", "/renew")


class Real(NamedTuple):
    """What there is in the gateway."""

    account: str
    job: str
    key: str


def aimed(document: dict[str, Any], real: Real) -> dict[str, Any]:
    """The document with names that there are, so that requests get further than to the first look at them."""
    schemas = document["components"]["schemas"]
    bodies = [one.get("requestBody", {}) for item in document["paths"].values() for one in item.values()]
    answers = [one["responses"] for item in document["paths"].values() for one in item.values()]
    for name in reached(schemas, bodies) - reached(schemas, answers):
        fields = schemas[name].get("properties", {})
        fields |= {field: {"enum": words} for names, words in WORDS.items() for field in names if field in fields}
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": parts(path, parameter["name"], real)}
    return document


def parts(path: str, name: str, real: Real) -> list[str]:
    """What may stand in this place of a path."""
    if name == "account_id":
        return [real.account if path.endswith(REAL_ACCOUNT) else "nothing"]
    known = {"job_id": [real.job], "response_id": [real.job], "key_id": [real.key]}
    return [*known.get(name, PARTS.get(name, [])), "nothing", "a b/ü"]


def reached(schemas: Mapping[str, Any], start: object) -> set[str]:
    """The names of all schemas that something refers to."""
    found: set[str] = set()
    left = set(re.findall(r"#/components/schemas/([^']+)'", repr(start)))
    while left:
        name = left.pop()
        found.add(name)
        left |= set(re.findall(r"#/components/schemas/([^']+)'", repr(schemas[name]))) - found
    return found


def tried(gateway: TestedGateway, document: dict[str, Any]) -> Iterator[str]:
    """Try each operation; their names. Blocks."""
    admin = f"Bearer {gateway.gateway.admin_token.reveal()}"
    with requests.Session() as session:
        session.trust_env = False
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation: Any = found.ok()  # type: ignore[union-attr]  # an error is raised here, as it should be
            authorization = admin if operation.path.startswith("/api/") else f"Bearer {gateway.key}"
            try_out(operation, gateway.url, session, {"Authorization": authorization})
            yield operation.label


def try_out(operation: Any, url: str, session: requests.Session, headers: dict[str, str]) -> None:
    @settings(
        max_examples=min(EXAMPLES, 3) if operation.path in GUARDED else EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        case.call_and_validate(base_url=url, session=session, headers=headers, checks=CHECKS, timeout=PATIENCE_SECONDS)

    one()


async def made(gateway: TestedGateway) -> Real:
    """Make what there has to be."""
    assert (await gateway.chat()).status_code == 200
    key = await gateway.admin("POST", "/api/keys", {"name": "spare"})
    return Real((await gateway.account()).id, (await gateway.job()).id, key["key"]["id"])


# The gateway draws random numbers in its own thread meanwhile, which is taken for the strategy's doing.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
async def test_made_up_requests_meet_no_fault_and_no_answer_that_is_not_told_of() -> None:
    async with open_tested_gateway(limit_seconds=LIMIT_SECONDS) as gateway:
        document = (await gateway.client.get("/openapi.json")).json()
        count = sum(len(item) for item in document["paths"].values())
        real = await made(gateway)
        names = await trio.to_thread.run_sync(lambda: list(tried(gateway, aimed(document, real))))
        assert len(names) == count
