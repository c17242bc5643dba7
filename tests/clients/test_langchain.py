"""langchain-openai, unmodified, against the whole gateway over the emulated service."""

from collections.abc import Callable
from typing import Any, TypeVar

import openai
import pytest
import trio
from langchain_core.messages import AIMessage, HumanMessage
from langchain_openai import ChatOpenAI

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import MODEL, TestedGateway, link_in, open_tested_gateway
from tests.doubles.pictures import data_url, drawn

T = TypeVar("T")


async def asked(gateway: TestedGateway, call: Callable[[ChatOpenAI], T], **options: Any) -> T:
    """What a call comes to; it blocks, so it runs in a worker thread."""
    given = {"model": MODEL, "max_retries": 0, **options}
    chat = ChatOpenAI(base_url=f"{gateway.url}/v1", api_key=lambda: gateway.key, **given)
    return await trio.to_thread.run_sync(call, chat)


@pytest.mark.slow
async def test_it_does_all_that_its_users_do() -> None:
    async with open_tested_gateway(knobs=Knobs(image_latency_seconds=0.3)) as gateway:
        whole = await asked(gateway, lambda chat: chat.invoke("a red apple"))
        assert isinstance(whole, AIMessage)
        assert (await gateway.fetch(link_in(str(whole.content)))).headers["content-type"] == "image/jpeg"
        assert whole.usage_metadata is not None
        assert whole.response_metadata["finish_reason"] == "stop"

        chunks = await asked(gateway, lambda chat: list(chat.stream("a red apple")))
        text = "".join(str(chunk.content) for chunk in chunks)
        assert (await gateway.fetch(link_in(text))).status_code == 200

        parts: list[str | dict[str, Any]] = [
            {"type": "text", "text": "make it green"},
            {"type": "image_url", "image_url": {"url": data_url(drawn())}},
        ]
        changed = await asked(gateway, lambda chat: chat.invoke([HumanMessage(parts)]))
        assert link_in(str(changed.content))
        assert gateway.calls("upload") == 1

        with pytest.raises(openai.NotFoundError):
            await asked(gateway, lambda chat: chat.invoke("x"), model="no-such-model")

        made = await asked(
            gateway,
            lambda chat: chat.invoke("a red apple"),
            use_responses_api=True,
            output_version="responses/v1",
            model_kwargs={"tools": [{"type": "image_generation"}]},
        )
        assert any(isinstance(part, dict) and part.get("type") == "image_generation_call" for part in made.content)
