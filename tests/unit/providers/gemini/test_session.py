"""A session of the Gemini API over answers that are made up."""

import json
from typing import Any, cast

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made
from flow2api.net.exits import directly
from flow2api.net.guard import NOTHING_PRIVATE
from flow2api.net.message import Headers, Response
from flow2api.providers.base import Order, Prepared
from flow2api.providers.calls import Calls, Way
from flow2api.providers.gemini.session import GeminiSession

KEY = "AIza-secret-of-a-test"
WAY = Way(title="the Gemini API", base_url="https://x.example", headers=(("x-goog-api-key", KEY),), secret=KEY)


class FakeHttp:
    """Answers everything alike."""

    def __init__(self, answer: object) -> None:
        self._body = json.dumps(answer).encode()

    async def request(self, method: str, url: str, **_: Any) -> Response:
        return Response(status=200, headers=Headers(), body=self._body, url=url)


def session(answer: object) -> GeminiSession:
    return GeminiSession(Calls(cast("Any", FakeHttp(answer)), WAY, directly, NOTHING_PRIVATE), b"{}", lambda: 5.0)


def wanted() -> Generation:
    usual: dict[str, Any] = {
        "provider": "gemini",
        "upstream_model": "m",
        "aspect_ratio": "1:1",
        "model": "m",
        "prompt": "x",
    }
    return Generation(**usual, kind="image", how={"call": "content"})


async def test_a_clip_that_failed_is_told_without_the_key() -> None:
    answer = {"name": "models/v/operations/1", "done": True, "error": {"code": 3, "message": f"{KEY} may not"}}
    [check] = await session(answer).check([Made(media_id="models/v/operations/1")])
    assert check.failure is not None
    assert check.failure.kind is FailureKind.REQUEST_REJECTED
    assert "*** may not" in check.failure.message


async def test_what_a_model_says_in_place_of_a_picture_is_told_without_the_key() -> None:
    said = {"candidates": [{"finishReason": "NO_IMAGE", "content": {"parts": [{"text": f"your key is {KEY}"}]}}]}
    with pytest.raises(UpstreamFailure, match=r"your key is \*\*\*"):
        await session(said).begin(Prepared(order=Order(job_id="j", generation=wanted()), context=""), "")


@pytest.mark.parametrize(
    "operation",
    [
        {"error": {"code": 3, "message": f"{'x' * 290}{KEY}"}},
        {"response": {"generateVideoResponse": {"raiMediaFilteredReasons": [f"{'x' * 290}{KEY}"]}}},
    ],
)
async def test_a_key_at_the_place_where_a_message_is_cut_is_not_told_in_part(operation: dict[str, Any]) -> None:
    [check] = await session({"name": "n", "done": True, **operation}).check([Made(media_id="models/v/operations/1")])
    assert check.failure is not None
    assert "AIza" not in check.failure.message


async def test_why_a_prompt_was_blocked_is_told_in_the_words_of_the_service() -> None:
    said = {"promptFeedback": {"blockReason": "JAILBREAK", "blockReasonMessage": "It tries to get around the rules."}}
    with pytest.raises(UpstreamFailure, match=r"JAILBREAK: It tries to get around the rules\.") as caught:
        await session(said).begin(Prepared(order=Order(job_id="j", generation=wanted()), context=""), "")
    assert caught.value.kind is FailureKind.CONTENT_REFUSED
