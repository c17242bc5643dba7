"""SIGTERM: what runs is finished, what waits is told and kept for the next start, and a second signal ends everything at once."""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
import trio

from flow2api.instance import FILE_NAME, read_instance
from tests.doubles.processes import until
from tests.e2e.site import CHAT, STALL, Gateway, Site, open_site, wish

pytestmark = pytest.mark.alone

# Far less than the grace, and much for a busy machine.
PROMPT_SECONDS = 10.0


async def read_stream(gateway: Gateway, prompt: str, into: list[str]) -> None:
    """Ask for a picture as a stream and read it to its end."""
    body = wish(prompt, stream=True)
    async with gateway.client.stream("POST", CHAT, json=body, headers=gateway.bearer) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            into.append(line)


async def wait_draining(gateway: Gateway) -> httpx.Response:
    """What `/health` says once it says something else than before the signal."""

    async def look() -> httpx.Response | None:
        answer = await gateway.client.get("/health")
        return answer if answer.status_code != 200 else None

    return await until(look, "the health check notices the drain")


def assert_gone(site: Site) -> None:
    """Nothing says any more that an instance runs."""
    assert not (site.data / FILE_NAME).exists()
    assert read_instance(site.data) is None


@pytest.mark.slow
async def test_a_running_generation_is_finished_and_its_caller_gets_the_picture(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        lines: list[str] = []
        await site.emulator.knobs(image_latency_seconds=1.5)
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read_stream, gateway, "under way", lines)
                await site.emulator.wait_running("image")
                gateway.program.send(signal.SIGTERM)
            assert "data: [DONE]" in lines
            link = next(line for line in lines if "/media/" in line).partition("/media/")[2].partition(")")[0]
            assert await gateway.program.wait() == 0
        assert_gone(site)
        async with site.gateway() as gateway:
            assert (await gateway.client.get(f"/media/{link}")).status_code == 200
            assert (await gateway.jobs())["under way"]["state"] == "succeeded"


@pytest.mark.slow
async def test_who_waits_is_told_of_the_drain_and_what_was_asked_for_is_done_after_the_next_start(
    tmp_path: Path,
) -> None:
    async with open_site(tmp_path) as site:
        running: list[str] = []
        streamed: list[str] = []
        whole: list[httpx.Response] = []

        async def ask_whole() -> None:
            whole.append(await gateway.chat("waits whole"))

        async with site.gateway() as gateway:
            await site.add_accounts(gateway, image_concurrency=1)
            await site.emulator.knobs(image_latency_seconds=2.0)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read_stream, gateway, "under way", running)
                await site.emulator.wait_running("image")
                nursery.start_soon(ask_whole)
                nursery.start_soon(read_stream, gateway, "waits streaming", streamed)
                for prompt in ("waits whole", "waits streaming"):
                    await gateway.job_id(prompt)
                gateway.program.send(signal.SIGTERM)
            assert await gateway.program.wait() == 0
        assert "data: [DONE]" in running
        assert (whole[0].status_code, whole[0].json()["error"]["code"]) == (503, "draining")
        assert int(whole[0].headers["retry-after"]) > 0
        assert any('"code":"draining"' in line for line in streamed)
        with closing(sqlite3.connect(site.data / "flow2api.db")) as db:
            stored = [state for (state,) in db.execute("SELECT state FROM jobs ORDER BY created_at")]
        assert stored == ["succeeded", "queued", "queued"]
        await site.emulator.knobs(image_latency_seconds=0.0)
        async with site.gateway() as gateway:
            jobs = await gateway.wait_all_final()
            assert {prompt: job["state"] for prompt, job in jobs.items()} == {
                "under way": "succeeded",
                "waits whole": "succeeded",
                "waits streaming": "succeeded",
            }
            assert set((await site.emulator.accepted()).values()) == {1}


@pytest.mark.slow
async def test_while_it_drains_health_says_so_and_new_generations_are_refused(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.gateway() as gateway:
        await site.add_accounts(gateway)
        await site.emulator.knobs(image_latency_seconds=4.0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gateway.ask_in_vain, wish("under way"))
            await site.emulator.wait_running("image")
            gateway.program.send(signal.SIGTERM)
            health = await wait_draining(gateway)
            assert (health.status_code, health.json()["status"]) == (503, "draining")
            refused = await gateway.chat("too late")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
            assert int(refused.headers["retry-after"]) > 0
        assert await gateway.program.wait() == 0
        assert await site.emulator.accepted() == {"under way": 1}


@pytest.mark.slow
async def test_a_generation_whose_caller_has_left_is_waited_for_as_well(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        await site.emulator.knobs(image_latency_seconds=1.5)
        async with site.gateway() as gateway:
            await site.add_accounts(gateway)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(gateway.ask_in_vain, wish("left alone"))
                await site.emulator.wait_running("image")
                nursery.cancel_scope.cancel()
            gateway.program.send(signal.SIGTERM)
            await wait_draining(gateway)
            assert await gateway.program.wait() == 0
        async with site.gateway() as gateway:
            assert (await gateway.jobs())["left alone"]["state"] == "succeeded"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_ends_it_at_once_and_tells_by_the_exit_code(
    tmp_path: Path, number: signal.Signals
) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway, trio.open_nursery() as nursery:
            await site.add_accounts(gateway)
            await site.emulator.plan("image", STALL)
            nursery.start_soon(gateway.ask_in_vain, wish("held"))
            await site.emulator.wait_running("image")
            gateway.program.send(number)
            await wait_draining(gateway)
            gateway.program.send(number)
            with trio.fail_after(PROMPT_SECONDS):
                assert await gateway.program.wait() == 1
            assert "Traceback" not in gateway.program.err
        assert_gone(site)
        async with site.gateway() as gateway:
            assert (await gateway.wait_all_final())["held"]["error"]["code"] == "outcome_unknown"
            assert not await site.emulator.accepted()


@pytest.mark.slow
async def test_a_generation_that_outlasts_the_grace_is_cut_short_and_told_as_unknown(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        site.settings["FLOW2API_SERVER_GRACE_SECONDS"] = "1"
        async with site.gateway() as gateway, trio.open_nursery() as nursery:
            await site.add_accounts(gateway)
            await site.emulator.plan("image", STALL)
            nursery.start_soon(gateway.ask_in_vain, wish("held"))
            await site.emulator.wait_running("image")
            job_id = await gateway.job_id("held")
            gateway.program.send(signal.SIGTERM)
            assert await gateway.program.wait() == 1
            assert job_id in gateway.program.err
        assert_gone(site)
        async with site.gateway() as gateway:
            assert (await gateway.wait_all_final())["held"]["error"]["code"] == "outcome_unknown"


@pytest.mark.slow
async def test_an_idle_gateway_ends_promptly_even_with_connections_open(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site:
        async with site.gateway() as gateway:
            # The connection of this answer stays open.
            assert (await gateway.client.get("/health")).status_code == 200
            gateway.program.send(signal.SIGTERM)
            with trio.fail_after(PROMPT_SECONDS):
                assert await gateway.program.wait() == 0
        assert_gone(site)
