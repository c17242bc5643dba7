"""The video routes over doubles of the actors: what no emulated service brings about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import trio

from flow2api.domain.job import JobState
from flow2api.errors import Code, Failure
from tests.unit.api.doubles import Desk, open_desk, serving

ORDER = {"model": "veo_3_1_t2v_fast", "prompt": "a ball rolls"}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Desk, httpx.AsyncClient]]:
    with trio.fail_after(30):
        async with open_desk(folder) as desk, serving(desk) as url:
            headers = {"Authorization": f"Bearer {desk.key}", "Origin": "https://page.example"}
            async with httpx.AsyncClient(base_url=url, headers=headers) as client:
                yield desk, client


async def look(client: httpx.AsyncClient, video: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get(f"/v1/videos/{video['id']}")).json()
    return told


async def test_what_a_provider_tells_brings_the_progress_forward_and_never_back(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        video = (await client.post("/v1/videos", json=ORDER)).json()
        assert (await look(client, video))["progress"] == 0
        desk.jobs.advance(JobState.STARTING, JobState.SUBMITTING, JobState.RUNNING)
        for percent, progress in ((50, 45), (90, 81), (10, 81), (None, 81)):
            desk.jobs.show(percent=percent)
            assert (await look(client, video))["progress"] == progress
        [listed] = (await client.get("/v1/videos")).json()["data"]
        assert listed["progress"] == 81


async def test_an_order_runs_on_when_its_caller_has_left(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        await client.post("/v1/videos", json=ORDER)
        assert desk.jobs.submits[0].detached
        assert desk.jobs.newest.watchers == 0
        assert not desk.jobs.newest.cancel_asked


async def test_trap_9_a_full_queue_is_a_status_with_all_four_keys_that_pages_may_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.refusal = Failure(Code.QUEUE_FULL, "The queue is full.", retry_after_seconds=2.0)
        answer = await client.post("/v1/videos", json=ORDER)
        assert (answer.status_code, answer.headers["retry-after"], answer.headers["x-should-retry"]) == (
            429,
            "2",
            "true",
        )
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_nothing_is_ordered_while_the_gateway_is_being_stopped_and_what_is_there_is_still_shown(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as (desk, client):
        desk.jobs.hold = True
        video = (await client.post("/v1/videos", json=ORDER)).json()
        desk.services.draining.set()
        assert (await client.post("/v1/videos", json=ORDER)).status_code == 503
        assert (await look(client, video))["status"] == "queued"
