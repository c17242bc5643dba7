"""Accounts as an operator keeps them: added by pasting, switched, rested, woken, and one whose actor has given up."""

import json

import pytest

from flow2api.actors.account import AccountActor
from flow2api.emulator.faults import Status
from tests.browser.dashboard.desk import open_desk
from tests.doubles.gateway import ADA, BOB, people
from tests.doubles.processes import until

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
        await operator.press("Undo")
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
        await operator.press("Let rest")
        await operator.press("6 h")
        await operator.press("Begin the rest")
        await operator.sees(f"{ADA} rests until")
        rest = (await desk.tested.account()).standing
        assert rest.until is not None
        assert 21_000 < rest.until - rest.since <= 21_600


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
            await second.sees("Stopped after crashes", "the disk is on fire", "Start again")
            await second.press("Start again")
            await second.sees("is started again")
            await second.sees_no("Stopped after crashes")


async def test_accounts_are_acted_on_together_and_those_that_refuse_say_why(browser: str) -> None:
    async with open_desk(browser, people(ADA, BOB)) as desk, desk.inside("accounts") as operator:
        await desk.tested.admin("POST", f"/api/accounts/{(await desk.tested.account(BOB)).id}/disable")
        await operator.reads("void document.querySelector('th.tick input').click()")
        await operator.sees("2 picked")
        await operator.press("Let rest")
        await operator.press("1 h")
        await operator.press("Begin the rest")
        await operator.sees("1 of 2 did not go through", "so it cannot rest")
        assert (await desk.tested.account(ADA)).standing.state == "resting"
        assert (await desk.tested.account(BOB)).standing.state == "disabled"


async def test_an_account_is_fixed_to_a_proxy_and_both_pages_say_so(browser: str) -> None:
    async with open_desk(browser, people(ADA, BOB)) as desk, desk.inside("accounts") as operator:
        await operator.press(ADA)
        await operator.sees("There is no proxy, so its calls go out directly.")
        lines = "http://127.0.0.1:9\nhttp://127.0.0.2:9"
        added = (await desk.tested.admin("POST", "/api/proxies", {"text": lines}))["added"]
        await operator.sees("The pool chooses at its next call.")
        await operator.choose("Goes out through", "http://127.0.0.2:9 · Healthy")
        await operator.sees(f"{ADA} goes out through http://127.0.0.2:9", "You chose it.")
        chosen = added[1]["proxy"]["id"]
        async with desk.inside(f"proxies?open={chosen}") as second:
            await second.sees("Accounts that go out through it", ADA, "chosen by hand")
            await operator.press("Undo")
            await operator.sees("The pool chooses at its next call.")
            await second.sees_none("aside.panel .rows li")
            await desk.tested.admin("POST", f"/api/proxies/{chosen}/disable")
            await operator.key("Escape")
            await operator.reads("void document.querySelector('th.tick input').click()")
            await operator.press("Proxy")
            await operator.choose("Goes out through", "http://127.0.0.1:9 · Healthy")
            await operator.press("Use it")
            await operator.sees("2 done.")
            await second.press("http://127.0.0.1:9")
            await second.sees_some("aside.panel .rows li", 2)


async def test_all_accounts_go_into_a_sealed_file_and_come_back_by_its_passphrase(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("accounts") as operator:
        await operator.reads(_KEEP_SAVED)
        await operator.press("More")
        await operator.press("Export")
        await operator.fill("Passphrase", "a long passphrase")
        await operator.fill("Once more", "a long passphrase")
        await operator.press("Save the file")
        await operator.sees_none("dialog")
        file = str(await operator.reads("window.saved"))
        assert json.loads(file)["format"] == "flow2api-accounts-1"
        assert ADA not in file
        await desk.tested.admin("DELETE", f"/api/accounts/{(await desk.tested.account()).id}")
        await operator.sees("No account yet")
        await operator.press("More")
        await operator.press("Import")
        await operator.reads(_CHOOSE_SAVED)
        await operator.fill("Passphrase", "another passphrase")
        await operator.press("Import")
        await operator.sees("The file does not open")
        await operator.fill("Passphrase", "a long passphrase")
        await operator.press("Import")
        await operator.sees("1 account imported", ADA)


async def test_a_part_is_started_anew_by_hand(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("system") as operator:
        await operator.press("Restart ledger")
        await operator.sees("Messages that wait for it are kept")
        await operator.press("Restart")
        await operator.sees("ledger starts anew")
        await until(lambda: operator.reads(_LEDGER_BEGAN_ANEW), "the ledger is shown with its restart")
        await operator.sees_no("Not live")


_LEDGER_BEGAN_ANEW = """[...document.querySelectorAll(".tree tr")].some(({ cells }) =>
    cells[0].innerText.trim() === "ledger" && cells[5].innerText === "1") || null"""
# What a page saves goes to the browser's downloads and what it reads is chosen in a window of the system: both are out of its reach.
_KEEP_SAVED = """void (() => { const real = URL.createObjectURL.bind(URL);
    URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return real(blob); }; })()"""
_CHOOSE_SAVED = """(() => { const field = document.querySelector("input[type=file]"), files = new DataTransfer();
    files.items.add(new File([window.saved], "accounts.json")); field.files = files.files;
    field.dispatchEvent(new Event("change", { bubbles: true })); })()"""


async def _crash(self: AccountActor, *_: object) -> None:
    raise RuntimeError("the disk is on fire")
