"""The way of an order through a session, from upload to enlargement, against a scripted Flow."""

import hashlib
import json
from pathlib import Path

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.providers.base import Order, Picture, Prepared
from flow2api.providers.flow.session import FlowSession
from flow2api.providers.flow.uploads import REUSE_SECONDS
from flow2api.providers.flow.vault import load
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import (
    CAPTCHA_TOKEN,
    NOW,
    SECRETS,
    Clock,
    FakeHttp,
    answer,
    generation,
    kind_of,
    refusal,
    session,
    signed_in,
)

K = FailureKind
GONE = refusal(404, "NOT_FOUND", message="Requested entity was not found.")


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
