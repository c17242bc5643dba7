"""Settings of the API's dialects: what is taken for granted in requests, and how answers are worded."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

VideoForm = Literal["both", "tag", "link"]


class ModelsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What is made with when a request does not say."""

    image: Annotated[
        str,
        Meta(
            description="Model for picture requests that name none; if it is not there, the first in the list of models."
        ),
    ] = "gemini-3.1-flash-image"
    video: Annotated[
        str,
        Meta(
            description="Model for orders of clips that name none; if it is not there, the first in the list of models."
        ),
    ] = "veo-3.1-fast"


class ChatConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Chat answers."""

    video_form: Annotated[
        VideoForm,
        Meta(
            description="How a clip stands in a chat answer: as an HTML video tag, as a link, or both, which plays in most places."
        ),
    ] = "both"
    side_requests: Annotated[
        tuple[Annotated[str, Meta(min_length=8, max_length=200)], ...],
        Meta(
            description="Further openings by which a front end's request for a title is known; those of common ones are built in. "
            "Such a request is answered from the text of the conversation, without a picture."
        ),
    ] = ()
    inline_models: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=200)], ...],
        Meta(
            description="Models, or patterns such as `gemini-*`, whose pictures stand inside chat answers as an images array, as if the "
            "request had the modality image; others come as markdown links."
        ),
    ] = ()
