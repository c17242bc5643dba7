"""litellm, unmodified, against the whole gateway over the emulated service. It never asks anybody else."""

import base64
import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
import trio

from flow2api.emulator.knobs import Knobs
from tests.doubles.gateway import MODEL, TestedGateway, link_in, open_tested_gateway
from tests.doubles.pictures import drawn

T = TypeVar("T")
CLIPS = "openai/veo-3.1-fast"
MESSAGES = [{"role": "user", "content": "a red apple"}]


@pytest.fixture(scope="module")
def litellm() -> Any:
    # Before it is imported: it would fetch a list of prices from the internet.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.telemetry = False
    return litellm


async def asked(gateway: TestedGateway, call: Callable[..., T], **fields: Any) -> T:
    """What a call comes to; it blocks, so it runs in a worker thread."""
    return await trio.to_thread.run_sync(lambda: call(api_base=f"{gateway.url}/v1", api_key=gateway.key, **fields))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # its own and those of its many dependencies
async def test_it_does_all_that_its_users_do(litellm: Any) -> None:
    async with open_tested_gateway(knobs=Knobs(video_queued=0), settings={"flow.poll_interval": 0.05}) as gateway:
        await talks(gateway, litellm)
        await draws(gateway, litellm)
        await films(gateway, litellm)


async def talks(gateway: TestedGateway, litellm: Any) -> None:
    whole = await asked(gateway, litellm.completion, model=f"openai/{MODEL}", messages=MESSAGES)
    assert (await gateway.fetch(link_in(whole.choices[0].message.content))).status_code == 200
    assert whole.usage.total_tokens > 0
    chunks = await asked(
        gateway,
        lambda **fields: list(litellm.completion(**fields)),
        model=f"openai/{MODEL}",
        messages=MESSAGES,
        stream=True,
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert (await gateway.fetch(link_in(text))).status_code == 200
    inline = await asked(
        gateway, litellm.completion, model=f"openai/{MODEL}", messages=MESSAGES, modalities=["image", "text"]
    )
    assert inline.choices[0].message.images[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    with pytest.raises(litellm.NotFoundError):
        await asked(gateway, litellm.completion, model="openai/no-such-model", messages=MESSAGES, num_retries=0)


async def draws(gateway: TestedGateway, litellm: Any) -> None:
    made = await asked(gateway, litellm.image_generation, model=f"openai/{MODEL}", prompt="a red apple", n=2)
    assert [len(base64.b64decode(one.b64_json)) > 100 for one in made.data] == [True, True]
    # One file goes as `image[]`.
    edited = await asked(gateway, litellm.image_edit, model=f"openai/{MODEL}", image=[drawn()], prompt="make it green")
    assert len(edited.data) == 1


async def films(gateway: TestedGateway, litellm: Any) -> None:
    ordered = await asked(gateway, litellm.video_generation, model=CLIPS, prompt="a ball rolls", seconds="8")
    assert (ordered.object, ordered.seconds) == ("video", "8")

    def waited(**fields: Any) -> Any:
        while (video := litellm.video_status(video_id=ordered.id, **fields)).status not in ("completed", "failed"):
            time.sleep(0.05)
        return video

    video = await asked(gateway, waited)
    assert (video.status, video.progress, video.size) == ("completed", 100, "1280x720")
    clip = await asked(gateway, litellm.video_content, video_id=ordered.id)
    assert clip[4:8] == b"ftyp"
    remix = await asked(gateway, litellm.video_remix, video_id=ordered.id, prompt="a cube rolls")
    assert remix.object == "video"
    listed = await asked(gateway, litellm.video_list, custom_llm_provider="openai")
    assert len(listed["data"] if isinstance(listed, dict) else listed) == 2
