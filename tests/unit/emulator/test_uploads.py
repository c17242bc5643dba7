"""Uploading pictures."""

import base64

import pytest

from flow2api.emulator.knobs import Knobs
from flow2api.emulator.plain import plain_jpeg
from tests.unit.emulator.caller import Clock, add_caller, error_of, message_of, new_caller, said, small_picture


async def test_an_upload_tells_its_id_and_size() -> None:
    caller = await new_caller()
    told = said(await caller.upload(small_picture()))
    assert told["media"]["projectId"] == caller.project
    assert told["media"]["image"]["dimensions"] == {"width": 64, "height": 48}
    assert told["workflow"]["name"] == told["media"]["workflowId"]


async def test_the_answer_can_come_as_a_list_or_in_the_old_form() -> None:
    caller = await new_caller(Knobs(upload_form="list"))
    assert said(await caller.upload(small_picture()))["media"][0]["name"]
    caller.emulator.knobs = Knobs(upload_form="old")
    assert said(await caller.upload(small_picture()))["mediaGenerationId"]["mediaGenerationId"]


async def test_the_older_call_takes_its_own_form() -> None:
    caller = await new_caller()
    body = {
        "imageInput": {
            "rawImageBytes": base64.b64encode(small_picture()).decode(),
            "mimeType": "image/jpeg",
            "isUserUploaded": True,
            "aspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
        },
        "clientContext": {"sessionId": ";1750000000000", "tool": "ASSET_MANAGER"},
    }
    name = said(await caller.ask("POST", "/v1:uploadUserImage", body))["mediaGenerationId"]["mediaGenerationId"]
    media = caller.emulator.media.get(name)
    assert media is not None
    assert media.project_id is None


@pytest.mark.parametrize(
    ("data", "knobs", "reason"),
    [
        (b"no picture at all", Knobs(), "PUBLIC_ERROR_UNKNOWN_IMAGE_FILE_FORMAT"),
        (plain_jpeg(64, 48, 1, ""), Knobs(upload_max_bytes=10), "PUBLIC_ERROR_IMAGE_TOO_LARGE"),
        (plain_jpeg(2, 48, 1, ""), Knobs(), "PUBLIC_ERROR_IMAGE_TOO_SMALL"),
        (plain_jpeg(64, 48, 1, "[unsafe]"), Knobs(), "PUBLIC_ERROR_UNSAFE_IMAGE_UPLOAD"),
    ],
)
async def test_a_bad_picture_is_refused_with_its_reason(data: bytes, knobs: Knobs, reason: str) -> None:
    caller = await new_caller(knobs)
    assert error_of(await caller.upload(data)) == (400, "INVALID_ARGUMENT", reason)


async def test_broken_base64_is_an_invalid_argument() -> None:
    caller = await new_caller()
    answer = await caller.upload(b"", imageBytes="data:image/jpeg;base64,AAAA")
    assert error_of(answer)[0] == 400
    assert "Base64" in message_of(answer)


async def test_an_upload_goes_into_the_callers_own_project_only() -> None:
    caller = await new_caller()
    other = await add_caller(caller)
    stranger = {"sessionId": ";1750000000000", "tool": "PINHOLE", "projectId": other.project}
    assert error_of(await caller.upload(small_picture(), clientContext=stranger))[0] == 404


async def test_an_upload_can_be_used_for_a_while_only() -> None:
    clock = Clock()
    caller = await new_caller(Knobs(upload_seconds=60), clock=clock)
    name = said(await caller.upload(small_picture()))["media"]["name"]
    inputs = [{"name": name, "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}]
    assert (await caller.image(imageInputs=inputs)).status == 200
    clock.time += 61
    assert error_of(await caller.image(imageInputs=inputs)) == (404, "NOT_FOUND", None)


async def test_what_the_page_sends_besides_is_taken() -> None:
    caller = await new_caller()
    answer = await caller.upload(small_picture(), cropCoordinates={}, isNotIngredient=True)
    assert answer.status == 200
