"""The pool of proxies under the whole gateway: the service is known by name to the proxies alone, and they die and come back."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trio

from flow2api.app import open_gateway
from flow2api.config import ConfigError, load_config
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.serving import Urls, urls_under
from flow2api.errors import Code
from tests.doubles.gateway import TestedGateway, error_of, open_tested_gateway, people
from tests.doubles.proxy import Faults, ProxyDouble, open_proxy
from tests.integration.test_net_dial import Names

LOGIN = ("joe", "hunter2hunter2")
FOUR = ("ada@example.org", "bob@example.org", "cyd@example.org", "dan@example.org")
# So that a rest is over while a test is still running.
QUICK_POOL: Mapping[str, object] = {"proxy.rest_seconds": 0.1, "proxy.check_seconds": 0.1}
LIMIT_SECONDS = 240.0


@dataclass
class Proxied:
    """A running gateway and its proxies."""

    gateway: TestedGateway
    proxies: list[ProxyDouble]
    media_proxies: list[ProxyDouble]

    async def generate(self, count: int, done: "Goal | None" = None) -> list[httpx.Response]:
        """So many pictures at once; `done` hears of each."""
        answers: list[httpx.Response] = []

        async def ask(number: int) -> None:
            answers.append(await self.gateway.chat(f"picture {number}"))
            if done is not None:
                done.count()

        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(ask, number)
        return answers

    def accounts_served(self) -> Counter[str]:
        """Generations that the service took, each of which would have been paid, by account."""
        return Counter(one.account for one in self.gateway.emulator.ledger.accepted)

    def accepted(self) -> int:
        return self.accounts_served().total()


class Goal:
    """Reached when so many were counted."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._reached = trio.Event()
        self.wait = self._reached.wait

    def count(self) -> None:
        self._left -= 1
        if self._left <= 0:
            self._reached.set()


@asynccontextmanager
async def open_proxied(
    *schemes: str,
    media: int = 0,
    emails: tuple[str, ...] = FOUR,
    knobs: Knobs | None = None,
    settings: Mapping[str, object] = QUICK_POOL,
) -> AsyncIterator[Proxied]:
    """A gateway with a proxy for each scheme, and some for media. Its service has a name that is resolved nowhere but there."""
    trio.socket.set_custom_hostname_resolver(Names())
    async with AsyncExitStack() as stack:
        proxies = [await stack.enter_async_context(open_proxy(login=LOGIN)) for _ in schemes]
        others = [await stack.enter_async_context(open_proxy(login=LOGIN)) for _ in range(media)]

        def placed(urls: Urls) -> Mapping[str, object]:
            for proxy in (*proxies, *others):
                proxy.upstream = urlsplit(urls.base).port
            far = urls_under("http://flow.test")
            return {
                "flow.labs_base_url": far.labs_base_url,
                "flow.api_base_url": far.api_base_url,
                "proxy.urls": tuple(proxy.url(scheme, LOGIN) for proxy, scheme in zip(proxies, schemes, strict=True)),
                "proxy.media_urls": tuple(proxy.url("http", LOGIN) for proxy in others),
                **settings,
            }

        accounts = people(*emails)
        async with open_tested_gateway(accounts, knobs=knobs, settings=placed, limit_seconds=LIMIT_SECONDS) as tested:
            yield Proxied(tested, proxies, others)
        assert LOGIN[1] not in tested.log.text


def statuses(answers: list[httpx.Response]) -> dict[int, int]:
    """How many answers there were of each status."""
    found = [answer.status_code for answer in answers]
    return {status: found.count(status) for status in set(found)}


async def test_a_hundred_jobs_outlive_the_death_of_their_proxy_which_rests_and_returns() -> None:
    async with open_proxied("http", "socks5h", "http") as world:
        first, *others = world.proxies
        under_way = Goal(30)
        answers: list[httpx.Response] = []

        async def ask() -> None:
            answers.extend(await world.generate(100, under_way))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await under_way.wait()
            await first.retire()
            before = world.accounts_served()
            assert before.total() < 100
        assert statuses(answers) == {200: 100}
        assert world.accounts_served().total() == 100
        # Those whose proxy it was went on over the others.
        assert set(world.accounts_served() - before) == set(FOUR)
        assert "a proxy rests" in world.gateway.log.text

        await first.revive()
        checked = len(first.targets) + 1
        await first.wait_target(checked)
        for proxy in others:
            await proxy.kill()
        assert statuses(await world.generate(8)) == {200: 8}
        assert len(first.targets) > checked
        assert "a proxy is back" in world.gateway.log.text


async def test_a_proxy_that_dies_under_paid_calls_costs_those_alone_and_nothing_is_paid_twice() -> None:
    async with open_proxied("http", "socks5h", knobs=Knobs(image_latency_seconds=0.05)) as world:
        under_way = Goal(10)
        answers: list[httpx.Response] = []

        async def ask() -> None:
            answers.extend(await world.generate(40, under_way))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            await under_way.wait()
            await world.proxies[0].kill()
        lost = [answer for answer in answers if answer.status_code != 200]
        assert {error_of(answer)["code"] for answer in lost} <= {Code.OUTCOME_UNKNOWN.value}
        # Two accounts with two slots each went out through it.
        assert len(lost) <= 4
        assert world.accepted() <= 40
        prompts = [one.prompt for one in world.gateway.emulator.ledger.accepted]
        assert len(prompts) == len(set(prompts))


async def test_one_job_outlives_the_death_of_all_proxies_but_one_without_using_up_a_try() -> None:
    settings = {**QUICK_POOL, "jobs.max_submits": 1}
    async with open_proxied("http", "socks5h", "http", emails=FOUR[:1], settings=settings) as world:
        assert statuses(await world.generate(1)) == {200: 1}
        for proxy in world.proxies[:2]:
            await proxy.kill()
        assert statuses(await world.generate(1)) == {200: 1}
        assert world.accepted() == 2


@pytest.mark.parametrize("faults", [Faults(refuse=True), Faults(drop=True), Faults(garbage=True)])
async def test_a_proxy_that_turns_bad_is_left_while_it_is_still_there(faults: Faults) -> None:
    settings = {**QUICK_POOL, "proxy.rest_seconds": 1800.0}
    async with open_proxied("http", "socks5h", settings=settings) as world:
        await world.generate(4)
        world.proxies[0].faults = faults
        world.proxies[0].cut()
        assert statuses(await world.generate(12)) == {200: 12}
        assert "a proxy rests" in world.gateway.log.text


async def test_without_any_proxy_that_works_nothing_goes_out_and_the_caller_is_told() -> None:
    async with open_proxied("http", "socks5h", emails=FOUR[:1]) as world:
        assert statuses(await world.generate(1)) == {200: 1}
        for proxy in world.proxies:
            await proxy.kill()
        [answer] = await world.generate(1)
        assert (answer.status_code, error_of(answer)["code"]) == (503, Code.UPSTREAM_UNREACHABLE.value)
        assert world.accepted() == 1
        assert "every proxy rests" in world.gateway.log.text
        await world.proxies[1].revive()
        await world.proxies[1].wait_target(len(world.proxies[1].targets) + 1)
        assert statuses(await world.generate(1)) == {200: 1}


async def test_media_come_through_their_own_proxies_and_through_the_others_when_those_are_gone() -> None:
    async with open_proxied("http", media=1, emails=FOUR[:1]) as world:
        [requests], [media] = world.proxies, world.media_proxies
        assert statuses(await world.generate(1)) == {200: 1}
        assert media.targets
        await media.kill()
        # A check of all exits may have gone through it beside the picture.
        passed, accepted = len(requests.targets), media.accepted
        assert statuses(await world.generate(1)) == {200: 1}
        assert len(requests.targets) >= passed
        assert media.accepted == accepted


async def test_a_service_on_this_machine_is_reached_directly() -> None:
    async with (
        open_proxy() as proxy,
        open_tested_gateway(settings={"proxy.urls": (proxy.url("http"),)}) as tested,
    ):
        assert (await tested.chat()).status_code == 200
        assert proxy.accepted == 0


async def test_a_proxy_that_cannot_be_read_is_told_at_the_start_without_its_password(tmp_path: Path) -> None:
    flags = {
        "proxy.urls": ("http://fine.test:1", "http://joe:hunter2hunter2@x.test"),
        "storage.data_dir": str(tmp_path),
    }
    (tmp_path / "setting.toml").touch()
    resolved = load_config(tmp_path / "setting.toml", {}, {}, flags=flags)
    with pytest.raises(ConfigError, match=r"proxy\.urls, number 2: the proxy has no host and port") as caught:
        async with open_gateway(resolved, {}):
            pass
    assert LOGIN[1] not in str(caught.value)
