"""Calls that change to another exit when theirs could not be entered."""

from collections.abc import Collection

import pytest

from flow2api.errors import AddressForbidden, ConnectionBroken, NetworkFault, ProxyRefused, TlsRefused, Unreachable
from flow2api.net.detour import EXITS_PER_CALL, with_detours
from flow2api.net.exits import directly

EXITS = ["http://one:1", "http://two:2", "http://three:3", "http://four:4"]


class Way:
    """Gives the exits in order, and fails over those that have a fault."""

    def __init__(self, *exits: str, **faults: NetworkFault) -> None:
        self.exits = exits
        self.faults = faults
        self.asked: list[str | None] = []

    def choose(self, avoid: Collection[str] = ()) -> str | None:
        return next((url for url in self.exits if url not in avoid), self.exits[0] if self.exits else None)

    async def ask(self, exit_url: str | None) -> str:
        self.asked.append(exit_url)
        fault = self.faults.get((exit_url or "").removeprefix("http://").partition(":")[0])
        if fault is not None:
            raise fault
        return "answer"


@pytest.mark.parametrize("fault", [ProxyRefused("x"), Unreachable("x"), TlsRefused("x")])
async def test_a_call_of_which_nothing_was_sent_is_made_over_another_exit(fault: NetworkFault) -> None:
    way = Way(*EXITS, one=fault)
    assert await with_detours(way.choose, way.ask) == "answer"
    assert way.asked == EXITS[:2]


async def test_a_call_that_may_have_been_sent_is_never_repeated() -> None:
    way = Way(*EXITS, one=ConnectionBroken("x"))
    with pytest.raises(ConnectionBroken):
        await with_detours(way.choose, way.ask)
    assert way.asked == EXITS[:1]


async def test_a_forbidden_address_is_forbidden_everywhere() -> None:
    way = Way(*EXITS, one=AddressForbidden("x"))
    with pytest.raises(AddressForbidden):
        await with_detours(way.choose, way.ask)
    assert way.asked == EXITS[:1]


async def test_so_many_exits_are_tried_and_no_more() -> None:
    way = Way(*EXITS, one=ProxyRefused("x"), two=ProxyRefused("x"), three=ProxyRefused("last"))
    with pytest.raises(ProxyRefused, match="last"):
        await with_detours(way.choose, way.ask)
    assert way.asked == EXITS[:EXITS_PER_CALL]


async def test_no_exit_is_tried_twice() -> None:
    way = Way(*EXITS[:1], one=ProxyRefused("x"))
    with pytest.raises(ProxyRefused):
        await with_detours(way.choose, way.ask)
    assert way.asked == EXITS[:1]


async def test_a_direct_call_has_no_other_way() -> None:
    asked: list[str | None] = []

    async def ask(exit_url: str | None) -> None:
        asked.append(exit_url)
        raise Unreachable("x")

    with pytest.raises(Unreachable):
        await with_detours(directly, ask)
    assert asked == [None]


async def test_a_choice_that_finds_nothing_ends_the_call() -> None:
    def nothing(avoid: Collection[str] = ()) -> str | None:
        raise ProxyRefused("every proxy is disabled")

    with pytest.raises(ProxyRefused, match="disabled"):
        await with_detours(nothing, Way().ask)
