"""What can be set about the dashboard."""

from typing import Annotated

import msgspec
from msgspec import Meta

from flow2api.config.values import DAY, YEARS

HOUR = 3600.0


class DashboardConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The dashboard, and how long a sign-in to it lasts."""

    session_idle_seconds: Annotated[
        float,
        Meta(ge=60, le=YEARS, description="Seconds without use after which a sign-in ends; an open page uses it."),
    ] = 12 * HOUR
    session_seconds: Annotated[
        float, Meta(ge=60, le=YEARS, description="Seconds after which a sign-in ends however much it is used.")
    ] = 14 * DAY
