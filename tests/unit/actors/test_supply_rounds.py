"""The rounds over proxies and captcha tabs say what they found."""

from typing import Any, cast

import pytest
import trio

from flow2api.actors.chore import ChoreFailed
from flow2api.actors.proxy_messages import ListProxies, ProxyTest, TestProxy
from flow2api.actors.supply_rounds import SupplyRounds
from flow2api.domain.proxy import Health, Proxy, ProxyState, ProxyView
from flow2api.errors import Code, Failure
from flow2api.kit.errors import ActorStopped


class Pool:
    """Answers for both actors."""

    def __init__(self, closed: int | Exception = 0, **tests: ProxyTest | Failure) -> None:
        self._closed = closed
        self._tests = tests

    async def ask(self, message: object) -> Any:
        await trio.lowlevel.checkpoint()
        if isinstance(message, ListProxies):
            proxies = [
                Proxy(id=name, place=f"http://{name}:1", roles=("requests",), origin="operator") for name in self._tests
            ]
            return [ProxyView(proxy=proxy, state=ProxyState.HEALTHY, health=Health()) for proxy in proxies]
        answer = self._tests[message.proxy_id] if isinstance(message, TestProxy) else self._closed
        if isinstance(answer, Exception):
            raise answer
        return answer


def rounds(pool: Pool) -> SupplyRounds:
    return SupplyRounds(cast("Any", pool), cast("Any", pool))


GOOD = ProxyTest(ok=True, seconds=0.1)


async def test_good_proxies_are_counted_and_none_are_passed_over_in_silence() -> None:
    assert await rounds(Pool(a=GOOD, b=GOOD)).check_proxies() == "2 checked"
    assert await rounds(Pool()).check_proxies() == ""


async def test_a_bad_proxy_makes_the_round_fail_with_its_reason() -> None:
    with pytest.raises(ChoreFailed, match="1 of 2 do not work: refused us"):
        await rounds(Pool(a=GOOD, b=ProxyTest(ok=False, seconds=0.1, error="refused us"))).check_proxies()


async def test_a_proxy_that_is_taken_out_meanwhile_is_nobodys_fault() -> None:
    assert await rounds(Pool(a=Failure(Code.NOT_FOUND, "gone"))).check_proxies() == "1 checked"


async def test_closed_tabs_are_counted_and_a_parked_pool_is_told() -> None:
    assert await rounds(Pool(closed=2)).close_idle_tabs() == "2 closed"
    assert await rounds(Pool()).close_idle_tabs() == ""
    with pytest.raises(ChoreFailed, match="not running"):
        await rounds(Pool(closed=ActorStopped("captcha tabs"))).close_idle_tabs()
