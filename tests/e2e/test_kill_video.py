"""OpenAI's own package orders a clip, the gateway is killed while it is made, and the clip goes on under the same id."""

from pathlib import Path

import trio
from openai import OpenAI

from tests.e2e.site import Gateway, open_site

FOREVER = 1e9
FIELDS = {"model": "veo_3_1_t2v_fast", "prompt": "a ball rolls"}


def sdk(gateway: Gateway) -> OpenAI:
    key = gateway.bearer["Authorization"].removeprefix("Bearer ")
    return OpenAI(base_url=str(gateway.client.base_url.join("/v1")), api_key=key, max_retries=0, timeout=60)


def ordered(client: OpenAI) -> tuple[str, int]:
    """The id of a new clip, and how far it was when last looked at: the provider works on it."""
    with client:
        video = client.videos.create(**FIELDS)  # type: ignore[arg-type]
        while not video.progress:
            video = client.videos.retrieve(video.id)
        assert video.status == "in_progress"
        return video.id, video.progress


def finished(client: OpenAI, video_id: str, least: int) -> bytes:
    """The clip, whose progress never falls below what it was."""
    with client:
        assert [video.id for video in client.videos.list()] == [video_id]
        assert client.videos.retrieve(video_id).progress >= least
        video = client.videos.poll(video_id)
        assert (video.id, video.status, video.progress) == (video_id, "completed", 100), video.error
        return client.videos.download_content(video_id).read()


async def test_a_clip_that_was_under_way_at_a_kill_goes_on_under_the_same_id_and_is_paid_once(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        site.settings |= {"FLOW2API_FLOW_POLL_INTERVAL": "0.1"}
        await site.emulator.knobs(video_queued=0.0, video_active=FOREVER)
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
            video_id, progress = await trio.to_thread.run_sync(ordered, sdk(gateway))
            await gateway.program.kill()
        await site.emulator.knobs(video_active=0.0)
        async with site.gateway() as gateway:
            clip = await trio.to_thread.run_sync(finished, sdk(gateway), video_id, progress)
            assert clip[4:8] == b"ftyp"
            assert await site.emulator.accepted("video") == {"a ball rolls": 1}
