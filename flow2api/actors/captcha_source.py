"""Where captcha tokens come from, as far as an account cares. Knows neither browser nor tab."""

from typing import Protocol

from flow2api.providers.base import CaptchaToken


class CaptchaSource(Protocol):
    """Where tokens come from."""

    async def token(self, account_id: str, action: str) -> CaptchaToken:
        """A fresh token for one call, an empty one when captchas are off.

        Raises:
            UpstreamFailure: `captcha_unavailable`; the message says why.
        """
