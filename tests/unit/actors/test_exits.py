"""Which proxy an account goes out through, asked without waiting."""

import pytest

from flow2api.actors.captcha import TabCaptcha
from flow2api.actors.exits import ExitBook, Move, OpenExit
from flow2api.actors.tab_pool import TabPoolMessage
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.proxy import ProxyHome, Role, Rotation
from flow2api.errors import ProxyRefused
from flow2api.kit.mailbox import Mailbox


def opened(
    name: str, healthy: bool = True, *, rests: int = 0, role: Role = "requests", enabled: bool = True
) -> OpenExit:
    return OpenExit(name, healthy, rests_in_row=rests, url=url(name), roles=(role,), enabled=enabled)


def url(name: str) -> str:
    return f"http://{name}.test:1"


def book(*exits: OpenExit, rotation: Rotation = "sticky") -> ExitBook:
    made = ExitBook(rotation)
    made.put(exits)
    return made


def test_without_proxies_an_account_goes_out_directly() -> None:
    assert book().exit_for("a1") is None
    assert book().exit_for("a1", "media") is None


def test_each_account_gets_the_least_loaded_proxy_and_keeps_it() -> None:
    exits = book(opened("p1"), opened("p2"))
    assert [exits.exit_for(name) for name in ("a1", "a2", "a3", "a1", "a2")] == [
        *(url("p1"), url("p2"), url("p1"), url("p1"), url("p2"))
    ]
    assert exits.loads == {"p1": 2, "p2": 1}


def test_an_account_leaves_a_resting_proxy_and_stays_with_the_new_one_when_the_old_one_is_back() -> None:
    exits = book(opened("p1"), opened("p2"))
    assert exits.exit_for("a1") == url("p1")
    exits.put([opened("p1", healthy=False), opened("p2")])
    assert exits.exit_for("a1") == url("p2")
    exits.put([opened("p1"), opened("p2")])
    assert exits.exit_for("a1") == url("p2")
    exits.put([opened("p1"), opened("p2", healthy=False)])
    assert exits.exit_for("a1") == url("p1")


def test_an_account_that_was_not_used_meanwhile_does_not_move() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.exit_for("a1")
    exits.put([opened("p1", healthy=False), opened("p2")])
    exits.put([opened("p1"), opened("p2")])
    assert exits.exit_for("a1") == url("p1")


def test_an_account_that_is_fixed_to_a_proxy_comes_back_to_it_after_others_stood_in() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.move("a1", "p2")
    assert exits.exit_for("a1") == url("p2")
    for away in (opened("p2", healthy=False), opened("p2", enabled=False)):
        exits.put([opened("p1"), away])
        assert exits.exit_for("a1") == url("p1")
        assert exits.homes()["a1"] == ProxyHome(proxy_id="p2", fixed=True)
    exits.put([opened("p1"), opened("p2")])
    assert exits.exit_for("a1") == url("p2")


def test_the_pool_chooses_for_an_account_whose_fixed_proxy_is_gone_or_that_is_left_to_it_again() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.move("a1", "p2")
    exits.put([opened("p1")])
    assert exits.homes() == {}
    exits.exit_for("a1")
    assert exits.homes() == {"a1": ProxyHome(proxy_id="p1")}
    exits.move("a1", "p1")
    exits.move("a1", None)
    assert exits.homes() == {}


def test_a_fixed_account_takes_no_part_in_the_turns() -> None:
    exits = book(opened("p1"), opened("p2"), rotation="round_robin")
    exits.move("a1", "p2")
    assert {exits.exit_for("a1") for _ in range(4)} == {url("p2")}
    assert {exits.exit_for("a2") for _ in range(4)} == {url("p1"), url("p2")}
    assert set(exits.homes()) == {"a1"}


def test_a_single_failure_leads_one_call_elsewhere_and_moves_nobody() -> None:
    exits = book(opened("p1"), opened("p2"))
    assert exits.exit_for("a1") == url("p1")
    assert exits.exit_for("a1", avoid=[url("p1")]) == url("p2")
    assert exits.exit_for("a1") == url("p1")


def test_what_is_to_be_avoided_is_given_when_there_is_nothing_else() -> None:
    assert book(opened("p1")).exit_for("a1", avoid=[url("p1")]) == url("p1")


def test_when_all_rest_the_least_bad_one_is_used_and_nobody_moves() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.exit_for("a1")
    exits.put([opened("p1", healthy=False, rests=2), opened("p2", healthy=False, rests=1)])
    assert exits.exit_for("a1") == url("p2")
    assert exits.last_resorts() == {"p2"}
    assert exits.home("a1") == "p1"
    exits.put([opened("p1"), opened("p2")])
    assert exits.last_resorts() == frozenset()


def test_when_all_are_disabled_nothing_goes_out_and_nothing_goes_out_directly() -> None:
    exits = book(opened("p1", enabled=False))
    for role in ("requests", "media"):
        with pytest.raises(ProxyRefused, match="every proxy is disabled"):
            exits.exit_for("a1", role)


def test_a_disabled_proxy_is_not_used_even_when_all_others_rest() -> None:
    assert book(opened("p1", enabled=False), opened("p2", healthy=False)).exit_for("a1") == url("p2")


def test_media_take_the_accounts_own_proxy_unless_they_have_some_of_their_own() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.exit_for("a1")
    exits.exit_for("a2")
    assert exits.exit_for("a2", "media") == exits.exit_for("a2") == url("p2")
    exits.put([opened("p1"), opened("p2"), opened("m1", role="media")])
    assert exits.exit_for("a2", "media") == url("m1")
    assert exits.exit_for("a2") == url("p2")


def test_when_the_proxies_for_media_rest_those_for_requests_stand_in_but_not_the_other_way_round() -> None:
    exits = book(opened("p1"), opened("m1", healthy=False, role="media"))
    assert exits.exit_for("a1", "media") == url("p1")
    assert exits.last_resorts() == frozenset()
    exits.put([opened("p1", healthy=False), opened("m1", role="media")])
    assert exits.exit_for("a1") == url("p1")
    assert exits.last_resorts() == {"p1"}


def test_proxies_for_media_alone_leave_requests_direct() -> None:
    exits = book(opened("m1", role="media"))
    assert exits.exit_for("a1") is None
    assert exits.exit_for("a1", "media") == url("m1")


def test_round_robin_deals_out_healthy_proxies_in_turn() -> None:
    exits = book(opened("p1"), opened("p2", healthy=False), opened("p3"), rotation="round_robin")
    assert [exits.exit_for("a1") for _ in range(4)] == [url("p1"), url("p3"), url("p1"), url("p3")]
    assert exits.loads == {}


def test_an_account_that_is_gone_burdens_nothing() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.exit_for("a1")
    exits.forget("a1")
    exits.forget("nobody")
    assert exits.loads == {}
    assert exits.exit_for("a2") == url("p1")


async def test_moves_are_told_once_and_again_when_they_could_not_be_stored() -> None:
    exits = book(opened("p1"), opened("p2"))
    exits.exit_for("a1")
    exits.exit_for("a2")
    exits.forget("a2")
    await exits.wait_moved()
    moves = exits.take_moves()
    assert set(moves) == {Move("a1", "requests", "p1"), Move("a2", "requests", None)}
    assert exits.take_moves() == []
    exits.give_back(moves)
    await exits.wait_moved()
    assert set(exits.take_moves()) == set(moves)


def test_homes_of_an_earlier_process_count_unless_something_newer_is_known() -> None:
    exits = book(opened("p1"), opened("p2"))
    assert exits.exit_for("a1") == url("p1")
    exits.restore([Move("a1", "requests", "p2"), Move("a2", "requests", "p2"), Move("a3", "requests", "gone")])
    assert [exits.home(name) for name in ("a1", "a2", "a3")] == ["p1", "p2", None]
    assert exits.exit_for("a2") == url("p2")


def test_no_address_is_shown() -> None:
    exits = book(opened("p1"))
    exits.exit_for("a1")
    assert "test:1" not in f"{exits!r} {opened('p1')!r} {exits.take_moves()!r}"


async def test_a_captcha_for_an_account_without_a_usable_proxy_is_not_solved_from_elsewhere() -> None:
    pool: Mailbox[TabPoolMessage] = Mailbox("tabs", 1)
    captcha = TabCaptcha(pool.ref, book(opened("p1", enabled=False)).exit_for)
    with pytest.raises(UpstreamFailure, match="every proxy is disabled") as caught:
        await captcha.token("a1", "IMAGE_GENERATION")
    assert caught.value.kind is FailureKind.CAPTCHA_UNAVAILABLE
    assert pool.ref.statistics().depth == 0
