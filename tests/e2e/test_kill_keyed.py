"""kill -9 while services that are reached with keys are at work, and a start on the same data: each order arrives, and is paid once.

The services are processes of their own and were not killed; they tell what was accepted.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio

from tests.doubles.processes import PYTHON, Launch, Secrets, clean_environ, open_program, until
from tests.e2e.site import CHAT, LIMIT_SECONDS, Gateway, Place

# What is under way when the gateway is killed, by the call that the service knows it as.
RUNNING = {
    "veo-3.1-fast-generate-preview": "clip",
    "fal/imagen-4-fast": "submit",
    "fal/hailuo-02-text": "submit",
    "gateway/sora-2": "video",
    "gateway/sora-2-relay": "sora",
    "gateway/veo": "task",
}
# What is accepted at that moment, its answer still to come.
SUBMITTING = {
    "gemini-2.5-flash-image": "content",
    "fal/imagen-4": "submit",
    "gateway/sora-2-pro": "video",
    "gateway/gpt-image-1-mini": "image",
}
HEARD = {"type": "stall", "seconds": 60.0, "carried_out": True}


@dataclass(frozen=True)
class Service:
    """One emulated service, steered through its own routes."""

    kind: str
    base: str
    key: str
    client: httpx.AsyncClient

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = await self.client.request(method, f"/_emulator/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def accepted(self) -> Counter[str]:
        return Counter(one["prompt"] for one in await self.ask("GET", "accepted"))

    async def wait_accepted(self, prompt: str) -> None:
        async def look() -> bool | None:
            return (await self.accepted())[prompt] == 1 or None

        await until(look, f"{prompt} is accepted")


@asynccontextmanager
async def open_service(kind: str, folder: Path, secrets: Secrets) -> AsyncIterator[Service]:
    usual = ("--pictures", "plain", "--image-latency", "0", "--accounts", "1", "--server", "fast")
    command = [*PYTHON, "flow2api.emulator", "--service", kind, "--video-latency", "1000", *usual]
    launch = Launch(command, folder, clean_environ(), secrets, shows_all_on_output=True)
    async with open_program(launch) as program:
        ready = msgspec.json.decode((await program.says(r"^\{.*\}$"))[0])
        async with httpx.AsyncClient(base_url=ready["base"], timeout=30, trust_env=False) as client:
            yield Service(kind, ready["base"], ready["keys"][0], client)


def kind_of(model: str) -> str:
    kind, slash, _ = model.partition("/")
    return kind if slash else "gemini"


def body(model: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": model}]}


async def add_accounts(place: Place, services: dict[str, Service]) -> None:
    """As an operator does, by command."""

    async def add(service: Service) -> None:
        address = ("--base-url", f"{service.base}/v1") if service.kind == "gateway" else ()
        added = await place.run("account", "add", "--kind", service.kind, *address, "--key", "-", input=service.key)
        assert (added.code, "added" in added.out) == (0, True), added.err

    async with trio.open_nursery() as nursery:
        for service in services.values():
            nursery.start_soon(add, service)


async def all_under_way(gateway: Gateway, services: dict[str, Service], nursery: trio.Nursery) -> None:
    """Order everything, and wait until it is as far as it is to be."""
    for model in RUNNING:
        nursery.start_soon(gateway.ask_in_vain, body(model))
    for model in RUNNING:
        await gateway.wait_job(await gateway.job_id(model), "running")
    for model, call in SUBMITTING.items():
        await services[kind_of(model)].ask("POST", "faults", {"call": call, "fault": HEARD})
        nursery.start_soon(gateway.ask_in_vain, body(model))
        await services[kind_of(model)].wait_accepted(model)


@pytest.mark.slow
async def test_orders_with_keys_that_run_through_a_kill_arrive_once_and_those_in_the_air_are_not_repeated(
    tmp_path: Path,
) -> None:
    with trio.fail_after(LIMIT_SECONDS):
        async with AsyncExitStack() as stack:
            place = Place(tmp_path)
            opened = [
                await stack.enter_async_context(open_service(kind, tmp_path, place.secrets))
                for kind in ("gemini", "fal", "gateway")
            ]
            services = {service.kind: service for service in opened}
            place.settings |= {
                "FLOW2API_CAPTCHA_METHOD": "none",
                "FLOW2API_FAL_POLL_INTERVAL": "0.2",
                "FLOW2API_GEMINI_POLL_INTERVAL": "0.2",
                "FLOW2API_GEMINI_BASE_URL": services["gemini"].base,
                "FLOW2API_GATEWAY_POLL_INTERVAL": "0.2",
                "FLOW2API_ACCOUNTS_DEFAULT_VIDEO_CONCURRENCY": "10",
                "FLOW2API_ACCOUNTS_DEFAULT_IMAGE_CONCURRENCY": "10",
            } | {f"FLOW2API_FAL_{host}_BASE_URL": services["fal"].base for host in ("QUEUE", "STORAGE", "BILLING")}
            async with place.gateway() as gateway, trio.open_nursery() as nursery:
                await add_accounts(place, services)
                await all_under_way(gateway, services, nursery)
                await gateway.program.kill()
            for service in opened:
                await service.ask("PATCH", "knobs", {"queued": 0, "active": 0})
                await service.ask("DELETE", "faults")
            async with place.gateway() as gateway:
                await assert_ended(gateway, services)
                again = await gateway.client.post(CHAT, json=body("fal/imagen-4-fast"), headers=gateway.bearer)
                assert again.status_code == 200


async def assert_ended(gateway: Gateway, services: dict[str, Service]) -> None:
    jobs = await gateway.wait_all_final()
    assert set(jobs) == {*RUNNING, *SUBMITTING}
    for model in RUNNING:
        assert jobs[model]["state"] == "succeeded", jobs[model]["error"]
        [link] = (await gateway.admin("GET", f"jobs/{jobs[model]['id']}"))["files"]
        assert len((await gateway.client.get(link)).content) > 100
    for model in SUBMITTING:
        assert (jobs[model]["state"], jobs[model]["error"]["code"]) == ("failed", "outcome_unknown")
    accepted = sum([await service.accepted() for service in services.values()], Counter[str]())
    assert accepted == Counter(jobs.keys())
