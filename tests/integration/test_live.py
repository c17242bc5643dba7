"""The dashboard's connection over a real socket: handshake, snapshots, events, the end of it, and pages that do not read."""

import base64
import logging
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import trio
import trio_websocket
from msgspec.structs import replace
from wsproto.connection import Connection as WsConnection
from wsproto.connection import ConnectionType
from wsproto.events import Ping, TextMessage

from flow2api.api import worker
from flow2api.api.live import outbox
from flow2api.api.live.connection import MOST_CHARACTERS
from flow2api.api.services import LivePace, Pace
from flow2api.domain.account import Account, AccountView
from flow2api.domain.events import AccountChanged, AccountRemoved, DrainStarted
from flow2api.domain.job import JobState
from flow2api.kit.life import Life
from tests.doubles.watcher import watching
from tests.unit.api.doubles import ADMIN_TOKEN, Desk, open_desk, serving

TOKEN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
PASSWORD = "a long enough password"
CHAT = {"model": "gemini-3.1-flash-image", "messages": [{"role": "user", "content": "x" * 1000}]}
# Quick, so that nothing has to be waited for long; a beat that no test is to wait for.
QUICK = LivePace(states_seconds=0.01, numbers_seconds=0.05, beat_seconds=60.0, stall_seconds=1.0)


@asynccontextmanager
async def opened(folder: Path, pace: LivePace = QUICK) -> AsyncIterator[tuple[Desk, str]]:
    with trio.fail_after(30):
        async with open_desk(folder, pace=Pace(live=pace)) as desk, serving(desk) as url:
            yield desk, url


def changed(number: int = 0, **fields: object) -> AccountChanged:
    account = Account(id="acc_9", provider="flow", label="ninth", credits=number)
    return AccountChanged(view=AccountView(account=replace(account, **fields)), at=float(number))


async def asking(url: str, key: str) -> None:
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client:
        assert (await client.post("/v1/chat/completions", json=CHAT)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Cookie": "flow2api_session=guessed"}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({**TOKEN, "Origin": "https://evil.example"}, 403),
    ],
)
async def test_a_stranger_and_a_foreign_page_are_refused_at_the_handshake(
    tmp_path: Path, headers: dict[str, str], status: int
) -> None:
    async with opened(tmp_path) as (desk, url):
        answered, stream = await _shaken(url, headers)
        assert answered == status
        await stream.aclose()
        assert desk.services.live.connections == 0


async def test_every_topic_begins_with_its_snapshot_and_numbers_rise_by_one(tmp_path: Path) -> None:
    topics = ("overview", "jobs", "accounts", "captcha", "proxies", "system", "keys", "logs")
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        hello = await page.frame(lambda frame: frame["type"] == "hello")
        assert hello["session"] == ""
        await page.show(*topics)
        for topic in topics:
            await page.snapshot(topic)
        assert (await page.snapshot("accounts"))["accounts"][0]["account"]["label"] == "first"
        assert (await page.snapshot("overview"))["overview"]["now"]["accounts"] == {"active": 1}
        assert (await page.snapshot("system"))["nodes"][0]["path"] == "root"
        [key] = (await page.snapshot("keys"))["keys"]
        assert key["name"] == "first key"
        assert desk.key not in str(page.frames)
        await page.event("now_changed")
        assert page.numbers() == list(range(1, len(page.numbers()) + 1))


async def test_a_generation_is_seen_at_each_step_and_cut_to_what_a_list_shows(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("jobs")
        assert (await page.snapshot("jobs"))["jobs"] == []
        desk.jobs.hold = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(asking, url, desk.key)
            await desk.jobs.submitted.wait()
            desk.jobs.advance(JobState.STARTING, stage="signing_in")
            desk.jobs.advance(JobState.SUBMITTING, stage="captcha")
            await desk.jobs.finish()
        await page.state("succeeded")
        assert page.states() == ["starting", "submitting", "fetching", "succeeded"]
        assert len(page.events("job_moved")[0]["progress"]["job"]["generation"]["prompt"]) == 301
        await page.show()
        await page.show("jobs")
        again = await page.snapshot("jobs", after=len(page.frames) - 1)
        assert [progress["job"]["state"] for progress in again["jobs"]] == ["succeeded"]


async def test_states_come_each_and_numbers_the_newest_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("accounts")
        await page.snapshot("accounts")
        for number in range(1000):
            desk.services.bus.publish(changed(number))
        desk.services.bus.publish(changed(1000, note="a new state"))
        desk.services.bus.publish(AccountRemoved(account_id="acc_9", at=1001.0))
        await page.event("account_removed")
        told = page.events("account_changed")
        assert [event["view"]["account"]["note"] for event in told] == ["", "a new state"]


async def test_nobody_looking_costs_the_bus_no_subscriber(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url):
        before = desk.services.bus.statistics().subscribers
        async with watching(url, TOKEN) as page, watching(url, TOKEN) as other:
            for one in (page, other):
                await one.show("accounts", "jobs")
                await one.snapshot("jobs")
                await one.snapshot("accounts")
            assert desk.services.bus.statistics().subscribers == before + 2
            desk.services.bus.publish(changed(1))
            await page.event("account_changed")
            await other.event("account_changed")
            assert (desk.services.live.frames, desk.services.live.encoded) == (2, 1)
        while desk.services.live.connections or desk.services.bus.statistics().subscribers > before:
            await trio.sleep(0.01)


async def test_a_turn_of_life_and_a_line_of_the_log_are_seen_masked(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("system", "logs")
        await page.snapshot("system")
        await page.snapshot("logs")
        desk.services.bus.publish(Life("captcha browser", "parked", "no browser here", 1.0))
        assert (await page.event("life"))["what"] == "parked"
        logging.getLogger("flow2api.test").warning("signed in with password=hunter2hunter2")
        logged = await page.event("logged", lambda event: event["lines"][-1]["logger"] == "flow2api.test")
        assert "hunter2" not in str(logged)
        assert logged["lines"][-1]["level"] == "warning"


async def test_a_page_that_says_what_nobody_understands_is_told_and_goes_on(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, url), watching(url, TOKEN) as page:
        await page.say(type="subscribe", topics=["nonsense"])
        await page.say(type="dance")
        await page.socket.send_message("[" * 5000)
        await page.say(type="ping", id=7)
        await page.frame(lambda frame: frame["type"] == "pong" and frame["id"] == 7)
        assert [frame["code"] for frame in page.frames if frame["type"] == "error"] == ["invalid_json"] * 3


async def test_what_is_no_text_is_told_and_a_frame_without_measure_ends_its_own_page_alone(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page, watching(url, TOKEN) as other:
        await page.socket.send_message(b"\x00\xff" * 1000)
        await page.say(type="ping", id=7)
        await page.frame(lambda frame: frame["type"] == "pong")
        assert [frame["code"] for frame in page.frames if frame["type"] == "error"] == ["invalid_json"]
        with suppress(trio_websocket.ConnectionClosed):  # it may be over before all of it is sent
            await page.socket.send_message('{"type":"ping","padding":"' + "x" * MOST_CHARACTERS + '"}')
        assert await page.wait_closed() == 1009
        await other.say(type="ping", id=8)
        await other.frame(lambda frame: frame["type"] == "pong")
        while desk.services.live.connections > 1:
            await trio.sleep(0.01)


async def test_a_page_that_changes_its_mind_thousands_of_times_leaves_nothing_behind(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        before = desk.services.bus.statistics().subscribers
        for number in range(3000):
            await page.show(*(("jobs", "accounts", "system")[: number % 4]))
        await page.show("accounts", "accounts", "accounts")
        await page.say(type="ping", id=7)
        await page.frame(lambda frame: frame["type"] == "pong")
        seen = len(page.frames)
        desk.services.bus.publish(changed(1))
        while not (page.events("account_changed") or len(page.frames) > seen):
            await trio.sleep(0.01)
        assert desk.services.bus.statistics().subscribers == before + 1
        assert [frame for frame in page.frames if frame["type"] == "error"] == []
        assert page.numbers() == list(range(1, len(page.numbers()) + 1))


async def test_a_page_that_asks_without_reading_is_cut_off(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as other:
        deaf = await _deaf_page(url)
        ping = b'{"type":"ping","id":1}'
        many = (bytes([0x81, 0x80 | len(ping), 0, 0, 0, 0]) + ping) * 1000
        with suppress(trio.BrokenResourceError):
            while desk.services.live.connections > 1:
                with trio.move_on_after(0.5):
                    await deaf.send_all(many)
        while desk.services.live.connections > 1:
            await trio.sleep(0.01)
        await deaf.aclose()
        await other.say(type="ping", id=8)
        await other.frame(lambda frame: frame["type"] == "pong")


async def test_a_changed_setting_is_told_to_whatever_page_is_open(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("overview")
        await page.snapshot("overview")
        await desk.services.settings.change({"jobs.max_submits": 2})
        assert (await page.event("setting_changed"))["name"] == "jobs.max_submits"


async def test_a_drain_is_told_and_ends_with_going_away(tmp_path: Path) -> None:
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("overview")
        await page.snapshot("overview")
        desk.services.draining.set()
        desk.services.bus.publish(DrainStarted(at=1.0))
        await page.frame(lambda frame: frame["type"] == "draining")
        assert page.socket.closed is None
        desk.draining.set()
        assert await page.wait_closed() == 1001


async def test_a_silent_page_is_cut_off_and_one_that_answers_is_not(tmp_path: Path) -> None:
    pace = LivePace(beat_seconds=0.5, stall_seconds=10.0)
    async with opened(tmp_path, pace) as (desk, url), watching(url, TOKEN) as silent, watching(url, TOKEN) as alive:
        async with trio.open_nursery() as nursery:

            async def answer() -> None:
                while True:
                    await alive.frame(lambda frame: frame["type"] == "beat", after=len(alive.frames))
                    await alive.say(type="ping")

            nursery.start_soon(answer)
            assert await silent.wait_closed() == 4408
            assert alive.socket.closed is None
            nursery.cancel_scope.cancel()
        assert desk.services.live.cut_off == 1


async def test_a_page_that_never_reads_is_cut_off_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that what waits for it fills the system's buffers, which are large, and is not made up for by small snapshots.
    monkeypatch.setattr(outbox, "MOST_BYTES", 10**9)
    monkeypatch.setattr(outbox, "MOST_FRAMES", 10**6)
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        deaf = await _deaf_page(url)
        async with trio.open_nursery() as nursery:

            async def chatter() -> None:
                for number in range(100_000):
                    desk.services.bus.publish(changed(number, note=f"{'n' * 300_000}{number}"))
                    await trio.sleep(0.01)

            nursery.start_soon(chatter)
            while not desk.services.live.cut_off:
                await trio.sleep(0.01)
            nursery.cancel_scope.cancel()
        await page.show("accounts")
        await page.snapshot("accounts")
        desk.services.bus.publish(AccountRemoved(account_id="acc_9", at=1.0))
        await page.event("account_removed")
        assert desk.services.live.connections == 1
        await deaf.aclose()


async def test_what_the_system_does_not_take_at_once_follows_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, cut = os.writev, list[int]()

    def write_little(file: int, pieces: Sequence[bytes]) -> int:
        cut.append(file)
        return write(file, [b"".join(pieces)[:1000]])

    monkeypatch.setattr(os, "writev", write_little)
    async with opened(tmp_path) as (desk, url):
        stream, reader = await _deaf_page(url), WsConnection(ConnectionType.CLIENT)
        frames = _frames(stream, reader)
        assert [(await anext(frames))["type"] for _ in range(2)] == ["hello", "snapshot"]
        number = 0
        while len(cut) < 3:
            number += 1
            desk.services.bus.publish(changed(number, note=f"{number}," * 2000))
            # Answered by another task than the one that writes.
            await stream.send_all(reader.send(Ping(payload=b"alive")))
            frame = await anext(frames)
            assert frame["seq"] == 1 + number
            assert [event["view"]["account"]["note"] for event in frame["events"]] == [f"{number}," * 2000]
        await frames.aclose()
        await stream.aclose()


async def test_a_page_that_falls_behind_gets_a_new_snapshot_for_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "MOST_BYTES", 0)
    # As with a page that reads too slowly for the system to take anything at once.
    monkeypatch.setattr(worker.Connection, "send_nowait", lambda _connection, *_pieces: False)
    async with opened(tmp_path) as (desk, url), watching(url, TOKEN) as page:
        await page.show("accounts")
        await page.snapshot("accounts")
        desk.accounts.add("second", "ST-of-second")
        desk.services.bus.publish(changed(1))
        again = await page.snapshot("accounts", after=2)
        assert [view["account"]["label"] for view in again["accounts"]] == ["first", "second"]
        assert page.events("account_changed") == []
        assert desk.services.live.resyncs == 1
        assert page.numbers() == [1, 2]


async def test_the_end_of_a_sign_in_closes_its_pages_and_no_others(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, url):
        mine, cookie = await _signed_in(url, first=True)
        _, other_cookie = await _signed_in(url)
        async with watching(url, {"Cookie": cookie}) as page, watching(url, {"Cookie": other_cookie}) as other:
            hello = await page.frame(lambda frame: frame["type"] == "hello")
            assert hello["session"].startswith("ses_")
            async with httpx.AsyncClient(base_url=url, headers={"Cookie": cookie, "X-CSRF-Token": mine}) as client:
                assert (await client.delete("/api/session")).status_code == 200
            assert await page.wait_closed() == 4401
            assert other.socket.closed is None
            status, stream = await _shaken(url, {"Cookie": cookie})
            await stream.aclose()
            assert status == 401


async def test_a_new_password_closes_the_pages_of_all_who_came_in_by_the_old_one(tmp_path: Path) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()}
    async with opened(tmp_path) as (_, url):
        mine, cookie = await _signed_in(url, first=True)
        _, other_cookie = await _signed_in(url)
        async with (
            watching(url, {"Cookie": cookie}) as page,
            watching(url, {"Cookie": other_cookie}) as other,
            watching(url, basic) as plain,
            watching(url, TOKEN) as script,
        ):
            for one in (page, other, plain, script):
                await one.frame(lambda frame: frame["type"] == "hello")
            headers = {"Cookie": cookie, "X-CSRF-Token": mine}
            async with httpx.AsyncClient(base_url=url, headers=headers) as client:
                body = {"password": "another long password", "current": PASSWORD}
                assert (await client.put("/api/password", json=body)).status_code == 200
            assert await other.wait_closed() == 4401
            assert await plain.wait_closed() == 4401
            assert (page.socket.closed, script.socket.closed) == (None, None)
            status, stream = await _shaken(url, basic)
            await stream.aclose()
            assert status == 401


async def test_an_offer_of_http2_is_passed_over(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, url):
        stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
        offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
        await stream.send_all(b"GET /health HTTP/1.1\r\nHost: here\r\n" + offer + b"\r\n")
        assert (await stream.receive_some(4096)).startswith(b"HTTP/1.1 200")
        await stream.aclose()


async def _shaken(url: str, headers: dict[str, str]) -> tuple[int, trio.SocketStream]:
    """The status that a handshake is answered with, and the connection."""
    stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    given = {
        "Host": url.removeprefix("http://"),
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions": "permessage-deflate",
        **headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    await stream.send_all(f"GET /api/live HTTP/1.1\r\n{lines}\r\n".encode())
    answer = await stream.receive_some(1000)
    assert b"permessage-deflate" not in answer
    return int(answer.split()[1]), stream


async def _deaf_page(url: str) -> trio.SocketStream:
    """A page that subscribes and never reads again."""
    status, stream = await _shaken(url, TOKEN)
    assert status == 101
    text = b'{"type":"subscribe","topics":["accounts"]}'
    await stream.send_all(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
    return stream


async def _frames(stream: trio.SocketStream, reader: WsConnection) -> AsyncGenerator[dict[str, Any], None]:
    """What a page reads, frame by frame."""
    text = ""
    while True:
        for event in reader.events():
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    yield msgspec.json.decode(text)
                    text = ""
        reader.receive_data(await stream.receive_some(64 * 1024))


async def _signed_in(url: str, *, first: bool = False) -> tuple[str, str]:
    """The CSRF token and the cookie of a new sign-in."""
    async with httpx.AsyncClient(base_url=url) as client:
        path = "/api/setup" if first else "/api/session"
        answer = await client.post(path, json={"password": PASSWORD})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["csrf"], answer.headers["set-cookie"].partition(";")[0]
