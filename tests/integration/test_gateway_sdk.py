"""OpenAI's own Python package, unmodified, against the whole gateway over the emulated service."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openai
import pytest
import trio
from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from flow2api.domain.job import JobState
from flow2api.emulator.faults import Status
from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import ADA, BOB, MODEL, TestedGateway, body, link_in, open_tested_gateway, people
from tests.doubles.pictures import data_url, drawn, size_of
from tests.doubles.server import open_server, plain

Messages = list[Any]


def said(text: str, *urls: str) -> Messages:
    """One message of the user, with pictures."""
    parts: Messages = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": [{"type": "text", "text": text}, *parts] if parts else text}]


def whole(client: OpenAI, messages: Messages | None = None, **fields: Any) -> ChatCompletion:
    answer = client.chat.completions.create(model=MODEL, messages=messages or said("a red apple"), **fields)
    assert isinstance(answer, ChatCompletion)
    return answer


def streamed(client: OpenAI, messages: Messages | None = None, **fields: Any) -> list[ChatCompletionChunk]:
    with client.chat.completions.create(
        model=MODEL, messages=messages or said("a red apple"), stream=True, **fields
    ) as stream:
        return list(stream)


def text_of(chunks: Iterable[ChatCompletionChunk]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def content_of(answer: ChatCompletion) -> str:
    text = answer.choices[0].message.content
    assert text is not None
    return text


def uploaded(gateway: TestedGateway) -> list[bytes]:
    """The input pictures that the service was sent."""
    return [base64.b64decode(seen.json["imageBytes"]) for seen in gateway.emulator.ledger.calls("upload")]


def inputs_of_the_order(gateway: TestedGateway) -> int:
    """How many input pictures the one generation was asked to use."""
    [seen] = gateway.emulator.ledger.calls("image")
    return len(seen.json["requests"][0]["imageInputs"])


async def test_a_stream_tells_progress_and_ends_in_a_link_to_a_real_picture_that_opens_without_a_key() -> None:
    # Long enough for the stage to be told.
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.5)) as gateway:
        chunks = await gateway.sdk(streamed)
        thoughts = [getattr(chunk.choices[0].delta, "reasoning_content", None) for chunk in chunks]
        assert any("Generating" in thought for thought in thoughts if thought)
        assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices[0].finish_reason] == ["stop"]
        assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
        picture = await gateway.fetch(link_in(text_of(chunks)))
        assert picture.headers["content-type"] == "image/jpeg"
        assert size_of(picture.content) == (1376, 768)


async def test_a_whole_answer_holds_a_link_to_a_real_picture_and_its_usage() -> None:
    async with open_tested_gateway() as gateway:
        answer = await gateway.sdk(whole)
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
        assert size_of((await gateway.fetch(link_in(content_of(answer)))).content) == (1376, 768)
        assert gateway.emulator.ledger.by_prompt() == {"a red apple": 1}


async def test_the_picture_of_an_earlier_answer_is_what_the_next_turn_changes() -> None:
    async with open_tested_gateway() as gateway:
        link = link_in(content_of(await gateway.sdk(whole)))
        history = [
            *said("a red apple"),
            {"role": "assistant", "content": f"![image]({link})"},
            *said("make it green"),
        ]
        await gateway.sdk(lambda client: whole(client, history))
        assert uploaded(gateway) == [(await gateway.fetch(link)).content]
        assert gateway.emulator.ledger.by_prompt()["make it green"] == 1
        assert len(gateway.emulator.ledger.calls("image")[-1].json["requests"][0]["imageInputs"]) == 1


async def test_a_data_url_is_uploaded_byte_for_byte_and_sets_the_shape() -> None:
    tall = drawn(48, 64)
    async with open_tested_gateway() as gateway:
        answer = await gateway.sdk(lambda client: whole(client, said("make it blue", data_url(tall))))
        assert uploaded(gateway) == [tall]
        assert inputs_of_the_order(gateway) == 1
        assert size_of((await gateway.fetch(link_in(content_of(answer)))).content) == (896, 1200)


async def test_a_link_to_an_allowed_private_address_is_fetched_and_uploaded() -> None:
    red, blue = drawn(colour="red"), drawn(colour="blue")
    async with (
        open_server(plain(red), plain(blue)) as server,
        open_tested_gateway(settings={"media.allow_private": ["127.0.0.1"]}) as gateway,
    ):
        urls = [f"{server.url}/red", f"{server.url}/blue.png"]
        await gateway.sdk(lambda client: whole(client, said("mix them", *urls)))
        assert uploaded(gateway) == [red, blue]
        assert inputs_of_the_order(gateway) == 2


async def test_a_link_to_any_other_private_address_is_refused_without_a_request() -> None:
    async with open_server() as server, open_tested_gateway() as gateway:
        with pytest.raises(openai.BadRequestError, match="not public") as caught:
            await gateway.sdk(lambda client: whole(client, said("mix", f"{server.url}/red")))
        assert caught.value.param == "messages[0].content[1].image_url"
        assert server.accepted == 0
        assert gateway.calls() == 0


async def test_the_modality_image_brings_the_picture_inside_the_answer_whole_and_streamed() -> None:
    async with open_tested_gateway() as gateway:
        wanted = {"modalities": ["text", "image"]}
        answer = await gateway.sdk(lambda client: whole(client, extra_body=wanted))
        chunks = await gateway.sdk(lambda client: streamed(client, extra_body=wanted))
        messages: list[Any] = [answer.choices[0].message, *(chunk.choices[0].delta for chunk in chunks)]
        entries = [entry for message in messages for entry in getattr(message, "images", None) or ()]
        assert len(entries) == 2
        for entry in entries:
            head, _, data = entry["image_url"]["url"].partition(",")
            assert head == "data:image/jpeg;base64"
            assert size_of(base64.b64decode(data)) == (1376, 768)
        assert "](" not in content_of(answer) + text_of(chunks)


async def test_trap_13_pictures_of_models_that_are_set_so_stand_inside_the_answer_and_are_not_linked_as_well() -> None:
    async with open_tested_gateway(settings={"chat.inline_models": ["gemini-*"]}) as gateway:
        answer = await gateway.sdk(whole)
        [entry] = answer.choices[0].message.images  # type: ignore[attr-defined]
        assert entry["image_url"]["url"].startswith("data:image/jpeg;base64,")
        assert "](" not in content_of(answer)


async def test_n_pictures_are_made_side_by_side_over_the_accounts_and_each_has_its_own_link() -> None:
    async with open_tested_gateway(people(ADA, BOB), knobs=Knobs(image_latency_seconds=0.3)) as gateway:
        answer = await gateway.sdk(lambda client: whole(client, n=4))
        links = re.findall(r"!\[image\]\((\S+)\)", content_of(answer))
        pictures = [await gateway.fetch(link) for link in links]
        assert len({picture.content for picture in pictures}) == 4
        assert [gateway.calls("image", email) for email in (ADA, BOB)] == [2, 2]
        assert {job.account_id for job in await gateway.jobs()} == {
            one.id for one in (await gateway.accounts()).values()
        }


async def test_a_seed_makes_n_different_pictures_and_the_same_ones_again() -> None:
    async with open_tested_gateway() as gateway:
        for _ in range(2):
            await gateway.sdk(lambda client: whole(client, n=3, seed=41))
        seeds = [seen.json["requests"][0]["seed"] for seen in gateway.emulator.ledger.calls("image")]
        assert sorted(seeds) == [41, 41, 42, 42, 43, 43]


async def test_one_refused_picture_among_several_is_left_out_and_if_all_are_refused_that_is_a_400() -> None:
    refusal = Status(400, "PUBLIC_ERROR_UNSAFE_GENERATION")
    async with open_tested_gateway() as gateway:
        gateway.emulator.faults.next("image", refusal)
        answer = await gateway.sdk(lambda client: whole(client, n=3))
        assert content_of(answer).count("![image](") == 2
        gateway.emulator.faults.next("image", refusal, times=3)
        with pytest.raises(openai.BadRequestError) as raised:
            await gateway.sdk(lambda client: whole(client, n=3))
        assert raised.value.code == "content_policy_violation"


@pytest.mark.parametrize("headers", [{"x-stainless-retry-count": "1"}, {"idempotency-key": "four of them"}])
async def test_the_repeat_of_a_request_for_several_pays_for_none_of_them_twice(headers: dict[str, str]) -> None:
    async with open_tested_gateway() as gateway:
        first = await gateway.post(body(n=4), {**headers, "x-stainless-retry-count": "0"})
        again = await gateway.post(body(n=4), headers)
        assert first.json()["choices"] == again.json()["choices"]
        assert gateway.emulator.ledger.by_prompt() == {"a red apple": 4}


async def test_a_repeat_orders_anew_only_what_the_first_try_had_not_begun_when_its_caller_left() -> None:
    settings = {"accounts.default_image_concurrency": 1}
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=2.0), settings=settings) as gateway:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: gateway.post(body(n=3)))
            while gateway.calls() < 1 or len(await gateway.jobs()) < 3:
                await trio.sleep(0.02)
            nursery.cancel_scope.cancel()
        answer = await gateway.post(body(n=3), {"x-stainless-retry-count": "1"})
        assert answer.json()["choices"][0]["message"]["content"].count("![image](") == 3
        states = sorted(job.state.value for job in await gateway.jobs())
        assert states == ["cancelled", "cancelled", "succeeded", "succeeded", "succeeded"]
        assert gateway.emulator.ledger.by_prompt() == {"a red apple": 3}


async def test_a_size_of_2k_brings_the_enlarged_picture() -> None:
    async with open_tested_gateway() as gateway:
        answer = await gateway.sdk(lambda client: whole(client, extra_body={"size": "2K", "aspect_ratio": "1:1"}))
        picture = await gateway.fetch(link_in(content_of(answer)))
        assert size_of(picture.content) == (2048, 2048)
        assert (gateway.calls("image"), gateway.calls("upscale")) == (1, 1)


async def test_more_enlarged_pictures_than_the_account_has_slots_all_come() -> None:
    async with open_tested_gateway(settings={"accounts.default_image_concurrency": 1}) as gateway:
        answer = await gateway.sdk(lambda client: whole(client, n=4, extra_body={"size": "2K"}))
        links = re.findall(r"!\[image\]\((\S+)\)", content_of(answer))
        pictures = [await gateway.fetch(link) for link in links]
        assert [size_of(picture.content) for picture in pictures] == [(2752, 1536)] * 4
        assert gateway.calls("upscale") == 4
        assert gateway.emulator.ledger.peak(ADA, "upscale") == 1


async def test_the_model_list_names_models_that_can_each_be_looked_up_and_used() -> None:
    async with open_tested_gateway() as gateway:
        models = await gateway.sdk(lambda client: list(client.models.list()))
        assert MODEL in [model.id for model in models]
        found = await gateway.sdk(lambda client: [client.models.retrieve(model.id) for model in models])
        assert found == models
        tall = next(model.id for model in models if model.id.endswith("-portrait"))
        answer = await gateway.sdk(lambda client: client.chat.completions.create(model=tall, messages=said("a tower")))
        assert size_of((await gateway.fetch(link_in(content_of(answer)))).content) == (768, 1376)


async def test_a_model_whose_name_holds_a_slash_is_found_in_either_spelling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "config" / "models.toml"
    own.parent.mkdir()
    own.write_text(f'[aliases]\n"house/painter 1" = "{MODEL}"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    async with open_tested_gateway() as gateway:
        found = await gateway.sdk(lambda client: client.models.retrieve("house/painter 1"))
        assert found.id == "house/painter 1"
        for spelled in ("house%2Fpainter%201", "house/painter%201"):
            answer = await gateway.client.get(f"/v1/models/{spelled}")
            assert answer.json()["id"] == "house/painter 1"


async def test_usage_comes_in_a_stream_only_on_request() -> None:
    async with open_tested_gateway() as gateway:
        asked = await gateway.sdk(lambda client: streamed(client, stream_options={"include_usage": True}))
        unasked = await gateway.sdk(streamed)
        assert [bool(chunk.choices) for chunk in asked].count(False) == 1
        assert asked[-1].usage is not None
        assert asked[-1].usage.total_tokens > 0
        assert all(chunk.choices and chunk.usage is None for chunk in unasked)


async def test_a_wrong_key_an_unknown_model_and_a_bad_body_raise_the_sdks_own_classes_with_a_request_id() -> None:
    async with open_tested_gateway() as gateway:
        cases: list[tuple[type[openai.APIStatusError], str, str | None, Any]] = [
            (openai.AuthenticationError, "Bearer", None, lambda client: whole(client.with_options(api_key="wrong"))),
            (openai.NotFoundError, "Did you mean", "model", lambda client: client.chat.completions.create(
                model="gemini-3.1-flash-imagee", messages=said("x"))),
            (openai.NotFoundError, "no model", "model", lambda client: client.models.retrieve("no/such model")),
            (openai.BadRequestError, "messages", "messages", lambda client: whole(client, extra_body={"messages": []})),
            (openai.BadRequestError, "1 to 4", "n", lambda client: whole(client, n=9)),
            (openai.BadRequestError, "banana", "size", lambda client: whole(client, extra_body={"size": "banana"})),
        ]  # fmt: skip
        for kind, words, param, call in cases:
            with pytest.raises(kind, match=words) as caught:
                await gateway.sdk(call)
            error = caught.value
            assert type(error) is kind
            assert (error.param, bool(error.code)) == (param, True)
            assert error.request_id is not None
            assert error.request_id.startswith("req_")
        assert gateway.calls() == 0


async def test_an_idempotency_key_replays_the_answer_and_refuses_another_body() -> None:
    async with open_tested_gateway() as gateway:
        headers = {"Idempotency-Key": "order-1"}
        first = await gateway.sdk(lambda client: whole(client, extra_headers=headers))
        again = await gateway.sdk(lambda client: whole(client, extra_headers=headers))
        assert (again.id, again.choices) == (first.id, first.choices)
        with pytest.raises(openai.ConflictError, match="another request body"):
            await gateway.sdk(lambda client: whole(client, said("a pear"), extra_headers=headers))
        assert gateway.calls() == 1


async def test_requests_with_one_idempotency_key_at_once_make_one_picture() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.2)) as gateway:
        answers: list[str] = []

        async def ask() -> None:
            answer = await gateway.sdk(lambda client: whole(client, extra_headers={"Idempotency-Key": "order-1"}))
            answers.append(content_of(answer))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert len(answers) == 5
        assert len(set(answers)) == 1
        assert gateway.calls() == 1


async def test_an_sdk_that_loses_patience_and_asks_again_joins_its_first_try() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=2.0)) as gateway:
        answer = await gateway.sdk(whole, timeout=1.2, max_retries=5)
        assert link_in(content_of(answer))
        assert gateway.calls() == 1
        # A try that is given up before its paid call, as on a slow machine, is no job to come back to.
        assert len([job for job in await gateway.jobs() if job.state is not JobState.CANCELLED]) == 1


async def test_an_upstream_refusal_reaches_the_sdk_as_a_bad_request_whole_and_as_an_error_streamed() -> None:
    async with open_tested_gateway() as gateway:
        with pytest.raises(openai.BadRequestError) as caught:
            await gateway.sdk(lambda client: whole(client, said("[unsafe] thing")))
        assert caught.value.code == "content_policy_violation"
        with pytest.raises(openai.APIError, match="content rules") as told:
            await gateway.sdk(lambda client: streamed(client, said("[unsafe] thing")))
        assert told.value.code == "content_policy_violation"
