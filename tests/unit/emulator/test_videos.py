"""Ordering clips."""

from typing import Any

import pytest

from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import BATCH, Caller, add_caller, context, error_of, message_of, new_caller, said
from tests.unit.emulator.video_caller import (
    LANDSCAPE,
    PORTRAIT,
    STATUS,
    UUID,
    extend,
    made,
    order,
    ordered,
    send,
    status_in,
    status_of,
    uploaded,
    upsample,
    video_body,
    video_request,
)

TWO = "PAYGATE_TIER_TWO"
NOT_FOUND = (404, "NOT_FOUND", None)
INVALID = (400, "INVALID_ARGUMENT", None)


async def test_an_order_is_answered_with_media_that_wait() -> None:
    caller = await new_caller(credits=100)
    told = said(await order(caller))
    (shown,) = told["media"]
    assert status_in(shown) == {"mediaGenerationStatus": f"{STATUS}PENDING"}
    assert (shown["projectId"], shown["video"]["operation"]) == (caller.project, {"name": shown["name"]})
    assert shown["video"]["generatedVideo"] == {"seed": 41234, "model": "veo_3_1_t2v_fast", "aspectRatio": LANDSCAPE}
    assert shown["video"]["dimensions"] == {"length": "8s"}
    assert told["workflows"][0]["metadata"] == {"primaryMediaId": shown["name"], "batchId": BATCH}
    assert told["remainingCredits"] == 80


@pytest.mark.parametrize(
    ("form", "fields"),
    [
        ("media", {"media", "workflows", "remainingCredits"}),
        ("operations", {"operations", "remainingCredits"}),
        ("both", {"media", "workflows", "operations", "remainingCredits"}),
    ],
)
async def test_the_answer_can_take_the_older_form(form: str, fields: set[str]) -> None:
    caller = await new_caller(Knobs().changed({"video_form": form}))
    told = said(await order(caller))
    assert told.keys() == fields
    for operation in told.get("operations", []):
        assert operation["status"] == f"{STATUS}PENDING"
        assert await status_of(caller, operation["operation"]["name"]) == "PENDING"


async def test_one_order_begins_a_clip_for_each_request() -> None:
    caller = await new_caller()
    body = video_body(caller, video_request("one"), video_request("two", seed=7))
    told = said(await send(caller, "Text", body))
    assert [media["video"]["generatedVideo"]["seed"] for media in told["media"]] == [41234, 7]
    assert told["remainingCredits"] == 1000 - 40
    assert caller.emulator.ledger.by_prompt("video") == {"one": 1}
    assert len(caller.emulator.ledger.accepted[0].media) == 2


@pytest.mark.parametrize(
    ("key", "tier", "credits"),
    [
        ("veo_3_1_t2v_lite", TWO, 10),
        ("veo_3_1_t2v_fast", "PAYGATE_TIER_ONE", 20),
        ("veo_3_1_t2v_fast", TWO, 10),
        ("veo_3_1_t2v_fast_ultra", TWO, 10),
        ("veo_3_1_t2v", TWO, 100),
        ("veo_3_1_t2v_quality_4s", "PAYGATE_TIER_NOT_PAID", 100),
        ("abra_t2v_4s", TWO, 7),
        ("abra_t2v_8s", "PAYGATE_TIER_NOT_PAID", 12),
        ("abra_t2v_10s", TWO, 15),
    ],
)
async def test_a_clip_costs_what_people_report(key: str, tier: str, credits: int) -> None:
    caller = await new_caller(tier=tier)
    assert said(await order(caller, videoModelKey=key))["remainingCredits"] == 1000 - credits


async def test_without_credits_nothing_is_begun() -> None:
    caller = await new_caller(credits=19)
    assert error_of(await order(caller)) == (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_USER_QUOTA_REACHED")
    assert (caller.account.credits, caller.emulator.ledger.accepted) == (19, [])
    caller.emulator.knobs = Knobs(video_credits=0)
    assert (await order(caller)).status == 200


async def start_request(caller: Caller) -> dict[str, Any]:
    return {"videoModelKey": "veo_3_1_i2v_s_fast", "startImage": {"mediaId": await uploaded(caller)}}


async def both_request(caller: Caller) -> dict[str, Any]:
    frames = {"startImage": {"mediaId": await uploaded(caller)}, "endImage": {"mediaId": await uploaded(caller)}}
    return {"videoModelKey": "veo_3_1_i2v_s_fast_fl"} | frames


async def reference_request(caller: Caller) -> dict[str, Any]:
    references = [{"imageUsageType": "IMAGE_USAGE_TYPE_ASSET", "mediaId": await uploaded(caller)} for _ in range(3)]
    return {"videoModelKey": "veo_3_1_r2v_fast_landscape", "referenceImages": references}


FROM_PICTURES = [
    ("StartImage", start_request),
    ("StartAndEndImage", both_request),
    ("ReferenceImages", reference_request),
]


@pytest.mark.parametrize(("path", "request_of"), FROM_PICTURES)
async def test_a_clip_from_pictures_is_scheduled(path: str, request_of: Any) -> None:
    caller = await new_caller()
    told = said(await order(caller, path=path, **await request_of(caller)))
    assert status_in(told["media"][0]) == {"mediaGenerationStatus": f"{STATUS}SCHEDULED"}


@pytest.mark.parametrize(("path", "request_of"), FROM_PICTURES)
async def test_other_peoples_pictures_cannot_be_used(path: str, request_of: Any) -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    assert error_of(await order(caller, path=path, **await request_of(other))) == NOT_FOUND


async def test_an_outdated_upload_cannot_be_used() -> None:
    caller = await new_caller(Knobs(upload_seconds=0))
    assert error_of(await order(caller, path="StartImage", **await start_request(caller))) == NOT_FOUND


async def test_a_generated_picture_can_be_a_first_frame_but_a_clip_cannot() -> None:
    caller = await new_caller()
    picture = said(await caller.image())["media"][0]["name"]
    key = {"videoModelKey": "veo_3_1_i2v_s_fast"}
    assert (await order(caller, path="StartImage", startImage={"mediaId": picture}, **key)).status == 200
    clip = await made(caller)
    assert error_of(await order(caller, path="StartImage", startImage={"mediaId": clip}, **key)) == INVALID


async def test_a_frame_may_be_cropped_within_its_edges() -> None:
    caller = await new_caller()
    request = await start_request(caller)
    request["startImage"]["cropCoordinates"] = {"top": 0, "left": 0.25, "bottom": 1, "right": 0.75}
    assert (await order(caller, path="StartImage", **request)).status == 200
    request["startImage"]["cropCoordinates"]["right"] = 1.5
    assert error_of(await order(caller, path="StartImage", **request)) == INVALID


async def test_the_other_form_of_a_reference_is_taken_too_but_not_a_bare_one() -> None:
    caller = await new_caller()
    request = await reference_request(caller)
    request["referenceImages"] = [{"aspectRatio": LANDSCAPE, "mediaId": await uploaded(caller)}]
    assert (await order(caller, path="ReferenceImages", **request)).status == 200
    del request["referenceImages"][0]["aspectRatio"]
    assert error_of(await order(caller, path="ReferenceImages", **request)) == INVALID


@pytest.mark.parametrize("count", [0, 4])
async def test_one_to_three_references_are_taken(count: int) -> None:
    caller = await new_caller()
    request = await reference_request(caller)
    request["referenceImages"] = [request["referenceImages"][0]] * count
    assert error_of(await order(caller, path="ReferenceImages", **request)) == INVALID


def without(body: dict[str, Any], *path: str | int) -> dict[str, Any]:
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return body


@pytest.mark.parametrize(
    "path",
    [
        ("mediaGenerationContext",),
        ("mediaGenerationContext", "batchId"),
        ("clientContext", "projectId"),
        ("clientContext", "sessionId"),
        ("clientContext", "userPaygateTier"),
        ("useV2ModelConfig",),
        ("requests", 0),
        ("requests", 0, "aspectRatio"),
        ("requests", 0, "seed"),
        ("requests", 0, "textInput"),
        ("requests", 0, "videoModelKey"),
        ("requests", 0, "metadata"),
    ],
)
async def test_anything_missing_is_an_invalid_argument(path: tuple[str | int, ...]) -> None:
    caller = await new_caller()
    assert error_of(await send(caller, "Text", without(video_body(caller, video_request()), *path))) == INVALID


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 0},
        {"seed": 100_000},
        {"aspectRatio": "16:9"},
        {"aspectRatio": PORTRAIT},
        {"textInput": {"structuredPrompt": {"parts": [{"text": " "}]}}},
        {"textInput": {"prompt": "waves"}},
        {"seconds": 8},
        {"startImage": {"mediaId": UUID}},
        {"videoModelKey": "veo_3_1_r2v_fast_landscape"},
        {"videoModelKey": "veo_3_1_i2v_s_fast"},
    ],
)
async def test_a_wrong_value_is_an_invalid_argument(change: dict[str, Any]) -> None:
    caller = await new_caller()
    assert error_of(await order(caller, **change)) == INVALID
    assert caller.emulator.ledger.accepted == []


async def test_an_unknown_field_is_named() -> None:
    caller = await new_caller()
    answer = await order(caller, negativePrompt="blur")
    assert "Unknown name \"negativePrompt\" at 'requests[0]'" in message_of(answer)


async def test_a_model_that_takes_both_orientations_is_not_tied() -> None:
    caller = await new_caller()
    assert (await order(caller, aspectRatio=PORTRAIT, videoModelKey="veo_3_1_t2v_fast_4s")).status == 200


async def test_an_unknown_model_is_not_found() -> None:
    caller = await new_caller()
    assert error_of(await order(caller, videoModelKey="veo_9")) == NOT_FOUND


async def test_a_model_for_two_frames_is_not_for_one() -> None:
    caller = await new_caller()
    request = await start_request(caller) | {"videoModelKey": "veo_3_1_i2v_s_fast_fl"}
    assert error_of(await order(caller, path="StartImage", **request)) == INVALID


async def test_the_tier_must_be_the_accounts_own_and_high_enough() -> None:
    caller = await new_caller(tier="PAYGATE_TIER_ONE")
    body = video_body(caller, video_request(), userPaygateTier=TWO)
    assert error_of(await send(caller, "Text", body)) == INVALID
    denied = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_MODEL_ACCESS_DENIED")
    assert error_of(await order(caller, videoModelKey="veo_3_1_t2v_fast_ultra")) == denied


async def test_a_foreign_project_is_not_found() -> None:
    caller = await new_caller()
    caller.project = (await add_caller(caller)).project
    assert error_of(await order(caller)) == NOT_FOUND


async def test_a_token_must_be_for_videos_and_new() -> None:
    caller = await new_caller(Knobs(captcha="required"))
    refused = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY")
    assert error_of(await order(caller)) == refused
    assert error_of(await order(caller, token="tok:IMAGE_GENERATION:1")) == refused
    assert (await order(caller, token="tok:VIDEO_GENERATION:1")).status == 200
    assert error_of(await order(caller, token="tok:VIDEO_GENERATION:1")) == refused


async def test_a_marker_word_is_refused_at_once() -> None:
    caller = await new_caller()
    assert error_of(await order(caller, "a [violence] scene"))[2] == "PUBLIC_ERROR_VIOLENCE_FILTER"


async def test_an_enlargement_is_named_after_its_source_once() -> None:
    caller = await new_caller(tier=TWO)
    source = await made(caller)
    first = said(await upsample(caller, source))
    assert first["media"][0]["name"] == f"{source}_upsampled"
    again = said(await upsample(caller, source, "4k"))
    assert again["media"][0]["name"] != f"{source}_upsampled"
    assert again["remainingCredits"] == first["remainingCredits"] - 50
    caller.emulator.knobs = Knobs(upsample_name="fresh")
    fresh = said(await upsample(caller, await made(caller)))
    assert not fresh["media"][0]["name"].endswith("_upsampled")


async def test_an_enlargement_may_leave_out_the_resolution_but_not_contradict_its_model() -> None:
    caller = await new_caller(tier=TWO)
    source = await made(caller)
    wrong = await upsample(caller, source, resolution="VIDEO_RESOLUTION_4K")
    assert error_of(wrong) == INVALID
    request: dict[str, Any] = {"videoInput": {"mediaId": source}, "metadata": {"sceneId": UUID}}
    request["videoModelKey"] = "veo_3_1_upsampler_1080p"
    assert (await order(caller, None, path="UpsampleVideo", **request)).status == 200


@pytest.mark.parametrize("call", [upsample, extend])
async def test_only_own_finished_clips_of_the_same_ratio_are_worked_on(call: Any) -> None:
    caller = await new_caller(tier=TWO)
    other = await add_caller(caller)
    assert error_of(await call(caller, await made(other))) == NOT_FOUND
    assert error_of(await call(caller, await ordered(caller))) == NOT_FOUND
    assert error_of(await call(caller, await uploaded(caller))) == INVALID
    upright = await made(caller, videoModelKey="veo_3_1_t2v_fast_portrait", aspectRatio=PORTRAIT)
    assert error_of(await call(caller, upright)) == INVALID
    assert error_of(await call(caller, await made(caller), metadata={})) == INVALID
    assert (await call(caller, await made(caller))).status == 200


async def test_an_enlarged_clip_is_not_enlarged_again() -> None:
    caller = await new_caller(tier=TWO)
    name = said(await upsample(caller, await made(caller)))["media"][0]["name"]
    while await status_of(caller, name) != "SUCCESSFUL":
        pass
    assert error_of(await upsample(caller, name, "4k")) == INVALID


async def test_enlarging_needs_its_tier() -> None:
    caller = await new_caller(tier="PAYGATE_TIER_ONE")
    source = await made(caller)
    assert (await upsample(caller, source)).status == 200
    assert error_of(await upsample(caller, source, "4k"))[2] == "PUBLIC_ERROR_MODEL_ACCESS_DENIED"


async def test_orders_of_each_kind_are_counted_under_their_name() -> None:
    caller = await new_caller(tier=TWO)
    source = await made(caller)
    await extend(caller, source, "onwards")
    await upsample(caller, source)
    ledger = caller.emulator.ledger
    assert [one.call for one in ledger.accepted] == ["video", "extend", "upsample"]
    assert ledger.by_prompt("extend") == {"onwards": 1}
    assert ledger.by_prompt("upsample") == {source: 1}
    assert ledger.by_batch("video") == {BATCH: 1}


async def test_the_context_takes_no_unknown_fields() -> None:
    caller = await new_caller()
    body = video_body(caller, video_request())
    body["clientContext"] = context(caller.project, userPaygateTier=caller.account.tier, locale="en")
    assert error_of(await send(caller, "Text", body)) == INVALID
