"""Joining clips."""

import base64
import io
from typing import Any

import av
import msgspec
import pytest

from flow2api.emulator.clips import ClipSpec, Part
from flow2api.emulator.exchange import Answer
from flow2api.emulator.filming import film
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.mp4 import join
from tests.unit.emulator.caller import BASE, Caller, add_caller, error_of, new_caller, said
from tests.unit.emulator.video_caller import PORTRAIT, STATUS, extend, inspect_clip, made, ordered, status_of

INVALID = (400, "INVALID_ARGUMENT", None)


def piece(name: str, start: str = "0s", end: str = "8s") -> dict[str, Any]:
    return {"mediaGenerationId": name, "lengthNanos": 8000, "startTimeOffset": start, "endTimeOffset": end}


async def run(caller: Caller, *pieces: dict[str, Any]) -> Answer:
    return await caller.ask("POST", "/v1:runVideoFxConcatenation", {"inputVideos": list(pieces)})


async def check(caller: Caller, operation: dict[str, Any]) -> Answer:
    return await caller.ask("POST", "/v1:runVideoFxCheckConcatenationStatus", operation)


async def joined(caller: Caller, *pieces: dict[str, Any]) -> dict[str, Any]:
    """The last answer about the joined clip."""
    operation = said(await run(caller, *pieces))
    told: dict[str, Any] = {}
    while told.get("status") != f"{STATUS}SUCCESSFUL":
        told = said(await check(caller, operation))
    return told


async def test_a_clip_and_its_extension_become_one() -> None:
    caller = await new_caller()
    source = await made(caller)
    extension = said(await extend(caller, source))["media"][0]["name"]
    while await status_of(caller, extension) != "SUCCESSFUL":
        pass
    told = await joined(caller, piece(source), piece(extension, "1s"))
    clip = inspect_clip(base64.b64decode(told["encodedVideo"]))
    assert (clip.width, clip.height, clip.seconds, clip.frames) == (1280, 720, 15, 15)
    assert clip.index_first
    assert told["inputsCount"] == 2


async def test_the_joined_clip_can_come_as_a_link() -> None:
    caller = await new_caller(Knobs(concatenation_form="uri"))
    name = await made(caller)
    told = await joined(caller, piece(name), piece(name))
    answer = await caller.ask("GET", told["outputUri"].removeprefix(BASE), cookie="", authorization="")
    assert (answer.mime, inspect_clip(answer.body).seconds) == ("video/mp4", 16)
    assert "encodedVideo" not in told


async def test_joining_takes_its_time() -> None:
    caller = await new_caller()
    name = await made(caller)
    operation = said(await run(caller, piece(name)))
    answers = [said(await check(caller, operation)) for _ in range(2)]
    assert answers == [{"status": f"{STATUS}PENDING"}, {"status": f"{STATUS}ACTIVE"}]


@pytest.mark.parametrize("offsets", [("4s", "4s"), ("0s", "9s"), ("0", "8"), ("-1s", "8s")])
async def test_the_offsets_must_lie_inside_the_clip(offsets: tuple[str, str]) -> None:
    caller = await new_caller()
    assert error_of(await run(caller, piece(await made(caller), *offsets))) == INVALID


async def test_only_own_finished_clips_of_one_size_are_joined() -> None:
    caller = await new_caller()
    name = await made(caller)
    foreign = await made(await add_caller(caller))
    upright = await made(caller, aspectRatio=PORTRAIT, videoModelKey="veo_3_1_t2v_fast_portrait")
    picture = said(await caller.image())["media"][0]["name"]
    assert error_of(await run(caller, piece(name), piece(foreign)))[0] == 404
    assert error_of(await run(caller, piece(name), piece(await ordered(caller))))[0] == 404
    assert error_of(await run(caller, piece(name), piece(upright))) == INVALID
    assert error_of(await run(caller, piece(picture))) == INVALID
    assert error_of(await run(caller)) == INVALID


async def test_the_status_of_anything_else_is_not_found() -> None:
    caller = await new_caller()
    for name in ("unheard-of", await made(caller)):
        assert error_of(await check(caller, {"operation": {"operation": {"name": name}}}))[0] == 404


def test_drawn_clips_are_cut_at_full_seconds_and_keep_their_pace() -> None:
    spec = ClipSpec(prompt="waves", model="m", aspect="16:9", width=160, height=90, seconds=4, seed=1)
    first, second = film(spec, {}), film(msgspec.structs.replace(spec, seed=2), {})
    data = join([Part(first, 0, 3), Part(second, 1, 4)])
    with av.open(io.BytesIO(data), "r") as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert times == [number / 8 for number in range(48)]
