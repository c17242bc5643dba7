"""Every public id through the whole gateway to its result, with what the service was asked for on the way.

One gateway serves many requests side by side; a failure names the requests that went wrong.
"""

import io
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import av
import pytest
import trio

from flow2api.domain.picture import inspect
from flow2api.emulator.accounts import AccountSetup
from flow2api.emulator.faults import Status
from flow2api.emulator.ledger import Accepted
from flow2api.emulator.media import Media
from tests.doubles.gateway import ADA, TestedGateway, body, error_of, open_tested_gateway, people
from tests.doubles.pictures import data_url, drawn
from tests.integration.model_cases import CATALOG, Case, clip_cases, image_cases
from tests.unit.domain.clip_ids import FACTS, OPEN
from tests.unit.domain.test_catalog import ROWS

PICTURES = [drawn(64, 36, colour) for colour in ("red", "green", "blue")]
AT_A_TIME = 40
SHORT_SIDES = {None: 720, "1080p": 1080, "4k": 2160}
FACTORS = {None: 1, "2k": 2, "4k": 4}
PAID, TOP = "PAYGATE_TIER_ONE", "PAYGATE_TIER_TWO"
SETTINGS = {
    "flow.poll_interval": 0.1,
    "accounts.default_video_concurrency": 100,
    "accounts.default_image_concurrency": 20,
    "log.level": "info",
}
EXTEND = "veo_3_1_extend"


def one_account(tier: str) -> list[AccountSetup]:
    return people(ADA, tier=tier, credits=10**6)


def test_the_groups_hold_every_public_id() -> None:
    modes = {fact.mode for fact in FACTS}
    cases = [case for mode in modes for top in (False, True) for case in clip_cases(mode, top=top)] + image_cases()
    asked = {case.name for case in cases}
    public = {model.id for model in CATALOG.models() if model.provider == "flow" and not model.family}
    assert len(FACTS) + len(ROWS) == 214
    assert len(OPEN) + 3 == 59
    assert len(public) == 232
    assert public <= asked


async def test_every_id_for_pictures_is_made_as_its_name_says() -> None:
    async with open_tested_gateway(one_account(TOP), settings=SETTINGS) as gateway:
        await assert_all(gateway, image_cases(), assert_picture)


GROUPS = [
    (mode, tier) for mode in ("t2v", "i2v", "r2v", "omni") for tier in (PAID, TOP) if clip_cases(mode, top=tier == TOP)
]


@pytest.mark.parametrize(("mode", "tier"), GROUPS)
async def test_every_id_for_clips_is_made_as_its_name_says(mode: str, tier: str) -> None:
    cases = clip_cases(mode, top=tier == TOP)
    async with open_tested_gateway(one_account(tier), settings=SETTINGS, limit_seconds=60) as gateway:
        await assert_all(gateway, cases, assert_clip)


async def test_every_id_that_continues_clips_does_so_however_the_clip_is_named() -> None:
    async with open_tested_gateway(one_account(PAID), settings=SETTINGS) as gateway:
        named = [replace(case, source=way) for case in clip_cases("extend", top=False) for way in SOURCES]
        assert len(named) > 2 * len(SOURCES)
        await assert_all(gateway, named, assert_continued)


# -- asking -------------------------------------------------------------------------------------------------------

Answer = dict[str, Any]
Check = Callable[[TestedGateway, Case], Awaitable[None]]


async def assert_all(gateway: TestedGateway, cases: Sequence[Case], check: Check) -> None:
    """Check all of them side by side."""
    assert len({case.prompt for case in cases}) == len(cases)
    wrong: dict[str, str] = {}
    places = trio.CapacityLimiter(AT_A_TIME)

    async def one(case: Case) -> None:
        async with places:
            try:
                await check(gateway, case)
            except AssertionError as error:
                wrong[case.prompt] = str(error)

    async with trio.open_nursery() as nursery:
        for case in cases:
            nursery.start_soon(one, case)
    assert not wrong, "\n\n".join(f"{prompt}\n{words}" for prompt, words in wrong.items())


async def asked(gateway: TestedGateway, case: Case, **more: object) -> Answer:
    """The answer to a case."""
    parts = [{"type": "image_url", "image_url": {"url": data_url(data)}} for data in PICTURES[: case.pictures]]
    messages = [{"role": "user", "content": [{"type": "text", "text": case.prompt}, *parts]}]
    answer = await gateway.post({"model": case.name, "messages": messages, **case.fields, **more})
    assert answer.status_code == 200, answer.text
    told: Answer = answer.json()
    return told


def text_of(answer: Answer) -> str:
    text: str = answer["choices"][0]["message"]["content"]
    return text


def links(answer: Answer) -> list[str]:
    return list(dict.fromkeys(re.findall(r"http://[^\s\"()<>\[\]]+/media/[\w.]+", text_of(answer))))


async def file_in(gateway: TestedGateway, told: Answer) -> bytes:
    """The one result of an answer."""
    [link] = links(told)
    answer = await gateway.fetch(link)
    assert answer.status_code == 200
    return answer.content


# -- looking ------------------------------------------------------------------------------------------------------


def accepted(gateway: TestedGateway, call: str, prompt: str) -> Accepted:
    [one] = [one for one in gateway.emulator.ledger.accepted if (one.call, one.prompt) == (call, prompt)]
    return one


def made(gateway: TestedGateway, call: str, prompt: str) -> Media:
    """The one thing that was made of an accepted call."""
    [name] = accepted(gateway, call, prompt).media
    media = gateway.emulator.media.get(name)
    assert media is not None
    return media


def way(gateway: TestedGateway, batch_id: str) -> str:
    """The path by which an order came."""
    [path] = [seen.path for seen in gateway.emulator.ledger.seen if batch_id.encode() in seen.body]
    return path.rpartition("batchAsyncGenerateVideo")[2]


def assert_shown(gateway: TestedGateway, names: Sequence[str], count: int) -> None:
    """These are the first so many pictures that were sent, in their order."""
    held = [gateway.emulator.media.get(name) for name in names]
    assert [media and media.content for media in held] == PICTURES[:count]


async def assert_picture(gateway: TestedGateway, case: Case) -> None:
    data = await file_in(gateway, await asked(gateway, case))
    media = made(gateway, "image", case.prompt)
    spec, factor = media.picture, FACTORS[case.upscale]
    assert spec is not None
    assert (spec.model, spec.aspect) == (case.key, case.ratio)
    assert_shown(gateway, spec.inputs, case.pictures)
    enlarged = [one.call for one in gateway.emulator.ledger.accepted if one.prompt == media.name]
    assert enlarged == (["upscale"] if case.upscale else [])
    found = inspect(data)
    assert (found.width, found.height) == (factor * spec.width, factor * spec.height)


async def assert_clip(gateway: TestedGateway, case: Case) -> None:
    data = await file_in(gateway, await asked(gateway, case))
    assert_ordered(gateway, "video", case)
    # The emulated service writes into a clip what it was made of.
    assert data[4:8] == b"ftyp"
    assert f"{case.key} {case.ratio} seed".encode() in data
    assert case.prompt.encode() in data
    assert_plays(data, size_of(case), case.seconds)


def assert_ordered(gateway: TestedGateway, call: str, case: Case) -> None:
    """What the service was asked for, in one step or in two."""
    media = made(gateway, call, case.prompt)
    spec = media.clip
    assert spec is not None
    found = (spec.model, spec.aspect, spec.seconds, way(gateway, accepted(gateway, call, case.prompt).batch_id))
    assert found == (case.key, case.ratio, case.seconds, case.way)
    frames = [name for name in (spec.first, spec.last) if name]
    assert_shown(gateway, [*frames, *spec.references], case.pictures)
    seconds = [one for one in gateway.emulator.ledger.accepted if one.prompt == media.name]
    assert [one.call for one in seconds] == (["upsample"] if case.upscale else [])
    if case.upscale:
        larger = made(gateway, "upsample", media.name)
        assert (larger.width, larger.height) == size_of(case)


def size_of(case: Case) -> tuple[int, int]:
    short = SHORT_SIDES[case.upscale]
    return (short * 16 // 9, short) if case.ratio == "16:9" else (short, short * 16 // 9)


def assert_plays(data: bytes, size: tuple[int, int], seconds: int) -> None:
    with av.open(io.BytesIO(data), "r") as clip:
        stream = clip.streams.video[0]
        assert (stream.width, stream.height) == size
        assert abs((clip.duration or 0) / av.time_base - seconds) < 0.3


# -- continuing ---------------------------------------------------------------------------------------------------


async def assert_continued(gateway: TestedGateway, case: Case) -> None:
    """A clip is made, then it goes on."""
    first = Case("veo_3_1_t2v_lite", "", case.ratio, fields={"aspect_ratio": case.ratio, "seconds": 8})
    prompt = f"before {case.prompt}"
    answer = await asked(gateway, first, messages=[{"role": "user", "content": prompt}])
    data = await file_in(gateway, await asked(gateway, case, **SOURCES[case.source](answer, case.prompt)))
    assert_ordered(gateway, "extend", case)
    assert_plays(data, size_of(case), 8 + 7)
    before = made(gateway, "video", prompt)
    spec = made(gateway, "extend", case.prompt).clip
    assert spec is not None
    assert spec.before == before.clip


def by_part(answer: Answer, prompt: str) -> dict[str, object]:
    parts = [{"type": "text", "text": prompt}, {"type": "video_url", "video_url": {"url": links(answer)[0]}}]
    return {"messages": [{"role": "user", "content": parts}]}


def by_answer(answer: Answer, prompt: str) -> dict[str, object]:
    talk = ("user", "a clip"), ("assistant", text_of(answer)), ("user", prompt)
    return {"messages": [{"role": role, "content": content} for role, content in talk]}


def by_job(answer: Answer, prompt: str) -> dict[str, object]:
    return {"extra_body": {"video": {"id": answer["id"].replace("chatcmpl-", "job_")}}}


SOURCES: dict[str, Callable[[Answer, str], dict[str, object]]] = {
    "a part of the message": by_part,
    "an earlier answer": by_answer,
    "the job that made it": by_job,
}


@pytest.mark.parametrize("answered", [True, False])
async def test_the_clip_before_an_enlargement_goes_on(answered: bool) -> None:
    """Also where the enlargement failed and the clip before it is all that there is."""
    async with open_tested_gateway(one_account(PAID), settings=SETTINGS) as gateway:
        prompt = "waves" if answered else "waves [upsample-fails]"
        model = "veo_3_1_t2v_fast_portrait_1080p"
        answer = await gateway.chat(prompt, model=model)
        assert answer.status_code == 200 or not answered
        [job] = await gateway.jobs()
        names = job.results if answered else job.error.originals if job.error else ()
        part = {"type": "video_url", "video_url": {"url": f"/media/{names[0]}"}}
        content = [{"type": "text", "text": "and on"}, part]
        told = await gateway.chat(model=EXTEND, messages=[{"role": "user", "content": content}])
        assert told.status_code == 200
        spec = made(gateway, "extend", "and on").clip
        assert spec is not None
        assert spec.before == made(gateway, "video", prompt).clip
        assert spec.aspect == "9:16"


@pytest.mark.parametrize("joined", [True, False])
async def test_a_clip_goes_on_again_and_again_and_grows_each_time(joined: bool) -> None:
    """Where the joining fails, the continuation is all that there is, and it goes on alone."""
    async with open_tested_gateway(one_account(PAID), settings=SETTINGS) as gateway:
        link = links((await gateway.chat(model="veo_3_1_t2v_lite_4s")).json())[0]
        if not joined:
            gateway.emulator.faults.next("concatenation", Status(status=400))
        for seconds in (11, 18, 25) if joined else (None, 15, 22):
            content = [{"type": "text", "text": "and on"}, {"type": "video_url", "video_url": {"url": link}}]
            answer = await gateway.chat(model=EXTEND, messages=[{"role": "user", "content": content}])
            if seconds is None:
                [original] = next(job.error.originals for job in await gateway.jobs() if job.error)
                link = f"/media/{original}"
                continue
            [link] = links(answer.json())
            assert_plays((await gateway.fetch(link)).content, (1280, 720), seconds)


async def test_a_clip_that_cannot_go_on_is_refused_with_its_place_and_why() -> None:
    async with open_tested_gateway(one_account(PAID), settings=SETTINGS) as gateway:
        picture = (await gateway.chat()).json()
        clip = (await gateway.chat(model="veo_3_1_t2v_lite")).json()
        calls = len(gateway.emulator.ledger.accepted)
        part = "messages[0].content[1].video_url"
        for url, words in (
            ("https://example.org/clip.mp4", "was not made by this gateway"),
            (f"https://example.org/media/{'a' * 26}.mp4", "no clip behind this link"),
            ("data:video/mp4;base64,AAAA", "was not made by this gateway"),
            (links(picture)[0], "no clip that can be continued"),
        ):
            content = [{"type": "text", "text": "on"}, {"type": "video_url", "video_url": {"url": url}}]
            await assert_refused(gateway, part, words, EXTEND, messages=[{"role": "user", "content": content}])
        for answer, words in ((picture, "no clip of a job"), ({"id": "job_0"}, "no clip of a job")):
            await assert_refused(gateway, "video.id", words, EXTEND, **by_job(answer, ""))
        await assert_refused(gateway, "video", "name that clip", EXTEND)
        await assert_refused(gateway, part, "takes no clip", "veo_3_1_t2v_lite", **by_part(clip, "on"))
        assert len(gateway.emulator.ledger.accepted) == calls


async def assert_refused(gateway: TestedGateway, param: str, words: str, model: str, **more: object) -> None:
    answer = await gateway.post(body("on") | {"model": model} | more)
    error = error_of(answer)
    assert (answer.status_code, error["param"]) == (400, param)
    assert words in error["message"]
