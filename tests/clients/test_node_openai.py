"""OpenAI's package for Node, unmodified, against the whole gateway over the emulated service."""

import pytest

from flow2api.emulator.knobs import Knobs
from tests.clients.node import node_client, run_client
from tests.doubles.gateway import MODEL, link_in, open_tested_gateway

CLIPS = "veo-3.1-fast"
LOOKS = {"flow.poll_interval": 0.05}


@pytest.mark.slow
async def test_it_does_all_that_its_users_do(request: pytest.FixtureRequest) -> None:
    folder = node_client(request.config.cache)
    async with open_tested_gateway(knobs=Knobs(video_queued=0), settings=LOOKS) as gateway:
        told = await run_client(folder, "openai.mjs", f"{gateway.url}/v1", gateway.key, MODEL, CLIPS)
        for text in (told["whole"], told["streamed"]):
            assert (await gateway.fetch(link_in(text))).headers["content-type"] == "image/jpeg"
    assert told["usage"] > 0
    assert told["picture"] == ["jpeg", True, None]
    assert told["edited"] == 1
    assert told["ordered"] == ["queued", "8", None]
    assert told["video"] == ["completed", 100, "720x1280", "8"]
    assert (told["remixed"], told["extended"]) == (True, "15")
    # Trap 8: this package stops where `has_more` is missing.
    assert told["listed"] == told["expected"]
    assert told["part"] == [206, "ftyp", "video/mp4"]
    assert told["deleted"]["deleted"] is True
    assert told["error"] == ["NotFoundError", 404, "not_found"]
    assert told["models"] > 200
    # Trap 19: an encoded slash is part of the name.
    assert told["same"] == "model_not_found"


@pytest.mark.slow
async def test_trap_6_a_picture_that_takes_longer_than_node_waits_for_headers_is_made_once_and_arrives(
    request: pytest.FixtureRequest,
) -> None:
    """All times are a hundredth and a half of the real ones: 310 s for the picture, 300 s of Node's patience, white space after 50."""
    folder = node_client(request.config.cache)
    settings = {"server.blank_after_seconds": 0.75, "server.beat_seconds": 0.15}
    knobs = Knobs(image_latency_seconds=4.65)
    async with open_tested_gateway(knobs=knobs, settings=settings) as gateway:
        told = await run_client(folder, "patience.mjs", f"{gateway.url}/v1", gateway.key, MODEL, "2.5")
        assert gateway.calls("image") == 1
        assert len(await gateway.jobs()) == 1
    assert told["silent"] == "UND_ERR_HEADERS_TIMEOUT"
    assert told["bytes"] > 100
    assert told["seconds"] > 4.65
