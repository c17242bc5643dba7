"""Addresses of the service are told as they are set, and asked for an answer only where that is wanted."""

import time
from collections.abc import Sequence
from email.utils import formatdate

import pytest

from flow2api.cli.checks import reach
from flow2api.config import Config, FalConfig, FlowConfig, GeminiConfig, ProxyConfig
from flow2api.errors import ResponseTooLarge, Unreachable
from flow2api.net.message import Headers, Limits, Response

FLOW = FlowConfig(
    labs_base_url="https://one.example", api_base_url="https://two.example", page_url="https://three.example"
)
FAL = FalConfig(
    queue_base_url="https://q.example", storage_base_url="https://s.example", billing_base_url="https://b.example"
)
CONFIG = Config(flow=FLOW, fal=FAL, gemini=GeminiConfig(base_url="https://four.example"))
PLACES = ("one", "two", "three", "four", "q", "s", "b")


class FakeHttp:
    """Answers everything in the same way."""

    def __init__(self, answer: Exception | None = None, ahead: float | None = None) -> None:
        self._answer = answer
        self._headers = [] if ahead is None else [("Date", formatdate(time.time() + ahead, usegmt=True))]
        self.asked: list[tuple[str, str | None, int]] = []

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Sequence[tuple[str, str]] = (),
        body: bytes = b"",
        exit_url: str | None = None,
        limits: Limits | None = None,
    ) -> Response:
        self.asked.append((url, exit_url, len(headers) + len(body)))
        if self._answer is not None:
            raise self._answer
        return Response(status=404, headers=Headers(self._headers), body=b"", url=url)


def test_the_addresses_of_the_service_are_told() -> None:
    told = [(found.result, found.found) for found in reach.addresses(CONFIG)]
    assert told[:3] == [
        ("good", "flow.labs_base_url is https://one.example"),
        ("good", "flow.api_base_url is https://two.example"),
        ("good", "flow.page_url is https://three.example"),
    ]
    assert ("good", "gemini.base_url is https://four.example") in told
    assert len(told) == len(PLACES)


@pytest.mark.parametrize(
    ("url", "result"),
    [("http://127.0.0.1:1/v1", "good"), ("http://far.example/v1", "advice"), ("https://me@far.example/v1", "broken")],
)
def test_an_address_that_credentials_should_not_go_to_is_told(url: str, result: str) -> None:
    found = [*reach.addresses(Config(flow=FlowConfig(api_base_url=url)))][1]
    assert found.result == result


async def test_every_address_is_asked_once_without_anything_secret() -> None:
    http = FakeHttp()
    findings = await reach.online(CONFIG, http)
    assert {found.result for found in findings} == {"good"}
    assert "answers with status 404" in findings[0].found
    assert sorted(http.asked) == sorted((f"https://{place}.example", None, 0) for place in PLACES)


async def test_with_proxies_nothing_is_asked_directly() -> None:
    http = FakeHttp()
    await reach.online(Config(proxy=ProxyConfig(urls=("http://proxy:1", "http://other:2"))), http)
    assert {exit_url for _, exit_url, _ in http.asked} == {"http://proxy:1"}


async def test_an_address_that_does_not_answer_is_broken_and_that_of_a_service_beside_the_usual_one_a_remark() -> None:
    findings = await reach.online(CONFIG, FakeHttp(Unreachable("no route")))
    told = {(found.result, found.found.partition(".")[0], "no route" in found.found) for found in findings}
    assert told == {("broken", "flow", True), ("advice", "gemini", True), ("advice", "fal", True)}


async def test_a_large_answer_is_an_answer() -> None:
    findings = await reach.online(CONFIG, FakeHttp(ResponseTooLarge("too large")))
    assert {found.result for found in findings} == {"good"}


@pytest.mark.parametrize(
    ("ahead", "result", "words"),
    [(0, "good", "agrees"), (3600, "broken", "behind the service's"), (-3600, "broken", "ahead of the service's")],
)
async def test_a_clock_that_differs_from_the_services_is_broken(ahead: float, result: str, words: str) -> None:
    *_, clock = await reach.online(CONFIG, FakeHttp(ahead=ahead))
    assert (clock.check, clock.result, words in clock.found) == ("clock online", result, True)
