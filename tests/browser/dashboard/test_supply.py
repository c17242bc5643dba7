"""Accounts as an operator keeps them: added by pasting, switched, rested, woken, and one whose actor has given up."""

import json

import pytest

from flow2api.actors.account import AccountActor
from flow2api.emulator.faults import Status
from tests.browser.dashboard.desk import open_desk
from tests.doubles.gateway import ADA, BOB, people

pytestmark = pytest.mark.slow


async def test_an_account_is_added_by_pasting_and_can_be_switched_off_and_on(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("accounts") as operator, desk.inside("accounts") as second:
        [bob] = [desk.tested.emulator.accounts.add(one) for one in people(BOB)]
        await operator.press("Add account")
        await operator.fill("Session or key", "no cookie at all")
        await operator.press("Add account")
        await operator.sees_some(".field .wrong")
        cookie = {"name": "__Secure-next-auth.session-token", "value": bob.session_token, "domain": "labs.google"}
        await operator.fill("Session or key", json.dumps([cookie]))
        await operator.press("Add account")
        await operator.sees_none("dialog")
        await second.sees(BOB)
        await operator.press(BOB)
        await operator.sees_some("aside.panel .tone-good")
        await operator.press("Disable")
        await second.sees_some("tbody .tone-quiet")
        assert (await desk.tested.account(BOB)).standing.state == "disabled"
        await operator.press("Enable")
        await second.sees_none("tbody .tone-quiet")
        assert (await desk.tested.account(BOB)).standing.state == "active"


async def test_a_resting_account_says_why_and_until_when_and_can_be_woken(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("accounts") as operator:
        desk.tested.emulator.faults.next("image", Status(429, retry_after=3600))
        await desk.tested.post({"model": "gemini-3.1-flash-image", "messages": [{"role": "user", "content": "x"}]})
        await operator.sees("Rests until", "(too many requests)")
        await operator.press(ADA)
        await operator.sees("Waking it sooner risks a longer rest")
        await operator.press("Wake")
        await operator.sees("is awake")
        await operator.sees_some("tbody .tone-good")
        assert (await desk.tested.account()).standing.state == "active"


async def test_an_account_whose_actor_gave_up_is_shown_with_the_reason(
    browser: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk(browser, people(ADA, BOB)) as desk, desk.inside("system") as operator:
        await operator.sees_none("main .tone-bad")
        desk.tested.log.claim("on fire")
        async with desk.inside("accounts") as second:
            await second.press(ADA)
            with monkeypatch.context() as patches:
                patches.setattr(AccountActor, "start", _crash)
                patches.setattr(AccountActor, "handle", _crash)
                await second.press("Refresh")
                await operator.sees("Parked", "the disk is on fire")
            await operator.go("overview")
            await operator.sees("A part failed", "the disk is on fire")
            await operator.press("Accounts")
            await operator.sees(BOB)


async def _crash(self: AccountActor, *_: object) -> None:
    raise RuntimeError("the disk is on fire")
