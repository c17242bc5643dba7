"""The emulated fal.ai under fal's own client, unmodified: it asks its usual hosts, through a proxy that leads all of them here."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fal_client
import httpx
import pytest
import trio
from fal_client import Completed, InProgress, Queued

from flow2api.emulator.app import serve_emulator
from flow2api.emulator.exchange import Asked
from flow2api.emulator.fal.core import FalEmulator
from flow2api.emulator.fal.endpoints import ENDPOINTS
from flow2api.emulator.faults import NotJson, Status
from flow2api.emulator.keyed.keys import ApiKey
from flow2api.emulator.plain import plain_jpeg
from tests.doubles.certificates import Contexts
from tests.doubles.pictures import size_of
from tests.doubles.proxy import open_proxy
from tests.unit.emulator.video_caller import inspect_clip

T = TypeVar("T")

SECRET = "0f7c2a52-fal:secret"
FLUX, VEO = "fal-ai/flux-pro/v1.1-ultra", "fal-ai/veo3/fast"
PATIENCE_SECONDS = 90.0
HOSTS = ("queue.fal.run", "rest.fal.ai", "v3.fal.media")


class Client:
    """fal's client on its way to an emulator. Its calls block, so they run in a thread."""

    def __init__(self, emulator: FalEmulator, asked: list[tuple[str, int]]) -> None:
        self.emulator = emulator
        self.asked = asked
        self.key = next(iter(emulator.keys))
        self.fal = fal_client.SyncClient(key=self.key.key, default_timeout=20)

    async def run(self, call: Callable[..., T], *args: Any, **named: Any) -> T:
        return await trio.to_thread.run_sync(partial(call, *args, **named))

    async def fetch(self, url: str) -> bytes:
        return (await self.run(httpx.get, url)).raise_for_status().content


@asynccontextmanager
async def open_client(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    contexts = Contexts(folder, HOSTS)
    emulator = FalEmulator([ApiKey(key=SECRET, label="ada")])
    certificate = (str(contexts.file), str(contexts.key_file))
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(partial(serve_emulator, emulator, certificate=certificate))
            async with open_proxy(upstream=urlsplit(urls.base).port) as proxy:
                for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
                    monkeypatch.delenv(name, raising=False)
                monkeypatch.setenv("HTTPS_PROXY", proxy.url("http"))
                monkeypatch.setenv("SSL_CERT_FILE", str(contexts.file))
                client = Client(emulator, proxy.targets)
                yield client
                # It has no way to be closed, and an open connection is a warning.
                client.fal._client.close()
            nursery.cancel_scope.cancel()


async def test_a_picture_comes_by_subscribing_with_its_queue_place_and_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[fal_client.Status] = []
    async with open_client(tmp_path, monkeypatch) as client:
        result = await client.run(
            client.fal.subscribe,
            FLUX,
            {"prompt": "a red apple", "num_images": 2, "seed": 7},
            with_logs=True,
            on_queue_update=seen.append,
        )
        assert [type(one) for one in seen] == [Queued, InProgress, Completed]
        assert isinstance(seen[0], Queued)
        assert seen[0].position == 0
        assert isinstance(seen[1], InProgress)
        assert [log["message"] for log in seen[1].logs or ()] == ["Loading the model", "Generating: 50%"]
        assert (result["seed"], result["has_nsfw_concepts"]) == (7, [False, False])
        for image in result["images"]:
            size = size_of(await client.fetch(image["url"]))
            assert size == (image["width"], image["height"])
        assert client.emulator.ledger.by_prompt("submit") == {"a red apple": 1}
        assert client.key.balance == pytest.approx(100 - 2 * 0.06)
        assert {host for host, _ in client.asked} == {"queue.fal.run"}


async def test_the_steps_can_be_taken_one_by_one_and_by_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_client(tmp_path, monkeypatch) as client:
        ahead = await client.run(client.fal.submit, VEO, {"prompt": "the one before"})
        handle = await client.run(client.fal.submit, VEO, {"prompt": "waves", "duration": "4s", "aspect_ratio": "9:16"})
        assert "/veo3/requests/" in handle.status_url
        waiting = await client.run(client.fal.status, VEO, handle.request_id)
        assert waiting == Queued(position=1)
        result = await client.run(handle.get, interval=0.01)
        assert await client.run(client.fal.result, VEO, handle.request_id) == result
        clip = inspect_clip(await client.fetch(result["video"]["url"]))
        assert (clip.seconds, clip.width, clip.height) == (4, 720, 1280)
        await client.run(ahead.cancel)
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            await client.run(ahead.get, interval=0.01)
        assert (caught.value.status_code, caught.value.error_type) == (499, "client_cancelled")
        with pytest.raises(fal_client.FalClientHTTPError, match="ALREADY_COMPLETED"):
            await client.run(handle.cancel)


# The client leaves its connection to the file host to be found by the collector of garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("repository", ["fal_v3", "fal"])
async def test_an_uploaded_picture_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Any
) -> None:
    async with open_client(tmp_path, monkeypatch) as client:
        data = plain_jpeg(640, 480, 1, "the input")
        url = await client.run(client.fal.upload, data, "image/jpeg", "in.jpg", repository=repository)
        assert await client.fetch(url) == data
        arguments = {"prompt": "at night", "image_url": url}
        result = await client.run(client.fal.subscribe, "fal-ai/flux-pro/kontext", arguments)
        assert result["images"][0]["width"] > result["images"][0]["height"]
        assert client.emulator.ledger.counts["initiate"] == (repository == "fal")
    gc.collect()


@pytest.mark.parametrize(
    ("endpoint", "arguments", "status", "kind"),
    [
        (FLUX, {"prompt": "x", "aspect_ratio": "5:5"}, 422, "value_error"),
        (FLUX, {"prompt": "x", "ratio": "1:1"}, 422, "extra_forbidden"),
        (FLUX, {}, 422, "missing"),
        (FLUX, {"prompt": "[unsafe]"}, 422, "content_policy_violation"),
        ("fal-ai/flux-pro/kontext", {"prompt": "x", "image_url": "data:;base64,eA=="}, 422, "image_load_error"),
        (VEO, {"prompt": "[fault-later]"}, 500, "runner_server_error"),
        ("fal-ai/nothing", {"prompt": "x"}, 404, None),
    ],
)
async def test_what_is_wrong_is_told_in_the_forms_that_the_client_reads(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: str,
    arguments: dict[str, Any],
    status: int,
    kind: str | None,
) -> None:
    async with open_client(tmp_path, monkeypatch) as client:
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            await client.run(client.fal.subscribe, endpoint, arguments)
        error = caught.value
        detail = error.response.json()["detail"]
        told = detail[0]["type"] if isinstance(detail, list) else error.error_type
        assert (error.status_code, told) == (status, kind)


async def test_keys_are_checked_and_faults_strike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_client(tmp_path, monkeypatch) as client:
        client.key.balance = 0
        with pytest.raises(fal_client.FalClientHTTPError, match="Exhausted balance"):
            await client.run(client.fal.submit, FLUX, {"prompt": "x"})
        client.key.balance, client.key.alive = 1, False
        with pytest.raises(fal_client.FalClientHTTPError, match="No user found"):
            await client.run(client.fal.submit, FLUX, {"prompt": "x"})
        client.key.alive = True
        client.emulator.faults.next("submit", Status(503, reason="runner_scheduling_failure"))
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            await client.run(client.fal.submit, FLUX, {"prompt": "x"})
        assert caught.value.error_type == "runner_scheduling_failure"
        client.emulator.faults.next("submit", NotJson(carried_out=True))
        with pytest.raises(ValueError, match="Expecting value"):
            await client.run(client.fal.submit, FLUX, {"prompt": "lost"})
        assert client.emulator.ledger.by_prompt("submit") == {"lost": 1}


async def test_every_endpoint_has_an_input_that_can_be_described() -> None:
    emulator = FalEmulator([ApiKey(key=SECRET, label="ada", max_running=1)])
    answers = {}
    for endpoint in ENDPOINTS:
        asked = Asked(
            method="POST",
            path=f"/{endpoint}",
            query={},
            headers={"authorization": f"Key {SECRET}", "content-type": "application/json"},
            body=b"{}",
            base="http://127.0.0.1:1",
        )
        answers[endpoint] = (await emulator.answer(asked)).status
    assert set(answers.values()) == {422}
