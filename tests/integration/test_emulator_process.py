"""The emulator as a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
import trio

from tests.integration.raw_http import RawClient
from tests.unit.emulator.caller import COOKIE, image_body

PATIENCE_SECONDS = 90.0
COMMAND = [sys.executable, "-m", "flow2api.emulator", "--accounts", "2", "--pictures", "plain", "--image-latency", "0"]


@asynccontextmanager
async def emulator_process(*options: str) -> AsyncIterator[tuple[trio.Process, dict[str, Any]]]:
    """The process and the line that it prints when it is ready."""
    with trio.fail_after(PATIENCE_SECONDS):
        process = await trio.lowlevel.open_process([*COMMAND, *options], stdout=subprocess.PIPE)
        assert process.stdout is not None
        try:
            async with process.stdout:
                yield process, msgspec.json.decode(await read_line(process.stdout))
        finally:
            process.kill()
            with trio.CancelScope(shield=True):
                await process.wait()


async def read_line(stream: trio.abc.ReceiveStream) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        more = await stream.receive_some()
        assert more, "the emulator ended before it was ready"
        line += more
    return line


@pytest.mark.parametrize("server", ["quart", "fast"])
async def test_its_one_line_is_enough_to_make_a_picture(server: str) -> None:
    async with emulator_process("--server", server) as (_, ready):
        assert [account["email"] for account in ready["accounts"]] == ["account-1@example.org", "account-2@example.org"]
        client = await RawClient.open(ready["base"])
        async with client.stream:
            cookie = {"Cookie": f"{COOKIE}={ready['accounts'][1]['session_token']}"}
            access = (await client.ask("GET", "/fx/api/auth/session", headers=cookie)).json["access_token"]
            wrapped = {"json": {"projectTitle": "Test", "toolName": "PINHOLE"}}
            created = await client.ask("POST", "/fx/api/trpc/project.createProject", wrapped, cookie)
            project = created.json["result"]["data"]["json"]["result"]["projectId"]
            target = f"/v1/projects/{project}/flowMedia:batchGenerateImages"
            bearer = {"Authorization": f"Bearer {access}"}
            assert (await client.ask("POST", target, image_body(project), bearer)).status == 200
            accepted = (await client.ask("GET", "/_emulator/accepted")).json
            assert [one["account"] for one in accepted] == ["account-2@example.org"]


async def test_its_options_reach_clips_and_captcha() -> None:
    options = ["--captcha", "page", "--video-latency", "40", "--tier", "PAYGATE_TIER_ONE"]
    async with emulator_process(*options) as (_, ready):
        client = await RawClient.open(ready["base"])
        async with client.stream:
            state = (await client.ask("GET", "/_emulator/state")).json
    assert {account["tier"] for account in state["accounts"]} == {"PAYGATE_TIER_ONE"}
    knobs = state["knobs"]
    assert (knobs["captcha"], knobs["pictures"]) == ("page", "plain")
    assert (knobs["video_pace"], knobs["video_queued"], knobs["video_active"]) == ("seconds", 10, 30)


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(number: signal.Signals) -> None:
    async with emulator_process() as (process, _):
        process.send_signal(number)
        assert await process.wait() == 0
