"""Clips of the Flow provider against the emulated service, over real sockets: the two were written apart."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from flow2api.domain.catalog import Catalog, Wish
from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Generation, Made, Source, price
from flow2api.domain.tier import Tier
from flow2api.emulator.faults import (
    AnyFault,
    EmptyList,
    LoginExpired,
    NotJson,
    Reset,
    Stall,
    Status,
    StatusWord,
    Truncated,
)
from flow2api.emulator.knobs import Knobs
from flow2api.providers.base import Begun, Check, Order, Picture, Stage
from flow2api.providers.flow.session import FlowSession
from tests.integration.flow_world import ADA, BOB, World, a_picture, open_world

K = FailureKind
CATALOG = Catalog.load(None)
CLIPS = [
    model for model in CATALOG.models() if model.kind == "video" and model.mode != "extend" and model.provider == "flow"
]
FAST, EXTEND = "veo_3_1_t2v_fast_landscape", "veo_3_1_extend"
# A clip waits for one look and is made during the next.
LOOKS = 3
TIERS = {Tier.FREE: "PAYGATE_TIER_NOT_PAID", Tier.PRO: "PAYGATE_TIER_ONE", Tier.ULTRA: "PAYGATE_TIER_TWO"}


def order(model: str, pictures: Sequence[Picture] = (), **fields: Any) -> Order:
    wish = Wish(model=model, **({"prompt": "waves at dusk"} | fields), pictures=tuple(each.digest for each in pictures))
    return Order(job_id="j1", generation=CATALOG.resolve(wish), pictures=tuple(pictures))


async def begin(session: FlowSession, wish: Order, token: str = "") -> Begun:
    return await session.begin(await session.prepare(wish), token)


async def make(session: FlowSession, wish: Order) -> Made:
    """One clip, begun and finished."""
    (made,) = (await begin(session, wish)).made
    (check,) = await looked_at(session, [made])
    assert check.stage is Stage.DONE
    return made


async def looked_at(session: FlowSession, made: Sequence[Made]) -> list[Check]:
    """How clips stand after as many looks as they take."""
    for _ in range(LOOKS - 1):
        await session.check(made)
    return await session.check(made)


async def failure_of(session: FlowSession, wish: Order, token: str = "") -> UpstreamFailure:
    prepared = await session.prepare(wish)
    with pytest.raises(UpstreamFailure) as caught:
        await session.begin(prepared, token)
    return caught.value


async def downloaded(world: World, made: Made, folder: Path) -> bytes:
    path = folder / "clip.mp4"
    assert (await world.http.download(made.url or "", path)).status == 200
    return path.read_bytes()


def is_clip(data: bytes) -> bool:
    return data[4:8] == b"ftyp"


def source_of(made: Made, generation: Generation) -> Source:
    return Source(
        media_id=made.media_id,
        account_id="a1",
        aspect_ratio=generation.aspect_ratio,
        seconds=generation.seconds,
        context=made.context,
    )


async def test_the_whole_way_from_text_to_an_enlarged_clip(tmp_path: Path) -> None:
    async with open_world(Knobs(captcha="required")) as world:
        session = await world.signed_in()
        captcha, now = world.emulator.captcha, world.emulator.now
        wish = order("veo_3_1_t2v_fast_1080p")
        begun = await begin(session, wish, captcha.mint("VIDEO_GENERATION", now()))
        assert (len(begun.made), begun.finished, begun.credits_left) == (1, False, 980)
        stages = [(await session.check(begun.made))[0].stage for _ in range(LOOKS)]
        assert stages == [Stage.WAITING, Stage.RUNNING, Stage.DONE]
        small = await session.locate(begun.made[0])
        assert is_clip(await downloaded(world, small, tmp_path))
        token = captcha.mint("VIDEO_GENERATION", now())
        second = await session.upsample(small, wish.generation, token)
        assert second.made[0].media_id == f"{small.media_id}_upsampled"
        (check,) = await looked_at(session, second.made)
        assert check.stage is Stage.DONE
        large = await session.locate(second.made[0])
        assert is_clip(await downloaded(world, large, tmp_path))


@pytest.mark.parametrize("tier", [Tier.FREE, Tier.PRO, Tier.ULTRA])
async def test_every_id_that_a_tier_may_use_is_understood(tmp_path: Path, tier: Tier) -> None:
    """The catalogue's keys, ratios and numbers of pictures are those that the service knows, and so are its prices."""
    pictures = [a_picture(tmp_path, f"{n}.png", colour) for n, colour in enumerate(("red", "green", "blue"))]
    async with open_world(None, tier=TIERS[tier], credits=10**6) as world:
        session = await world.signed_in()
        left = 10**6
        able = [model for model in CLIPS if tier is Tier.ULTRA or model.min_tier in (Tier.FREE, tier)]
        assert len(able) > 100
        for model in able:
            for count in sorted({model.min_inputs, max(model.min_inputs, min(1, model.max_inputs)), model.max_inputs}):
                wish = order(model.id, pictures[:count])
                begun = await begin(session, wish)
                assert (len(begun.made), begun.finished) == (1, False)
                generation = wish.generation
                if "relaxed" not in generation.upstream_model:
                    first = price(generation, tier) - generation.upscale_credits
                    assert begun.credits_left == left - first, model.id
                left = begun.credits_left or 0


@pytest.mark.parametrize("form", ["media", "operations", "both"])
async def test_several_clips_are_taken_from_every_form_of_the_answer(form: str) -> None:
    async with open_world(msgspec.convert({"video_form": form}, Knobs)) as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST, n=3))
        assert len({made.media_id for made in begun.made}) == 3
        other = await begin(session, order(FAST))
        checks = await looked_at(session, [*begun.made, *other.made])
        assert [check.stage for check in checks] == [Stage.DONE] * 4
        assert len(world.emulator.ledger.calls("video_status")) == LOOKS


@pytest.mark.parametrize("redirect", ["missing", "fault", "login"])
async def test_a_clip_without_a_link_is_fetched_by_its_bytes(tmp_path: Path, redirect: str) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        made = await make(session, order(FAST))
        world.emulator.knobs = msgspec.convert({"redirect": redirect}, Knobs)
        with pytest.raises(UpstreamFailure) as caught:
            await session.locate(made)
        expected = {"missing": K.MEDIA_GONE, "fault": K.UPSTREAM_FAULT, "login": K.NEEDS_LOGIN}
        assert caught.value.kind is expected[redirect]
        path = tmp_path / "ab" / "clip.mp4"
        await session.fetch(made, path)
        assert is_clip(path.read_bytes())


@pytest.mark.parametrize(
    ("prompt", "stage", "kind"),
    [
        ("[refuse-later]", Stage.FAILED, K.CONTENT_REFUSED),
        ("[ip-later]", Stage.FAILED, K.CONTENT_REFUSED),
        ("[traffic-later]", Stage.FAILED, K.MODEL_BUSY),
        ("[fault-later]", Stage.FAILED, K.UPSTREAM_FAULT),
        ("[error-later]", Stage.FAILED, K.UPSTREAM_FAULT),
        ("[cancel-later]", Stage.FAILED, K.REQUEST_REJECTED),
        ("[mystery-later]", Stage.UNKNOWN, K.UNREADABLE),
        ("[stuck]", Stage.RUNNING, None),
    ],
)
async def test_a_clip_ends_as_the_service_says(prompt: str, stage: Stage, kind: FailureKind | None) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST, prompt=prompt))
        good = await begin(session, order(FAST))
        check, other = await looked_at(session, [*begun.made, *good.made])
        assert check.stage is stage
        assert (check.failure.kind if check.failure else None) is kind
        assert other.stage is Stage.DONE


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        (None, Stage.WAITING),
        ("SCHEDULED", Stage.WAITING),
        ("IN_PROGRESS", Stage.RUNNING),
        ("COMPLETE", Stage.DONE),
        ("NEW_WORD", Stage.UNKNOWN),
    ],
)
async def test_a_status_word_is_known_or_told_as_unknown(word: str | None, stage: Stage) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST))
        world.emulator.faults.next("video_status", StatusWord(word=word))
        assert (await session.check(begun.made))[0].stage is stage


REFUSALS: list[tuple[AnyFault, FailureKind]] = [
    (Status(status=400), K.REQUEST_REJECTED),
    (Status(status=400, reason="PUBLIC_ERROR_UNSAFE_GENERATION"), K.CONTENT_REFUSED),
    (Status(status=403, reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY"), K.CAPTCHA_REFUSED),
    (Status(status=429, reason="PUBLIC_ERROR_USER_QUOTA_REACHED"), K.QUOTA_REACHED),
    (Status(status=503), K.UPSTREAM_FAULT),
    (Status(status=504), K.OUTCOME_UNKNOWN),
    (NotJson(), K.UNREADABLE),
    (EmptyList(), K.UNREADABLE),
    (Truncated(), K.OUTCOME_UNKNOWN),
    (Reset(carried_out=True), K.OUTCOME_UNKNOWN),
    (Stall(seconds=5), K.OUTCOME_UNKNOWN),
]


@pytest.mark.parametrize(("fault", "kind"), REFUSALS)
@pytest.mark.parametrize("call", ["video", "upsample"])
async def test_a_paid_call_fails_once_and_as_what_it_is(call: str, fault: AnyFault, kind: FailureKind) -> None:
    async with open_world() as world:
        world.settings = msgspec.structs.replace(world.settings, request_timeout=0.5)
        session = await world.signed_in()
        wish = order("veo_3_1_t2v_fast_1080p")
        made = await make(session, wish) if call == "upsample" else None
        before = len(world.emulator.ledger.calls(call))
        prepared = await session.prepare(wish)
        world.emulator.faults.next(call, fault)
        with pytest.raises(UpstreamFailure) as caught:
            await (session.upsample(made, wish.generation, "") if made else session.begin(prepared, ""))
        assert caught.value.kind is kind
        assert len(world.emulator.ledger.calls(call)) == before + 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Status(status=500), K.UPSTREAM_FAULT),
        (NotJson(), K.UNREADABLE),
        (Truncated(), K.UPSTREAM_FAULT),
        (LoginExpired(), K.LOGIN_EXPIRED),
    ],
)
async def test_a_question_that_fails_can_be_asked_again(fault: AnyFault, kind: FailureKind) -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST))
        world.emulator.faults.next("video_status", fault)
        with pytest.raises(UpstreamFailure) as caught:
            await session.check(begun.made)
        assert caught.value.kind is kind
        await session.sign_in()
        assert (await looked_at(session, begun.made))[0].stage is Stage.DONE


async def test_an_answer_that_leaves_a_clip_out_is_no_answer_about_it() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST))
        world.emulator.faults.next("video_status", EmptyList())
        assert (await session.check(begun.made))[0].stage is Stage.UNKNOWN


async def test_another_account_s_clip_is_lost_without_hiding_one_s_own() -> None:
    async with open_world() as world:
        ada, bob = await world.signed_in(ADA), await world.signed_in(BOB)
        mine, theirs = (await begin(ada, order(FAST))).made, (await begin(bob, order(FAST))).made
        checks = await looked_at(ada, [*theirs, *mine])
        assert [check.stage for check in checks] == [Stage.FAILED, Stage.DONE]
        assert checks[0].failure is not None
        assert checks[0].failure.kind is K.MEDIA_GONE


@pytest.mark.parametrize(("form", "written"), [("encoded", True), ("uri", False)])
async def test_a_clip_is_extended_and_joined(tmp_path: Path, form: str, written: bool) -> None:
    async with open_world(msgspec.convert({"concatenation_form": form}, Knobs)) as world:
        session = await world.signed_in()
        wish = order(FAST)
        source = source_of(await session.locate(await make(session, wish)), wish.generation)
        extension = await session.locate(await make(session, order(EXTEND, source=source)))
        joining = await session.join(source, extension)
        path = tmp_path / "joined.mp4"
        for _ in range(LOOKS):
            check = await session.check_join(joining, path)
        assert (check.stage, check.written) == (Stage.DONE, written)
        data = path.read_bytes() if written else await downloaded(world, check.made, tmp_path)
        assert is_clip(data)


async def test_another_account_s_clip_cannot_be_extended() -> None:
    async with open_world() as world:
        ada, bob = await world.signed_in(ADA), await world.signed_in(BOB)
        wish = order(FAST)
        made = await make(ada, wish)
        bare = Source(media_id=made.media_id, aspect_ratio="16:9")
        assert (await failure_of(bob, order(EXTEND, source=bare))).kind is K.REQUEST_REJECTED


async def test_a_cancelled_clip_has_ended() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        begun = await begin(session, order(FAST))
        await session.cancel(begun.made[0])
        (check,) = await session.check(begun.made)
        assert check.stage is Stage.FAILED
        assert check.failure is not None
        assert check.failure.reason == "CANCELED"


async def test_the_top_tier_gets_its_own_keys_and_is_not_asked_for_more_than_they_cost() -> None:
    async with open_world(None, tier="PAYGATE_TIER_TWO", credits=60) as world:
        session = await world.signed_in()
        wish = order("veo_3_1_t2v_fast_4k")
        begun = await begin(session, wish)
        assert begun.credits_left == 50
        await looked_at(session, begun.made)
        second = await session.upsample(begun.made[0], wish.generation, "")
        assert second.credits_left == 0


async def test_what_an_account_s_tier_does_not_have_is_denied() -> None:
    async with open_world(None, tier="PAYGATE_TIER_NOT_PAID") as world:
        session = await world.signed_in()
        assert (await failure_of(session, order("veo_3_1_t2v_fast_ultra"))).kind is K.MODEL_DENIED


async def test_an_unknown_key_ends_as_rejected() -> None:
    async with open_world() as world:
        session = await world.signed_in()
        wish = order(FAST)
        wish = msgspec.structs.replace(wish, generation=msgspec.structs.replace(wish.generation, upstream_model="NONE"))
        assert [(await failure_of(session, wish)).kind for _ in range(2)] == [K.MEDIA_GONE, K.REQUEST_REJECTED]


async def test_an_upload_that_flow_forgot_is_sent_again(tmp_path: Path) -> None:
    async with open_world(Knobs(upload_seconds=0.0)) as world:
        session = await world.signed_in()
        wish = order("veo_3_1_i2v_s_fast_fl", [a_picture(tmp_path)])
        assert (await failure_of(session, wish)).kind is K.MEDIA_GONE
        world.emulator.knobs = Knobs()
        await begin(session, wish)
        assert len(world.emulator.ledger.calls("upload")) == 2
