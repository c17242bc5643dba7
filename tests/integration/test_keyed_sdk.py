"""Models that are reached with a key, asked for by OpenAI's own package: pictures, clips and chat, whole and streamed; and accounts."""

import base64
from typing import Any

import openai
import pytest
import trio

from flow2api.domain.picture import inspect
from flow2api.emulator.keyed.service import KeyedKnobs
from tests.doubles.keyed import FAL_KEY, KeyedGateway, open_keyed_gateway
from tests.doubles.pictures import drawn
from tests.unit.emulator.video_caller import inspect_clip


@pytest.mark.parametrize("model", ["fal/imagen-4-fast", "gateway/nano-banana"])
async def test_pictures_come_whole_and_streamed(model: str) -> None:
    async with open_keyed_gateway() as gateway:
        made = await gateway.tested.sdk(lambda client: client.images.generate(model=model, prompt="a cat", n=2))
        assert [inspect(base64.b64decode(one.b64_json or "")).width > 100 for one in made.data or ()] == [True, True]
        events = await gateway.tested.sdk(
            lambda client: list(client.images.generate(model=model, prompt="a dog", stream=True))
        )
        assert events[-1].type == "image_generation.completed"
        assert len(gateway.service(model.partition("/")[0]).ledger.accepted) == 3


@pytest.mark.parametrize("model", ["fal/flux-kontext", "gateway/gpt-image-1"])
async def test_pictures_are_edited(model: str) -> None:
    def edit(client: openai.OpenAI) -> Any:
        return client.images.edit(model=model, prompt="at night", image=("in.png", drawn(96, 54), "image/png"))

    async with open_keyed_gateway() as gateway:
        [edited] = (await gateway.tested.sdk(edit)).data
        found = inspect(base64.b64decode(edited.b64_json))
        assert found.width > found.height


@pytest.mark.parametrize("model", ["fal/veo-3-fast", "gateway/sora-2"])
async def test_clips_go_their_whole_way(model: str) -> None:
    def order(client: openai.OpenAI) -> tuple[Any, bytes]:
        video = client.videos.create_and_poll(
            model=model,
            prompt="waves",
            seconds="4",
            size="720x1280",
            input_reference=("in.png", drawn(54, 96), "image/png"),
            extra_body={"seed": 7},
            poll_interval_ms=50,
        )
        return video, client.videos.download_content(video.id).content

    async with open_keyed_gateway() as gateway:
        video, data = await gateway.tested.sdk(order)
        assert (video.status, video.seconds) == ("completed", "4")
        assert "seed was left out" in video.warnings[0]
        clip = inspect_clip(data)
        assert (clip.seconds, clip.width, clip.height) == (4, 720, 1280)


@pytest.mark.parametrize("model", ["fal/flux-pro-ultra", "gateway/veo"])
async def test_chat_streams_what_is_left_out_and_then_the_link(model: str) -> None:
    def talk(client: openai.OpenAI) -> list[Any]:
        messages: Any = [{"role": "user", "content": "a red apple"}]
        extra = {"negative_prompt": "rain"}
        with client.chat.completions.create(model=model, messages=messages, stream=True, extra_body=extra) as stream:
            return [choice.delta for chunk in stream for choice in chunk.choices]

    async with open_keyed_gateway() as gateway:
        deltas = await gateway.tested.sdk(talk)
        thoughts = "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas)
        assert f"negative_prompt was left out for {model}" in thoughts
        assert "/media/" in "".join(delta.content or "" for delta in deltas)


async def test_an_account_is_tried_by_a_free_call_before_it_is_taken() -> None:
    async with open_keyed_gateway(add=False) as gateway:
        for kind, more, status, words in (
            ("fal", {"credential": "wrong:key"}, 400, "does not take this key"),
            ("gateway", {"credential": "sk-wrong"}, 400, "does not take this key"),
            ("gateway", {"base_url": ""}, 400, "needs the address"),
            ("fal", {"base_url": "https://elsewhere.example"}, 400, "one address for all accounts"),
            ("gateway", {"base_url": "http://127.0.0.1:9/v1"}, 503, "cannot be reached"),
        ):
            await assert_not_added(gateway, kind, more, status, words)
        assert gateway.fal.ledger.accepted == gateway.relay.ledger.accepted == []
        gateway.key("fal").may_read_balance = False
        told = [(await gateway.add(kind))["account"]["credits"] for kind in ("fal", "gateway")]
        assert told == [None, 100_000]


async def assert_not_added(gateway: KeyedGateway, kind: str, more: dict[str, str], status: int, words: str) -> None:
    usual = {"base_url": gateway.urls["gateway"]} if kind == "gateway" else {}
    known = {"provider": kind, "credential": FAL_KEY} | usual | more
    headers = {"authorization": f"Bearer {gateway.tested.gateway.admin_token.reveal()}"}
    answer = await gateway.tested.client.post("/api/accounts", json=known, headers=headers)
    assert answer.status_code >= 400, kind
    assert words in answer.json()["error"]["message"]
    assert (await gateway.tested.admin("GET", "/api/accounts"))["accounts"] == []


async def test_several_gateways_stand_side_by_side() -> None:
    async with open_keyed_gateway(add=False, knobs=KeyedKnobs(latency_seconds=0.3)) as gateway:
        await gateway.add("gateway", label="one", image_concurrency=1)
        # The same service under another address, as a second gateway would be.
        other = gateway.urls["gateway"].replace("127.0.0.1", "localhost")
        await gateway.add("gateway", label="two", image_concurrency=1, base_url=other)
        async with trio.open_nursery() as nursery:
            for prompt in ("the first", "the second"):
                nursery.start_soon(gateway.ask, "gateway/nano-banana", prompt)
        jobs = await gateway.tested.jobs()
        assert [job.state for job in jobs] == ["succeeded", "succeeded"]
        assert len({job.account_id for job in jobs}) == 2
        assert gateway.relay.ledger.peak("relay", "image") == 2
