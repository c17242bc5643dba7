"""The emulator's own routes."""

import msgspec
import pytest

from flow2api.emulator.exchange import Answer, Asked
from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import Caller, new_caller, said


async def control(caller: Caller, method: str, path: str, body: object = None) -> Answer:
    return await caller.ask(method, f"/_emulator/{path}", body, cookie="", authorization="")


async def test_the_state_tells_counters_and_accounts() -> None:
    caller = await new_caller()
    await caller.image()
    state = said(await control(caller, "GET", "state"))
    assert state["calls"] == {"session": 1, "project": 1, "image": 1}
    assert (state["accepted"], state["accepted_by_account"]) == (1, {"ada@example.org": 1})
    assert state["accounts"][0]["session_token"] == caller.account.session_token
    assert {"account": "ada@example.org", "call": "image", "peak": 1} in state["peaks"]


async def test_calls_and_accepted_generations_can_be_read() -> None:
    caller = await new_caller()
    await caller.image("a red apple")
    (call,) = said(await control(caller, "GET", "calls?call=image"))
    assert (call["account"], call["status"]) == ("ada@example.org", 200)
    assert msgspec.json.decode(call["body"])["requests"][0]["seed"] == 305830
    (accepted,) = said(await control(caller, "GET", "accepted"))
    assert (accepted["prompt"], accepted["account"], accepted["at"]) == ("a red apple", "ada@example.org", 1750000000.0)


async def test_faults_can_be_planned_and_forgotten() -> None:
    caller = await new_caller()
    planned = {"call": "image", "fault": {"type": "status", "status": 500}, "times": 3}
    assert len(said(await control(caller, "POST", "faults", planned))["faults"]) == 1
    assert (await caller.image()).status == 500
    assert (await control(caller, "POST", "faults", planned | {"call": "picture"})).status == 400
    assert said(await control(caller, "DELETE", "faults"))["faults"] == []
    assert (await caller.image()).status == 200


async def test_accounts_can_be_added_changed_and_logged_out() -> None:
    caller = await new_caller()
    added = said(await control(caller, "POST", "accounts", {"email": "bob@example.org", "credits": 5}))
    bob = await Caller(caller.emulator, caller.emulator.accounts["bob@example.org"]).sign_in()
    assert added["session_token"] == bob.account.session_token
    said(await control(caller, "PATCH", "accounts/bob@example.org", {"tier": "PAYGATE_TIER_TWO"}))
    assert bob.account.tier == "PAYGATE_TIER_TWO"
    said(await control(caller, "POST", "accounts/bob@example.org/expire"))
    assert (await bob.image()).status == 401
    assert (await control(caller, "POST", "accounts/nobody@example.org/expire")).status == 404


async def test_knobs_can_be_changed_but_not_to_nonsense() -> None:
    caller = await new_caller()
    changed = said(await control(caller, "PATCH", "knobs", {"captcha": "required"}))
    assert changed["captcha"] == "required"
    assert (await control(caller, "PATCH", "knobs", {"captcha": "maybe"})).status == 400
    assert (await control(caller, "PATCH", "knobs", {"volume": 11})).status == 400
    assert caller.emulator.knobs == Knobs(captcha="required")


async def test_tokens_can_be_minted_and_registered() -> None:
    caller = await new_caller(Knobs(captcha="required"))
    minted = said(await control(caller, "POST", "tokens", {}))["token"]
    said(await control(caller, "POST", "tokens", {"action": "IMAGE_GENERATION", "token": "from-a-page"}))
    assert [(await caller.image(token=token)).status for token in (minted, "from-a-page", minted)] == [200, 200, 403]


async def test_a_reset_forgets_everything_but_the_first_accounts() -> None:
    caller = await new_caller()
    await control(caller, "POST", "accounts", {"email": "bob@example.org"})
    await control(caller, "PATCH", "knobs", {"captcha": "required"})
    await caller.image(token="tok:IMAGE_GENERATION:1")
    told = said(await control(caller, "POST", "reset"))
    assert [account["email"] for account in told["accounts"]] == ["ada@example.org"]
    assert caller.emulator.ledger.accepted == []
    assert caller.emulator.knobs == Knobs()
    await caller.sign_in()
    assert (await caller.image()).status == 200


@pytest.mark.parametrize(("peer", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403)])
async def test_only_the_own_machine_may_control(peer: str, status: int) -> None:
    caller = await new_caller()
    asked = Asked(method="GET", path="/_emulator/state", query={}, headers={}, body=b"", base="", peer=peer)
    assert (await caller.emulator.answer(asked)).status == status


async def test_a_request_for_nothing_is_recorded_all_the_same() -> None:
    caller = await new_caller()
    assert (await caller.ask("GET", "/v1/nothing")).status == 404
    assert [seen.path for seen in caller.emulator.ledger.calls("unknown")] == ["/v1/nothing"]
