"""One account's session: login, balance, and the way of an order, against a scripted Flow."""

import hashlib
import json
import traceback
from pathlib import Path

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made
from flow2api.domain.tier import Tier
from flow2api.net.message import Response
from flow2api.providers.base import Order, Picture, Prepared
from flow2api.providers.flow.client import SESSION_COOKIE
from flow2api.providers.flow.session import FlowSession
from flow2api.providers.flow.uploads import REUSE_SECONDS
from flow2api.providers.flow.vault import load
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import (
    ACCESS_TOKEN,
    CAPTCHA_TOKEN,
    NOW,
    SECRETS,
    SESSION_TOKEN,
    Clock,
    FakeHttp,
    answer,
    generation,
    refusal,
    session,
    signed_in,
)

K = FailureKind
GONE = refusal(404, "NOT_FOUND", message="Requested entity was not found.")
RENEWED = "SECRET-renewed-session-token-9876543210"


def good_login(email: str | None = "ada@example.org", **headers: str) -> Response:
    body = {
        "access_token": "ya29.SECRET-new",
        "expires": "2025-06-15T16:06:40.000Z",
        "user": {"name": "Ada", "email": email},
    }
    return answer(200, body, list(headers.items()))


async def kind_of(call: object) -> FailureKind:
    with pytest.raises(UpstreamFailure) as caught:
        await call  # type: ignore[misc]
    return caught.value.kind


# Login


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


# Balance


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


# Orders


def order(*pictures: Picture, **fields: object) -> Order:
    return Order(job_id="j1", generation=generation(**fields), pictures=pictures)


def a_picture(folder: Path, content: bytes = b"one") -> Picture:
    path = folder / content.decode()
    path.write_bytes(content)
    return Picture(path=path, mime="image/png", digest=hashlib.sha256(content).hexdigest())


def a_flow() -> FakeHttp:
    """A Flow in which everything works; uploads are u1, u2, ... and projects p1, p2, ..."""
    http = FakeHttp()
    http.on(fake.PROJECT, lambda _: fake.project(f"p{len(http.calls(fake.PROJECT))}"))
    http.on(fake.UPLOAD, lambda _: answer(body={"media": {"name": f"u{len(http.calls(fake.UPLOAD))}"}}))
    http.on(fake.IMAGES, fake.made_for_each)
    http.on(fake.CREDITS, answer(body={"credits": 9, "userPaygateTier": "PAYGATE_TIER_ONE"}))
    http.on(fake.UPSAMPLE, answer(body={"encodedImage": "/9j/"}))
    return http


def project_of(prepared: Prepared) -> str:
    return str(json.loads(prepared.context)["project_id"])


async def test_an_order_becomes_as_many_pictures_as_it_asks_for() -> None:
    http = a_flow()
    account = session(http)
    begun = await account.begin(await account.prepare(order(count=3)), CAPTCHA_TOKEN)
    assert [made.media_id for made in begun.made] == ["m0", "m1", "m2"]
    sent = http.calls(fake.IMAGES)[0].json
    assert sent["clientContext"]["recaptchaContext"]["token"] == CAPTCHA_TOKEN
    assert sent["clientContext"]["sessionId"] == f";{int(NOW * 1000)}"
    assert all(request["clientContext"] == sent["clientContext"] for request in sent["requests"])
    assert len({request["seed"] for request in sent["requests"]}) == 3


async def test_each_order_has_a_batch_of_its_own() -> None:
    account = session(a_flow())
    contexts = [json.loads((await account.prepare(order())).context) for _ in range(2)]
    assert contexts[0]["batch_id"] != contexts[1]["batch_id"]


async def test_what_prepare_hands_on_holds_no_secret() -> None:
    prepared = await session(a_flow()).prepare(order())
    assert not [secret for secret in SECRETS if secret in repr(prepared)]


async def test_the_paid_call_goes_out_once_whatever_comes_back() -> None:
    for response in (answer(500), answer(504), answer(200, b"<html>"), refusal(403, "PERMISSION_DENIED"), answer(429)):
        http = a_flow()
        http.on(fake.IMAGES, response)
        account = session(http)
        with pytest.raises(UpstreamFailure):
            await account.begin(await account.prepare(order()), "")
        assert len(http.calls(fake.IMAGES)) == 1


async def test_orders_take_the_projects_in_turn() -> None:
    account = session(a_flow(), projects=2)
    assert [project_of(await account.prepare(order())) for _ in range(4)] == ["p1", "p2", "p1", "p2"]


async def test_the_same_pictures_go_where_they_are_already(tmp_path: Path) -> None:
    http = a_flow()
    account = session(http, projects=4)
    one = a_picture(tmp_path)
    prepared = [await account.prepare(order(one)) for _ in range(3)]
    assert [project_of(each) for each in prepared] == ["p1", "p1", "p1"]
    assert len(http.calls(fake.UPLOAD)) == 1
    await account.begin(prepared[2], "")
    assert http.calls(fake.IMAGES)[0].json["requests"][0]["imageInputs"][0]["name"] == "u1"


async def test_an_upload_is_not_reused_when_its_time_is_over(tmp_path: Path) -> None:
    http, clock = a_flow(), Clock()
    account = session(http, clock=clock)
    one = a_picture(tmp_path)
    await account.prepare(order(one))
    clock.now += REUSE_SECONDS
    await account.prepare(order(one))
    assert len(http.calls(fake.UPLOAD)) == 2


async def test_uploads_and_projects_survive_a_restart(tmp_path: Path) -> None:
    http = a_flow()
    first = session(http)
    await first.prepare(order(a_picture(tmp_path)))
    second = session(http, load(first.vault))
    await second.prepare(order(a_picture(tmp_path)))
    assert (len(http.calls(fake.UPLOAD)), len(http.calls(fake.PROJECT))) == (1, 1)


async def test_an_expired_upload_is_forgotten_so_that_the_next_try_uploads_anew(tmp_path: Path) -> None:
    http = a_flow()
    http.on(fake.IMAGES, GONE, fake.made_for_each)
    account = session(http, projects=4)
    one = a_picture(tmp_path)
    assert await kind_of(account.begin(await account.prepare(order(one)), "")) is K.MEDIA_GONE
    await account.begin(await account.prepare(order(one)), "")
    assert len(http.calls(fake.UPLOAD)) == 2


async def test_a_project_that_vanished_is_replaced_at_the_upload(tmp_path: Path) -> None:
    http = a_flow()
    http.on(fake.UPLOAD, GONE, answer(body={"media": {"name": "u9"}}))
    account = session(http, signed_in(projects=["old"]))
    prepared = await account.prepare(order(a_picture(tmp_path)))
    assert project_of(prepared) == "p1"
    assert load(account.vault).projects == ["p1"]


async def test_an_upload_that_also_fails_in_a_new_project_is_given_up(tmp_path: Path) -> None:
    http = a_flow()
    http.on(fake.UPLOAD, GONE)
    account = session(http, signed_in(projects=["old"]))
    assert await kind_of(account.prepare(order(a_picture(tmp_path)))) is K.MEDIA_GONE
    assert len(http.calls(fake.UPLOAD)) == 2


async def test_a_project_that_vanished_is_replaced_after_the_order_that_found_out() -> None:
    http = a_flow()
    http.on(fake.IMAGES, GONE, fake.made_for_each)
    account = session(http, signed_in(projects=["old"]))
    assert await kind_of(account.begin(await account.prepare(order()), "")) is K.MEDIA_GONE
    prepared = await account.prepare(order())
    assert project_of(prepared) == "p1"
    await account.begin(prepared, "")


async def test_a_model_that_a_new_project_does_not_know_either_is_rejected_and_costs_no_more_projects() -> None:
    http = a_flow()
    http.on(fake.IMAGES, GONE)
    account = session(http, signed_in(projects=["old", "older"]), projects=2)
    kinds = [await kind_of(account.begin(await account.prepare(order()), "")) for _ in range(6)]
    assert kinds == [K.MEDIA_GONE, *[K.REQUEST_REJECTED] * 5]
    assert len(http.calls(fake.PROJECT)) == 1


async def test_orders_that_meet_vanished_projects_at_the_same_time_do_not_blame_the_model() -> None:
    http = a_flow()
    http.on(fake.IMAGES, GONE, GONE, GONE, fake.made_for_each)
    account = session(http, signed_in(projects=["old", "older"]), projects=2)
    prepared = [await account.prepare(order()) for _ in range(3)]
    kinds = [await kind_of(account.begin(each, "")) for each in prepared]
    assert kinds == [K.MEDIA_GONE] * 3
    await account.begin(await account.prepare(order()), "")


async def test_success_clears_the_suspicion_of_a_model() -> None:
    http = a_flow()
    http.on(fake.IMAGES, GONE, fake.made_for_each, GONE)
    account = session(http, signed_in(projects=["old"]))
    await kind_of(account.begin(await account.prepare(order()), ""))
    await account.begin(await account.prepare(order()), "")
    assert await kind_of(account.begin(await account.prepare(order()), "")) is K.MEDIA_GONE


async def test_an_order_that_flow_cannot_take_is_refused_before_anything_is_sent() -> None:
    http = a_flow()
    assert await kind_of(session(http).prepare(order(aspect_ratio="21:9"))) is K.REQUEST_REJECTED
    assert http.seen == []


@pytest.mark.parametrize("call", [fake.UPLOAD, fake.IMAGES, fake.UPSAMPLE])
async def test_a_refused_token_ends_the_login_in_every_call(tmp_path: Path, call: str) -> None:
    http = a_flow()
    http.on(call, refusal(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"))
    account = session(http)
    with pytest.raises(UpstreamFailure) as caught:
        await whole_way(account, order(a_picture(tmp_path)))
    assert caught.value.kind is K.LOGIN_EXPIRED
    assert account.signed_in_until is None


async def whole_way(account: FlowSession, wish: Order) -> bytes:
    begun = await account.begin(await account.prepare(wish), CAPTCHA_TOKEN)
    return await account.enlarge(begun.made[0], "2k", CAPTCHA_TOKEN)


# Enlarging


async def test_an_enlargement_names_picture_place_and_level() -> None:
    http = a_flow()
    account = session(http)
    begun = await account.begin(await account.prepare(order()), "")
    await account.balance()
    assert await account.enlarge(begun.made[0], "4k", CAPTCHA_TOKEN) == b"\xff\xd8\xff"
    sent = http.calls(fake.UPSAMPLE)[0].json
    generated = http.calls(fake.IMAGES)[0].json["clientContext"]
    assert sent["mediaId"] == "m0"
    assert sent["targetResolution"] == "UPSAMPLE_IMAGE_RESOLUTION_4K"
    assert sent["clientContext"]["sessionId"] == generated["sessionId"]
    assert sent["clientContext"]["projectId"] == generated["projectId"]
    assert sent["clientContext"]["userPaygateTier"] == "PAYGATE_TIER_ONE"
    assert len(http.calls(fake.CREDITS)) == 1


async def test_after_a_restart_the_level_is_asked_for_before_enlarging() -> None:
    http = a_flow()
    first = session(http)
    begun = await first.begin(await first.prepare(order()), "")
    await session(http, load(first.vault)).enlarge(begun.made[0], "2k", "")
    assert http.calls(fake.UPSAMPLE)[0].json["clientContext"]["userPaygateTier"] == "PAYGATE_TIER_ONE"


def test_a_session_does_not_show_its_secrets() -> None:
    shown = repr(session(FakeHttp(), signed_in(email="ada@example.org")))
    assert "ada@example.org" in shown
    assert ACCESS_TOKEN not in shown
    assert SESSION_TOKEN not in shown
