"""Both servers in front of the emulator, over real connections."""

import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio
from PIL import Image

from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.faults import AnyFault, CloseAfter, NotJson, Reset, SlowBody, Stall, Truncated
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.plain import plain_jpeg
from flow2api.emulator.serving import Urls
from tests.integration.raw_http import NoReply, RawClient
from tests.unit.emulator.caller import COOKIE, image_body

Serve = Callable[..., Awaitable[None]]
# Far more than any of these tests needs, so that one that hangs ends.
PATIENCE_SECONDS = 90.0


class Served:
    """An emulator that is being served, and the credentials of its one account."""

    def __init__(self, emulator: Emulator, urls: Urls, client: RawClient) -> None:
        self.emulator = emulator
        self.urls = urls
        self.client = client
        self.account = next(iter(emulator.accounts))
        self.access = emulator.accounts.access(self.account, emulator.now())
        self.project = "0f7c2a52-0000-4000-8000-000000000001"
        self.account.projects[self.project] = "Test"

    async def image(self, client: RawClient | None = None) -> Any:
        return await (client or self.client).ask("POST", self.image_target, image_body(self.project), self.bearer)

    @property
    def image_target(self) -> str:
        return f"/v1/projects/{self.project}/flowMedia:batchGenerateImages"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"}


@pytest.fixture(params=[serve_emulator, serve_fast], ids=["quart", "fast"])
def serve(request: pytest.FixtureRequest) -> Serve:
    served: Serve = request.param
    return served


@asynccontextmanager
async def serving(serve: Serve, knobs: Knobs | None = None) -> AsyncIterator[Served]:
    emulator = Emulator(numbered_accounts(1), knobs)
    with trio.fail_after(PATIENCE_SECONDS):
        async with trio.open_nursery() as nursery:
            urls = await nursery.start(partial(serve, emulator))
            client = await RawClient.open(urls.base)
            async with client.stream:
                yield Served(emulator, urls, client)
            nursery.cancel_scope.cancel()


async def test_the_addresses_are_handed_out(serve: Serve) -> None:
    async with serving(serve) as served:
        base = served.urls.base
        assert base.startswith("http://127.0.0.1:")
        assert served.urls.labs_base_url == f"{base}/fx/api"
        assert served.urls.api_base_url == f"{base}/v1"


async def test_a_picture_is_made_and_fetched_over_one_connection(serve: Serve) -> None:
    async with serving(serve) as served:
        session = await served.client.ask(
            "GET", "/fx/api/auth/session", headers={"Cookie": f"{COOKIE}={served.account.session_token}"}
        )
        assert session.json["access_token"] == served.access
        told = (await served.image()).json
        link = told["media"][0]["image"]["generatedImage"]["fifeUrl"]
        assert link.startswith(f"{served.urls.base}/image/")
        fetched = await served.client.ask("GET", link.removeprefix(served.urls.base))
        assert (fetched.status, fetched.headers["content-type"]) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(fetched.body)).size == (1376, 768)


async def test_a_drawn_picture_can_be_fetched_twice(serve: Serve) -> None:
    async with serving(serve, Knobs(pictures="drawn")) as served:
        link = (await served.image()).json["media"][0]["image"]["generatedImage"]["fifeUrl"]
        first, again = [await served.client.ask("GET", link.removeprefix(served.urls.base)) for _ in range(2)]
        picture = Image.open(io.BytesIO(first.body))
        assert (picture.mode, picture.size) == ("RGB", (1376, 768))
        assert first.body == again.body


async def test_a_path_that_begins_with_a_colon_takes_a_large_upload(serve: Serve) -> None:
    async with serving(serve) as served:
        data = plain_jpeg(640, 480, 1, "") + b"\0" * 5_000_000
        body = {
            "imageInput": {
                "rawImageBytes": base64.b64encode(data).decode(),
                "mimeType": "image/jpeg",
                "isUserUploaded": True,
                "aspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
            },
            "clientContext": {"sessionId": ";1750000000000", "tool": "ASSET_MANAGER"},
        }
        reply = await served.client.ask("POST", "/v1:uploadUserImage", body, served.bearer)
        assert reply.status == 200


async def test_errors_and_redirects_keep_their_headers(serve: Serve) -> None:
    async with serving(serve) as served:
        served.account.moved = True
        cookie = {"Cookie": f"{COOKIE}={served.account.session_token}"}
        moved = await served.client.ask("GET", "/fx/api/auth/session", headers=cookie)
        assert (moved.status, moved.headers["location"]) == (308, "https://flow.google.com/")
        unknown = await served.client.ask("GET", "/v1/credits")
        assert (unknown.status, unknown.json["error"]["status"]) == (401, "UNAUTHENTICATED")


async def test_a_reset_ends_the_connection_without_an_answer(serve: Serve) -> None:
    async with serving(serve) as served:
        served.emulator.faults.next("image", Reset(carried_out=True))
        with pytest.raises(NoReply):
            await served.image()
        assert len(served.emulator.ledger.accepted) == 1


async def test_the_fast_server_resets_for_real() -> None:
    async with serving(serve_fast) as served:
        served.emulator.faults.next("image", Reset())
        await served.client.send("POST", served.image_target, image_body(served.project), served.bearer)
        with pytest.raises(trio.BrokenResourceError) as broken:
            await served.client.stream.receive_some()
        assert isinstance(broken.value.__cause__, ConnectionResetError)


@pytest.mark.parametrize(("fault", "share"), [(Truncated(), 0.5), (CloseAfter(10), None), (CloseAfter(0), 0.0)])
async def test_a_cut_answer_announces_more_than_it_brings(serve: Serve, fault: AnyFault, share: float | None) -> None:
    async with serving(serve) as served:
        served.emulator.faults.next("image", fault)
        reply = await served.image()
        announced = int(reply.headers["content-length"])
        assert (reply.status, reply.complete) == (200, False)
        assert len(reply.body) == (10 if share is None else int(announced * share))
        assert await served.client.ended()


async def test_a_slow_body_takes_its_time_and_arrives_whole(serve: Serve) -> None:
    async with serving(serve) as served:
        size = len((await served.client.ask("GET", "/v1/credits", headers=served.bearer)).body)
        served.emulator.faults.next("credits", SlowBody(bytes_per_second=size * 5))
        started = trio.current_time()
        reply = await served.client.ask("GET", "/v1/credits", headers=served.bearer)
        assert trio.current_time() - started > 0.15
        assert (reply.complete, reply.json["credits"]) == (True, 1000)


async def test_html_stands_where_json_is_due(serve: Serve) -> None:
    async with serving(serve) as served:
        served.emulator.faults.next("image", NotJson())
        reply = await served.image()
        assert (reply.status, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert (await served.image()).status == 200


async def test_the_call_of_a_client_that_leaves_is_given_up(serve: Serve) -> None:
    async with serving(serve) as served:
        served.emulator.faults.next("image", Stall(3600))
        leaving = await RawClient.open(served.urls.base)
        await leaving.send("POST", served.image_target, image_body(served.project), served.bearer)
        key = (served.account.email, "image")
        while served.emulator.ledger.running[key] == 0:
            await trio.sleep(0.001)
        await leaving.stream.aclose()
        while served.emulator.ledger.running[key] == 1:
            await trio.sleep(0.001)
        assert served.emulator.ledger.calls("image")[0].status == 0


async def test_many_connections_are_served_side_by_side(serve: Serve) -> None:
    async with serving(serve, Knobs(image_latency_seconds=0.2)) as served:
        statuses = []

        async def one() -> None:
            client = await RawClient.open(served.urls.base)
            async with client.stream:
                statuses.append((await served.image(client)).status)

        async with trio.open_nursery() as nursery:
            for _ in range(30):
                nursery.start_soon(one)
        assert statuses == [200] * 30
        assert served.emulator.ledger.peak(served.account.email, "image") > 5


async def test_the_control_routes_answer_over_http(serve: Serve) -> None:
    async with serving(serve) as served:
        planned = {"call": "image", "fault": {"type": "status", "status": 503}}
        assert (await served.client.ask("POST", "/_emulator/faults", planned)).status == 200
        assert (await served.image()).status == 503
        state = (await served.client.ask("GET", "/_emulator/state")).json
        assert (state["calls"]["image"], state["accepted"]) == (1, 0)


async def test_a_connection_that_the_client_wants_closed_is_closed(serve: Serve) -> None:
    async with serving(serve) as served:
        reply = await served.client.ask("GET", "/v1/credits", headers=served.bearer | {"Connection": "close"})
        assert (reply.status, reply.complete) == (200, True)
        assert await served.client.ended()


async def test_what_is_not_http_is_turned_away(serve: Serve) -> None:
    async with serving(serve) as served:
        stranger = await RawClient.open(served.urls.base)
        async with stranger.stream:
            await stranger.stream.send_all(b"\x16\x03\x01 hello\r\n\r\n")
            received = await stranger.stream.receive_some()
            assert b"200" not in received
        assert (await served.image()).status == 200
