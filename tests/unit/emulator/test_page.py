"""The page, its script and its tokens, without a browser."""

import pytest
import trio

from flow2api.emulator.captcha import SITE_KEY
from flow2api.emulator.exchange import Answer
from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import BASE, COOKIE, Caller, Clock, error_of, new_caller, said
from tests.unit.emulator.video_caller import order

PAGE = "/fx/tools/flow"
TAG = f'<script src="/recaptcha/enterprise.js?render={SITE_KEY}" async></script>'
ON_PAGE = {"origin": BASE, "referer": f"{BASE}{PAGE}/project/0f7c2a52"}
REFUSED = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY")


async def ask_token(caller: Caller, action: str = "VIDEO_GENERATION", *, key: str = SITE_KEY, **headers: str) -> Answer:
    body = {"action": action, "agent": "Test/1.0"}
    return await caller.ask("POST", f"/recaptcha/enterprise/reload?k={key}", body, **(ON_PAGE | headers))


async def token(caller: Caller, action: str = "VIDEO_GENERATION") -> str:
    made: str = said(await ask_token(caller, action))["token"]
    return made


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/project/0f7c2a52"])
async def test_the_page_brings_its_script_and_names_the_account(path: str) -> None:
    caller = await new_caller()
    answer = await caller.ask("GET", path)
    assert (answer.status, answer.mime) == (200, "text/html; charset=utf-8")
    text = answer.body.decode()
    assert TAG in text
    assert 'data-account="ada@example.org"' in text
    assert "{{" not in text
    assert 'data-account=""' in (await caller.ask("GET", path, cookie="")).body.decode()


async def test_the_page_can_come_without_its_script_which_is_served_all_the_same() -> None:
    caller = await new_caller(Knobs(page_script=False))
    assert b"<script src=" not in (await caller.ask("GET", PAGE)).body
    script = await caller.ask("GET", f"/recaptcha/enterprise.js?render={SITE_KEY}")
    assert (script.status, script.mime) == (200, "text/javascript; charset=utf-8")
    assert f'const rendered = "{SITE_KEY}"' in script.body.decode()


async def test_the_script_can_be_slow(autojump_clock: trio.testing.MockClock) -> None:
    caller = await new_caller(Knobs(page_script_seconds=15))
    started = trio.current_time()
    await caller.ask("GET", f"/recaptcha/enterprise.js?render={SITE_KEY}")
    assert trio.current_time() - started == 15


@pytest.mark.parametrize("query", ["", "?render=", '?render=";alert(1);"'])
async def test_the_script_takes_no_code_for_a_key(query: str) -> None:
    caller = await new_caller()
    assert (await caller.ask("GET", f"/recaptcha/enterprise.js{query}")).status == 400


async def test_what_the_page_shows_is_no_markup() -> None:
    caller = await new_caller()
    text = (await caller.ask("GET", f"{PAGE}/project/<img>")).body.decode()
    assert "<img>" not in text
    assert "&lt;img&gt;" in text


async def test_a_token_of_the_page_is_good_once_and_for_its_action() -> None:
    caller = await new_caller(Knobs(captcha="page"))
    first = await token(caller)
    assert (await order(caller, token=first)).status == 200
    assert error_of(await order(caller, token=first)) == REFUSED
    assert error_of(await order(caller, token=await token(caller, "IMAGE_GENERATION"))) == REFUSED
    assert error_of(await order(caller, token=await token(caller, ""))) == REFUSED
    assert (await caller.image(token=await token(caller, "IMAGE_GENERATION"))).status == 200


async def test_a_token_that_nobody_made_is_refused_where_only_the_page_makes_them() -> None:
    caller = await new_caller(Knobs(captcha="page"))
    assert error_of(await order(caller, token="tok:VIDEO_GENERATION:1")) == REFUSED
    caller.emulator.knobs = Knobs(captcha="required")
    assert (await order(caller, token="tok:VIDEO_GENERATION:1")).status == 200
    assert (await order(caller, token=await token(caller))).status == 200


async def test_a_token_of_the_page_gets_old_as_fast_as_it_is_set_to() -> None:
    clock = Clock()
    caller = await new_caller(Knobs(captcha="page", token_seconds=30), clock=clock)
    early, late = await token(caller), await token(caller)
    clock.time += 29
    assert (await order(caller, token=early)).status == 200
    clock.time += 1
    assert error_of(await order(caller, token=late)) == REFUSED


async def test_low_scores_are_refused_whatever_the_token() -> None:
    caller = await new_caller(Knobs(captcha="required", token_score="low"))
    assert error_of(await order(caller, token=await token(caller))) == REFUSED
    assert error_of(await order(caller, token="tok:VIDEO_GENERATION:1")) == REFUSED


async def test_the_captcha_can_be_set_to_give_no_answer() -> None:
    caller = await new_caller(Knobs(page_execute="hangs"))
    assert said(await ask_token(caller)) == {"token": None}
    assert caller.emulator.captcha.minted == 0


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"referer": f"{BASE}/fx/api/auth/providers"},
        {"referer": f"{BASE}/fx/tools/flowers"},
        {"referer": ""},
        {"origin": "null"},
        {"origin": "http://elsewhere.example", "referer": f"http://elsewhere.example{PAGE}"},
        {"key": "another-key"},
    ],
)
async def test_tokens_are_made_on_the_page_with_its_key_only(elsewhere: dict[str, str]) -> None:
    caller = await new_caller()
    answer = await ask_token(caller, **elsewhere)
    assert (answer.status, caller.emulator.captcha.minted) == (400, 0)


async def test_a_link_signs_a_browser_in_and_another_one_out() -> None:
    caller = await new_caller()
    answer = await caller.ask("GET", "/_emulator/sign-in/ada@example.org", cookie="")
    headers = dict(answer.headers)
    assert (answer.status, headers["Location"]) == (303, f"{BASE}{PAGE}")
    cookie = headers["Set-Cookie"].partition(";")[0]
    assert cookie == f"{COOKIE}={caller.account.session_token}"
    session = said(await caller.ask("GET", "/fx/api/auth/session", cookie=cookie))
    assert session["user"]["email"] == "ada@example.org"
    left = dict((await caller.ask("GET", "/_emulator/sign-out")).headers)["Set-Cookie"]
    assert left.startswith(f"{COOKIE}=; ")
    assert "Max-Age=0" in left
    assert (await caller.ask("GET", "/_emulator/sign-in/nobody@example.org")).status == 404


async def test_an_account_that_was_moved_is_led_away_from_the_page() -> None:
    caller = await new_caller()
    caller.account.moved = True
    answer = await caller.ask("GET", PAGE)
    assert (answer.status, dict(answer.headers)["Location"]) == (308, f"{BASE}/moved")
    assert b"enterprise.js" not in (await caller.ask("GET", "/moved")).body


async def test_tokens_made_on_the_page_are_counted() -> None:
    caller = await new_caller(Knobs(captcha="page"))
    await order(caller, token=await token(caller))
    await token(caller)
    state = said(await caller.ask("GET", "/_emulator/state"))
    assert state["captcha"] == {"minted": 2, "accepted": 1, "refused": 0}
    assert state["calls"]["captcha_token"] == 2
