"""Clips over real connections, through both servers in front of the emulator."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
import trio

from flow2api.emulator.accounts import numbered_accounts
from flow2api.emulator.app import serve_emulator
from flow2api.emulator.core import Emulator
from flow2api.emulator.fast import serve_fast
from flow2api.emulator.faults import Reset
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls
from tests.integration.raw_http import NoReply, RawClient
from tests.unit.emulator.caller import BATCH, COOKIE, context
from tests.unit.emulator.video_caller import STATUS, inspect_clip, status_in, video_request

Serve = Callable[..., Awaitable[None]]
PATIENCE_SECONDS = 90.0
PROJECT = "0f7c2a52-0000-4000-8000-000000000001"


class Served:
    """An emulator that is being served, and a client of its one account."""

    def __init__(self, emulator: Emulator, urls: Urls, client: RawClient) -> None:
        self.emulator, self.urls, self.client = emulator, urls, client
        self.account = next(iter(emulator.accounts))
        self.account.projects[PROJECT] = "Test"
        self.bearer = {"Authorization": f"Bearer {emulator.accounts.access(self.account, emulator.now())}"}
        self.cookie = {"Cookie": f"{COOKIE}={self.account.session_token}"}

    async def order(self, prompt: str = "waves at dusk") -> Any:
        body = {
            "mediaGenerationContext": {"batchId": BATCH},
            "clientContext": context(PROJECT, userPaygateTier=self.account.tier),
            "requests": [video_request(prompt)],
            "useV2ModelConfig": True,
        }
        return await self.client.ask("POST", "/v1/video:batchAsyncGenerateVideoText", body, self.bearer)

    async def statuses(self, *names: str) -> list[str]:
        body = {"media": [{"name": name, "projectId": PROJECT} for name in names]}
        target = "/v1/video:batchCheckAsyncVideoGenerationStatus"
        told = (await self.client.ask("POST", target, body, self.bearer)).json["media"]
        return [status_in(one)["mediaGenerationStatus"].removeprefix(STATUS) for one in told]

    async def fetch(self, name: str) -> Any:
        target = f"/fx/api/trpc/media.getMediaUrlRedirect?name={name}&mediaUrlType=MEDIA_URL_TYPE_FULL_MEDIA"
        led = await self.client.ask("GET", target, headers=self.cookie)
        assert led.status == 307
        return await self.client.ask("GET", led.headers["location"].removeprefix(self.urls.base))


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


@pytest.mark.parametrize("pictures", ["plain", "drawn"])
async def test_a_clip_is_ordered_polled_and_fetched(serve: Serve, pictures: str) -> None:
    async with serving(serve, Knobs().changed({"pictures": pictures})) as served:
        name = (await served.order()).json["media"][0]["name"]
        seen = [await served.statuses(name) for _ in range(3)]
        assert seen == [["PENDING"], ["ACTIVE"], ["SUCCESSFUL"]]
        fetched = await served.fetch(name)
        assert (fetched.status, fetched.headers["content-type"]) == (200, "video/mp4")
        clip = inspect_clip(fetched.body)
        assert (clip.width, clip.height, clip.seconds) == (1280, 720, 8)


async def test_others_are_served_while_a_clip_is_drawn() -> None:
    async with serving(serve_fast, Knobs(pictures="drawn", video_queued=0, video_active=0)) as served:
        name = (await served.order()).json["media"][0]["name"]
        await served.statuses(name)
        other = await RawClient.open(served.urls.base)
        answered_before = 0
        async with other.stream, trio.open_nursery() as nursery:

            async def fetch() -> None:
                assert (await served.fetch(name)).status == 200
                nursery.cancel_scope.cancel()

            nursery.start_soon(fetch)
            while True:
                assert (await other.ask("GET", "/v1/credits", headers=served.bearer)).status == 200
                answered_before += 1
        assert answered_before > 5


async def test_an_order_whose_answer_is_lost_was_accepted(serve: Serve) -> None:
    async with serving(serve) as served:
        served.emulator.faults.next("video", Reset(carried_out=True))
        with pytest.raises(NoReply):
            await served.order("paid for")
        assert served.emulator.ledger.by_prompt("video") == {"paid for": 1}
        assert served.account.credits == 980


async def test_a_path_with_a_colon_and_a_page_are_found_by_both_servers(serve: Serve) -> None:
    async with serving(serve) as served:
        unknown = {"operation": {"operation": {"name": "x"}}}
        check = await served.client.ask("POST", "/v1:runVideoFxCheckConcatenationStatus", unknown, served.bearer)
        assert (check.status, check.json["error"]["status"]) == (404, "NOT_FOUND")
        page = await served.client.ask("GET", f"/fx/tools/flow/project/{PROJECT}", headers=served.cookie)
        assert (page.status, served.account.email.encode() in page.body) == (200, True)
        signed_in = await served.client.ask("GET", f"/_emulator/sign-in/{served.account.email}")
        assert (signed_in.status, signed_in.headers["location"]) == (303, served.urls.page_url)
        assert signed_in.headers["set-cookie"].startswith(f"{COOKIE}={served.account.session_token};")
