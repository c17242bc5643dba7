"""The Flow provider against the emulated service, over real sockets: the two were written apart, so they keep each other honest."""

import io
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation
from flow2api.domain.tier import Tier
from flow2api.emulator.faults import (
    AnyFault,
    EmptyList,
    LoginExpired,
    NotJson,
    Reset,
    Stall,
    Status,
    Truncated,
)
from flow2api.emulator.knobs import Knobs
from flow2api.net.exits import directly
from flow2api.net.http import open_http
from flow2api.providers.base import Begun, Order, Picture
from flow2api.providers.flow.provider import FlowProvider
from flow2api.providers.flow.session import FlowSession
from tests.integration.flow_world import ADA, BOB, a_picture, open_world

K = FailureKind


def order(*pictures: Picture, **fields: object) -> Order:
    generation = {
        "model": "gemini-3.1-flash-image",
        "kind": "image",
        "provider": "flow",
        "upstream_model": "NARWHAL",
        "prompt": "a red apple",
        "aspect_ratio": "16:9",
    }
    return Order(job_id="j1", generation=msgspec.convert(generation | fields, Generation), pictures=pictures)


async def make(session: FlowSession, wish: Order, token: str = "") -> Begun:
    return await session.begin(await session.prepare(wish), token)


async def failure_of(session: FlowSession, wish: Order, token: str = "") -> UpstreamFailure:
    prepared = await session.prepare(wish)
    with pytest.raises(UpstreamFailure) as caught:
        await session.begin(prepared, token)
    return caught.value


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    return a_picture(tmp_path)


async def test_the_whole_way_from_cookie_to_enlarged_picture(picture: Picture) -> None:
    async with open_world(Knobs(captcha="required")) as world:
        session = await world.signed_in()
        balance = await session.balance()
        assert (session.identity.email, balance.credits, balance.tier) == (ADA, 1000, Tier.PRO)
        captcha = world.emulator.captcha
        begun = await make(session, order(picture, count=3), captcha.mint("IMAGE_GENERATION", world.emulator.now()))
        assert len(begun.made) == 3
        assert {(made.width, made.height) for made in begun.made} == {(1376, 768)}
        response = await world.http.request("GET", begun.made[0].url or "")
        assert response.status == 200
        token = captcha.mint("IMAGE_GENERATION", world.emulator.now())
        enlarged = await session.enlarge(begun.made[0], "2k", token)
        assert Image.open(io.BytesIO(enlarged)).size == (2752, 1536)


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1", "4:3", "3:4"])
@pytest.mark.parametrize("model", ["GEM_PIX_2", "NARWHAL", "IMAGEN_3_5"])
async def test_every_model_and_ratio_is_understood(model: str, ratio: str) -> None:
    async with open_world() as world:
        begun = await make(await world.signed_in(), order(upstream_model=model, aspect_ratio=ratio))
        wide, high = map(int, ratio.split(":"))
        made = begun.made[0]
        assert made.width / made.height == pytest.approx(wide / high, rel=0.02)


@pytest.mark.parametrize(
    ("setup", "kind"),
    [
        ({"alive": False}, K.NEEDS_LOGIN),
        ({"moved": True}, K.ACCOUNT_MOVED),
        ({"session_error": "ACCESS_TOKEN_REFRESH_NEEDED"}, K.NEEDS_LOGIN),
    ],
)
async def test_a_login_that_cannot_be_had_is_told_apart(setup: dict[str, object], kind: FailureKind) -> None:
    async with open_world(None, **setup) as world:
        with pytest.raises(UpstreamFailure) as caught:
            await world.signed_in()
        assert caught.value.kind is kind


async def test_a_renewed_cookie_is_picked_up_and_works() -> None:
    async with open_world(None, renew_cookie=True) as world:
        session = await world.signed_in()
        for _ in range(3):
            await session.sign_in()
        provider = FlowProvider(world.http, world.settings)
        assert provider.credential_of(session.vault) == world.emulator.accounts[ADA].session_token


async def test_a_login_without_known_end_is_still_one() -> None:
    async with open_world(None, omit_expires=True) as world:
        session = await world.signed_in()
        assert session.signed_in_until is not None
        await session.balance()


async def test_another_person_s_session_is_noticed() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        world.emulator.accounts[ADA].email = BOB
        before = session.vault
        with pytest.raises(UpstreamFailure) as caught:
            await session.sign_in()
        assert caught.value.kind is K.WRONG_ACCOUNT
        assert session.vault == before


async def test_an_expired_access_token_can_be_renewed_and_the_order_sent_again() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        prepared = await session.prepare(order())
        world.emulator.faults.next("image", LoginExpired())
        with pytest.raises(UpstreamFailure) as caught:
            await session.begin(prepared, "")
        assert caught.value.kind is K.LOGIN_EXPIRED
        assert session.signed_in_until is None
        await session.sign_in()
        assert len((await session.begin(prepared, "")).made) == 1


REFUSALS: list[tuple[AnyFault, FailureKind]] = [
    (Status(status=400), K.REQUEST_REJECTED),
    (Status(status=400, reason="PUBLIC_ERROR_UNSAFE_GENERATION"), K.CONTENT_REFUSED),
    (Status(status=403, reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY"), K.CAPTCHA_REFUSED),
    (Status(status=403, reason="PUBLIC_ERROR_MODEL_ACCESS_DENIED"), K.MODEL_DENIED),
    (Status(status=429, retry_after=7), K.THROTTLED),
    (Status(status=429, reason="PUBLIC_ERROR_USER_QUOTA_REACHED"), K.QUOTA_REACHED),
    (Status(status=429, reason="PUBLIC_ERROR_PER_MODEL_DAILY_QUOTA_REACHED"), K.MODEL_QUOTA_REACHED),
    (Status(status=429, reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC"), K.CAPTCHA_REFUSED),
    (Status(status=500), K.UPSTREAM_FAULT),
    (Status(status=503), K.UPSTREAM_FAULT),
    (NotJson(status=502), K.OUTCOME_UNKNOWN),
    (Status(status=504), K.OUTCOME_UNKNOWN),
    (NotJson(), K.UNREADABLE),
    (EmptyList(), K.UNREADABLE),
    (Truncated(), K.OUTCOME_UNKNOWN),
    (Reset(), K.OUTCOME_UNKNOWN),
    (Reset(carried_out=True), K.OUTCOME_UNKNOWN),
    (Stall(seconds=5), K.OUTCOME_UNKNOWN),
]


@pytest.mark.parametrize(("fault", "kind"), REFUSALS)
async def test_the_paid_call_fails_once_and_as_what_it_is(fault: AnyFault, kind: FailureKind) -> None:
    async with open_world() as world:
        world.settings = msgspec.structs.replace(world.settings, request_timeout=0.5)
        session = await world.signed_in()
        world.emulator.faults.next("image", fault)
        failure = await failure_of(session, order())
        assert failure.kind is kind
        assert failure.retry_after_seconds == (7 if getattr(fault, "retry_after", None) else None)
        assert len(world.emulator.ledger.calls("image")) == 1


@pytest.mark.parametrize("word", ["[unsafe]", "[sexual]", "[minor]", "[violence]", "[danger]", "[prominent]"])
async def test_a_refused_prompt_is_content_and_not_the_account(word: str) -> None:
    async with open_world() as world:
        assert (await failure_of(await world.signed_in(), order(prompt=word))).kind is K.CONTENT_REFUSED


@pytest.mark.parametrize("token", ["", "wrong", "tok:VIDEO_GENERATION:1"])
async def test_a_bad_captcha_token_is_told_as_such(token: str) -> None:
    async with open_world(Knobs(captcha="required")) as world:
        assert (await failure_of(await world.signed_in(), order(), token)).kind is K.CAPTCHA_REFUSED


async def test_an_unknown_model_ends_as_rejected() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        wish = order(upstream_model="NO_SUCH_MODEL")
        assert [(await failure_of(session, wish)).kind for _ in range(3)] == [K.MEDIA_GONE, *[K.REQUEST_REJECTED] * 2]


async def test_a_deleted_project_is_replaced_while_pictures_are_uploaded(picture: Picture) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        for _ in range(2):
            await make(session, order())
        world.emulator.accounts[ADA].projects.clear()
        await make(session, order(picture))


async def test_a_deleted_project_costs_an_order_without_pictures_one_more_try() -> None:
    async with open_world() as world:
        world.settings = msgspec.structs.replace(world.settings, projects_per_account=1)
        session = await world.signed_in()
        await make(session, order())
        world.emulator.accounts[ADA].projects.clear()
        assert (await failure_of(session, order())).kind is K.MEDIA_GONE
        await make(session, order())


@pytest.mark.parametrize("form", ["object", "list", "old"])
async def test_a_picture_is_uploaded_once_whatever_form_the_answer_has(picture: Picture, form: str) -> None:
    async with open_world(msgspec.convert({"upload_form": form}, Knobs)) as world:
        session = await world.signed_in()
        for _ in range(3):
            await make(session, order(picture))
        assert len(world.emulator.ledger.calls("upload")) == 1


async def test_an_upload_that_flow_forgot_is_sent_again(picture: Picture) -> None:
    async with open_world(Knobs(upload_seconds=0.0)) as world:
        session = await world.signed_in()
        assert (await failure_of(session, order(picture))).kind is K.MEDIA_GONE
        world.emulator.knobs = Knobs()
        await make(session, order(picture))
        assert len(world.emulator.ledger.calls("upload")) == 2


@pytest.mark.parametrize(
    ("knobs", "kind"),
    [(Knobs(upload_max_bytes=10), K.REQUEST_REJECTED), (Knobs(upload_min_side=500), K.REQUEST_REJECTED)],
)
async def test_a_picture_that_flow_does_not_take_is_the_caller_s_affair(
    picture: Picture, knobs: Knobs, kind: FailureKind
) -> None:
    async with open_world(knobs) as world:
        session = await world.signed_in()
        with pytest.raises(UpstreamFailure) as caught:
            await session.prepare(order(picture))
        assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(status=500), K.UPSTREAM_FAULT),
        (Status(status=504), K.UPSTREAM_FAULT),
        (Truncated(), K.UPSTREAM_FAULT),
        (NotJson(), K.UNREADABLE),
        (Status(status=403, reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY"), K.CAPTCHA_REFUSED),
    ],
)
async def test_a_failed_enlargement_may_be_tried_again(fault: AnyFault, kind: FailureKind) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await make(session, order())
        world.emulator.faults.next("upscale", fault)
        with pytest.raises(UpstreamFailure) as caught:
            await session.enlarge(begun.made[0], "2k", "")
        assert caught.value.kind is kind
        assert await session.enlarge(begun.made[0], "2k", "")


async def test_an_enlargement_above_the_account_s_level_is_denied() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await make(session, order())
        with pytest.raises(UpstreamFailure) as caught:
            await session.enlarge(begun.made[0], "4k", "")
        assert caught.value.kind is K.MODEL_DENIED


async def test_an_enlargement_that_comes_empty_is_a_fault() -> None:
    async with open_world(Knobs(upscale_empty=True)) as world:
        session = await world.signed_in()
        begun = await make(session, order())
        with pytest.raises(UpstreamFailure) as caught:
            await session.enlarge(begun.made[0], "2k", "")
        assert caught.value.kind is K.UPSTREAM_FAULT


async def test_a_service_that_is_not_there_is_unreachable() -> None:
    async with open_world() as world:
        session = await world.signed_in()
    async with open_http() as http:
        provider = FlowProvider(http, world.settings)
        with pytest.raises(UpstreamFailure) as caught:
            await provider.open("a", session.vault, directly).balance()
        assert caught.value.kind is K.UNREACHABLE
