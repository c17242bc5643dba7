"""Channels of an operator over real sockets: told of what wants a person, in their own form, signed, and tried."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from flow2api.domain.notification import Channel, News, body_of, wants
from flow2api.domain.overview import Alert
from flow2api.domain.webhook import secret_of
from tests.doubles.gateway import ADA, TestedGateway, open_tested_gateway

TOKEN = "token-in-the-address"
SECRET = secret_of(b"s" * 32)
LOCAL = {"webhooks.allow_private": ("127.0.0.1",), "webhooks.pause_seconds": 0.05}


class Receiver:
    """Takes requests, after refusing the first `refusals`."""

    def __init__(self, refusals: int = 0) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self._refusals = refusals
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/{TOKEN}"

    async def serve(self, stream: trio.SocketStream) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += await stream.receive_some() or b"\r\n\r\n"
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += await stream.receive_some()
        self._refusals, refused = max(0, self._refusals - 1), self._refusals > 0
        if not refused:
            self.got.append((headers, body))
        status = b"503 No" if refused else b"200 OK"
        await stream.send_all(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await stream.aclose()


@asynccontextmanager
async def receiving(refusals: int = 0) -> AsyncIterator[Receiver]:
    receiver = Receiver(refusals)
    async with trio.open_nursery() as nursery:
        [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        receiver.port = listener.socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, receiver.serve, [listener])
        yield receiver
        nursery.cancel_scope.cancel()


async def test_an_alert_and_its_end_are_told_signed_and_again_until_they_are_taken() -> None:
    async with receiving(refusals=2) as receiver, open_tested_gateway(settings=LOCAL) as gateway:
        added = await gateway.admin(
            "POST",
            "/api/notifications",
            {"name": "ops", "url": receiver.url, "secret": SECRET, "events": ["no_account"]},
        )
        assert (added["place"], added["signed"]) == (f"127.0.0.1:{receiver.port}", True)
        await _set_all(gateway, "disable")
        await _arrived(receiver, 1)
        await _set_all(gateway, "enable")
        await _arrived(receiver, 2)
        told = [json.loads(body) for _, body in receiver.got]
        assert [(one["type"], one["alert"]["kind"]) for one in told] == [
            ("alert.raised", "no_account"),
            ("alert.cleared", "no_account"),
        ]
        headers, body = receiver.got[0]
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.digest(b"s" * 32, signed, hashlib.sha256)).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"
        listed = await gateway.admin("GET", "/api/notifications")
        assert TOKEN not in str(listed)
        assert SECRET not in str(listed)
        assert listed["channels"][0]["last"]["error"] == ""
        assert TOKEN not in gateway.log.text


async def test_a_channel_is_tried_changed_and_removed() -> None:
    async with receiving(refusals=1) as receiver, open_tested_gateway(settings=LOCAL) as gateway:
        added = await gateway.admin(
            "POST", "/api/notifications", {"name": "chat", "kind": "slack", "url": receiver.url}
        )
        one = f"/api/notifications/{added['id']}"
        assert (await gateway.admin("POST", f"{one}/test"))["status"] == 503
        assert (await gateway.admin("POST", f"{one}/test"))["error"] == ""
        assert list(json.loads(receiver.got[0][1])) == ["text"]
        changed = await gateway.admin("PATCH", one, {"kind": "discord", "enabled": False})
        assert (changed["kind"], changed["enabled"], changed["name"]) == ("discord", False, "chat")
        await gateway.admin("POST", f"{one}/test")
        assert list(json.loads(receiver.got[1][1])) == ["content"]
        await gateway.admin("DELETE", one)
        assert (await gateway.admin("GET", "/api/notifications"))["channels"] == []


async def test_an_address_inside_is_refused_unless_an_operator_allows_it() -> None:
    async with open_tested_gateway() as gateway:
        headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
        for wrong in (
            {"name": "x", "url": "http://127.0.0.1:8080/"},
            {"name": "x", "url": "https://8.8.8.8/", "secret": "short"},
            {"name": "x", "url": "https://8.8.8.8/", "events": ["nothing"]},
        ):
            refused = await gateway.client.post("/api/notifications", json=wrong, headers=headers)
            assert refused.status_code == 400, refused.text
        assert (await gateway.admin("GET", "/api/notifications"))["channels"] == []


def test_a_channel_hears_what_it_wants_and_no_mention_gets_through() -> None:
    alert = Alert(id="a", kind="credits_low", subject="accounts", title="@everyone <@1>", detail="d", since=0.0)
    raised, cleared = (News(type=type_, at=0.0, alert=alert) for type_ in ("alert.raised", "alert.cleared"))
    channel = Channel(id="c", name="c", kind="discord", url="https://x.test", events=("credits_low",), cleared=False)
    assert (wants(channel, raised), wants(channel, cleared)) == (True, False)
    assert not wants(Channel(id="c", name="c", kind="json", url="https://x.test", events=("no_account",)), raised)
    text: str = json.loads(body_of(channel, raised))["content"]
    assert "@everyone" not in text
    assert "<@" not in text


async def _set_all(gateway: TestedGateway, action: str) -> None:
    views: Any = (await gateway.admin("GET", "/api/accounts"))["accounts"]
    assert ADA in str(views)
    await gateway.admin(
        "POST", "/api/accounts/bulk", {"ids": [view["account"]["id"] for view in views], "action": action}
    )


async def _arrived(receiver: Receiver, count: int) -> None:
    while len(receiver.got) < count:
        await trio.sleep(0.01)
