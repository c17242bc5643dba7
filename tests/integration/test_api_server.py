"""The server on a real socket: framework errors, limits, hostile and vanishing clients, drain."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
import trio.testing

from flow2api.api import exchange, worker
from flow2api.api.server import make_app, open_listeners, serve
from flow2api.config import ServerConfig
from tests.unit.api.doubles import ADMIN_TOKEN, Desk, open_desk, serving

SMALL = ServerConfig(port=0, max_body_bytes=2048, grace_seconds=1.0)
CHAT = "/v1/chat/completions"
MODEL = "gemini-3.1-flash-image"


def chat(text: str = "a fox", **more: object) -> dict[str, object]:
    return {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}


@asynccontextmanager
async def open_client(desk: Desk) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {desk.key}"}
    with trio.fail_after(30):
        async with serving(desk) as url, httpx.AsyncClient(base_url=url, headers=headers, timeout=20) as client:
            yield client


async def open_raw(client: httpx.AsyncClient) -> trio.SocketStream:
    return await trio.open_tcp_stream(client.base_url.host, client.base_url.port or 0)


async def read_all(stream: trio.SocketStream) -> bytes:
    data = b""
    with suppress(trio.BrokenResourceError):
        async for piece in stream:
            data += piece
    return data


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "not_found"),
        ("GET", "/v1//models", 404, "not_found"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("GET", CHAT, 405, "method_not_allowed"),
        ("POST", CHAT, 400, "invalid_json"),
        ("GET", "/api/system", 401, "admin_required"),
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/media/..%2f..%2fetc%2fpasswd", 404, "not_found"),
    ],
)
async def test_every_error_is_the_json_object_with_an_id(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        answer = await client.request(method, path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert answer.json()["error"]["code"] == code
        assert answer.headers["x-request-id"].startswith("req_")


async def test_a_mistake_of_ours_is_told_without_its_details(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        desk.jobs.refusal = RuntimeError("internal detail")
        answer = await client.post(CHAT, json=chat())
        assert answer.status_code == 500
        assert answer.json()["error"]["code"] == "internal_error"
        assert "internal detail" not in answer.text
        assert answer.headers["access-control-allow-origin"] == "*"
        assert any(record.exc_info for record in caplog.records)


async def test_request_ids_are_all_distinct(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        ids = {(await client.get(path)).headers["x-request-id"] for path in ("/", "/health", "/v1/models", "/x", "/x")}
        assert len(ids) == 5


async def test_a_preflight_needs_no_key_on_any_path(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        for path in (CHAT, "/media/x.png", "/unknown", "/"):
            asked = {"Origin": "https://a.example", "Access-Control-Request-Headers": "authorization,x-stainless-os"}
            answer = await client.options(path, headers={**asked, "Authorization": ""})
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-headers"] == "authorization,x-stainless-os"
            assert "content-type" not in answer.headers
            assert "content-length" not in answer.headers


async def test_models_are_listed_and_found_by_encoded_ids(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        listed = (await client.get("/v1/models?api-version=1")).json()
        assert listed["object"] == "list"
        first = listed["data"][0]
        assert first["object"] == "model"
        assert isinstance(first["created"], int)
        assert (await client.get(f"/v1/models/{first['id'].replace('-', '%2D')}")).json() == first
        missing = await client.get("/v1/models/google%2Fveo%203")
        assert missing.status_code == 404
        assert missing.json()["error"]["param"] == "model"
        assert "google/veo 3" in missing.json()["error"]["message"]


async def test_the_key_is_checked_before_the_body_is_looked_at(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        answer = await client.post(CHAT, content=b"{broken", headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"


async def test_a_bad_key_with_a_large_upload_gets_its_answer_and_no_broken_connection(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        answer = await client.post(CHAT, content=b"x" * 8_000_000, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_is_refused_with_or_without_a_length(tmp_path: Path, chunked: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"x" * 1000

    async with open_desk(tmp_path, server=SMALL) as desk, open_client(desk) as client:
        answer = await client.post(CHAT, content=pieces() if chunked else b"x" * 50_000)
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "request_too_large"
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_chunked_body_within_the_limit_is_taken(tmp_path: Path) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        body = httpx.Request("POST", "http://x", json=chat()).content
        for index in range(0, len(body), 10):
            yield body[index : index + 10]

    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        assert (await client.post(CHAT, content=pieces())).status_code == 200


async def test_delete_with_a_json_type_and_no_body_is_fine(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        headers = {"Authorization": f"Bearer {ADMIN_TOKEN}", "Content-Type": "application/json"}
        assert (await client.delete("/api/accounts/acc_0", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "garbage", [b"\x16\x03\x01\x02\x00hello\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"]
)
async def test_bytes_that_are_no_request_get_a_json_answer(tmp_path: Path, garbage: bytes) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        stream = await open_raw(client)
        async with stream:
            await stream.send_all(garbage)
            answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 4")
        assert b'{"error":{' in answer
        assert b"x-request-id: req_" in answer
        assert (await client.get("/health")).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models/nope", "/v1beta/models/nope?key=x", "?x=1", ""])
async def test_a_whole_address_as_the_target_is_the_same_as_its_path(tmp_path: Path, path: str) -> None:
    """RFC 9112 wants that of every server, and programs that take us for a proxy send it."""
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        bodies = []
        for target in (path if path.startswith("/") else f"/{path}", f"http://elsewhere:1{path}"):
            stream = await open_raw(client)
            async with stream:
                head = (
                    f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {desk.key}\r\nConnection: close\r\n\r\n"
                )
                await stream.send_all(head.encode())
                head, _, content = (await read_all(stream)).decode().partition("\r\n\r\n")
            bodies.append((head.split("\r\n")[0], content))
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    ("hostile", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a:\r\n" * 15_000 + b"\r\n", 431),
        (b"GET /v1/models/" + b"%2F" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 20_000, 400),
    ],
    ids=["lines", "address", "pieces"],
)
async def test_what_is_made_to_be_slow_to_read_is_refused_alone_and_behind_another_request(
    tmp_path: Path, hostile: bytes, status: int
) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        for before in (b"", b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"):
            stream = await open_raw(client)
            async with stream:
                await stream.send_all(before + hostile)
                answers = (await read_all(stream)).split(b"HTTP/1.1 ")
            assert answers[-1].startswith(b"%d " % status)
            assert b'{"error":{' in answers[-1]


async def test_a_head_without_end_is_refused(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        stream = await open_raw(client)
        async with stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nx: " + b"y" * 70_000)
            assert (await read_all(stream)).startswith(b"HTTP/1.1 431")


async def test_a_head_that_drips_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "HEAD_SECONDS", 0.2)
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        stream = await open_raw(client)
        async with stream:
            await stream.send_all(b"GET / HTTP/1.1\r\n")
            with trio.fail_after(30):
                assert await read_all(stream) == b""


async def test_a_body_that_stalls_is_answered_with_408(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(exchange, "DRAIN_SECONDS", 0.2)
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        stream = await open_raw(client)
        async with stream:
            head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {desk.key}\r\ncontent-length: 100\r\n\r\n"
            await stream.send_all(head.encode() + b"{")
            answer = await read_all(stream)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"request_timeout" in answer


async def test_several_requests_share_a_connection(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        stream = await open_raw(client)
        async with stream:
            request = f"GET /v1/models/{MODEL} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {desk.key}\r\n"
            await stream.send_all(f"{request}\r\n{request}connection: close\r\n\r\n".encode())
            assert (await read_all(stream)).count(b"HTTP/1.1 200") == 2


async def test_a_client_that_leaves_cancels_its_request(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        desk.jobs.hold = True
        with trio.move_on_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lambda: client.post(CHAT, json=chat()))
                await desk.jobs.submitted.wait()
                assert desk.jobs.newest.watchers == 1
                nursery.cancel_scope.cancel()
        while desk.jobs.newest.watchers:
            await trio.lowlevel.checkpoint()
        assert desk.jobs.newest.cancel_asked


async def test_a_client_that_stops_reading_holds_up_neither_others_nor_the_shutdown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk(tmp_path) as desk:
        big = await desk.media.keep(b"\0" * 30_000_000)
        app = make_app(desk.services)
        with trio.fail_after(20):
            async with open_listeners(desk.services.config.server) as listeners, trio.open_nursery() as nursery:
                await nursery.start(partial(serve, app, desk.services.config, listeners, draining=desk.draining))
                url = httpx.URL(listeners.urls[0])
                stream = await trio.open_tcp_stream(url.host, url.port or 0)
                await stream.send_all(f"GET /media/{big.name} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
                assert await stream.receive_some(1) == b"H"
                async with httpx.AsyncClient(base_url=url) as other:
                    assert (await other.get("/health")).status_code == 200
                start = trio.current_time()
                desk.draining.set()
        # Everything ended: the grace of one second was kept, and not much more.
        assert trio.current_time() - start < 20
        await stream.aclose()


async def test_a_client_that_stops_reading_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STALL_SECONDS", 0.3)
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        big = await desk.media.keep(b"\0" * 30_000_000)
        stream = await open_raw(client)
        async with stream:
            await stream.send_all(f"GET /media/{big.name} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
            assert await stream.receive_some(1) == b"H"
            # Nothing is read meanwhile: the server loses patience, and then the test finds every task at rest.
            await trio.testing.wait_all_tasks_blocked(0.6)
            assert len(await read_all(stream)) < big.size_bytes


async def test_an_open_stream_ends_by_itself_during_the_drain_and_new_connections_are_refused(tmp_path: Path) -> None:
    async with (
        open_desk(tmp_path, server=ServerConfig(port=0, grace_seconds=10.0)) as desk,
        open_client(desk) as client,
    ):
        desk.jobs.hold = True
        async with client.stream("POST", CHAT, json=chat(stream=True)) as answer:
            lines = answer.aiter_lines()
            assert "assistant" in await anext(lines)
            desk.draining.set()
            await trio.testing.wait_all_tasks_blocked(0.05)
            with pytest.raises(OSError, match="failed"):
                await open_raw(client)
            await desk.jobs.finish()
            rest = [line async for line in lines]
        assert rest[-2] == "data: [DONE]"


async def test_a_server_that_was_cut_off_leaves_the_listeners_to_the_next_one(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_listeners(desk.services.config.server) as listeners:
        for _ in range(2):
            async with trio.open_nursery() as nursery:
                app = make_app(desk.services)
                await nursery.start(partial(serve, app, desk.services.config, listeners, draining=desk.draining))
                async with httpx.AsyncClient(base_url=listeners.urls[0]) as client:
                    assert (await client.get("/health")).status_code == 200
                nursery.cancel_scope.cancel()


async def test_new_generations_are_refused_while_draining(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        # The server's own trigger is another event here, so that it still takes the request.
        desk.services.draining.set()
        answer = await client.post(CHAT, json=chat())
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "draining"
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["x-should-retry"] == "true"
        health = await client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "draining")


async def test_a_host_that_cannot_be_a_name_is_answered_all_the_same(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        for host in ("a" * 64, "a..b", ".", "", "x" * 300 + ".example"):
            answer = await client.get("/v1/models?x=1", headers={"Host": host})
            assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), host
            assert (await client.get("/v1/nothing", headers={"Host": host})).status_code == 404


async def test_health_tells_counts_and_what_is_wrong(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        well = await client.get("/health", headers={"Authorization": ""})
        assert well.status_code == 200
        assert well.json()["status"] == "ok"
        assert well.json()["accounts"] == {"active": 1}
        desk.accounts.accounts.clear()
        assert (await client.get("/health")).json()["status"] == "degraded"


async def test_the_welcome_page_needs_nothing_from_outside_and_allows_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk, open_client(desk) as client:
        page = await client.get("/", headers={"Host": 'x"><script>alert(1)</script>'})
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "<script" not in page.text
        assert MODEL in page.text
        assert 'lang="zh"' in page.text
        assert f"{client.base_url}".rstrip("/") + "/v1" in page.text
