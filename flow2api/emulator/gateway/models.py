"""The models that the emulated gateway has, and by which of its shapes each is reached; a model is refused by the others."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Shape = Literal["images", "videos", "sora", "tasks"]
"""`images`: `/v1/images/...`; `videos`: `/v1/videos`; `sora`: `/v2/videos/generations`; `tasks`: `/v1/video/<model>/...`."""


class GatewayModel(NamedTuple):
    """One model. `price` is for one picture or one second. `seconds` are the lengths that it makes, the usual one first."""

    shape: Shape
    price: float
    seconds: tuple[int, ...] = ()
    pictures: int = 0
    """The most input pictures that it takes."""


MODELS: Mapping[str, GatewayModel] = {
    "gpt-image-1": GatewayModel("images", 0.04, pictures=16),
    "gpt-image-1-mini": GatewayModel("images", 0.01, pictures=16),
    "nano-banana": GatewayModel("images", 0.03, pictures=10),
    "seedream-4": GatewayModel("images", 0.03, pictures=10),
    "sora-2": GatewayModel("videos", 0.1, (4, 8, 12), 1),
    "sora-2-pro": GatewayModel("videos", 0.3, (4, 8, 12), 1),
    "sora-2-relay": GatewayModel("sora", 0.02, (10, 15), 4),
    "veo3.1-fast": GatewayModel("sora", 0.05, (8,), 3),
    "veo": GatewayModel("tasks", 0.1, (8, 4, 6), 1),
    "seedance": GatewayModel("tasks", 0.05, (5, 10), 2),
}
# Gateways answer for these only with the bytes.
BYTES_ONLY = ("gpt-image-1", "gpt-image-1-mini")
