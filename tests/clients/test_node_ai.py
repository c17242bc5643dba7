"""The AI SDK with its provider for OpenAI-like services, unmodified, against the whole gateway over the emulated service."""

import re

import pytest

from flow2api.emulator.knobs import Knobs
from tests.clients.node import node_client, run_client
from tests.doubles.gateway import MODEL, link_in, open_tested_gateway


@pytest.mark.slow
async def test_it_does_all_that_its_users_do(request: pytest.FixtureRequest) -> None:
    folder = node_client(request.config.cache)
    knobs = Knobs(video_queued=0, video_active=4)
    async with open_tested_gateway(knobs=knobs, settings={"flow.poll_interval": 0.2}) as gateway:
        arguments = (f"{gateway.url}/v1", gateway.key, MODEL, "veo-3.1-fast")
        told = await run_client(folder, "ai.mjs", *arguments)
        text, reason = told["whole"]
        assert reason == "stop"
        assert (await gateway.fetch(link_in(text))).headers["content-type"] == "image/jpeg"
        # Trap 10: no part of a good stream is an error; progress comes as reasoning.
        assert "error" not in told["parts"]
        assert {"reasoning-delta", "text-delta", "finish"} <= set(told["parts"])
        assert told["reason"] == "stop"
        # Trap 12: the clip's address stands between the tags, and in a plain link.
        block = r"<video src=\"(\S+\.mp4)\" controls>\n\1\n</video>\n\n\[video\.mp4\]\(\1\)\n"
        assert re.fullmatch(rf"\n\n{block}", told["streamed"])
        assert told["images"] == [["image/jpeg", True]] * 2
        assert told["changed"] == 1
        assert told["error"] == [404, "model_not_found", False]
