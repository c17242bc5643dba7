"""A session at a gateway over answers that are made up: the ways to a finished clip."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.net.exits import directly
from flow2api.net.guard import NOTHING_PRIVATE
from flow2api.net.message import Downloaded, Headers, Response
from flow2api.providers.base import Stage
from flow2api.providers.calls import Calls, Way
from flow2api.providers.gateway.session import GatewaySession
from flow2api.providers.gateway.shapes import Handle

BASE, KEY = "http://127.0.0.1:3000", "sk-secret-of-a-test"
WAY = Way(title="The gateway", base_url=BASE, headers=(("Authorization", f"Bearer {KEY}"),), secret=KEY)
CONTENT, LINK = f"{BASE}/v1/videos/v1/content", f"{BASE}/files/v1.mp4"


class FakeHttp:
    """Has some things, and answers 404 for all others."""

    def __init__(self, found: Mapping[str, object]) -> None:
        self._found = found
        self.asked: list[str] = []

    async def request(self, method: str, url: str, **_: Any) -> Response:
        body = self._found.get(url, {})
        return Response(
            status=200 if url in self._found else 404, headers=Headers(), body=msgspec.json.encode(body), url=url
        )

    async def download(self, url: str, path: Path, *, headers: object, **_: Any) -> Downloaded:
        assert headers == WAY.headers
        self.asked.append(url)
        status = 200 if url in self._found else 404
        return Downloaded(status=status, mime="", size_bytes=0, headers=Headers(), head=b"", body=b'{"error": "no"}')


def session(http: FakeHttp) -> GatewaySession:
    return GatewaySession(b"{}", Calls(cast("Any", http), WAY, directly, NOTHING_PRIVATE), lambda: 5.0, lambda: 0.0)


def made(url: str | None) -> Made:
    return Made(media_id="v1", context=msgspec.json.encode(Handle("videos", "v1")).decode(), url=url)


@pytest.mark.parametrize(
    ("url", "found", "asked"),
    [
        (None, CONTENT, [CONTENT]),
        (LINK, CONTENT, [CONTENT]),
        (LINK, LINK, [CONTENT, LINK]),
    ],
)
async def test_a_clip_is_fetched_by_its_call_or_else_by_its_link(
    tmp_path: Path, url: str | None, found: str, asked: list[str]
) -> None:
    http = FakeHttp({found: ""})
    await session(http).fetch(made(url), tmp_path / "x")
    assert http.asked == asked


async def test_a_clip_that_is_nowhere_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await session(FakeHttp({})).fetch(made(LINK), tmp_path / "x")
    assert caught.value.kind is FailureKind.MEDIA_GONE


async def test_a_link_in_openai_s_shape_is_kept_as_another_way() -> None:
    http = FakeHttp({f"{BASE}/v1/videos/v1": {"id": "v1", "status": "completed", "video_url": LINK}})
    [check] = await session(http).check([made(None)])
    assert (check.stage, check.made.url) == (Stage.DONE, LINK)


class BillingHttp:
    """A gateway whose billing calls take no key at all, and whose list of models takes ours or none."""

    def __init__(self, models_status: int) -> None:
        self._models_status = models_status

    async def request(self, method: str, url: str, **_: Any) -> Response:
        status = self._models_status if url.endswith("/v1/models") else 401
        return Response(status=status, headers=Headers(), body=b'{"data": []}', url=url)


async def test_a_key_that_may_not_ask_for_the_balance_is_good_all_the_same() -> None:
    assert (await session(cast("Any", BillingHttp(200))).balance()).credits is None


async def test_a_key_that_is_refused_everywhere_is_refused() -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await session(cast("Any", BillingHttp(401))).balance()
    assert caught.value.kind is FailureKind.KEY_REFUSED


async def test_a_wrong_address_is_told_as_such() -> None:
    with pytest.raises(UpstreamFailure, match="no list of models at this address"):
        await session(cast("Any", BillingHttp(404))).sign_in()
