"""Session, credits and projects."""

from datetime import datetime

import msgspec

from tests.unit.emulator.caller import Clock, error_of, new_caller, said


async def test_a_session_token_is_traded_for_an_access_token() -> None:
    clock = Clock()
    caller = await new_caller(clock=clock, name="Ada Example")
    session = said(await caller.ask("GET", "/fx/api/auth/session"))
    assert session["user"]["email"] == "ada@example.org"
    assert session["user"]["name"] == "Ada Example"
    assert session["access_token"] == caller.access
    assert datetime.fromisoformat(session["expires"]).timestamp() == clock.time + 3600


async def test_an_unknown_session_token_is_answered_with_an_empty_object() -> None:
    caller = await new_caller()
    answer = await caller.ask("GET", "/fx/api/auth/session", cookie="__Secure-next-auth.session-token=nobody")
    assert said(answer) == {}


async def test_a_dead_session_token_is_answered_with_an_empty_object() -> None:
    caller = await new_caller()
    caller.account.alive = False
    assert said(await caller.ask("GET", "/fx/api/auth/session")) == {}


async def test_the_error_field_comes_with_an_access_token_that_does_not_work() -> None:
    caller = await new_caller()
    caller.account.session_error = "ACCESS_TOKEN_REFRESH_NEEDED"
    session = said(await caller.ask("GET", "/fx/api/auth/session"))
    assert session["error"] == "ACCESS_TOKEN_REFRESH_NEEDED"
    caller.access = session["access_token"]
    assert (await caller.ask("GET", "/v1/credits")).status == 401


async def test_the_expiry_can_be_left_out() -> None:
    caller = await new_caller(omit_expires=True)
    assert "expires" not in said(await caller.ask("GET", "/fx/api/auth/session"))


async def test_a_renewed_cookie_replaces_the_session_token_two_renewals_later() -> None:
    caller = await new_caller(renew_cookie=True)
    first = caller.account.session_token
    answer = await caller.ask("GET", "/fx/api/auth/session")
    cookie = dict(answer.headers)["Set-Cookie"]
    assert cookie.startswith(f"__Secure-next-auth.session-token={caller.account.session_token};")
    old = {"cookie": f"__Secure-next-auth.session-token={first}"}
    assert said(await caller.ask("GET", "/fx/api/auth/session", **old))["access_token"]
    assert said(await caller.ask("GET", "/fx/api/auth/session", **old)) == {}


async def test_a_moved_account_is_led_away_for_good() -> None:
    caller = await new_caller()
    caller.account.moved = True
    answer = await caller.ask("GET", "/fx/api/auth/session")
    assert answer.status == 308
    assert dict(answer.headers)["Location"] == "https://flow.google.com/"


async def test_an_access_token_ends_and_the_next_session_call_brings_a_new_one() -> None:
    clock = Clock()
    caller = await new_caller(clock=clock)
    clock.time += 3601
    assert (await caller.ask("GET", "/v1/credits")).status == 401
    caller.access = said(await caller.ask("GET", "/fx/api/auth/session"))["access_token"]
    assert (await caller.ask("GET", "/v1/credits")).status == 200


async def test_refused_logins_name_a_reason_every_other_time() -> None:
    caller = await new_caller()
    caller.access = "ya29.wrong"
    answers = [error_of(await caller.ask("GET", "/v1/credits")) for _ in range(2)]
    assert answers == [(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"), (401, "UNAUTHENTICATED", None)]


async def test_credits_tell_the_tier_and_what_is_left() -> None:
    caller = await new_caller(credits=920, tier="PAYGATE_TIER_TWO")
    told = said(await caller.ask("GET", "/v1/credits"))
    assert (told["credits"], told["userPaygateTier"]) == (920, "PAYGATE_TIER_TWO")
    assert told["serviceTier"] == "SERVICE_TIER_ADVANCED"


async def test_a_project_can_be_made_and_deleted_once() -> None:
    caller = await new_caller()
    body = {"json": {"projectToDeleteId": caller.project}}
    assert (await caller.ask("POST", "/fx/api/trpc/project.deleteProject", body)).status == 200
    assert (await caller.ask("POST", "/fx/api/trpc/project.deleteProject", body)).status == 404
    assert caller.account.projects == {}


async def test_a_wrong_project_body_is_refused_in_the_manner_of_trpc() -> None:
    caller = await new_caller()
    wrong = {"json": {"title": "Test", "toolName": "PINHOLE"}}
    answer = await caller.ask("POST", "/fx/api/trpc/project.createProject", wrong)
    assert answer.status == 400
    error = msgspec.json.decode(answer.body)["error"]["json"]
    assert error["data"] == {"code": "BAD_REQUEST", "httpStatus": 400}


async def test_projects_are_for_known_sessions_only() -> None:
    caller = await new_caller()
    body = {"json": {"projectTitle": "Test", "toolName": "PINHOLE"}}
    answer = await caller.ask("POST", "/fx/api/trpc/project.createProject", body, cookie="")
    assert answer.status == 401
