"""The models that the emulated fal.ai has: their endpoint ids, what each takes, what it makes and what it costs.

Inputs are written down as fal documents them. Unknown fields are refused, though the real service drops them in silence: here a
misspelt parameter is to be noticed.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

Prompt = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1, le=4)]
Link = Annotated[str, Meta(min_length=1)]
WideRatio = Literal["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"]
Tolerance = Literal["1", "2", "3", "4", "5", "6"]


class Input(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a request. What a model lacks of these fields is read as it is here."""

    prompt: Prompt

    @property
    def links(self) -> tuple[str, ...]:
        """Every input picture that is named, in order."""
        single = (
            getattr(self, name, None) for name in ("image_url", "first_frame_url", "last_frame_url", "end_image_url")
        )
        return tuple(link for link in (*single, *getattr(self, "image_urls", ())) if link)


class FluxUltra(Input, frozen=True):
    seed: int | None = None
    num_images: Count = 1
    output_format: Literal["jpeg", "png"] = "jpeg"
    safety_tolerance: Tolerance = "2"
    enhance_prompt: bool = False
    image_url: Link | None = None
    image_prompt_strength: Annotated[float, Meta(ge=0, le=1)] = 0.1
    aspect_ratio: WideRatio = "16:9"
    raw: bool = False


class KontextText(Input, frozen=True):
    seed: int | None = None
    num_images: Count = 1
    output_format: Literal["jpeg", "png"] = "jpeg"
    safety_tolerance: Tolerance = "2"
    enhance_prompt: bool = False
    guidance_scale: Annotated[float, Meta(ge=1, le=20)] = 3.5
    aspect_ratio: WideRatio = "1:1"


class Kontext(Input, frozen=True):
    image_url: Link
    seed: int | None = None
    num_images: Count = 1
    output_format: Literal["jpeg", "png"] = "jpeg"
    safety_tolerance: Tolerance = "2"
    enhance_prompt: bool = False
    guidance_scale: Annotated[float, Meta(ge=1, le=20)] = 3.5
    aspect_ratio: WideRatio | None = None


class KontextMulti(Input, frozen=True):
    image_urls: Annotated[list[Link], Meta(min_length=1)]
    seed: int | None = None
    num_images: Count = 1
    output_format: Literal["jpeg", "png"] = "jpeg"
    safety_tolerance: Tolerance = "2"
    enhance_prompt: bool = False
    guidance_scale: Annotated[float, Meta(ge=1, le=20)] = 3.5
    aspect_ratio: WideRatio | None = None


class Imagen(Input, frozen=True):
    seed: int | None = None
    num_images: Count = 1
    aspect_ratio: Literal["1:1", "16:9", "9:16", "4:3", "3:4"] = "1:1"
    output_format: Literal["jpeg", "png", "webp"] = "png"


class ImagenSized(Imagen, frozen=True):
    resolution: Literal["1K", "2K"] = "1K"


class Veo(Input, frozen=True):
    seed: int | None = None
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    duration: Literal["4s", "6s", "8s"] = "8s"
    negative_prompt: str | None = None
    resolution: Literal["720p", "1080p"] = "720p"
    generate_audio: bool = True
    auto_fix: bool = True


class VeoImage(Input, frozen=True):
    image_url: Link
    aspect_ratio: Literal["auto", "16:9", "9:16"] = "auto"
    duration: Literal["4s", "6s", "8s"] = "8s"
    resolution: Literal["720p", "1080p"] = "720p"
    generate_audio: bool = True


class VeoFrames(Input, frozen=True):
    first_frame_url: Link
    last_frame_url: Link
    aspect_ratio: Literal["auto", "16:9", "9:16"] = "auto"
    duration: Literal["4s", "6s", "8s"] = "8s"
    resolution: Literal["720p", "1080p"] = "720p"
    generate_audio: bool = True


class VeoReferences(Input, frozen=True):
    image_urls: Annotated[list[Link], Meta(min_length=1, max_length=3)]
    duration: Literal["8s"] = "8s"
    resolution: Literal["720p", "1080p"] = "720p"
    generate_audio: bool = True


class Hailuo(Input, frozen=True):
    duration: Literal["6", "10"] = "6"
    prompt_optimizer: bool = True


class HailuoPro(Input, frozen=True):
    prompt_optimizer: bool = True


class HailuoImage(Input, frozen=True):
    image_url: Link
    end_image_url: Link | None = None
    duration: Literal["6", "10"] = "6"
    resolution: Literal["512P", "768P"] = "768P"
    prompt_optimizer: bool = True


class Wan(Input, frozen=True):
    seed: int | None = None
    aspect_ratio: Literal["16:9", "9:16", "1:1"] = "16:9"
    duration: Literal["5", "10"] = "5"
    resolution: Literal["480p", "720p", "1080p"] = "1080p"
    negative_prompt: str | None = None
    enable_prompt_expansion: bool = True


class WanImage(Input, frozen=True):
    image_url: Link
    seed: int | None = None
    duration: Literal["5", "10"] = "5"
    resolution: Literal["480p", "720p", "1080p"] = "1080p"
    negative_prompt: str | None = None
    enable_prompt_expansion: bool = True


_SeedanceSeconds = Literal["2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"]


class Seedance(Input, frozen=True):
    seed: int | None = None
    aspect_ratio: Literal["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"] = "16:9"
    duration: _SeedanceSeconds = "5"
    resolution: Literal["480p", "720p", "1080p"] = "1080p"
    camera_fixed: bool = False


class SeedanceImage(Input, frozen=True):
    image_url: Link
    end_image_url: Link | None = None
    seed: int | None = None
    aspect_ratio: Literal["21:9", "16:9", "4:3", "1:1", "3:4", "9:16", "auto"] = "auto"
    duration: _SeedanceSeconds = "5"
    resolution: Literal["480p", "720p", "1080p"] = "1080p"
    camera_fixed: bool = False


class Endpoint(NamedTuple):
    """One model. `price` in dollars is for one picture or for one second. `size` is what it makes when nothing else is said: a
    picture's million pixels or a clip's lines."""

    kind: Literal["image", "video"]
    input: type[Input]
    price: float
    size: float


ENDPOINTS: Mapping[str, Endpoint] = {
    "fal-ai/flux-pro/v1.1-ultra": Endpoint("image", FluxUltra, 0.06, 4.0),
    "fal-ai/flux-pro/kontext": Endpoint("image", Kontext, 0.04, 1.0),
    "fal-ai/flux-pro/kontext/text-to-image": Endpoint("image", KontextText, 0.04, 1.0),
    "fal-ai/flux-pro/kontext/max": Endpoint("image", Kontext, 0.08, 1.0),
    "fal-ai/flux-pro/kontext/max/text-to-image": Endpoint("image", KontextText, 0.08, 1.0),
    "fal-ai/flux-pro/kontext/max/multi": Endpoint("image", KontextMulti, 0.08, 1.0),
    "fal-ai/imagen4/preview": Endpoint("image", ImagenSized, 0.04, 1.0),
    "fal-ai/imagen4/preview/fast": Endpoint("image", Imagen, 0.02, 1.0),
    "fal-ai/imagen4/preview/ultra": Endpoint("image", ImagenSized, 0.06, 1.0),
    "fal-ai/veo3": Endpoint("video", Veo, 0.4, 720),
    "fal-ai/veo3/fast": Endpoint("video", Veo, 0.15, 720),
    "fal-ai/veo3/image-to-video": Endpoint("video", VeoImage, 0.4, 720),
    "fal-ai/veo3/fast/image-to-video": Endpoint("video", VeoImage, 0.15, 720),
    "fal-ai/veo3.1": Endpoint("video", Veo, 0.4, 720),
    "fal-ai/veo3.1/fast": Endpoint("video", Veo, 0.15, 720),
    "fal-ai/veo3.1/image-to-video": Endpoint("video", VeoImage, 0.4, 720),
    "fal-ai/veo3.1/first-last-frame-to-video": Endpoint("video", VeoFrames, 0.4, 720),
    "fal-ai/veo3.1/reference-to-video": Endpoint("video", VeoReferences, 0.4, 720),
    "fal-ai/minimax/hailuo-02/standard/text-to-video": Endpoint("video", Hailuo, 0.045, 768),
    "fal-ai/minimax/hailuo-02/standard/image-to-video": Endpoint("video", HailuoImage, 0.045, 768),
    "fal-ai/minimax/hailuo-02/pro/text-to-video": Endpoint("video", HailuoPro, 0.08, 1080),
    "fal-ai/wan-25-preview/text-to-video": Endpoint("video", Wan, 0.15, 1080),
    "fal-ai/wan-25-preview/image-to-video": Endpoint("video", WanImage, 0.15, 1080),
    "fal-ai/bytedance/seedance/v1/pro/text-to-video": Endpoint("video", Seedance, 0.124, 1080),
    "fal-ai/bytedance/seedance/v1/pro/image-to-video": Endpoint("video", SeedanceImage, 0.124, 1080),
}
# How long a clip is where the request cannot say it.
FIXED_SECONDS = 6
