"""kill -9 in the middle of the demo, which takes the emulated services with it: nothing that was begun is lost or ordered twice."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio

from flow2api.demo_folder import FOLDER, NOTES
from tests.doubles.processes import Launch, Secrets, clean_environ, open_program, until
from tests.e2e.site import FINAL, LIMIT_SECONDS, Gateway, Place

KEY = "f2a_for_the_demonstration"
# Each service that makes clips; no more of one than its account makes at the same time.
CLIPS = (
    "veo-3.1-fast",
    "veo-3.1-fast-generate-preview",
    "fal/hailuo-02-text",
    "gateway/sora-2",
    "gateway/sora-2-relay",
)


@asynccontextmanager
async def open_demo(folder: Path) -> AsyncIterator[Gateway]:
    place = Place(folder, Secrets())
    launch = place.launch("demo", "--port", "0", "--data-dir", str(place.data), "--api-key", KEY, shows=(KEY,))
    # No tab of a browser is needed: with captchas off the same orders are stored.
    without_browser = Launch(
        launch.command, folder, clean_environ(CHROME_BIN="no-such-browser"), launch.secrets, shows=[KEY]
    )
    async with open_program(without_browser) as program:
        url = (await program.says(r"^  Address   (http://\S+)/v1$"))[1]
        token = msgspec.json.decode((place.data / "instance.json").read_bytes())["admin_token"]
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
            yield Gateway(program, client, KEY, token)


async def ask_services(folder: Path, method: str, path: str, bodies: Mapping[str, object] = {}) -> list[Any]:
    """What each emulated service of a running demo answers; `bodies` by its name, or `keyed` for all but Flow."""
    ports = msgspec.json.decode((folder / "data" / FOLDER / NOTES).read_bytes())["ports"]
    answers = []
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        for service, port in ports.items():
            body = bodies.get(service, bodies.get("keyed"))
            answer = await client.request(method, f"http://127.0.0.1:{port}/_emulator/{path}", json=body)
            assert answer.is_success, answer.text
            answers.append(answer.json())
    return answers


async def accepted(folder: Path) -> Counter[str]:
    """How often each prompt was accepted by the emulated services."""
    return Counter(one["prompt"] for listed in await ask_services(folder, "GET", "accepted") for one in listed)


async def accounts(demo: Gateway) -> list[tuple[str, str]]:
    listed = (await demo.admin("GET", "accounts"))["accounts"]
    return sorted((one["account"]["provider"], one["account"]["label"]) for one in listed)


async def order(demo: Gateway, model: str) -> None:
    answer = await demo.client.post(
        "/v1/videos", json={"model": model, "prompt": f"waves by {model}"}, headers=demo.bearer
    )
    assert answer.status_code == 200, answer.text


async def wait_handed_over(demo: Gateway) -> None:
    """Until each clip is known to its service and none is made."""

    async def look() -> bool | None:
        states = [job["state"] for job in (await demo.jobs()).values()]
        assert not FINAL.intersection(states), states
        return all(state == "running" for state in states) or None

    await until(look, "all clips are under way")


@pytest.mark.slow
async def test_a_demo_that_is_killed_finishes_every_clip_once_after_the_next_start(tmp_path: Path) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with open_demo(tmp_path) as demo:
            # For ever, in this life: nothing may be finished before the kill.
            await ask_services(tmp_path, "PATCH", "knobs", {"flow": {"video_active": 1e6}, "keyed": {"active": 1e6}})
            async with trio.open_nursery() as nursery:
                for model in CLIPS:
                    nursery.start_soon(order, demo, model)
            await wait_handed_over(demo)
            await demo.program.kill()
        async with open_demo(tmp_path) as demo:
            jobs = await demo.wait_all_final()
            assert {prompt: job["state"] for prompt, job in jobs.items()} == {
                f"waves by {model}": "succeeded" for model in CLIPS
            }
            assert await accepted(tmp_path) == Counter(f"waves by {model}" for model in CLIPS)


@pytest.mark.slow
async def test_starts_of_a_demo_on_one_folder_add_nothing(tmp_path: Path) -> None:
    seen: list[Any] = []
    with trio.fail_after(LIMIT_SECONDS):
        for _ in range(2):
            async with AsyncExitStack() as stack:
                demo = await stack.enter_async_context(open_demo(tmp_path))
                keys = (await demo.admin("GET", "keys"))["keys"]
                seen.append((await accounts(demo), [key["name"] for key in keys]))
                await demo.program.kill()
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 6
