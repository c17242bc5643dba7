"""The running instance and its accounts: each state has its words and its next step."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flow2api.cli.checks import gateway
from flow2api.cli.checks.finding import Finding
from flow2api.cli.wiring import Wiring
from flow2api.config import ServerConfig
from flow2api.domain.account import Account, AccountState, Standing
from flow2api.errors import Unreachable
from flow2api.instance import InstanceLock
from flow2api.log import Secret
from tests.unit.cli.stage import Stage

ANY_PORT = ServerConfig(port=0)
HEALTH = {"status": "ok", "version": "1.2.3"}


async def look(stage: Stage, folder: Path) -> list[Finding]:
    wiring = Wiring(lambda: stage, lambda: stage, stage.open_http, stage.post_events, {})
    async with stage.open_http() as http:
        return [*await gateway.instance_and_accounts(folder, ANY_PORT, http, wiring)]


@pytest.fixture
def running(tmp_path: Path) -> Any:
    with InstanceLock(tmp_path) as lock:
        lock.publish("http://127.0.0.1:4321", Secret("admin-token-of-it"))
        yield tmp_path


def account(state: AccountState, **fields: Any) -> Account:
    standing = Standing(state=state, detail="the reason", **fields)
    return Account(id=f"acc_{state.value}", provider="flow", label=f"an {state.value} one", standing=standing)


async def test_a_running_instance_is_told_with_its_version(stage: Stage, running: Path) -> None:
    stage.answers = {"GET /health": HEALTH, "GET /api/accounts": {"accounts": []}}
    instance, _ = await look(stage, running)
    assert instance.result == "good"
    assert "version 1.2.3, ok" in instance.found


async def test_a_degraded_instance_is_told(stage: Stage, running: Path) -> None:
    stage.answers = {"GET /health": HEALTH | {"status": "degraded"}, "GET /api/accounts": {"accounts": []}}
    assert (await look(stage, running))[0].result == "advice"


@pytest.mark.parametrize("answer", [Unreachable("no answer there"), (500, {"error": {"message": "no answer there"}})])
async def test_an_instance_that_does_not_answer_is_broken(stage: Stage, running: Path, answer: Any) -> None:
    stage.answers = {"GET /health": answer}
    instance, accounts = await look(stage, running)
    assert (instance.result, "no answer there" in instance.found) == ("broken", True)
    assert "not looked at" in accounts.found


async def test_without_an_instance_accounts_are_not_looked_at(stage: Stage, tmp_path: Path) -> None:
    instance, accounts = await look(stage, tmp_path)
    assert (instance.result, accounts.result) == ("good", "advice")
    assert stage.asked == []


async def test_an_instance_of_another_user_is_told(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder / "instance.json"))

    monkeypatch.setattr(gateway, "read_instance", refused)
    instance, _ = await look(stage, tmp_path)
    assert (instance.result, "Permission denied" in instance.found) == ("broken", True)


def test_no_account_is_advice_to_add_one() -> None:
    [found] = gateway.accounts([])
    assert (found.result, "account login" in found.advice) == ("advice", True)


def test_accounts_are_counted_by_state_and_those_that_rest_come_back_by_themselves() -> None:
    total, rests = gateway.accounts(
        [account(AccountState.ACTIVE), account(AccountState.RESTING, until=1_900_000_000.0)]
    )
    assert (total.result, total.found) == ("good", "2 in all: 1 active, 1 resting")
    assert (rests.result, rests.advice) == ("advice", "Nothing: it comes back by itself.")
    assert "until 2030-03-17" in rests.found
    assert "the reason" in rests.found


def test_accounts_that_need_somebody_are_told_what_to_do_and_are_broken_when_there_is_no_other() -> None:
    total, login, disabled = gateway.accounts([account(AccountState.NEEDS_LOGIN), account(AccountState.DISABLED)])
    assert (total.result, login.result, disabled.result) == ("broken", "advice", "advice")
    assert "flow2api account login --account acc_needs_login" in login.advice
    assert "flow2api account enable acc_disabled" in disabled.advice


def test_what_helps_an_account_with_a_key_is_no_login_and_no_waiting() -> None:
    refused = account(AccountState.NEEDS_LOGIN, code="key_refused")
    empty = account(AccountState.EXHAUSTED, code="balance_empty", until=1_900_000_000.0)
    total, key, money = gateway.accounts([refused, empty])
    assert total.result == "broken"
    assert "another key" in key.advice
    assert "account login" not in key.advice
    assert "Top it up" in money.advice
    assert "flow2api account refresh acc_exhausted" in money.advice
    assert "2030" not in money.found


def test_one_account_that_works_is_enough() -> None:
    total, *_ = gateway.accounts([account(AccountState.ACTIVE), account(AccountState.DISABLED)])
    assert total.result == "good"


def test_the_finding_is_plain_json() -> None:
    [found] = gateway.accounts([])
    assert set(json.loads(msgspec.json.encode(found))) == {"check", "result", "found", "advice"}
