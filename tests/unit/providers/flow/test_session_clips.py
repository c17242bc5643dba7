"""The way of a clip through a session, from upload to file, against a scripted Flow."""

import base64
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.job import Made, Source
from flow2api.domain.tier import Tier
from flow2api.net.message import Response
from flow2api.providers.base import Order, Picture, Stage
from flow2api.providers.flow.place import place_of
from tests.unit.providers.flow import fake
from tests.unit.providers.flow.fake import (
    CAPTCHA_TOKEN,
    FakeHttp,
    Seen,
    answer,
    clip,
    clip_generation,
    generation,
    handle,
    kind_of,
    picture,
    redirect,
    refusal,
    session,
    signed_in,
)

K = FailureKind
GONE = refusal(404, "NOT_FOUND", message="Requested entity was not found.")
VIDEO = "https://content.test/video/9e41?Signature=x"
CLIP = b"\x00\x00\x00\x18ftypmp42"
WAYS = [fake.TEXT_CLIP, fake.FIRST_FRAME_CLIP, fake.BOTH_FRAMES_CLIP, fake.REFERENCES_CLIP, fake.EXTENDED_CLIP]


def order(*pictures: Picture, **fields: Any) -> Order:
    names = tuple(f"{number}.png" for number in range(len(pictures)))
    return Order(job_id="j1", generation=clip_generation(inputs=names, **fields), pictures=pictures)


def some_pictures(folder: Path, count: int) -> list[Picture]:
    made = []
    for number in range(count):
        path = folder / f"{number}.png"
        path.write_bytes(bytes([number]))
        made.append(Picture(path=path, mime="image/png", digest=hashlib.sha256(bytes([number])).hexdigest()))
    return made


def accepted(seen: Seen) -> Response:
    """One clip for each element of `requests`."""
    entries = [clip(f"c{index}") for index in range(len(seen.json["requests"]))]
    return answer(body={"media": entries, "remainingCredits": 880})


def a_flow(tier: str = "PAYGATE_TIER_ONE") -> FakeHttp:
    """A Flow in which everything works; uploads are u1, u2, ... and projects p1, p2, ..."""
    http = FakeHttp()
    http.on(fake.PROJECT, lambda _: fake.project(f"p{len(http.calls(fake.PROJECT))}"))
    http.on(fake.UPLOAD, lambda _: answer(body={"media": {"name": f"u{len(http.calls(fake.UPLOAD))}"}}))
    http.on(fake.CREDITS, answer(body={"credits": 900, "userPaygateTier": tier}))
    for way in (*WAYS, fake.LARGER_CLIP):
        http.on(way, accepted)
    http.on(fake.LOCATE, redirect(VIDEO))
    return http


@pytest.mark.parametrize(
    ("mode", "count", "way"),
    [
        ("t2v", 0, fake.TEXT_CLIP),
        ("i2v", 1, fake.FIRST_FRAME_CLIP),
        ("i2v", 2, fake.BOTH_FRAMES_CLIP),
        ("r2v", 3, fake.REFERENCES_CLIP),
    ],
)
async def test_an_order_goes_its_way_with_its_pictures_uploaded(
    tmp_path: Path, mode: str, count: int, way: str
) -> None:
    http = a_flow()
    account = session(http)
    prepared = await account.prepare(order(*some_pictures(tmp_path, count), mode=mode, count=2))
    begun = await account.begin(prepared, CAPTCHA_TOKEN)
    assert ([made.media_id for made in begun.made], begun.finished, begun.credits_left) == (["c0", "c1"], False, 880)
    (sent,) = http.calls(way)
    assert len(http.calls(fake.UPLOAD)) == count
    assert all(f'"u{number + 1}"' in sent.body.decode() for number in range(count))
    context = sent.json["clientContext"]
    assert context["recaptchaContext"]["token"] == CAPTCHA_TOKEN
    assert (context["projectId"], context["userPaygateTier"]) == ("p1", "PAYGATE_TIER_ONE")


async def test_first_and_last_frame_keep_their_order(tmp_path: Path) -> None:
    http = a_flow()
    account = session(http)
    await account.begin(await account.prepare(order(*some_pictures(tmp_path, 2), mode="i2v")), "")
    (request,) = http.calls(fake.BOTH_FRAMES_CLIP)[0].json["requests"]
    assert (request["startImage"], request["endImage"]) == ({"mediaId": "u1"}, {"mediaId": "u2"})


@pytest.mark.parametrize(
    ("tier", "key"),
    [
        ("PAYGATE_TIER_NOT_PAID", "veo_3_1_t2v_fast"),
        ("PAYGATE_TIER_ONE", "veo_3_1_t2v_fast"),
        ("PAYGATE_TIER_TWO", "veo_3_1_t2v_fast_ultra"),
        ("PAYGATE_TIER_NINE", "veo_3_1_t2v_fast"),
    ],
)
async def test_the_account_s_level_picks_the_key_and_is_asked_for_once(tier: str, key: str) -> None:
    http = a_flow(tier)
    account = session(http)
    wish = order(tier_models={Tier.ULTRA: "veo_3_1_t2v_fast_ultra"})
    for _ in range(2):
        await account.begin(await account.prepare(wish), "")
    assert {seen.json["requests"][0]["videoModelKey"] for seen in http.calls(fake.TEXT_CLIP)} == {key}
    assert len(http.calls(fake.CREDITS)) == 1


async def test_an_order_that_flow_cannot_take_is_refused_before_anything_is_sent() -> None:
    http = a_flow()
    assert await kind_of(session(http).prepare(order(aspect_ratio="1:1"))) is K.REQUEST_REJECTED
    assert http.seen == []


async def test_a_continuation_is_made_where_its_clip_lies() -> None:
    http = a_flow()
    account = session(http, signed_in(projects=["other"]))
    source = Source(media_id="9e41", account_id="a1", context=handle(project_id="p7").context)
    begun = await account.begin(await account.prepare(order(mode="extend", source=source)), "")
    sent = http.calls(fake.EXTENDED_CLIP)[0].json
    assert sent["clientContext"]["projectId"] == "p7"
    assert sent["requests"][0]["videoInput"] == {"mediaId": "9e41"}
    assert begun.made[0].media_id == "c0"


async def test_a_clip_to_continue_that_is_gone_is_told_as_that() -> None:
    http = a_flow()
    http.on(fake.EXTENDED_CLIP, GONE)
    account = session(http)
    prepared = await account.prepare(order(mode="extend", source=Source(media_id="9e41")))
    with pytest.raises(UpstreamFailure) as caught:
        await account.begin(prepared, "")
    assert caught.value.kind is K.REQUEST_REJECTED
    assert "clip" in caught.value.message


async def test_an_expired_upload_is_forgotten_so_that_the_next_try_uploads_anew(tmp_path: Path) -> None:
    http = a_flow()
    http.on(fake.FIRST_FRAME_CLIP, GONE, accepted)
    account = session(http)
    wish = order(*some_pictures(tmp_path, 1), mode="i2v")
    assert await kind_of(account.begin(await account.prepare(wish), "")) is K.MEDIA_GONE
    await account.begin(await account.prepare(wish), "")
    assert len(http.calls(fake.UPLOAD)) == 2


async def test_a_key_that_a_new_project_does_not_know_either_is_rejected() -> None:
    http = a_flow("PAYGATE_TIER_TWO")
    http.on(fake.TEXT_CLIP, GONE)
    account = session(http, signed_in(projects=["old"]))
    wish = order(tier_models={Tier.ULTRA: "TOP"})
    assert await kind_of(account.begin(await account.prepare(wish), "")) is K.MEDIA_GONE
    with pytest.raises(UpstreamFailure) as caught:
        await account.begin(await account.prepare(wish), "")
    assert caught.value.kind is K.REQUEST_REJECTED
    assert "TOP" in caught.value.message


@pytest.mark.parametrize("way", [fake.TEXT_CLIP, fake.CHECK, fake.LARGER_CLIP, fake.FETCH, fake.JOIN, fake.CANCEL])
async def test_a_refused_token_ends_the_login_in_every_call(tmp_path: Path, way: str) -> None:
    http = a_flow()
    http.on(way, refusal(401, "UNAUTHENTICATED"))
    account = session(http)

    async def begin() -> object:
        return await account.begin(await account.prepare(order()), "")

    calls: dict[str, Callable[[], Awaitable[object]]] = {
        fake.TEXT_CLIP: begin,
        fake.CHECK: lambda: account.check([handle()]),
        fake.LARGER_CLIP: lambda: account.upsample(handle(), clip_generation(upscale="4k"), ""),
        fake.FETCH: lambda: account.fetch(handle(), tmp_path / "clip.mp4"),
        fake.JOIN: lambda: account.join(Source(media_id="a"), handle()),
        fake.CANCEL: lambda: account.cancel(handle()),
    }
    assert await kind_of(calls[way]()) is K.LOGIN_EXPIRED
    assert account.signed_in_until is None


# -- how clips stand ----------------------------------------------------------------------------------------------


async def test_all_clips_are_asked_about_with_one_call() -> None:
    http = a_flow()
    http.on(fake.CHECK, answer(body={"media": [clip("a", "ACTIVE"), clip("b", "SUCCESSFUL"), clip("c", "FAILED")]}))
    checks = await session(http).check([handle("a"), handle("b"), handle("c")])
    assert [check.stage for check in checks] == [Stage.RUNNING, Stage.DONE, Stage.FAILED]
    assert len(http.seen) == 1


async def test_no_clips_need_no_call() -> None:
    http = a_flow()
    assert await session(http).check([]) == []
    assert http.seen == []


async def test_a_clip_that_flow_no_longer_knows_does_not_hide_the_others() -> None:
    def unless_lost(seen: Seen) -> Response:
        names = [media["name"] for media in seen.json["media"]]
        return GONE if "lost" in names else answer(body={"media": [clip(name, "ACTIVE") for name in names]})

    http = a_flow()
    http.on(fake.CHECK, unless_lost)
    names = ["a", "b", "lost", "c", "d"]
    checks = await session(http).check([handle(name) for name in names])
    assert [check.made.media_id for check in checks] == names
    assert [check.stage for check in checks] == [Stage.RUNNING] * 2 + [Stage.FAILED] + [Stage.RUNNING] * 2
    assert checks[2].failure is not None
    assert checks[2].failure.kind is K.MEDIA_GONE


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (refusal(500, "INTERNAL"), K.UPSTREAM_FAULT),
        (refusal(400, "INVALID_ARGUMENT"), K.REQUEST_REJECTED),
        (answer(200, b"<html>"), K.UNREADABLE),
    ],
)
async def test_a_question_that_fails_says_nothing_about_any_clip(response: Response, kind: FailureKind) -> None:
    http = a_flow()
    http.on(fake.CHECK, response)
    assert await kind_of(session(http).check([handle("a"), handle("b")])) is kind
    assert len(http.seen) == 1


# -- finished media -----------------------------------------------------------------------------------------------


async def test_a_finished_clip_is_found_by_its_link() -> None:
    http = a_flow()
    found = await session(http).locate(handle())
    assert found == Made(media_id="9e41", url=VIDEO, context=handle().context)


async def test_the_id_in_a_link_is_kept_for_what_follows() -> None:
    http = a_flow()
    found = await session(http).locate(handle("CAM-old-name"))
    assert (found.media_id, place_of(found.context).clip_id) == ("CAM-old-name", "9e41")
    account = session(http)
    await account.upsample(found, clip_generation(upscale="1080p"), "")
    assert http.calls(fake.LARGER_CLIP)[0].json["requests"][0]["videoInput"] == {"mediaId": "9e41"}


async def test_a_clip_s_bytes_come_as_a_file(tmp_path: Path) -> None:
    http = a_flow()
    http.on(fake.FETCH, answer(body={"name": "9e41", "video": {"encodedVideo": base64.b64encode(CLIP).decode()}}))
    path = tmp_path / "ab" / "clip.mp4"
    await session(http).fetch(handle(), path)
    assert path.read_bytes() == CLIP
    assert [each.name for each in path.parent.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (answer(200, b""), K.UNREADABLE),
        (answer(200, b"<html>"), K.UNREADABLE),
        (answer(body={"name": "9e41"}), K.UNREADABLE),
        (answer(body={"video": {"encodedVideo": "no base64!"}}), K.UNREADABLE),
        (answer(body={"video": {"encodedVideo": ""}}), K.UPSTREAM_FAULT),
        (GONE, K.MEDIA_GONE),
        (refusal(500, "INTERNAL"), K.UPSTREAM_FAULT),
    ],
)
async def test_a_delivery_that_fails_leaves_no_file(tmp_path: Path, response: Response, kind: FailureKind) -> None:
    http = a_flow()
    http.on(fake.FETCH, response)
    assert await kind_of(session(http).fetch(handle(), tmp_path / "clip.mp4")) is kind
    assert os.listdir(tmp_path) == []


async def test_an_enlargement_is_a_second_order_for_one_clip() -> None:
    http = a_flow()
    http.on(fake.LARGER_CLIP, answer(body={"media": [clip("9e41_upsampled")], "remainingCredits": 850}))
    wish = clip_generation(upscale="4k", count=3)
    begun = await session(http).upsample(handle(), wish, CAPTCHA_TOKEN)
    assert ([made.media_id for made in begun.made], begun.finished) == (["9e41_upsampled"], False)
    assert begun.credits_left == 850
    context = http.calls(fake.LARGER_CLIP)[0].json["clientContext"]
    assert context["recaptchaContext"]["token"] == CAPTCHA_TOKEN
    assert context["userPaygateTier"] == "PAYGATE_TIER_ONE"


async def test_a_clip_and_its_continuation_are_joined() -> None:
    http = a_flow()
    http.on(fake.JOIN, answer(body={"operation": {"operation": {"name": "op1"}}}))
    http.on(fake.CHECK_JOIN, answer(body={"status": "MEDIA_GENERATION_STATUS_ACTIVE"}))
    account = session(http)
    joining = await account.join(Source(media_id="one", seconds=8), handle("two"))
    assert joining.media_id == "op1"
    assert (await account.check_join(joining, Path("nowhere"))).stage is Stage.RUNNING
    assert http.calls(fake.CHECK_JOIN)[0].json == {"operation": {"operation": {"name": "op1"}}}


async def test_a_joined_clip_comes_as_a_link_or_as_a_file(tmp_path: Path) -> None:
    done = {"status": "MEDIA_GENERATION_STATUS_SUCCESSFUL"}
    http = a_flow()
    encoded = base64.b64encode(CLIP).decode()
    http.on(fake.CHECK_JOIN, answer(body=done | {"outputUri": VIDEO}), answer(body=done | {"encodedVideo": encoded}))
    account, path = session(http), tmp_path / "ab" / "clip.mp4"
    linked = await account.check_join(Made(media_id="op1"), path)
    assert (linked.stage, linked.made.url, linked.written, path.exists()) == (Stage.DONE, VIDEO, False, False)
    written = await account.check_join(Made(media_id="op1"), path)
    assert (written.stage, written.made.url, written.written) == (Stage.DONE, None, True)
    assert path.read_bytes() == CLIP


async def test_a_clip_is_cancelled_by_its_name() -> None:
    http = a_flow()
    http.on(fake.CANCEL, answer())
    await session(http).cancel(handle())
    assert http.seen[0].json == {"mediaId": "9e41"}


# -- pictures without a link --------------------------------------------------------------------------------------


def linkless(media_id: str = "a3c0") -> dict[str, Any]:
    entry = picture(media_id)
    del entry["image"]["generatedImage"]["fifeUrl"]
    return entry


async def test_a_picture_without_a_link_is_looked_up() -> None:
    http = a_flow()
    http.on(fake.IMAGES, answer(body={"media": [linkless("a"), picture("b")]}))
    http.on(fake.LOCATE, redirect("https://content.test/image/a"))
    account = session(http)
    wish = Order(job_id="j1", generation=generation(count=2))
    begun = await account.begin(await account.prepare(wish), "")
    assert [made.url for made in begun.made] == [
        "https://content.test/image/a",
        "https://content.test/image/b?Signature=x",
    ]
    assert begun.finished


async def test_a_picture_that_cannot_be_looked_up_now_is_not_lost() -> None:
    http = a_flow()
    http.on(fake.IMAGES, answer(body={"media": [linkless()]}))
    http.on(fake.LOCATE, refusal(500, "INTERNAL"), redirect("https://content.test/image/a3c0"))
    account = session(http)
    begun = await account.begin(await account.prepare(Order(job_id="j1", generation=generation())), "")
    (made,) = begun.made
    assert (made.media_id, made.url) == ("a3c0", None)
    assert (await account.locate(made)).url == "https://content.test/image/a3c0"
