"""The captcha browser and its tabs as others see them. Records alone; times are Unix seconds (UTC)."""

from typing import Literal

import msgspec

BrowserState = Literal["idle", "starting", "up", "waiting"]
TabState = Literal["opening", "ready", "busy", "closing"]


class TabView(msgspec.Struct, frozen=True, kw_only=True):
    """How a captcha tab is."""

    id: int
    page: str
    exit: str
    """Masked address of its proxy, empty for direct."""
    state: TabState
    opened_at: float
    used_at: float
    tokens: int
    failures: int
    latency_seconds: float
    """Of the last token."""


class BrowserView(msgspec.Struct, frozen=True, kw_only=True):
    """How the captcha browser is."""

    state: BrowserState
    version: str = ""
    pid: int | None = None
    since: float = 0.0
    starts: int = 0
    trouble: str = ""
    """Why it is not up, or why it last ended."""
