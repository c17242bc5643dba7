"""A thousand callers at once on one gateway: each gets a picture, none waits for another's work, and memory stays small.

The gateway is a process of its own, so that its memory and its stalls are its own; the emulated service and the callers live here.
"""

import io
import json
import os
import re
import resource
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
import trio
from PIL import Image

from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.core import Emulator
from flow2api.emulator.exchange import Answer, Asked
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.serving import Urls
from tests.doubles.gateway import body
from tests.doubles.pictures import data_url
from tests.e2e.site import CHAT, Gateway, Place

pytestmark = pytest.mark.alone

CALLERS = 1000
ACCOUNTS, SLOTS = 10, 10
MIB = 1024 * 1024
MEMORY_BYTES = 200 * MIB
STALL_SECONDS = 0.1
# Ready programs for each processor; these tests alone make one or so.
BUSY_LOAD = 1.5
# The callers' sockets, the emulator's and what else a test process has open.
FILES = 4 * CALLERS
# Some ten seconds on a quiet machine.
LIMIT_SECONDS = 240.0


class Gated(Emulator):
    """A service that makes no picture before the gate is open."""

    gate: trio.Event

    async def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("batchGenerateImages"):
            await self.gate.wait()
        return await super().answer(asked)


class Crowd:
    """So many callers, each with a connection of its own, and what they were told."""

    def __init__(self, gateway: Gateway) -> None:
        self._host, self._port = gateway.client.base_url.host, gateway.client.base_url.port or 0
        self._bearer = gateway.bearer["Authorization"]
        self.begun = 0
        self.answers: list[bytes] = []
        self.all_begun = trio.Event()

    async def call(self) -> None:
        async with trio.open_nursery() as nursery:
            for number in range(CALLERS):
                nursery.start_soon(self._call, number)

    async def _call(self, number: int) -> None:
        content = json.dumps(body(f"picture {number}", stream=True)).encode()
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: {self._bearer}\r\n"
        async with await trio.open_tcp_stream(self._host, self._port) as stream:
            await stream.send_all(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            answer = bytearray(await stream.receive_some(65536))
            self._note_begun()
            while not answer.endswith(b"0\r\n\r\n"):
                data = await stream.receive_some(65536)
                if not data:
                    break
                answer += data
        self.answers.append(bytes(answer))

    def _note_begun(self) -> None:
        self.begun += 1
        if self.begun == CALLERS:
            self.all_begun.set()


def peak_memory_of(pid: int) -> int:
    """The most that a process has held, in bytes."""
    told = Path(f"/proc/{pid}/status").read_text("utf-8")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", told, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


@contextmanager
def many_files() -> Iterator[None]:
    """Allow this process as many open files as the callers and the service need."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft, hard = before
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(FILES, hard)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@asynccontextmanager
async def open_watched() -> AsyncIterator[tuple[Gated, Gateway]]:
    """A gateway process that reports its stalls, and the service behind it, whose gate is closed."""
    emulator = Gated(numbered_accounts(ACCOUNTS))
    emulator.gate = trio.Event()
    with trio.fail_after(LIMIT_SECONDS), many_files(), tempfile.TemporaryDirectory() as folder:
        async with trio.open_nursery() as nursery:
            urls: Urls = await nursery.start(serve_fast, emulator)
            settings = {
                "FLOW2API_FLOW_LABS_BASE_URL": urls.labs_base_url,
                "FLOW2API_FLOW_API_BASE_URL": urls.api_base_url,
                "FLOW2API_CAPTCHA_METHOD": "none",
                "FLOW2API_ACCOUNTS_DEFAULT_IMAGE_CONCURRENCY": str(SLOTS),
                "FLOW2API_LOG_STALL_SECONDS": str(STALL_SECONDS),
            }
            place = Place(Path(folder), settings=settings)
            place.secrets.values |= {account.session_token for account in emulator.accounts}
            async with place.gateway() as gateway:
                for account in emulator.accounts:
                    await gateway.admin("POST", "accounts", {"credential": account.session_token})
                yield emulator, gateway
            nursery.cancel_scope.cancel()


def stalls(gateway: Gateway) -> list[str]:
    """What the gateway said about steps that held up everything. On a machine that is busy with other programs, where even the
    start of a thread may wait, only those count in which it worked for so long itself."""
    lines = [line for line in gateway.program.err.splitlines() if "held up all tasks" in line]
    busy = os.getloadavg()[0] > BUSY_LOAD * (os.cpu_count() or 1)
    return [line for line in lines if not busy or _worked(line) > STALL_SECONDS]


def _worked(line: str) -> float:
    found = re.search(r" worked=([0-9.]+) ", line)
    assert found is not None
    return float(found[1])


@pytest.mark.slow
async def test_a_thousand_streams_at_once_all_get_their_picture_in_little_memory_and_without_a_stall() -> None:
    async with open_watched() as (emulator, gateway):
        crowd = Crowd(gateway)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crowd.call)
            # Each has its first piece of an answer, and none can have more: so all of them are open at the same time.
            await crowd.all_begun.wait()
            assert crowd.answers == []
            emulator.gate.set()
        good = [answer for answer in crowd.answers if b"](http" in answer and b"data: [DONE]\n\n" in answer]
        assert (len(crowd.answers), len(good)) == (CALLERS, CALLERS)
        assert set(emulator.ledger.by_prompt().values()) == {1}
        assert len(emulator.ledger.by_prompt()) == CALLERS
        assert max(emulator.ledger.peak(account.email, "image") for account in emulator.accounts) <= SLOTS
        assert peak_memory_of(gateway.program.pid) < MEMORY_BYTES
        assert stalls(gateway) == []


def noise(side: int) -> bytes:
    """A picture that cannot be made small."""
    data = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(3 * side * side)).save(data, "PNG", compress_level=0)
    return data.getvalue()


def shown(*pictures: str) -> list[object]:
    parts = [{"type": "image_url", "image_url": {"url": picture}} for picture in pictures]
    return [{"role": "user", "content": [{"type": "text", "text": "x"}, *parts]}]


@pytest.mark.slow
async def test_large_bodies_and_hostile_ones_stall_nobody() -> None:
    large = data_url(noise(1700))
    answered: dict[str, tuple[dict[str, object], int]] = {
        "two pictures of nine megabytes": (body(messages=shown(large, data_url(noise(1700)))), 200),
        "such a picture in an earlier answer": (
            body(messages=[{"role": "assistant", "content": f"![image]({large})"}, *shown()]),
            200,
        ),
        "a prompt of megabytes": (body("word " * 4_000_000), 400),
        "base64 written as for a URL": (body(messages=shown("data:image/png;base64," + "%41" * 8_000_000)), 400),
        "marks of pictures without end": (
            body(messages=[{"role": "assistant", "content": "![a](" * 3_000_000}, *shown()]),
            200,
        ),
        "a million messages": (body(messages=[{"role": "user", "content": "x"}] * 1_000_000), 413),
        "a list of millions": (body(modalities=["x"] * 5_000_000), 413),
    }
    async with open_watched() as (emulator, gateway):
        emulator.gate.set()
        for words, (wish, status) in answered.items():
            answer = await gateway.client.post(CHAT, content=json.dumps(wish).encode(), headers=gateway.bearer)
            assert (words, answer.status_code) == (words, status)
            assert (words, stalls(gateway)) == (words, [])
