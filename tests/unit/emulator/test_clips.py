"""Clips: what is in the files, and how they are found and fetched."""

import base64
import io

import av
import msgspec
import pytest
import trio
from PIL import Image

from flow2api.emulator.clips import Clips, ClipSpec
from flow2api.emulator.exchange import Answer
from flow2api.emulator.filming import film
from flow2api.emulator.knobs import Knobs
from flow2api.emulator.mp4 import first_frame
from flow2api.emulator.plain import plain_jpeg
from tests.unit.emulator.caller import BASE, Caller, Clock, add_caller, error_of, new_caller, said
from tests.unit.emulator.video_caller import PORTRAIT, Clip, extend, inspect_clip, made, ordered, status_of, upsample

REDIRECT = "/fx/api/trpc/media.getMediaUrlRedirect"
SPEC = ClipSpec(prompt="waves", model="veo_3_1_t2v_fast", aspect="16:9", width=160, height=90, seconds=4, seed=1)


async def redirect(caller: Caller, name: str, kind: str = "FULL_MEDIA") -> Answer:
    return await caller.ask("GET", f"{REDIRECT}?name={name}&mediaUrlType=MEDIA_URL_TYPE_{kind}")


async def link_to(caller: Caller, name: str, kind: str = "FULL_MEDIA") -> str:
    answer = await redirect(caller, name, kind)
    assert answer.status == 307
    return dict(answer.headers)["Location"].removeprefix(BASE)


async def fetched(caller: Caller, name: str) -> bytes:
    answer = await caller.ask("GET", await link_to(caller, name), cookie="", authorization="")
    assert (answer.status, answer.mime) == (200, "video/mp4")
    return answer.body


@pytest.mark.parametrize(
    ("key", "aspect", "size", "seconds"),
    [
        ("veo_3_1_t2v_fast", "LANDSCAPE", (1280, 720), 8),
        ("veo_3_1_t2v_fast_portrait", "PORTRAIT", (720, 1280), 8),
        ("veo_3_1_t2v_lite_4s", "PORTRAIT", (720, 1280), 4),
        ("veo_3_1_t2v_lite_6s", "LANDSCAPE", (1280, 720), 6),
        ("abra_t2v_10s", "LANDSCAPE", (1280, 720), 10),
    ],
)
async def test_a_plain_clip_has_the_length_and_the_shape_of_its_key(
    key: str, aspect: str, size: tuple[int, int], seconds: int
) -> None:
    caller = await new_caller()
    name = await made(caller, videoModelKey=key, aspectRatio=f"VIDEO_ASPECT_RATIO_{aspect}")
    data = await fetched(caller, name)
    clip = inspect_clip(data)
    assert clip == Clip(*size, seconds=seconds, frames=seconds, codec="h264", pixels="yuv420p", index_first=True)
    assert len(data) < 10_000


async def test_plain_clips_differ_by_what_was_asked_for() -> None:
    caller = await new_caller()
    first, second = [await fetched(caller, await made(caller, prompt)) for prompt in ("waves", "hills")]
    assert first != second
    assert b"veo_3_1_t2v_fast 16:9 seed 41234: waves" in first


@pytest.mark.parametrize(("size", "pixels"), [("1080p", (1920, 1080)), ("4k", (3840, 2160))])
async def test_an_enlarged_clip_is_larger_and_as_long(size: str, pixels: tuple[int, int]) -> None:
    caller = await new_caller(tier="PAYGATE_TIER_TWO")
    name = said(await upsample(caller, await made(caller), size))["media"][0]["name"]
    while await status_of(caller, name) != "SUCCESSFUL":
        pass
    clip = inspect_clip(await fetched(caller, name))
    assert ((clip.width, clip.height), clip.seconds) == (pixels, 8)


async def test_an_unfinished_clip_cannot_be_fetched_in_any_way() -> None:
    caller = await new_caller()
    name = await ordered(caller)
    assert (await redirect(caller, name)).status == 404
    assert error_of(await caller.ask("GET", f"/v1/media/{name}"))[0] == 404
    refused = await ordered(caller, "a [refuse-later] thing")
    assert [await status_of(caller, refused) for _ in range(3)][-1] == "FAILED"
    assert (await redirect(caller, refused)).status == 404


async def test_the_media_call_carries_the_clip() -> None:
    caller = await new_caller()
    name = await made(caller, aspectRatio=PORTRAIT, videoModelKey="veo_3_1_t2v_fast_portrait")
    video = said(await caller.ask("GET", f"/v1/media/{name}"))["video"]
    assert inspect_clip(base64.b64decode(video.pop("encodedVideo"))).height == 1280
    expected = {"seed": 41234, "prompt": "waves at dusk", "model": "veo_3_1_t2v_fast_portrait", "aspectRatio": PORTRAIT}
    assert video == expected
    other = await add_caller(caller)
    assert error_of(await other.ask("GET", f"/v1/media/{name}"))[0] == 404


@pytest.mark.parametrize(("setting", "status"), [("missing", 404), ("fault", 500), ("login", 307)])
async def test_the_redirect_can_be_set_to_fail(setting: str, status: int) -> None:
    caller = await new_caller(Knobs().changed({"redirect": setting}))
    name = await made(caller)
    answer = await redirect(caller, name)
    assert answer.status == status
    assert name not in dict(answer.headers).get("Location", "")


async def test_a_link_to_a_clip_expires() -> None:
    clock = Clock()
    caller = await new_caller(Knobs(link_seconds=60), clock=clock)
    link = await link_to(caller, await made(caller))
    assert (await caller.ask("GET", link)).status == 200
    clock.time += 60
    assert (await caller.ask("GET", link)).status == 403


async def test_a_thumbnail_is_a_picture_and_its_link_opens_nothing_else() -> None:
    caller = await new_caller()
    name = await made(caller)
    link = await link_to(caller, name, "THUMBNAIL")
    answer = await caller.ask("GET", link)
    assert (answer.status, answer.mime) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(answer.body)).size == (1280, 720)
    assert (await caller.ask("GET", link.replace("/image/", "/video/"))).status == 403


def small(**changes: object) -> ClipSpec:
    return msgspec.structs.replace(SPEC, **changes)


def test_a_drawn_clip_moves() -> None:
    data = film(small(), {})
    clip = inspect_clip(data)
    assert (clip.width, clip.height, clip.seconds, clip.frames) == (160, 90, 4, 32)
    assert len(data) > 10_000


def test_prompt_and_seed_and_model_change_the_drawn_clip() -> None:
    variants = [small(), small(prompt="hills"), small(seed=2), small(model="abra_t2v_4s")]
    assert len({film(variant, {}) for variant in variants}) == 4


@pytest.mark.parametrize("prompt", ["一只戴着宇航员头盔的猫", "👩‍🚀 emoji", "word " * 300, "", "control\x1b\x00signs"])
def test_any_prompt_can_be_filmed(prompt: str) -> None:
    assert inspect_clip(film(small(prompt=prompt, width=90, height=160), {})).seconds == 4


def shades(data: bytes) -> tuple[int, int]:
    """Mean brightness of the upper half of the first and the last frame."""
    with av.open(io.BytesIO(data), "r") as container:
        frames = list(container.decode(video=0))
    means = []
    for frame in (frames[0], frames[-1]):
        plane = frame.planes[0]
        rows = bytes(plane)[: plane.line_size * plane.height // 2]
        means.append(sum(rows) // len(rows))
    return means[0], means[1]


def test_the_first_frame_is_seen_first_and_the_last_one_last() -> None:
    dark, light = plain_jpeg(64, 36, 5, ""), plain_jpeg(64, 36, 60, "")
    start, end = shades(film(small(first="dark", last="light"), {"dark": dark, "light": light}))
    assert end - start > 60
    start, end = shades(film(small(first="dark"), {"dark": dark}))
    assert abs(end - start) < 20


def test_an_extension_begins_with_the_end_of_the_clip_before() -> None:
    dark, light = plain_jpeg(64, 36, 5, ""), plain_jpeg(64, 36, 60, "")
    before = small(first="light", last="dark")
    start, end = shades(film(small(first="light", before=before), {"dark": dark, "light": light}))
    assert end - start > 60


def test_references_show_and_broken_ones_do_no_harm() -> None:
    picture = plain_jpeg(64, 48, 60, "")
    with_references = film(small(references=("a", "b")), {"a": picture, "b": b"\xff\xd8\xff broken"})
    assert with_references != film(small(), {})


async def test_a_drawn_clip_is_made_once_for_all_who_wait() -> None:
    clips = Clips(trio.CapacityLimiter(1))
    results: list[bytes] = []

    async def fetch() -> None:
        results.append(await clips.make(small(), "drawn", {}))

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(fetch)
    assert results[0] is results[1] is results[2]
    still = await clips.still(small(), "drawn", {})
    assert still == first_frame(results[0])
    assert Image.open(io.BytesIO(still)).size == (160, 90)


async def test_an_extension_is_a_clip_of_its_own() -> None:
    caller = await new_caller()
    name = said(await extend(caller, await made(caller)))["media"][0]["name"]
    while await status_of(caller, name) != "SUCCESSFUL":
        pass
    assert inspect_clip(await fetched(caller, name)).seconds == 8
