"""The first visit, and the door: set-up, sign-in with a second factor, sign-out."""

from urllib.parse import urlsplit

import pyotp
import pytest

from tests.browser.dashboard.desk import PASSWORD, Desk, open_desk
from tests.browser.dashboard.operator import Operator
from tests.doubles.gateway import ADA, people

pytestmark = pytest.mark.slow

# What each program's lines must name besides the address and the key.
RECIPES = {
    "curl": "curl http",
    "OpenAI SDK": "from openai import OpenAI",
    "Open WebUI": "Connections",
    "n8n": "credential",
}


async def test_a_new_gateway_is_set_up_from_password_to_a_first_picture(browser: str) -> None:
    async with open_desk(browser, ()) as desk, desk.window() as operator:
        [ada] = [desk.tested.emulator.accounts.add(one) for one in people(ADA)]
        await operator.sees("Welcome to flow2api")
        await operator.fill("New password", "passwords")
        await operator.sees("Too short")
        await operator.fill("New password", PASSWORD)
        await operator.sees("Strong")
        await operator.fill("Once more", PASSWORD + "!")
        await operator.sees("not the same")
        await operator.fill("Once more", PASSWORD)
        await operator.press("Set the password")
        await operator.fill("Session or key", f"Cookie: a=b; __Secure-next-auth.session-token={ada.session_token}")
        await operator.press("Add account")
        await operator.press("Make a key")
        await operator.sees("It is shown now and never again")
        key = (await operator.text(".code-block pre")).strip()
        for name, words in RECIPES.items():
            await operator.press(name)
            await operator.sees(f"{desk.url}/v1", key, words)
        desk.tested.client.headers["authorization"] = f"Bearer {key}"
        answer = await desk.tested.chat()
        assert answer.status_code == 200, answer.text
        await operator.press("Open the dashboard")
        await operator.sees("Accounts that work", "1 / 1")
        async with desk.window(url=_elsewhere(desk)) as stranger:
            await stranger.sees("Sign in")
            await stranger.sees_no("New password")


async def test_from_elsewhere_the_set_up_needs_the_token_of_the_start(browser: str) -> None:
    async with open_desk(browser) as desk, desk.window(url=_elsewhere(desk)) as operator:
        token = desk.tested.gateway.setup_token
        assert token is not None
        await operator.fill("Token from the start", "guessed")
        await operator.fill("New password", PASSWORD)
        await operator.fill("Once more", PASSWORD)
        await operator.press("Set the password")
        await operator.sees("needs the token that flow2api printed")
        await operator.fill("Token from the start", token.reveal())
        await operator.press("Set the password")
        await operator.sees("Session or key")


async def test_the_second_factor_is_asked_for_and_recovery_codes_work_once(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside("account") as operator:
        await operator.fill("Present password", PASSWORD)
        await operator.press("Turn on")
        secret = await operator.text(".code-block pre")
        await operator.fill("Code from your authenticator", pyotp.TOTP(secret).now())
        await operator.press("Turn on")
        await operator.sees("recovery codes stand in")
        first, second = (await operator.text(".code-block pre")).split()[:2]
        await _sign_out(operator)
        await _give_code(operator, "000000", "is not right")
        await _give_code(operator, first, "Second factor", password=False)
        await _sign_out(operator)
        await _give_code(operator, first, "is not right")
        await _give_code(operator, second, "Second factor", password=False)


async def test_signing_out_ends_the_live_connections_of_all_its_windows(browser: str) -> None:
    async with open_desk(browser) as desk, desk.inside() as operator, desk.window("accounts") as second:
        await second.arrives("accounts")
        assert len(desk.sockets) == 2
        await _sign_out(operator)
        await second.sees("Sign in")
        await operator.sees("Sign in")
        assert desk.sockets == set()


async def _give_code(operator: Operator, code: str, answer: str, password: bool = True) -> None:
    if password:
        await operator.fill("Password", PASSWORD)
        await operator.press("Sign in")
    await operator.fill("Code from your authenticator", code)
    await operator.press("Sign in")
    await operator.sees(answer)


async def _sign_out(operator: Operator) -> None:
    await operator.press("You")
    await operator.press("Sign out")


def _elsewhere(desk: Desk) -> str:
    """The gateway under a name that is not this machine's own, which browsers look up on this machine all the same."""
    return f"http://gateway.localhost:{urlsplit(desk.url).port}"
