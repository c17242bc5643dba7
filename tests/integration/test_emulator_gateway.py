"""The emulated gateway: OpenAI's shapes under OpenAI's own client, unmodified, and those of resellers by plain requests."""

import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import httpx
import openai
import pytest
import trio

from flow2api.emulator.app import serve_emulator
from flow2api.emulator.exchange import Asked
from flow2api.emulator.faults import Status, StatusWord
from flow2api.emulator.gateway.core import GatewayEmulator
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.keyed.service import KeyedKnobs
from tests.doubles.pictures import data_url, drawn, size_of
from tests.unit.emulator.video_caller import inspect_clip

T = TypeVar("T")

SECRET = "sk-emulated"
PATIENCE_SECONDS = 90.0


class Client:
    """OpenAI's client at an emulator, and plain requests beside it. Its calls block, so they run in a thread."""

    def __init__(self, emulator: GatewayEmulator, base: str) -> None:
        self.emulator = emulator
        self.key = next(iter(emulator.keys))
        self.openai = openai.OpenAI(base_url=f"{base}/v1", api_key=SECRET, max_retries=0, timeout=20)
        self.plain = httpx.Client(base_url=base, headers={"Authorization": f"Bearer {SECRET}"})

    async def run(self, call: Callable[..., T], *args: Any, **named: Any) -> T:
        return await trio.to_thread.run_sync(partial(call, *args, **named))

    async def fetch(self, url: str) -> bytes:
        return (await self.run(httpx.get, url)).raise_for_status().content

    async def until(self, path: str, words: set[str]) -> tuple[list[str], dict[str, Any]]:
        """The statuses of a task until it has one of these, and its last answer."""
        seen: list[str] = []
        while not seen or seen[-1] not in words:
            answer = (await self.run(self.plain.get, path)).raise_for_status().json()
            seen.append(answer["status"])
        return seen, answer


@asynccontextmanager
async def open_client() -> AsyncIterator[Client]:
    emulator = GatewayEmulator([ApiKey(key=SECRET, label="ada")], KeyedKnobs(poll_after_ms=1))
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(partial(serve_emulator, emulator))
            client = Client(emulator, urls.base)
            with client.openai, client.plain:
                yield client
            nursery.cancel_scope.cancel()


async def test_pictures_come_as_bytes_or_as_links() -> None:
    async with open_client() as client:
        assert "gpt-image-1" in [model.id for model in (await client.run(client.openai.models.list)).data]
        images = client.openai.images
        made = await client.run(images.generate, model="gpt-image-1", prompt="a cat", size="1536x1024", n=2)
        for image in made.data or ():
            assert size_of(base64.b64decode(image.b64_json or "")) == (1536, 1024)
        linked = await client.run(images.generate, model="nano-banana", prompt="a dog")
        [link] = linked.data or []
        assert size_of(await client.fetch(link.url or "")) == (1024, 1024)
        files = [("one.png", drawn()), ("two.png", drawn(colour="blue"))]
        edited = await client.run(
            images.edit, model="seedream-4", prompt="both", image=files, response_format="b64_json"
        )
        [edit] = edited.data or []
        assert size_of(base64.b64decode(edit.b64_json or "")) == (1024, 1024)
        assert [len(one.media) for one in client.emulator.ledger.accepted] == [2, 1, 1]
        assert client.key.balance == pytest.approx(100 - 0.08 - 0.03 - 0.03)


async def test_a_clip_goes_its_whole_way() -> None:
    async with open_client() as client:
        videos = client.openai.videos
        ordered = await client.run(
            videos.create, model="sora-2", prompt="waves", seconds="4", size="1280x720", input_reference=drawn()
        )
        assert (ordered.status, ordered.seconds, ordered.error) == ("queued", "4", None)
        with pytest.raises(openai.ConflictError, match="not ready"):
            await client.run(videos.download_content, ordered.id)
        done = await client.run(videos.poll, ordered.id)
        assert (done.status, done.progress) == ("completed", 100)
        clip = inspect_clip((await client.run(videos.download_content, ordered.id)).content)
        assert (clip.width, clip.height, clip.seconds) == (1280, 720, 4)
        still = await client.run(videos.download_content, ordered.id, variant="thumbnail")
        assert size_of(still.content) == (1280, 720)
        remix = await client.run(videos.remix, ordered.id, prompt="at night")
        assert remix.remixed_from_video_id == ordered.id
        assert [one.id for one in await client.run(videos.list)] == [remix.id, ordered.id]
        assert (await client.run(videos.delete, ordered.id)).deleted
        with pytest.raises(openai.NotFoundError):
            await client.run(videos.retrieve, ordered.id)


async def test_a_refused_clip_says_why_and_a_refused_prompt_at_once() -> None:
    async with open_client() as client:
        ordered = await client.run(client.openai.videos.create, model="sora-2", prompt="[refuse-later]")
        failed = await client.run(client.openai.videos.poll, ordered.id)
        assert failed.error is not None
        assert (failed.status, failed.error.code) == ("failed", "moderation_blocked")
        with pytest.raises(openai.BadRequestError) as caught:
            await client.run(client.openai.images.generate, model="gpt-image-1", prompt="[unsafe]")
        assert caught.value.code == "content_policy_violation"


async def test_keys_are_checked_and_faults_strike() -> None:
    async with open_client() as client:
        images = client.openai.images
        client.key.balance = 0
        with pytest.raises(openai.RateLimitError) as caught:
            await client.run(images.generate, model="gpt-image-1", prompt="x")
        assert (caught.value.code, caught.value.type) == ("insufficient_quota", "insufficient_quota")
        client.key.balance = 5
        client.emulator.faults.next("image", Status(503, message="Overloaded.", retry_after=7))
        with pytest.raises(openai.InternalServerError) as storm:
            await client.run(images.generate, model="gpt-image-1", prompt="x")
        assert storm.value.response.headers["retry-after"] == "7"
        with pytest.raises(openai.NotFoundError):
            await client.run(images.generate, model="sora-2", prompt="a clip model makes no pictures")
        client.key.alive = False
        with pytest.raises(openai.AuthenticationError):
            await client.run(client.openai.models.list)
        assert client.emulator.ledger.accepted == []


@pytest.mark.parametrize(
    ("path", "status", "body", "words", "clip"),
    [
        (
            "/v2/videos/generations",
            "/v2/videos/generations/",
            {"model": "sora-2", "images": [data_url(drawn())], "aspect_ratio": "9:16", "duration": "15"},
            ["NOT_START", "IN_PROGRESS", "SUCCESS"],
            (720, 1280, 15),
        ),
        (
            "/v1/video/veo/text-to-video",
            "/v1/video/veo/tasks/",
            {"model": "veo", "duration": 6, "resolution": "1080p"},
            ["pending", "processing", "completed"],
            (1920, 1080, 6),
        ),
        (
            "/v1/video/seedance/frames-to-video",
            "/v1/video/seedance/tasks/",
            {"model": "seedance", "first_frame": data_url(drawn()), "last_frame": data_url(drawn(colour="blue"))},
            ["pending", "processing", "completed"],
            (1280, 720, 5),
        ),
    ],
)
async def test_the_shapes_of_resellers_go_from_order_to_link(
    path: str, status: str, body: dict[str, Any], words: list[str], clip: tuple[int, int, int]
) -> None:
    async with open_client() as client:
        ordered = (await client.run(client.plain.post, path, json=body | {"prompt": "waves"})).raise_for_status().json()
        seen, last = await client.until(status + ordered["task_id"], {words[-1]})
        assert seen == words
        film = inspect_clip(await client.fetch(last.get("video_url") or last["data"]["output"]))
        assert (film.width, film.height, film.seconds) == clip
        refused = await client.run(client.plain.post, path, json=body | {"prompt": "[fault-later]"})
        _, failed = await client.until(status + refused.json()["task_id"], {"FAILURE", "failed"})
        assert "generation failed" in (failed.get("fail_reason") or failed["error"])
        client.emulator.faults.always("sora_status" if "v2" in path else "task_status", StatusWord("RESTING"))
        assert (await client.run(client.plain.get, status + ordered["task_id"])).json()["status"] == "RESTING"


async def test_no_path_and_no_field_is_taken_for_another() -> None:
    emulator = GatewayEmulator([ApiKey(key=SECRET, label="ada")])
    wrong: list[tuple[str, str, dict[str, Any], int]] = [
        ("POST", "/v1/video/veo/frames-to-video", {}, 404),
        ("POST", "/v1/video/sora-2/text-to-video", {}, 404),
        ("POST", "/v1/video/veo/text-to-video", {"aspect_ratio": "1:1"}, 400),
        ("POST", "/v2/videos/generations", {"model": "sora-2", "duration": 11}, 400),
        ("POST", "/v2/videos/generations", {"model": "sora-2", "images": ["https://example.org/a.png"]}, 400),
        ("POST", "/v1/videos", {"model": "sora-2", "size": "100x100"}, 400),
        ("POST", "/v1/images/generations", {"model": "gpt-image-1", "n": 11}, 400),
        ("GET", "/v1/video/veo/tasks/task_none", {}, 404),
        ("GET", "/v1/nothing", {}, 404),
    ]
    for method, path, body, status in wrong:
        headers = {"authorization": f"Bearer {SECRET}", "content-type": "application/json"}
        content = httpx.Request("POST", "http://x", json={"prompt": "waves"} | body).content
        asked = Asked(method=method, path=path, query={}, headers=headers, body=content, base="http://127.0.0.1:1")
        assert (path, (await emulator.answer(asked)).status) == (path, status)
    assert emulator.ledger.accepted == []
