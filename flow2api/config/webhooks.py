"""The section of the settings about webhooks."""

from typing import Annotated

import msgspec
from msgspec import Meta

from flow2api.config.values import DAY, Place


class WebhooksConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Telling callers' own servers that a generation is over."""

    concurrency: Annotated[int, Meta(ge=1, le=100, description="Webhooks that are sent at a time.")] = 8
    timeout_seconds: Annotated[
        float, Meta(ge=0.1, le=120, description="Seconds within which a receiver must have answered a webhook.")
    ] = 15.0
    tries: Annotated[int, Meta(ge=1, le=50, description="How often a webhook is sent before it is given up.")] = 10
    pause_seconds: Annotated[
        float,
        Meta(
            ge=0.01,
            le=3600,
            description="Pause before a webhook that was not taken is sent again; each further one is four times as long, up to "
            "longest_pause_seconds.",
        ),
    ] = 5.0
    longest_pause_seconds: Annotated[
        float, Meta(ge=0.01, le=DAY, description="Longest pause between two tries of a webhook.")
    ] = 4 * 3600.0
    allow_private: Annotated[
        tuple[Place, ...],
        Meta(description="Private addresses to which webhooks may be sent all the same."),
    ] = ()
