"""A session of fal over answers that are made up: what is done with the answer for a result."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.net.exits import directly
from flow2api.net.guard import NOTHING_PRIVATE
from flow2api.net.message import Headers, Response
from flow2api.providers.base import Check, Stage
from flow2api.providers.calls import Calls, Way
from flow2api.providers.fal.handles import handles
from flow2api.providers.fal.session import FalSession, Hosts
from flow2api.providers.fal.wire import Submitted

KEY, QUEUE = "fal-id:secret-of-a-test", "https://queue.example"
WAY = Way(title="fal", base_url=QUEUE, headers=(("Authorization", f"Key {KEY}"),), secret=KEY)
STATUS, RESULT = f"{QUEUE}/x/requests/r1/status", f"{QUEUE}/x/requests/r1"
DONE: dict[str, Any] = {"status": "COMPLETED"}
FAILED: dict[str, Any] = {"status": "COMPLETED", "error": "it broke", "error_type": "runner_server_error"}
LOCKED = {"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."}


class FakeHttp:
    """Answers to the status and to the result of the only request."""

    def __init__(self, status: object, result: object, result_status: int) -> None:
        self._status, self._result, self._result_status = status, result, result_status
        self.asked: list[str] = []

    async def request(self, method: str, url: str, **_: Any) -> Response:
        self.asked.append(url)
        result = url == RESULT
        body = msgspec.json.encode(self._result if result else self._status)
        headers = Headers([("x-fal-request-id", "r1")])
        return Response(status=self._result_status if result else 200, headers=headers, body=body, url=url)


def made(status_url: str = STATUS) -> Made:
    return handles(Submitted("r1", status_url, RESULT, f"{RESULT}/cancel"), 1, QUEUE)[0]


async def check(
    status: object, result: object, result_status: int = 200, asked: Sequence[Made] | None = None
) -> list[Check]:
    http = FakeHttp(status, result, result_status)
    calls = Calls(cast("Any", http), WAY, directly, NOTHING_PRIVATE)
    session = FalSession(b"{}", Hosts(calls, calls, calls, QUEUE, 5.0), lambda: 0.0)
    return await session.check(asked or [made()])


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"detail": "no"}, FailureKind.KEY_REFUSED),
        (403, LOCKED, FailureKind.BALANCE_EMPTY),
        (403, {"detail": "User is locked."}, FailureKind.ACCOUNT_BLOCKED),
        (403, {"detail": "Forbidden"}, FailureKind.MODEL_GONE),
        (429, {"detail": "slow down"}, FailureKind.THROTTLED),
        (503, {"detail": "later"}, FailureKind.UPSTREAM_FAULT),
    ],
)
async def test_what_is_wrong_with_the_key_or_passes_is_no_end_of_a_result_that_was_paid_for(
    status: int, body: object, kind: FailureKind
) -> None:
    with pytest.raises(UpstreamFailure) as caught:
        await check(DONE, body, status)
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, {"detail": [{"type": "content_policy_violation", "msg": "no", "loc": ["body"]}]}, "content_refused"),
        (404, {"detail": "Request not found"}, "media_gone"),
        (422, {"detail": [{"type": "value_error", "msg": "no", "loc": ["body"]}]}, "request_rejected"),
    ],
)
async def test_a_request_that_made_nothing_has_failed(status: int, body: object, kind: str) -> None:
    [found] = await check(DONE, body, status)
    assert found.failure is not None
    assert (found.stage, found.failure.kind) == (Stage.FAILED, kind)


@pytest.mark.parametrize(("status", "body"), [(503, {"detail": "later"}), (403, LOCKED)])
async def test_a_request_of_which_the_status_says_that_it_failed_has_failed_for_that_reason(
    status: int, body: object
) -> None:
    [found] = await check(FAILED, body, status)
    assert found.stage is Stage.FAILED
    assert found.failure is not None
    assert found.failure.kind is FailureKind.UPSTREAM_FAULT


@pytest.mark.parametrize(
    "result",
    [
        {"images": [{"url": "https://cdn.example/1", "width": 10, "height": 20}]},
        {"image": {"url": "https://cdn.example/1"}},
        {"video": {"url": "https://cdn.example/1"}},
    ],
)
async def test_a_result_has_its_link(result: object) -> None:
    [found] = await check(DONE, result)
    assert (found.stage, found.made.url) == (Stage.DONE, "https://cdn.example/1")


async def test_a_link_that_has_a_query_already_gets_no_second_one() -> None:
    http = FakeHttp({"status": "IN_QUEUE"}, {}, 200)
    calls = Calls(cast("Any", http), WAY, directly, NOTHING_PRIVATE)
    await FalSession(b"{}", Hosts(calls, calls, calls, QUEUE, 5.0), lambda: 0.0).check([made(f"{STATUS}?a=b")])
    assert http.asked == [f"{STATUS}?a=b&logs=1"]


async def test_a_log_that_quotes_the_key_at_the_place_where_it_is_cut_shows_none_of_it() -> None:
    line = "x" * 190 + KEY
    [found] = await check({"status": "IN_PROGRESS", "logs": [{"message": line}]}, {})
    assert "secret" not in found.note
    assert "fal-id" not in found.note


class BillingHttp:
    """A billing call that takes no key but an administrator's, and a check of the key that takes ours or none."""

    def __init__(self, status: int) -> None:
        self._status = status

    async def request(self, method: str, url: str, **_: Any) -> Response:
        status = self._status if "auth/token" in url else 401
        return Response(status=status, headers=Headers(), body=b"{}", url=url)


@pytest.mark.parametrize("status", [200, 401])
async def test_only_a_key_that_fails_its_check_too_is_refused_for_the_balance(status: int) -> None:
    calls = Calls(cast("Any", BillingHttp(status)), WAY, directly, NOTHING_PRIVATE)
    session = FalSession(b"{}", Hosts(calls, calls, calls, QUEUE, 5.0), lambda: 0.0)
    if status == 200:
        assert (await session.balance()).credits is None
        return
    with pytest.raises(UpstreamFailure) as caught:
        await session.balance()
    assert caught.value.kind is FailureKind.KEY_REFUSED
