"""The video models that the emulated service knows: for which call, how long, which way up, for whom, at what price.

The service's own list, kept as data here. It has nothing to do with the names under which the gateway offers them.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from flow2api.emulator.accounts import WireTier

VideoCall = Literal["text", "start", "start_end", "reference", "extend", "upsample"]
VideoAspect = Literal["VIDEO_ASPECT_RATIO_LANDSCAPE", "VIDEO_ASPECT_RATIO_PORTRAIT"]
Price = Literal["lite", "fast", "quality", "abra", "upsample_1080p", "upsample_4k"]

LANDSCAPE: VideoAspect = "VIDEO_ASPECT_RATIO_LANDSCAPE"
PORTRAIT: VideoAspect = "VIDEO_ASPECT_RATIO_PORTRAIT"
VIDEO_ASPECTS: dict[str, VideoAspect] = {"16:9": LANDSCAPE, "9:16": PORTRAIT}
"""By the ratio in people's words."""

FREE: WireTier = "PAYGATE_TIER_NOT_PAID"
PAID: WireTier = "PAYGATE_TIER_ONE"
TOP: WireTier = "PAYGATE_TIER_TWO"

USUAL_SECONDS = 8
MAX_REFERENCES = 3

# As people report them; the top tier pays half for the fast models.
ABRA_CREDITS = {4: 7, 6: 10, 8: 12, 10: 15}
CREDITS: dict[str, int] = {"lite": 10, "fast": 20, "quality": 100, "upsample_1080p": 0, "upsample_4k": 50}
FAST_CREDITS_ON_TOP = 10


class VideoModel(NamedTuple):
    """One upstream key."""

    key: str
    calls: frozenset[VideoCall]
    price: Price
    aspect: VideoAspect | None = None
    """The only orientation that it takes; None: both."""
    images: tuple[int, int] = (0, 0)
    tier: WireTier = FREE
    seconds: int = USUAL_SECONDS

    def credits(self, tier: WireTier) -> int:
        """What one clip costs an account of that tier."""
        if self.price == "abra":
            return ABRA_CREDITS[self.seconds]
        return FAST_CREDITS_ON_TOP if self.price == "fast" and tier == TOP else CREDITS[self.price]


def _only(call: VideoCall) -> frozenset[VideoCall]:
    return frozenset({call})


def _text() -> Iterator[VideoModel]:
    text = _only("text")
    for upright, aspect in (("", LANDSCAPE), ("_portrait", PORTRAIT)):
        yield VideoModel(f"veo_3_1_t2v{upright}", text, "quality", aspect)
        yield VideoModel(f"veo_3_1_t2v_fast{upright}", text, "fast", aspect)
        for ultra in ("_ultra", "_ultra_relaxed"):
            yield VideoModel(f"veo_3_1_t2v_fast{upright}{ultra}", text, "fast", aspect, tier=TOP)
    yield VideoModel("veo_3_1_t2v_lite", text, "lite")
    for seconds in (4, 6):
        for price in _PRICES:
            yield VideoModel(f"veo_3_1_t2v_{price}_{seconds}s", text, price, seconds=seconds)


def _frames() -> Iterator[VideoModel]:
    for upright, aspect in (("", LANDSCAPE), ("_portrait", PORTRAIT)):
        yield from _first_and_both(f"veo_3_1_i2v_s{upright}", "quality", aspect)
        yield from _first_and_both(f"veo_3_1_i2v_s_fast{upright}", "fast", aspect)
        yield from _first_and_both(f"veo_3_1_i2v_s_fast{upright}_ultra", "fast", aspect, tier=TOP)
        # There is no separate key for two frames here, so this one is taken for either.
        relaxed = f"veo_3_1_i2v_s_fast{upright}_ultra_relaxed"
        yield VideoModel(relaxed, frozenset({"start", "start_end"}), "fast", aspect, (1, 2), TOP)
    yield VideoModel("veo_3_1_i2v_lite", _only("start"), "lite", None, (1, 1))
    yield VideoModel("veo_3_1_interpolation_lite", _only("start_end"), "lite", None, (2, 2))
    for seconds in (4, 6):
        for price in _PRICES:
            yield from _first_and_both(f"veo_3_1_i2v_s_{price}_{seconds}s", price, None, seconds=seconds)


def _first_and_both(
    key: str, price: Price, aspect: VideoAspect | None, *, tier: WireTier = FREE, seconds: int = USUAL_SECONDS
) -> Iterator[VideoModel]:
    yield VideoModel(key, _only("start"), price, aspect, (1, 1), tier, seconds)
    yield VideoModel(f"{key}_fl", _only("start_end"), price, aspect, (2, 2), tier, seconds)


def _references() -> Iterator[VideoModel]:
    call, images = _only("reference"), (1, MAX_REFERENCES)
    for direction, aspect in (("landscape", LANDSCAPE), ("portrait", PORTRAIT)):
        key = f"veo_3_1_r2v_fast_{direction}"
        yield VideoModel(key, call, "fast", aspect, images)
        yield VideoModel(f"{key}_ultra", call, "fast", aspect, images, TOP)
        yield VideoModel(f"{key}_ultra_relaxed", call, "fast", aspect, images, TOP)


def _others() -> Iterator[VideoModel]:
    for seconds in ABRA_CREDITS:
        yield VideoModel(f"abra_t2v_{seconds}s", _only("text"), "abra", seconds=seconds)
        images = (1, MAX_REFERENCES)
        yield VideoModel(f"abra_r2v_{seconds}s", _only("reference"), "abra", None, images, seconds=seconds)
    yield VideoModel("veo_3_1_extend_landscape", _only("extend"), "fast", LANDSCAPE)
    yield VideoModel("veo_3_1_extend_portrait", _only("extend"), "fast", PORTRAIT)
    yield VideoModel("veo_3_1_upsampler_1080p", _only("upsample"), "upsample_1080p", tier=PAID)
    yield VideoModel("veo_3_1_upsampler_4k", _only("upsample"), "upsample_4k", tier=TOP)


_PRICES: tuple[Price, ...] = ("lite", "fast", "quality")

VIDEO_MODELS: dict[str, VideoModel] = {
    model.key: model for models in (_text(), _frames(), _references(), _others()) for model in models
}
