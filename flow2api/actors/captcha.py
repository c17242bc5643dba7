"""Where captcha tokens come from. With `captcha.method = "none"` calls carry an empty token.

Tokens from a browser tab are not part of this version: with `captcha.method = "browser"` every generation that needs one is
refused before anything is sent, and says so.
"""

from typing import Literal

from flow2api.actors.account import CaptchaSource
from flow2api.domain.failure import FailureKind, UpstreamFailure


class NoCaptcha:
    """For an upstream that asks for none."""

    async def token(self, account_id: str, action: str) -> str:
        return ""


class NoTabs:
    """Tokens are wanted and there is nothing that makes them."""

    async def token(self, account_id: str, action: str) -> str:
        raise UpstreamFailure(
            FailureKind.CAPTCHA_UNAVAILABLE,
            'this version cannot take captcha tokens from a browser tab; where none are needed, set captcha.method = "none"',
        )


def captcha_source(method: Literal["browser", "none"]) -> CaptchaSource:
    """The source for a setting."""
    return NoCaptcha() if method == "none" else NoTabs()
