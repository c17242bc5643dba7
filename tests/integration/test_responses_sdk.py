"""`/v1/responses` with OpenAI's own Python package, unmodified, against the whole gateway over the emulated service."""

import base64
from typing import Any

import openai
import pytest
from openai import OpenAI

from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import MODEL, TestedGateway, error_of, link_in, open_tested_gateway
from tests.doubles.pictures import data_url, drawn, size_of

REFUSAL = Status(400, "PUBLIC_ERROR_UNSAFE_GENERATION")
TOOL = {"type": "image_generation"}
RED = drawn(colour="red")
# As the surface of the real service has them, for a picture and the message after it.
SEQUENCE = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.image_generation_call.in_progress",
    "response.image_generation_call.generating",
    "response.image_generation_call.completed",
    "response.output_item.done",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


def respond(client: OpenAI, *, input: Any = "a red apple", tool: Any = TOOL, **fields: Any) -> Any:
    return client.responses.create(**{"model": MODEL, "input": input, "tools": [tool] if tool else [], **fields})


def pictures(response: Any) -> list[bytes]:
    return [
        base64.b64decode(item.result, validate=True) for item in response.output if item.type == "image_generation_call"
    ]


def uploaded(gateway: TestedGateway) -> list[bytes]:
    return [base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")]


async def test_a_whole_response_holds_a_real_picture_in_the_form_that_the_tool_asks_for() -> None:
    tool = {
        **TOOL,
        "size": "1024x1024",
        "output_format": "webp",
        "quality": "high",
        "background": "auto",
        "partial_images": 1,
    }
    async with open_tested_gateway() as gateway:
        response = await gateway.sdk(
            lambda client: respond(client, tool=tool, metadata={"a": "b"}, instructions="be brief")
        )
        assert (response.status, response.error, response.metadata) == ("completed", None, {"a": "b"})
        assert [item.type for item in response.output] == ["image_generation_call", "message"]
        assert [size_of(data, "WEBP") for data in pictures(response)] == [(1024, 1024)]
        assert response.output[0].size == "1024x1024"
        assert response.output_text
        assert response.usage.total_tokens == response.usage.input_tokens > 0
        found = await gateway.sdk(lambda client: client.responses.retrieve(response.id))
        assert (found.id, found.status, pictures(found)) == (response.id, "completed", pictures(response))
        with pytest.raises(openai.NotFoundError):
            await gateway.sdk(lambda client: client.responses.retrieve("resp_none"))


async def test_a_stream_has_every_event_in_order_and_counts_them() -> None:
    async with open_tested_gateway() as gateway:
        events: list[Any] = await gateway.sdk(lambda client: list(respond(client, stream=True)))
        assert [event.type for event in events] == SEQUENCE
        assert [event.sequence_number for event in events] == list(range(len(SEQUENCE)))
        for partials in (1, 2, 3):
            # None is made, which is allowed.
            asked = {**TOOL, "partial_images": partials}
            told: list[Any] = await gateway.sdk(
                lambda client, asked=asked: list(respond(client, tool=asked, stream=True))  # type: ignore[misc]
            )
            assert [event.type for event in told] == SEQUENCE
        assert events[6].item.result == events[-1].response.output[0].result
        assert size_of(pictures(events[-1].response)[0]) == (1376, 768)

        # The package's own collector reads it too.
        def collected(client: OpenAI) -> Any:
            with client.responses.stream(
                model=MODEL, input="a red apple", tools=[{"type": "image_generation"}]
            ) as stream:
                return stream.until_done().get_final_response()

        assert len(pictures(await gateway.sdk(collected))) == 1


async def test_without_the_tool_the_picture_is_a_link_in_a_message_and_a_side_request_is_answered_for_nothing() -> None:
    async with open_tested_gateway() as gateway:
        response = await gateway.sdk(lambda client: respond(client, tool=None))
        assert [item.type for item in response.output] == ["message"]
        assert size_of((await gateway.fetch(link_in(response.output_text))).content) == (1376, 768)
        events: list[Any] = await gateway.sdk(lambda client: list(respond(client, tool=None, stream=True)))
        assert "image_generation_call" not in "".join(event.type for event in events)
        task = '### Task:\nGenerate a title.\nJSON format: { "title": "" }'
        side = await gateway.sdk(
            lambda client: respond(
                client, input=[{"role": "user", "content": "a fox"}, {"role": "user", "content": task}]
            )
        )
        assert side.output_text == '{"title":"a fox"}'
        assert gateway.calls() == 2


async def test_earlier_pictures_are_found_by_response_by_id_by_result_and_by_link_and_given_ones_are_taken() -> None:
    async with open_tested_gateway() as gateway:
        first = await gateway.sdk(respond)
        [made] = pictures(first)
        linked = await gateway.sdk(lambda client: respond(client, tool=None))
        change = {"role": "user", "content": [{"type": "input_text", "text": "make it green"}]}
        call = {"type": "image_generation_call", "id": first.output[0].id, "status": "completed"}
        said = {"role": "assistant", "content": [{"type": "output_text", "text": linked.output_text}]}
        image = {"type": "input_image", "image_url": data_url(RED), "detail": "auto"}
        given = {"role": "user", "content": [*change["content"], image]}
        for fields in (
            {"input": "make it green", "previous_response_id": first.id},
            {"input": [call | {"result": None}, change]},
            {"input": [call | {"result": first.output[0].result}, change]},
            {"input": [{"type": "item_reference", "id": first.output[1].id}, change]},
            {"input": [said, change]},
            {"input": [given]},
        ):
            await gateway.sdk(lambda client, fields=fields: respond(client, **fields))  # type: ignore[misc]
            assert len(gateway.emulator.ledger.calls("image")[-1].json["requests"][0]["imageInputs"]) == 1
        assert set(uploaded(gateway)) == {made, (await gateway.fetch(link_in(linked.output_text))).content, RED}


async def test_what_cannot_be_done_is_a_status_beforehand_and_an_event_afterwards() -> None:
    bad: list[tuple[dict[str, Any], int, str, str]] = [
        ({"model": "no-such"}, 404, "model_not_found", "model"),
        ({"input": ""}, 400, "missing_required_parameter", "input"),
        ({"input": [{"role": "assistant", "content": "hello"}]}, 400, "invalid_value", "input"),
        ({"tools": [{**TOOL, "size": "banana"}]}, 400, "invalid_value", "size"),
        ({"tools": [{**TOOL, "background": "transparent"}]}, 400, "unsupported_operation", "background"),
        ({"tools": [{**TOOL, "input_image_mask": {"image_url": data_url(RED)}}]}, 400, "unsupported_operation", "tools.input_image_mask"),
        ({"tools": [{**TOOL, "output_format": "gif"}]}, 400, "invalid_value", "output_format"),
        ({"tools": [{**TOOL, "partial_images": 4}]}, 400, "invalid_value", "tools.partial_images"),
        ({"previous_response_id": "resp_gone"}, 400, "invalid_value", "previous_response_id"),
        ({"input": [{"type": "item_reference", "id": "ig_gone"}, {"role": "user", "content": "x"}]}, 400, "invalid_value", "input[0].id"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1"}]}]}, 400, "unsupported_operation", "input[0].content"),
    ]  # fmt: skip
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.2)) as gateway:
        for fields, status, code, param in bad:
            for stream in (False, True):
                sent = {"model": MODEL, "input": "a red apple", "tools": [TOOL], "stream": stream, **fields}
                answer = await gateway.client.post("/v1/responses", json=sent)
                told = error_of(answer)
                assert (answer.status_code, told["code"], told["param"]) == (status, code, param), fields
        assert gateway.calls() == 0
        gateway.emulator.faults.next("image", REFUSAL, times=2)
        with pytest.raises(openai.BadRequestError) as raised:
            await gateway.sdk(respond)
        assert raised.value.code == "content_policy_violation"
        events: list[Any] = await gateway.sdk(lambda client: list(respond(client, stream=True)))
        assert events[-1].type == "response.failed"
        assert (events[-1].response.status, events[-1].response.error.code) == ("failed", "content_policy_violation")


async def test_a_text_model_s_name_beside_a_tool_that_names_a_picture_model_is_understood() -> None:
    async with open_tested_gateway() as gateway:
        response = await gateway.sdk(lambda client: respond(client, model="gpt-5", tool={**TOOL, "model": MODEL}))
        assert len(pictures(response)) == 1
        assert [job.generation.model.startswith(MODEL) for job in await gateway.jobs()] == [True]
