"""What can be set about the services that generate: one section for each, named as the provider is."""

from typing import Annotated

import msgspec
from msgspec import Meta

from flow2api.config.values import A_BASE_URL, BASE_URL, DAY

PollInterval = Annotated[
    float, Meta(ge=0.01, le=600, description="Seconds between two looks at the clips that an account has under way.")
]
RequestTimeout = Annotated[float, Meta(ge=0.1, le=3600, description="Seconds that one call to the service may take.")]
ImageTimeout = Annotated[
    float, Meta(ge=0.1, le=DAY, description="Seconds after which a picture that is not done has failed.")
]
VideoTimeout = Annotated[
    float, Meta(ge=0.1, le=DAY, description="Seconds after which a clip that is not done has failed.")
]


class FlowConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The Google Flow service."""

    labs_base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address of sign-in, projects and media links.")
    ] = "https://labs.google/fx/api"
    api_base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address of credits, uploads and generation.")
    ] = "https://aisandbox-pa.googleapis.com/v1"
    page_url: Annotated[
        str,
        Meta(
            pattern=BASE_URL,
            title=A_BASE_URL,
            description="Page on which captcha tokens are asked for.",
        ),
    ] = "https://labs.google/fx/tools/flow"
    recaptcha_site_key: Annotated[
        str,
        Meta(
            pattern=r"^[\w-]+$",
            title="letters, digits, - and _",
            description="Site key of that page's captcha.",
        ),
    ] = "6LdsFiUsAAAAAIjVDZcuLhaHiDn5nnHVXVRQGeMV"
    poll_interval: PollInterval = 3.0
    request_timeout: RequestTimeout = 120.0
    image_timeout: ImageTimeout = 300.0
    video_timeout: VideoTimeout = 1500.0
    projects_per_account: Annotated[
        int, Meta(ge=1, le=100, description="Flow projects that an account's generations are spread over.")
    ] = 4


class FalConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The fal.ai service, for accounts with a key of its."""

    queue_base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address of requests; the key goes there.")
    ] = "https://queue.fal.run"
    storage_base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address of uploads; the key goes there.")
    ] = "https://rest.fal.ai"
    billing_base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address of the balance; the key goes there.")
    ] = "https://api.fal.ai"
    poll_interval: PollInterval = 3.0
    request_timeout: RequestTimeout = 120.0
    image_timeout: ImageTimeout = 300.0
    video_timeout: VideoTimeout = 1500.0


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True):
    """OpenAI-shaped gateways; each account names its own address."""

    poll_interval: PollInterval = 5.0
    request_timeout: RequestTimeout = 300.0
    image_timeout: ImageTimeout = 300.0
    video_timeout: VideoTimeout = 1500.0


class GeminiConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Google's Gemini API, for accounts with a key of its."""

    base_url: Annotated[
        str, Meta(pattern=BASE_URL, title=A_BASE_URL, description="Base address for keys that name no other.")
    ] = "https://generativelanguage.googleapis.com"
    poll_interval: PollInterval = 10.0
    request_timeout: RequestTimeout = 240.0
    image_timeout: ImageTimeout = 300.0
    video_timeout: VideoTimeout = 900.0
