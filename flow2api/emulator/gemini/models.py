"""The models that the emulated service has, and what each can be asked for."""

from typing import Literal

import msgspec

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
IMAGEN_RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
CLIP_RATIOS = ("16:9", "9:16")
SECONDS = (4, 6, 8)
FULL_SECONDS = 8
"""The only length that larger sizes, references and continuations have."""
EXTENSION_SECONDS = 7
LONGEST_SOURCE_SECONDS = 141

METHODS = {
    "content": ["generateContent", "countTokens", "batchGenerateContent"],
    "predict": ["predict"],
    "clip": ["predictLongRunning"],
}


class GeminiModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model. `price` is for a picture, or for a second of a clip, in dollars."""

    title: str
    call: Literal["content", "predict", "clip"]
    price: float
    sizes: tuple[str, ...] = ()
    """The classes of size that it can be asked for; none: it takes no such parameter."""
    inputs: int = 0
    extras: bool = True
    """A clip may have references, and may go on."""


MODELS: dict[str, GeminiModel] = {
    "gemini-2.5-flash-image": GeminiModel(title="Nano Banana", call="content", price=0.039, inputs=3),
    "gemini-3-pro-image-preview": GeminiModel(
        title="Nano Banana Pro", call="content", price=0.134, sizes=("1K", "2K", "4K"), inputs=14
    ),
    "gemini-3.1-flash-image-preview": GeminiModel(
        title="Nano Banana 2", call="content", price=0.067, sizes=("1K", "2K", "4K"), inputs=14
    ),
    "imagen-4.0-generate-001": GeminiModel(title="Imagen 4", call="predict", price=0.04, sizes=("1K", "2K")),
    "imagen-4.0-ultra-generate-001": GeminiModel(
        title="Imagen 4 Ultra", call="predict", price=0.06, sizes=("1K", "2K")
    ),
    "imagen-4.0-fast-generate-001": GeminiModel(title="Imagen 4 Fast", call="predict", price=0.02),
    "veo-3.1-generate-preview": GeminiModel(
        title="Veo 3.1", call="clip", price=0.4, sizes=("720p", "1080p", "4k"), inputs=3
    ),
    "veo-3.1-fast-generate-preview": GeminiModel(
        title="Veo 3.1 fast", call="clip", price=0.1, sizes=("720p", "1080p", "4k"), inputs=3
    ),
    "veo-3.1-lite-generate-preview": GeminiModel(
        title="Veo 3.1 lite", call="clip", price=0.05, sizes=("720p", "1080p"), inputs=2, extras=False
    ),
}


def shown(name: str, model: GeminiModel) -> dict[str, object]:
    """How a model is listed."""
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": model.title,
        "inputTokenLimit": 32768,
        "outputTokenLimit": 32768,
        "supportedGenerationMethods": METHODS[model.call],
    }
