"""Every model of fal and of gateways through the whole gateway to its result, with what the service was asked for on the way."""

import re
from typing import Any, NamedTuple

import msgspec
import trio

from flow2api.domain.catalog import Catalog
from flow2api.domain.picture import inspect
from flow2api.emulator.ledger import Seen
from tests.doubles.keyed import KeyedGateway, open_keyed_gateway
from tests.doubles.pictures import drawn
from tests.unit.emulator.video_caller import inspect_clip

PICTURES = tuple(drawn(96, 54, colour) for colour in ("red", "green", "blue", "yellow"))
AT_A_TIME = 12
T2V, I2V = "text-to-video", "image-to-video"
FLUX, MINIMAX, SEEDANCE = "/fal-ai/flux-pro", "/fal-ai/minimax/hailuo-02", "/fal-ai/bytedance/seedance/v1/pro"


class Case(NamedTuple):
    """One request, where it must arrive with what in it, and what comes of it: a ratio of sides, and seconds for a clip."""

    model: str
    pictures: int
    fields: dict[str, object]
    path: str
    sent: dict[str, object]
    size: tuple[int, int]
    seconds: int = 0

    @property
    def prompt(self) -> str:
        return f"{self.model} from {self.pictures} {self.fields}"


WIDE, TALL = (16, 9), (9, 16)
CASES = [
    Case(
        "fal/flux-pro-ultra",
        0,
        {"aspect_ratio": "21:9"},
        f"{FLUX}/v1.1-ultra",
        {"aspect_ratio": "21:9"},
        (21, 9),
    ),
    Case("fal/flux-pro-ultra", 1, {"seed": 7}, f"{FLUX}/v1.1-ultra", {"seed": 7, "aspect_ratio": "16:9"}, WIDE),
    Case("fal/flux-kontext", 0, {}, f"{FLUX}/kontext/text-to-image", {"aspect_ratio": "1:1"}, (1, 1)),
    Case("fal/flux-kontext", 1, {}, f"{FLUX}/kontext", {"aspect_ratio": "16:9"}, WIDE),
    Case(
        "fal/flux-kontext-max",
        0,
        {"aspect_ratio": "2:3"},
        f"{FLUX}/kontext/max/text-to-image",
        {"aspect_ratio": "2:3"},
        (2, 3),
    ),
    Case("fal/flux-kontext-max", 1, {}, f"{FLUX}/kontext/max", {}, WIDE),
    Case("fal/flux-kontext-max", 4, {}, f"{FLUX}/kontext/max/multi", {}, WIDE),
    Case("fal/imagen-4", 0, {"resolution": "2k"}, "/fal-ai/imagen4/preview", {"resolution": "2K"}, (1, 1)),
    Case(
        "fal/imagen-4-fast", 0, {"aspect_ratio": "9:16"}, "/fal-ai/imagen4/preview/fast", {"aspect_ratio": "9:16"}, TALL
    ),
    Case("fal/imagen-4-ultra", 0, {}, "/fal-ai/imagen4/preview/ultra", {"aspect_ratio": "1:1"}, (1, 1)),
    Case("fal/veo-3-text", 0, {"seconds": 4}, "/fal-ai/veo3", {"duration": "4s", "aspect_ratio": "16:9"}, WIDE, 4),
    Case("fal/veo-3-image", 1, {"seconds": 6}, f"/fal-ai/veo3/{I2V}", {"duration": "6s"}, WIDE, 6),
    Case("fal/veo-3-fast-text", 0, {"aspect_ratio": "9:16"}, "/fal-ai/veo3/fast", {"duration": "8s"}, TALL, 8),
    Case(
        "fal/veo-3-fast-image", 1, {"resolution": "1080p"}, f"/fal-ai/veo3/fast/{I2V}", {"resolution": "1080p"}, WIDE, 8
    ),
    Case("fal/veo-3.1-text", 0, {"negative_prompt": "rain"}, "/fal-ai/veo3.1", {"negative_prompt": "rain"}, WIDE, 8),
    Case("fal/veo-3.1-frames", 1, {}, f"/fal-ai/veo3.1/{I2V}", {"aspect_ratio": "16:9"}, WIDE, 8),
    Case("fal/veo-3.1-frames", 2, {}, "/fal-ai/veo3.1/first-last-frame-to-video", {}, WIDE, 8),
    Case("fal/veo-3.1-references", 3, {}, "/fal-ai/veo3.1/reference-to-video", {}, WIDE, 8),
    Case("fal/hailuo-02-text", 0, {"seconds": 10}, f"{MINIMAX}/standard/{T2V}", {"duration": "10"}, WIDE, 10),
    Case("fal/hailuo-02-frames", 2, {}, f"{MINIMAX}/standard/{I2V}", {"duration": "6"}, WIDE, 6),
    Case("fal/hailuo-02-pro", 0, {}, f"{MINIMAX}/pro/{T2V}", {}, WIDE, 6),
    Case(
        "fal/wan-2.5-text",
        0,
        {"aspect_ratio": "1:1"},
        f"/fal-ai/wan-25-preview/{T2V}",
        {"resolution": "720p"},
        (1, 1),
        5,
    ),
    Case(
        "fal/wan-2.5-image",
        1,
        {"resolution": "1080p"},
        f"/fal-ai/wan-25-preview/{I2V}",
        {"resolution": "1080p"},
        WIDE,
        5,
    ),
    Case("fal/seedance-pro-text", 0, {"aspect_ratio": "21:9"}, f"{SEEDANCE}/{T2V}", {"duration": "5"}, (21, 9), 5),
    Case("fal/seedance-pro-frames", 2, {"seconds": 10}, f"{SEEDANCE}/{I2V}", {"duration": "10"}, WIDE, 10),
    Case("gateway/gpt-image-1", 0, {}, "/v1/images/generations", {"size": "1024x1024"}, (1, 1)),
    Case("gateway/gpt-image-1", 4, {"aspect_ratio": "2:3"}, "/v1/images/edits", {}, (2, 3)),
    Case("gateway/gpt-image-1-mini", 0, {"size": "1536x1024"}, "/v1/images/generations", {"size": "1536x1024"}, (3, 2)),
    Case("gateway/nano-banana", 0, {"aspect_ratio": "4:3"}, "/v1/images/generations", {"aspect_ratio": "4:3"}, (4, 3)),
    Case("gateway/nano-banana", 1, {}, "/v1/images/edits", {}, WIDE),
    Case("gateway/seedream-4", 0, {"aspect_ratio": "9:16"}, "/v1/images/generations", {"size": "1440x2560"}, TALL),
    Case("gateway/sora-2", 0, {"seconds": 8}, "/v1/videos", {}, WIDE, 8),
    Case("gateway/sora-2", 1, {"aspect_ratio": "9:16"}, "/v1/videos", {}, TALL, 4),
    Case("gateway/sora-2-pro", 0, {"seconds": 12}, "/v1/videos", {}, WIDE, 12),
    Case("gateway/sora-2-relay", 0, {"resolution": "1080p"}, "/v2/videos/generations", {"hd": True}, WIDE, 10),
    Case("gateway/sora-2-relay", 4, {"seconds": 15}, "/v2/videos/generations", {"duration": "15"}, WIDE, 15),
    Case("gateway/veo-3.1-fast", 3, {}, "/v2/videos/generations", {"model": "veo3.1-fast"}, WIDE, 8),
    Case("gateway/veo", 0, {"seconds": 6}, f"/v1/video/veo/{T2V}", {"duration": 6}, WIDE, 6),
    Case("gateway/veo", 1, {"resolution": "1080p"}, f"/v1/video/veo/{I2V}", {"resolution": "1080p"}, WIDE, 8),
    Case("gateway/seedance", 0, {"aspect_ratio": "9:16"}, f"/v1/video/seedance/{T2V}", {"duration": 5}, TALL, 5),
    Case("gateway/seedance", 2, {}, "/v1/video/seedance/frames-to-video", {}, WIDE, 5),
]


def test_the_cases_hold_every_model() -> None:
    own = {
        model.id for model in Catalog.load(None).models() if model.provider in ("fal", "gateway") and not model.family
    }
    assert {case.model for case in CASES} == own


async def test_every_model_is_made_as_it_was_asked_for_and_paid_once() -> None:
    wrong: dict[str, str] = {}
    places = trio.CapacityLimiter(AT_A_TIME)
    async with open_keyed_gateway(limit_seconds=90) as gateway:

        async def one(case: Case) -> None:
            async with places:
                try:
                    await assert_made(gateway, case)
                except AssertionError as error:
                    wrong[case.prompt] = str(error)

        async with trio.open_nursery() as nursery:
            for case in CASES:
                nursery.start_soon(one, case)
    assert not wrong, "\n\n".join(f"{prompt}\n{words}" for prompt, words in wrong.items())


async def assert_made(gateway: KeyedGateway, case: Case) -> None:
    answer = await gateway.ask(case.model, case.prompt, PICTURES[: case.pictures], **case.fields)
    assert answer.status_code == 200, answer.text
    kind = case.model.partition("/")[0]
    assert answer.headers["x-flow2api-route"].startswith(f"{kind}/")
    [link] = set(re.findall(r"http://[^\s\"()<>\[\]]+/media/[\w.]+", answer.json()["choices"][0]["message"]["content"]))
    data = (await gateway.tested.fetch(link)).content
    if case.seconds or data[4:8] == b"ftyp":
        clip = inspect_clip(data)
        assert clip.seconds == (case.seconds or 6)
        width, height = clip.width, clip.height
    else:
        found = inspect(data)
        width, height = found.width, found.height
    assert abs(width * case.size[1] / (height * case.size[0]) - 1) < 0.03, (width, height)
    service = gateway.service(kind)
    assert [one.prompt for one in service.ledger.accepted].count(case.prompt) == 1
    [order] = [seen for seen in service.ledger.seen if seen.method == "POST" and case.prompt.encode() in seen.body]
    assert order.path == case.path
    assert_sent(order, case)


def assert_sent(order: Seen, case: Case) -> None:
    """What the body holds, of a JSON one; those of forms hold files and are read by the service alone."""
    if not case.sent:
        return
    body: dict[str, Any] = msgspec.json.decode(order.body)
    assert {name: body.get(name) for name in case.sent} == case.sent
