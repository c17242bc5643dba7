"""One account's session: login, balance, and what becomes of its tokens, against a scripted Flow."""

import traceback

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.domain.tier import Tier
from flow2api.net.message import Response
from flow2api.providers.base import Order, Prepared
from flow2api.providers.flow.calls import SESSION_COOKIE
from flow2api.providers.flow.vault import load
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import (
    ACCESS_TOKEN,
    NOW,
    SESSION_TOKEN,
    FakeHttp,
    answer,
    generation,
    kind_of,
    refusal,
    session,
    signed_in,
)

K = FailureKind
RENEWED = "SECRET-renewed-session-token-9876543210"


def good_login(email: str | None = "ada@example.org", **headers: str) -> Response:
    body = {
        "access_token": "ya29.SECRET-new",
        "expires": "2025-06-15T16:06:40.000Z",
        "user": {"name": "Ada", "email": email},
    }
    return answer(200, body, list(headers.items()))


async def test_signing_in_fills_token_end_and_owner() -> None:
    http = FakeHttp()
    http.on(fake.SESSION, good_login())
    account = session(http, signed_in(access_token="", access_until=None))
    assert account.signed_in_until is None
    await account.sign_in()
    assert account.signed_in_until == NOW + 3600
    assert (account.identity.email, account.identity.name) == ("ada@example.org", "Ada")
    vault = load(account.vault)
    assert (vault.access_token, vault.session_token) == ("ya29.SECRET-new", SESSION_TOKEN)


async def test_a_renewed_cookie_replaces_the_old_one() -> None:
    http = FakeHttp()
    http.on(fake.SESSION, good_login(**{"Set-Cookie": f"{SESSION_COOKIE}={RENEWED}; Path=/; HttpOnly"}))
    account = session(http)
    await account.sign_in()
    await account.sign_in()
    assert load(account.vault).session_token == RENEWED
    assert http.seen[1].headers["Cookie"] == f"{SESSION_COOKIE}={RENEWED}"


async def test_an_answer_that_names_nobody_leaves_the_known_owner() -> None:
    http = FakeHttp()
    http.on(fake.SESSION, answer(body={"access_token": "ya29.SECRET-new"}))
    account = session(http, signed_in(email="ada@example.org", name="Ada"))
    await account.sign_in()
    assert (account.identity.email, account.identity.name) == ("ada@example.org", "Ada")


async def test_the_case_of_an_address_does_not_make_another_person() -> None:
    http = FakeHttp()
    http.on(fake.SESSION, good_login("Ada@Example.org"))
    await session(http, signed_in(email="ada@example.org")).sign_in()


COOKIE = {"Set-Cookie": f"{SESSION_COOKIE}={RENEWED}"}
BAD_LOGINS = {
    "a dead cookie": (answer(200, {}, list(COOKIE.items())), K.NEEDS_LOGIN),
    "no session": (answer(200, b"null"), K.NEEDS_LOGIN),
    "a user without token": (answer(200, {"user": {"email": "ada@example.org"}}), K.NEEDS_LOGIN),
    "a stale token": (
        answer(200, {"access_token": "ya29.SECRET-old", "error": "ACCESS_TOKEN_REFRESH_NEEDED"}),
        K.NEEDS_LOGIN,
    ),
    "another person": (good_login("bob@example.org", **COOKIE), K.WRONG_ACCOUNT),
    "refused": (answer(401), K.NEEDS_LOGIN),
    "moved": (answer(308, headers=[("Location", "https://flow.google.com/")]), K.ACCOUNT_MOVED),
    "sent to the login page": (answer(302, headers=[("Location", "https://accounts.google.com/x")]), K.NEEDS_LOGIN),
    "throttled": (answer(429), K.THROTTLED),
    "failing": (answer(500), K.UPSTREAM_FAULT),
    "no JSON": (answer(200, b"<html>"), K.UNREADABLE),
    "a list": (answer(200, []), K.UNREADABLE),
    "a token that is none": (answer(200, {"access_token": 7}), K.UNREADABLE),
}


@pytest.mark.parametrize(("response", "kind"), BAD_LOGINS.values(), ids=BAD_LOGINS.keys())
async def test_a_login_that_fails_is_told_apart_and_changes_nothing(response: Response, kind: FailureKind) -> None:
    http = FakeHttp()
    http.on(fake.SESSION, response)
    account = session(http, signed_in(email="ada@example.org"))
    before = account.vault
    with pytest.raises(UpstreamFailure) as caught:
        await account.sign_in()
    assert caught.value.kind is kind
    assert account.vault == before
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(account)
    assert "SECRET" not in told


@pytest.mark.parametrize(
    ("body", "credits", "tier"),
    [
        ({"credits": 0, "userPaygateTier": "PAYGATE_TIER_NOT_PAID"}, 0, Tier.FREE),
        ({"credits": 920, "userPaygateTier": "PAYGATE_TIER_ONE", "sku": "G1_TIER1"}, 920, Tier.PRO),
        ({"credits": "25000", "userPaygateTier": "PAYGATE_TIER_TWO"}, 25000, Tier.ULTRA),
        ({"credits": 5}, 5, Tier.UNKNOWN),
        ({"userPaygateTier": None}, None, Tier.UNKNOWN),
        ({"credits": -3, "userPaygateTier": "PAYGATE_TIER_NINE"}, None, Tier.UNKNOWN),
        ({"credits": [], "userPaygateTier": 7}, None, Tier.UNKNOWN),
    ],
)
async def test_credits_and_tier_are_read_as_far_as_known(body: object, credits: int | None, tier: Tier) -> None:
    http = FakeHttp()
    http.on(fake.CREDITS, answer(body=body))
    balance = await session(http).balance()
    assert (balance.credits, balance.tier) == (credits, tier)


async def test_nothing_is_sent_without_an_access_token() -> None:
    http = FakeHttp()
    account = session(http, signed_in(access_token=""))
    prepared = Prepared(
        order=Order(job_id="j", generation=generation()), context='{"project_id":"p","session_id":";1"}'
    )
    made = Made(media_id="a", context=prepared.context)
    for call in (
        account.balance(),
        account.prepare(prepared.order),
        account.begin(prepared, ""),
        account.enlarge(made, "2k", ""),
    ):
        assert await kind_of(call) is K.LOGIN_EXPIRED
    assert http.seen == []


async def test_a_refused_token_is_forgotten() -> None:
    http = FakeHttp()
    http.on(fake.CREDITS, refusal(401, "UNAUTHENTICATED"))
    account = session(http)
    assert await kind_of(account.balance()) is K.LOGIN_EXPIRED
    assert account.signed_in_until is None


async def test_the_refusal_of_an_older_token_does_not_take_the_newer_one_away() -> None:
    http, vault = FakeHttp(), signed_in()

    def renewed_meanwhile(_: fake.Seen) -> Response:
        vault.access_token = "ya29.SECRET-newer"
        return refusal(401, "UNAUTHENTICATED")

    http.on(fake.CREDITS, renewed_meanwhile)
    account = session(http, vault)
    assert await kind_of(account.balance()) is K.LOGIN_EXPIRED
    assert account.signed_in_until is not None


def test_a_session_does_not_show_its_secrets() -> None:
    shown = repr(session(FakeHttp(), signed_in(email="ada@example.org")))
    assert "ada@example.org" in shown
    assert ACCESS_TOKEN not in shown
    assert SESSION_TOKEN not in shown
