"""Generating and enlarging pictures."""

import base64
import io
from typing import Any

import pytest
import trio
from PIL import Image

from flow2api.emulator.images import SHAPES
from flow2api.emulator.knobs import Knobs
from tests.unit.emulator.caller import (
    BATCH,
    Caller,
    add_caller,
    context,
    error_of,
    image_body,
    image_request,
    message_of,
    new_caller,
    said,
    small_picture,
)


async def download(caller: Caller, url: str) -> Image.Image:
    answer = await caller.ask("GET", url.removeprefix("http://127.0.0.1:1"), cookie="", authorization="")
    assert (answer.status, answer.mime) == (200, "image/jpeg")
    picture = Image.open(io.BytesIO(answer.body))
    picture.load()
    return picture


async def made_media(caller: Caller) -> str:
    name = said(await caller.image())["media"][0]["name"]
    assert isinstance(name, str)
    return name


@pytest.mark.parametrize("aspect", sorted(SHAPES))
async def test_a_picture_has_the_size_of_its_aspect(aspect: str) -> None:
    caller = await new_caller()
    told = said(await caller.image(imageAspectRatio=aspect))
    image = told["media"][0]["image"]
    size = (image["dimensions"]["width"], image["dimensions"]["height"])
    picture = await download(caller, image["generatedImage"]["fifeUrl"])
    assert picture.size == size == (SHAPES[aspect].width, SHAPES[aspect].height)
    assert image["generatedImage"]["aspectRatio"] == aspect


async def test_one_call_makes_one_picture_for_each_request() -> None:
    caller = await new_caller()
    body = image_body(caller.project)
    body["requests"].append(image_request(body["clientContext"], "a green pear", seed=7))
    told = said(await caller.send_images(body))
    shown = [media["image"]["generatedImage"] for media in told["media"]]
    assert [(one["prompt"], one["seed"]) for one in shown] == [("a red apple", 305830), ("a green pear", 7)]
    assert len({one["fifeUrl"] for one in shown}) == 2
    assert [one["metadata"]["batchId"] for one in told["workflows"]] == [BATCH, BATCH]


async def test_an_accepted_generation_is_counted_once_with_its_batch_and_prompt() -> None:
    caller = await new_caller()
    await caller.image("first")
    await caller.image("second")
    await caller.image("second")
    ledger = caller.emulator.ledger
    assert ledger.by_prompt() == {"first": 1, "second": 2}
    assert ledger.by_batch() == {BATCH: 3}
    assert ledger.by_account() == {"ada@example.org": 3}


async def test_a_refused_generation_is_not_counted() -> None:
    caller = await new_caller()
    await caller.image(imageModelName="UNHEARD_OF")
    assert caller.emulator.ledger.accepted == []


def without(body: dict[str, Any], *path: str | int) -> dict[str, Any]:
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return body


@pytest.mark.parametrize(
    "path",
    [
        ("clientContext", "sessionId"),
        ("clientContext", "projectId"),
        ("clientContext", "tool"),
        ("mediaGenerationContext",),
        ("useNewMedia",),
        ("requests", 0),
        ("requests", 0, "clientContext"),
        ("requests", 0, "seed"),
        ("requests", 0, "imageModelName"),
        ("requests", 0, "imageAspectRatio"),
        ("requests", 0, "structuredPrompt"),
        ("requests", 0, "structuredPrompt", "parts", 0),
        ("requests", 0, "imageInputs"),
    ],
)
async def test_anything_missing_is_an_invalid_argument(path: tuple[str | int, ...]) -> None:
    caller = await new_caller()
    answer = await caller.send_images(without(image_body(caller.project), *path))
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 0},
        {"seed": 1_000_000},
        {"seed": "7"},
        {"imageAspectRatio": "16:9"},
        {"imageAspectRatio": "IMAGE_ASPECT_RATIO_UNSPECIFIED"},
        {"imageInputs": [{"name": "x", "imageInputType": "REFERENCE"}]},
        {"structuredPrompt": {"parts": [{"text": " "}]}},
    ],
)
async def test_a_wrong_value_is_an_invalid_argument(change: dict[str, Any]) -> None:
    caller = await new_caller()
    assert error_of(await caller.image(**change)) == (400, "INVALID_ARGUMENT", None)


async def test_an_unknown_field_is_named() -> None:
    caller = await new_caller()
    answer = await caller.image(negativePrompt="blur")
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)
    assert "Unknown name \"negativePrompt\" at 'requests[0]'" in message_of(answer)


async def test_a_body_that_is_no_json_is_an_invalid_argument() -> None:
    caller = await new_caller()
    answer = await caller.ask("POST", f"/v1/projects/{caller.project}/flowMedia:batchGenerateImages", b"{")
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)


async def test_the_pages_own_content_type_is_taken() -> None:
    caller = await new_caller()
    path = f"/v1/projects/{caller.project}/flowMedia:batchGenerateImages"
    answer = await caller.ask("POST", path, image_body(caller.project), **{"content-type": "text/plain;charset=UTF-8"})
    assert answer.status == 200


async def test_the_inner_context_must_equal_the_outer_one() -> None:
    caller = await new_caller()
    body = image_body(caller.project)
    body["requests"][0]["clientContext"] = context(caller.project, sessionId=";1750000000001")
    answer = await caller.send_images(body)
    assert error_of(answer)[0] == 400
    assert "clientContext" in message_of(answer)


async def test_the_project_of_the_path_must_be_that_of_the_body() -> None:
    caller = await new_caller()
    second = await caller.sign_in()
    body = image_body(second.project)
    path = f"/v1/projects/{next(iter(caller.account.projects))}/flowMedia:batchGenerateImages"
    assert error_of(await caller.ask("POST", path, body))[0] == 400


async def test_a_foreign_project_is_not_found() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    caller.project = other.project
    assert error_of(await caller.image()) == (404, "NOT_FOUND", None)


async def test_an_unknown_model_is_not_found() -> None:
    caller = await new_caller()
    assert error_of(await caller.image(imageModelName="UNHEARD_OF")) == (404, "NOT_FOUND", None)


async def test_a_foreign_picture_is_not_found() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    name = said(await other.upload(small_picture()))["media"]["name"]
    inputs = [{"name": name, "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}]
    assert error_of(await caller.image(imageInputs=inputs)) == (404, "NOT_FOUND", None)


async def test_a_base_image_gives_its_size_when_no_aspect_is_asked_for() -> None:
    caller = await new_caller()
    name = said(await caller.upload(small_picture()))["media"]["name"]
    inputs = [{"name": name, "imageInputType": "IMAGE_INPUT_TYPE_BASE_IMAGE"}]
    told = said(await caller.image(imageInputs=inputs, imageAspectRatio="IMAGE_ASPECT_RATIO_UNSPECIFIED"))
    assert told["media"][0]["image"]["dimensions"] == {"width": 64, "height": 48}


async def test_a_claimed_tier_must_be_the_accounts_own() -> None:
    caller = await new_caller(tier="PAYGATE_TIER_ONE")
    body = image_body(caller.project)
    claimed = context(caller.project, userPaygateTier="PAYGATE_TIER_TWO")
    body["clientContext"] = body["requests"][0]["clientContext"] = claimed
    assert error_of(await caller.send_images(body))[0] == 400


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("[unsafe]", "PUBLIC_ERROR_UNSAFE_GENERATION"),
        ("[prominent]", "PUBLIC_ERROR_PROMINENT_PEOPLE_FILTER_FAILED"),
    ],
)
async def test_a_marker_word_is_refused_for_its_content(word: str, reason: str) -> None:
    caller = await new_caller()
    assert error_of(await caller.image(f"a {word} thing")) == (400, "INVALID_ARGUMENT", reason)


async def test_pictures_cost_nothing_unless_they_are_set_to() -> None:
    caller = await new_caller(credits=3)
    assert (await caller.image()).status == 200
    caller.emulator.knobs = Knobs(image_credits=2)
    assert (await caller.image()).status == 200
    assert caller.account.credits == 1
    assert error_of(await caller.image()) == (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_USER_QUOTA_REACHED")


async def test_a_captcha_token_is_good_once() -> None:
    caller = await new_caller(Knobs(captcha="required"))
    assert (await caller.image(token="tok:IMAGE_GENERATION:1")).status == 200
    refused = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY")
    assert error_of(await caller.image(token="tok:IMAGE_GENERATION:1")) == refused
    assert error_of(await caller.image()) == refused
    assert error_of(await caller.image(token="tok:VIDEO_GENERATION:2")) == refused


async def test_a_picture_takes_its_time_and_counts_from_the_beginning(autojump_clock: trio.testing.MockClock) -> None:
    caller = await new_caller(Knobs(image_latency_seconds=5))
    with trio.move_on_after(1):
        await caller.image("left alone")
    assert caller.emulator.ledger.by_prompt() == {"left alone": 1}
    started = trio.current_time()
    await caller.image("waited for")
    assert trio.current_time() - started == 5


async def test_simultaneous_calls_are_counted_for_each_account(autojump_clock: trio.testing.MockClock) -> None:
    caller = await new_caller(Knobs(image_latency_seconds=5))
    other = await add_caller(caller)
    async with trio.open_nursery() as nursery:
        for one in (caller, caller, caller, other):
            nursery.start_soon(one.image)
    ledger = caller.emulator.ledger
    assert (ledger.peak("ada@example.org", "image"), ledger.peak("bob@example.org", "image")) == (3, 1)
    assert ledger.running[("ada@example.org", "image")] == 0


@pytest.mark.parametrize(("size", "factor"), [("2K", 2), ("4K", 4)])
async def test_an_enlargement_is_the_picture_several_times_as_large(size: str, factor: int) -> None:
    caller = await new_caller(tier="PAYGATE_TIER_TWO")
    told = said(await caller.upscale(await made_media(caller), size))
    picture = Image.open(io.BytesIO(base64.b64decode(told["encodedImage"])))
    assert (picture.format, picture.size) == ("JPEG", (1376 * factor, 768 * factor))


async def test_an_enlargement_needs_its_tier() -> None:
    caller = await new_caller(tier="PAYGATE_TIER_ONE")
    answer = await caller.upscale(await made_media(caller), "4K")
    assert error_of(answer) == (403, "PERMISSION_DENIED", "PUBLIC_ERROR_MODEL_ACCESS_DENIED")


async def test_an_enlargement_must_name_the_tier() -> None:
    caller = await new_caller()
    answer = await caller.upscale(await made_media(caller), clientContext=context(caller.project))
    assert error_of(answer) == (400, "INVALID_ARGUMENT", None)


async def test_only_the_owners_generated_pictures_can_be_enlarged() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    uploaded = said(await caller.upload(small_picture()))["media"]["name"]
    assert error_of(await caller.upscale(await made_media(other)))[0] == 404
    assert error_of(await caller.upscale(uploaded))[0] == 400


async def test_an_enlargement_can_come_out_empty() -> None:
    caller = await new_caller(Knobs(upscale_empty=True))
    assert said(await caller.upscale(await made_media(caller))) == {"encodedImage": ""}
