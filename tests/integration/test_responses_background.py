"""`background` of `/v1/responses` with OpenAI's own Python package: answered at once, looked after by its id, given up by its id."""

import base64
import time
from typing import Any

import openai
import pytest
from openai import OpenAI

from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import MODEL, TestedGateway, error_of, link_in, open_tested_gateway
from tests.doubles.pictures import size_of

UNDER_WAY = ("queued", "in_progress")
TOOL: dict[str, Any] = {"type": "image_generation", "output_format": "webp", "size": "1024x1024"}
# So long that nothing is done by itself while a test looks.
SLOW = Knobs(image_latency_seconds=600.0)
ONE_AT_A_TIME = {"accounts.default_image_concurrency": 1}


def begin(client: OpenAI, **fields: Any) -> Any:
    return client.responses.create(
        **{"model": MODEL, "input": "a red apple", "tools": [TOOL], "background": True, **fields}
    )


def polled(client: OpenAI, response: Any) -> Any:
    """As OpenAI's own guide does it."""
    while response.status in UNDER_WAY:
        time.sleep(0.05)
        response = client.responses.retrieve(response.id)
    return response


async def taken(gateway: TestedGateway) -> None:
    """Wait until the service is at work."""
    while not gateway.emulator.ledger.calls("image"):
        await gateway.client.get("/health")


async def test_it_is_answered_at_once_and_found_by_its_id_in_the_form_that_was_asked_for() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3)) as gateway:

        def go(client: OpenAI) -> tuple[Any, Any]:
            begun = begin(client, metadata={"order": "17"})
            return begun, polled(client, begun)

        begun, done = await gateway.sdk(go)
        assert (begun.status, begun.output, begun.background, begun.metadata) == ("queued", [], True, {"order": "17"})
        assert (done.status, done.background, done.metadata) == ("completed", True, {"order": "17"})
        [picture, message] = done.output
        assert (picture.type, message.type) == ("image_generation_call", "message")
        assert size_of(base64.b64decode(picture.result), "WEBP") == (1024, 1024)
        assert done.usage.total_tokens > 0
        job = (await gateway.client.get(f"/v1/jobs/{done.x_flow2api['jobs'][0]}")).json()
        assert (job["status"], job["metadata"]) == ("succeeded", {"order": "17"})


async def test_without_the_tool_it_is_a_link_in_a_message() -> None:
    async with open_tested_gateway() as gateway:
        done = await gateway.sdk(lambda client: polled(client, begin(client, tools=[])))
        assert [item.type for item in done.output] == ["message"]
        assert (await gateway.fetch(link_in(done.output_text))).status_code == 200


async def test_a_failure_stands_in_the_response_and_what_can_be_known_beforehand_is_a_status() -> None:
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("image", Status(400, "PUBLIC_ERROR_UNSAFE_GENERATION"))
        failed = await gateway.sdk(lambda client: polled(client, begin(client)))
        assert (failed.status, failed.error.code) == ("failed", "content_policy_violation")
        with pytest.raises(openai.NotFoundError):
            await gateway.sdk(lambda client: begin(client, model="no-such"))


async def test_it_is_given_up_by_its_id_as_long_as_nothing_is_paid() -> None:
    async with open_tested_gateway(knobs=SLOW, settings=ONE_AT_A_TIME) as gateway:
        first = await gateway.sdk(begin)
        await taken(gateway)
        assert (await gateway.sdk(lambda client: client.responses.retrieve(first.id))).status == "in_progress"
        second = await gateway.sdk(begin)
        for call in ("cancel", "retrieve", "cancel"):
            told = await gateway.sdk(lambda client, call=call: getattr(client.responses, call)(second.id))  # type: ignore[misc]
            assert (told.status, told.error, told.output) == ("cancelled", None, [])
        with pytest.raises(openai.ConflictError):
            await gateway.sdk(lambda client: client.responses.cancel(first.id))
        with pytest.raises(openai.NotFoundError):
            await gateway.sdk(lambda client: client.responses.cancel("resp_none"))


async def test_a_stream_in_the_background_goes_on_when_its_reader_leaves() -> None:
    async with open_tested_gateway(knobs=SLOW, settings=ONE_AT_A_TIME) as gateway:
        await gateway.sdk(begin)
        await taken(gateway)

        def left(client: OpenAI) -> str:
            with begin(client, stream=True) as events:
                return str(next(iter(events)).response.id)

        waiting = await gateway.sdk(left)
        told = await gateway.sdk(lambda client: client.responses.retrieve(waiting))
        assert told.status == "queued"
        resumed = error_of(await gateway.client.get(f"/v1/responses/{waiting}?stream=true"))
        assert (resumed["code"], resumed["param"]) == ("unsupported_operation", "stream")


async def test_a_repeat_finds_the_first_one() -> None:
    async with open_tested_gateway() as gateway:
        headers = {"Idempotency-Key": "k"}
        first = await gateway.sdk(lambda client: polled(client, begin(client, extra_headers=headers)))
        again = await gateway.sdk(lambda client: begin(client, extra_headers=headers))
        assert (again.id, again.status, again.output) == (first.id, "completed", first.output)
        assert gateway.calls() == 1
