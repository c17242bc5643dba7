"""Google's package for Node, unmodified, against the whole gateway over the emulated service."""

from pathlib import Path

import pytest

from flow2api.emulator.knobs import Knobs
from tests.clients.node import node_client, run_client
from tests.doubles.gateway import MODEL, open_tested_gateway


@pytest.mark.slow
async def test_it_does_all_that_its_users_do(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    folder = node_client(request.config.cache)
    async with open_tested_gateway(knobs=Knobs(video_queued=0), settings={"flow.poll_interval": 0.05}) as gateway:
        arguments = (gateway.url, gateway.key, MODEL, "veo-3.1-fast", str(tmp_path))
        told = await run_client(folder, "genai.mjs", *arguments)
    assert told["model"] == f"models/{MODEL}"
    assert told["models"] > 200
    assert told["whole"] == [1, "image/jpeg", "STOP"]
    assert (told["streamed"], told["changed"]) == (1, 1)
    assert told["clip"] == "ftyp"
    assert told["error"] == ["ApiError", 404]
