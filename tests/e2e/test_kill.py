"""kill -9 at each point of a job's way, and a start on the same data: nothing is paid twice, nothing is left open or told wrongly.

What was accepted is asked of the emulator, which is another process and was not killed.
"""

import base64
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trio
from standardwebhooks import Webhook

from flow2api.emulator.plain import plain_jpeg
from tests.doubles.processes import until
from tests.doubles.server import open_server, pausing
from tests.e2e.site import CHAT, MODEL, STALL, Fault, Gateway, Site, open_site, wish

LATE: Fault = {"type": "delay", "seconds": 60.0}
HEARD: Fault = {**STALL, "carried_out": True}
TRICKLE: Fault = {"type": "slow_body", "bytes_per_second": 40}
LARGE: Mapping[str, object] = {"image_config": {"image_size": "2K"}}


def with_picture(prompt: str) -> dict[str, object]:
    """A wish that begins with a picture."""
    url = "data:image/jpeg;base64," + base64.b64encode(plain_jpeg(64, 64, 1, prompt)).decode()
    content = [{"type": "text", "text": prompt}, {"type": "image_url", "image_url": {"url": url}}]
    return wish(prompt) | {"messages": [{"role": "user", "content": content}]}


@dataclass(frozen=True)
class Point:
    """Where a job is held, in which state it is then, and how often it must have been accepted in the end."""

    call: str
    state: str
    end: str
    accepted: int
    fault: Fault = field(default_factory=lambda: STALL)
    more: Mapping[str, object] = field(default_factory=dict)


POINTS = {
    "starting, signing in": Point("session", "starting", "succeeded", 1),
    "starting, in need of a project": Point("project", "starting", "succeeded", 1),
    "starting, uploading": Point("upload", "starting", "succeeded", 1),
    "submitting, not accepted": Point("image", "submitting", "failed", 0),
    "submitting, late": Point("image", "submitting", "failed", 0, LATE),
    "submitting, accepted": Point("image", "submitting", "failed", 1, HEARD),
    "fetching": Point("download", "fetching", "succeeded", 1),
    "fetching half a file": Point("download", "fetching", "succeeded", 1, TRICKLE),
    "enlarging, not accepted": Point("upscale", "fetching", "succeeded", 1, more=LARGE),
    "enlarging, accepted": Point("upscale", "fetching", "succeeded", 1, HEARD, LARGE),
}


async def killed_while_held(site: Site, point: Point) -> str:
    """Run a gateway, hold a job at the point, kill the gateway; the id of the job."""
    if point.call == "session":
        # Tokens that are about to end, so that each job begins by signing in.
        await site.emulator.change_account(0, access_seconds=100)
    body = with_picture("held") if point.call == "upload" else wish("held", **point.more)
    async with site.gateway() as gateway, trio.open_nursery() as nursery:
        await site.add_accounts(gateway)
        await site.emulator.plan(point.call, point.fault)
        before = await site.emulator.calls(point.call)
        nursery.start_soon(gateway.ask_in_vain, body)
        job_id = await gateway.job_id("held")
        await site.emulator.wait_called(point.call, before + 1)
        await gateway.wait_job(job_id, point.state)
        await gateway.program.kill()
    return job_id


def assert_honest(jobs: Mapping[str, Mapping[str, Any]], accepted: Mapping[str, int]) -> None:
    """Nothing was accepted twice, all that succeeded was accepted, and a failure is one that says it does not know."""
    for prompt, job in jobs.items():
        times = accepted.get(prompt, 0)
        assert times <= 1, prompt
        if job["state"] == "succeeded":
            assert times == 1, prompt
        else:
            assert (job["state"], job["error"]["code"]) == ("failed", "outcome_unknown"), job


@pytest.mark.slow
@pytest.mark.parametrize("name", POINTS)
async def test_a_job_that_is_killed_is_carried_on_or_ends_as_unknown_and_is_never_sent_twice(
    tmp_path: Path, name: str
) -> None:
    point = POINTS[name]
    async with open_site(tmp_path) as site:
        job_id = await killed_while_held(site, point)
        async with site.gateway() as gateway:
            job = (await gateway.wait_all_final())["held"]
            assert (job["id"], job["state"]) == (job_id, point.end), job["error"]
            accepted = await site.emulator.accepted()
            assert accepted["held"] == point.accepted
            if point.end == "succeeded":
                await assert_delivered(gateway, job_id)
            else:
                assert job["error"]["code"] == "outcome_unknown"
                assert "was not sent again" in job["error"]["message"]
            assert (await gateway.chat("another")).status_code == 200


async def assert_delivered(gateway: Gateway, job_id: str) -> None:
    """The result can be fetched from the gateway."""
    [link] = (await gateway.admin("GET", f"jobs/{job_id}"))["files"]
    picture = await gateway.client.get(link)
    assert picture.status_code == 200
    assert picture.headers["content-type"].startswith("image/")
    assert len(picture.content) > 100


@pytest.mark.slow
async def test_a_job_that_waits_for_its_turn_is_carried_on_after_a_kill(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway, trio.open_nursery() as nursery:
            await site.add_accounts(gateway, image_concurrency=1)
            await site.emulator.plan("image", STALL)
            nursery.start_soon(gateway.ask_in_vain, wish("first"))
            await site.emulator.wait_running("image")
            nursery.start_soon(gateway.ask_in_vain, wish("second"))
            await gateway.wait_job(await gateway.job_id("second"), "queued")
            await gateway.program.kill()
        async with site.gateway() as gateway:
            jobs = await gateway.wait_all_final()
            assert jobs["second"]["state"] == "succeeded"
            assert jobs["first"]["error"]["code"] == "outcome_unknown"
            assert await site.emulator.accepted() == {"second": 1}


NAMED = {"Idempotency-Key": "once-and-only-once"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "again"),
    [(NAMED, NAMED), ({"x-stainless-retry-count": "0"}, {"x-stainless-retry-count": "1"})],
    ids=["by its key", "as an SDK does"],
)
async def test_a_caller_who_repeats_a_request_after_a_kill_gets_the_picture_of_the_first(
    tmp_path: Path, first: dict[str, str], again: dict[str, str]
) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway, trio.open_nursery() as nursery:
            await site.add_accounts(gateway)
            await site.emulator.plan("download", STALL)
            gateway.bearer |= first
            nursery.start_soon(gateway.ask_in_vain, wish("named"))
            await gateway.wait_job(await gateway.job_id("named"), "fetching")
            await gateway.program.kill()
        async with site.gateway() as gateway:
            answer = await gateway.client.post(CHAT, json=wish("named"), headers=gateway.bearer | again)
            assert answer.status_code == 200, answer.text
            assert "/media/" in answer.json()["choices"][0]["message"]["content"]
            assert await site.emulator.accepted() == {"named": 1}
            assert len(await gateway.jobs()) == 1


@pytest.mark.slow
async def test_a_webhook_that_was_not_taken_before_a_kill_is_delivered_after_the_start_with_the_same_id(
    tmp_path: Path,
) -> None:
    heard = trio.Event()
    async with open_server(pausing(b"HTTP/1.1", reached=heard)) as receiver, open_site(tmp_path) as site:
        site.settings["FLOW2API_WEBHOOKS_ALLOW_PRIVATE"] = "127.0.0.1"
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
            secret = (await gateway.admin("POST", "webhooks/secrets/default"))["secret"]
            site.secrets.values.add(secret)
            body = {"model": MODEL, "prompt": "told", "webhook": f"{receiver.url}/hook?token=of-the-owner"}
            answer = await gateway.client.post("/v1/jobs", json=body, headers=gateway.bearer)
            job_id = answer.json()["id"]
            await heard.wait()
            await gateway.program.kill()
        async with site.gateway() as gateway:

            async def delivered() -> dict[str, Any] | None:
                listed = (await gateway.admin("GET", "webhooks/deliveries?state=delivered"))["deliveries"]
                return listed[0] if listed else None

            delivery = await until(delivered, "the webhook is delivered")
        assert delivery["job_id"] == job_id
        first, second = receiver.requests
        assert first.headers["webhook-id"] == second.headers["webhook-id"] == delivery["id"]
        for seen in (first, second):
            message = Webhook(secret).verify(seen.body, seen.headers)
            assert (message["type"], message["data"]["id"]) == ("job.succeeded", job_id)
        # At rest everything that opens a door is sealed.
        for file in site.data.glob("flow2api.db*"):
            assert b"of-the-owner" not in file.read_bytes()
            assert secret.removeprefix("whsec_").encode() not in file.read_bytes()


JOBS = 20
# What hangs before each kill, accepted or not.
HARDSHIPS: tuple[Mapping[str, Fault], ...] = (
    {"image": STALL, "upload": STALL, "download": STALL},
    {"image": HEARD, "upscale": STALL, "download": TRICKLE},
    {"image": LATE, "upscale": HEARD, "upload": STALL},
)


def mixed(number: int) -> dict[str, object]:
    """A wish of one of four kinds."""
    prompt = f"job {number:02}"
    kinds = (wish(prompt), wish(prompt, stream=True), wish(prompt, **LARGE), with_picture(prompt))
    return kinds[number % len(kinds)]


async def wait_mixed(site: Site, gateway: Gateway) -> None:
    """Wait until some jobs are being fetched, some are out and some wait, and keep it so."""

    async def states(wanted: set[str]) -> bool | None:
        found = [job["state"] for job in (await gateway.jobs()).values()]
        return (len(found) == JOBS and wanted <= set(found)) or None

    await until(lambda: states({"queued", "fetching"}), "all jobs are stored, and one is being fetched")
    await site.emulator.knobs(image_latency_seconds=60.0)
    await until(lambda: states({"queued", "submitting", "fetching"}), "there are jobs in many states")


@pytest.mark.slow
async def test_twenty_jobs_in_mixed_states_survive_three_kills_without_one_being_paid_twice(tmp_path: Path) -> None:
    async with open_site(tmp_path, accounts=2) as site:
        for start, hardship in enumerate(HARDSHIPS):
            await site.emulator.knobs(image_latency_seconds=0.3)
            for call, fault in hardship.items():
                await site.emulator.plan(call, fault)
            async with site.gateway() as gateway, trio.open_nursery() as nursery:
                if start == 0:
                    await site.add_accounts(gateway)
                    for number in range(JOBS):
                        nursery.start_soon(gateway.ask_in_vain, mixed(number))
                await wait_mixed(site, gateway)
                await gateway.program.kill()
            await site.emulator.mend()
        await site.emulator.knobs(image_latency_seconds=0.0)
        async with site.gateway() as gateway:
            jobs = await gateway.wait_all_final()
            assert len(jobs) == JOBS
            assert_honest(jobs, await site.emulator.accepted())
            assert set((await site.emulator.batches()).values()) == {1}
            # No more are lost than there were calls under way at a kill: two accounts with two slots each.
            lost = Counter(job["state"] for job in jobs.values())["failed"]
            assert len(HARDSHIPS) <= lost <= 4 * len(HARDSHIPS)
