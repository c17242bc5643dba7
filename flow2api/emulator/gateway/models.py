"""The models that the emulated gateway has, by the shape in which each is reached; one name may stand for several."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Shape = Literal["images", "videos", "sora", "tasks"]
"""`images`: `/v1/images/...`; `videos`: `/v1/videos`; `sora`: `/v2/videos/generations`; `tasks`: `/v1/video/<model>/...`."""


class GatewayModel(NamedTuple):
    """One model. `price` is for one picture or one second. `seconds` are the lengths that it makes, the usual one first."""

    price: float
    seconds: tuple[int, ...] = ()
    pictures: int = 0
    """The most input pictures that it takes."""


MODELS: Mapping[Shape, Mapping[str, GatewayModel]] = {
    "images": {
        "gpt-image-1": GatewayModel(0.04, pictures=16),
        "gpt-image-1-mini": GatewayModel(0.01, pictures=16),
        "nano-banana": GatewayModel(0.03, pictures=10),
        "seedream-4": GatewayModel(0.03, pictures=10),
    },
    "videos": {
        "sora-2": GatewayModel(0.1, (4, 8, 12), 1),
        "sora-2-pro": GatewayModel(0.3, (4, 8, 12), 1),
    },
    "sora": {
        "sora-2": GatewayModel(0.02, (10, 15), 4),
        "veo3.1-fast": GatewayModel(0.05, (8,), 3),
    },
    "tasks": {
        "veo": GatewayModel(0.1, (8, 4, 6), 1),
        "seedance": GatewayModel(0.05, (5, 10), 2),
    },
}
NAMES = tuple(dict.fromkeys(name for models in MODELS.values() for name in models))
# Gateways answer for these only with the bytes.
BYTES_ONLY = ("gpt-image-1", "gpt-image-1-mini")
