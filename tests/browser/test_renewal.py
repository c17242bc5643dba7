"""Signing in by a browser and renewing from it, with the emulated service, the whole program and a real Chromium."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from flow2api.browser.logins import Logins
from flow2api.browser.visit import open_visit
from flow2api.cli.outcomes import FAILED
from flow2api.domain.account import AccountState
from tests.browser import running
from tests.doubles.gateway import ADA, BOB, TestedGateway, open_tested_gateway, people
from tests.doubles.processes import Program, open_program, until
from tests.e2e.site import Site, open_site

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("chrome")]

LIMIT_SECONDS = 240.0


@pytest.fixture
def chrome(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME_BIN", program)


# -- the command -----------------------------------------------------------------------------------------------------


def signing_in(site: Site, number: int) -> None:
    """Let the page be one that signs the browser in as an account, as a person would."""
    base = site.settings["FLOW2API_FLOW_PAGE_URL"].partition("/fx/")[0]
    email = site.emulator.accounts[number]["email"]
    site.settings |= {
        "FLOW2API_FLOW_PAGE_URL": f"{base}/_emulator/sign-in/{email}",
        "FLOW2API_CAPTCHA_HEADLESS": "yes",
    }


@asynccontextmanager
async def instance(site: Site, beside: bool) -> AsyncIterator[None]:
    """A running gateway, or none."""
    if not beside:
        yield
        return
    async with site.gateway():
        yield


async def warned(program: Program, words: str) -> None:
    """Wait for something on standard error."""

    async def look() -> bool | None:
        return words in program.err or None

    await until(look, f"the command says {words!r}")


@pytest.mark.parametrize("beside", [True, False], ids=["beside an instance", "alone"])
async def test_an_account_is_added_by_signing_in_and_its_profile_is_kept(tmp_path: Path, beside: bool) -> None:
    async with open_site(tmp_path) as site, instance(site, beside):
        signing_in(site, 0)
        ended = await site.run("account", "login", "--label", "Mine", "--json")
        assert ended.code == 0, ended
        account = msgspec.json.decode(ended.out)["account"]
        assert (account["email"], account["label"]) == (site.emulator.accounts[0]["email"], "Mine")
        logins = Logins(site.data)
        assert [folder.name for folder in logins.folder(account["id"]).parent.iterdir()] == [account["id"]]
        again = await site.run("account", "login", "--account", account["id"])
        assert again.code == 0, again
        same = await site.run("account", "renew", account["id"])
        assert same.code != 0
        assert "holds the same session" in same.err
        assert (await site.run("account", "remove", account["id"])).code == 0
        assert not logins.kept(account["id"])
    assert not running.mentioning(str(tmp_path))


async def test_signing_in_as_another_person_changes_nothing_and_ctrl_c_is_clean(tmp_path: Path) -> None:
    async with open_site(tmp_path, accounts=2) as site, site.gateway() as gateway:
        [token, _] = site.emulator.session_tokens
        mine = (await gateway.admin("POST", "accounts", {"credential": token}))["account"]
        signing_in(site, 1)
        async with open_program(site.launch("account", "login", "--account", mine["id"])) as program:
            await warned(program, "Not accepted: This session belongs to account-2@example.org")
            program.send(signal.SIGINT)
            assert await program.wait() == FAILED
        listed = (await gateway.admin("GET", "accounts"))["accounts"]
        assert [view["account"]["email"] for view in listed] == [mine["email"]]
        assert (await gateway.admin("POST", f"accounts/{mine['id']}/refresh"))["account"]["id"] == mine["id"]
        assert [*Logins(site.data).folder("x").parent.iterdir()] == []
    assert not running.mentioning(str(tmp_path))


# -- renewing --------------------------------------------------------------------------------------------------------


async def browse(gateway: TestedGateway, account_id: str, email: str) -> None:
    """Somebody signs in in the account's kept profile."""
    folder = Logins(Path(gateway.gateway.config.storage.data_dir)).folder(account_id)
    page = gateway.gateway.config.flow.page_url.partition("/fx/")[0]
    async with open_visit(folder, f"{page}/_emulator/sign-in/{email}") as visit:
        await visit.load()


def end_session(gateway: TestedGateway, email: str) -> None:
    """Let the session that the gateway has be dead, and the person's next one good."""
    account = gateway.emulator.accounts[email]
    gateway.emulator.accounts.revoke_access(account)
    for _ in range(2):
        gateway.emulator.accounts.renew_session(account)


async def post(gateway: TestedGateway, account_id: str, act: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {gateway.gateway.admin_token.reveal()}"}
    url = f"/api/accounts/{account_id}/{act}"
    return await gateway.client.post(url, headers=headers, timeout=LIMIT_SECONDS)


async def test_a_session_that_ends_is_taken_from_the_kept_browser_by_itself() -> None:
    async with open_tested_gateway(people(ADA), limit_seconds=LIMIT_SECONDS) as gateway:
        account_id = (await gateway.account()).id
        end_session(gateway, ADA)
        await browse(gateway, account_id, ADA)
        assert (await post(gateway, account_id, "refresh")).status_code == 400
        # Asked after the one that began by itself, this one finds nothing left to do.
        by_hand = await post(gateway, account_id, "renew")
        assert by_hand.status_code == 409
        assert "holds the same session" in by_hand.json()["error"]["message"]
        assert (await post(gateway, account_id, "refresh")).status_code == 200
        assert (await gateway.account()).standing.state is AccountState.ACTIVE
        assert (await gateway.chat()).status_code == 200


async def test_the_browser_of_another_person_and_one_that_is_signed_out_are_told() -> None:
    async with open_tested_gateway(people(ADA, BOB), limit_seconds=LIMIT_SECONDS) as gateway:
        account_id = (await gateway.account(ADA)).id
        assert "No browser profile is kept" in (await post(gateway, account_id, "renew")).text
        await browse(gateway, account_id, BOB)
        refused = await post(gateway, account_id, "renew")
        assert refused.status_code == 409
        assert f"belongs to {BOB}" in refused.json()["error"]["message"]
        assert (await post(gateway, account_id, "refresh")).status_code == 200
        await browse(gateway, account_id, "../sign-out")
        assert "signed out" in (await post(gateway, account_id, "renew")).text
