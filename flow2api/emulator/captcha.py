"""Captcha tokens: which are good, for which action, and that none is good twice.

A token has the form `tok:<ACTION>:<nonce>`, and tests may write such tokens themselves. The page's captcha hands out opaque ones,
as a real one does. Of the score that a real captcha gives, only "too low" is modelled.
"""

import secrets
from typing import Literal

from flow2api.emulator.exchange import Refused

Policy = Literal["off", "required", "page"]

SITE_KEY = "6LdsFiUsAAAAAIjVDZcuLhaHiDn5nnHVXVRQGeMV"

IMAGE_ACTION = "IMAGE_GENERATION"
VIDEO_ACTION = "VIDEO_GENERATION"

LIFETIME_SECONDS = 120.0
# Real tokens are of this kind and size.
PAGE_TOKEN_HEAD, PAGE_TOKEN_BYTES = "03AFcWeA", 600


class Captcha:
    """The registry of tokens."""

    def __init__(self) -> None:
        self._minted: dict[str, tuple[str, float]] = {}
        self._spent: set[str] = set()
        self.minted = 0
        self.accepted = 0
        self.refused = 0

    def mint(self, action: str, now: float, seconds: float = LIFETIME_SECONDS) -> str:
        """A new token for `action`, good once and for a short time."""
        token = f"tok:{action}:{secrets.token_hex(8)}"
        self.register(token, action, now, seconds)
        return token

    def mint_on_page(self, action: str, now: float, seconds: float = LIFETIME_SECONDS) -> str:
        """The same in the form of a page's token, which tells nothing."""
        token = PAGE_TOKEN_HEAD + secrets.token_urlsafe(PAGE_TOKEN_BYTES)
        self.register(token, action, now, seconds)
        return token

    def register(self, token: str, action: str, now: float, seconds: float = LIFETIME_SECONDS) -> None:
        """Let a token of any form be good, once."""
        self._minted[token] = (action, now + seconds)
        self.minted += 1

    def spend(self, token: str, action: str, policy: Policy, now: float, *, low_score: bool = False) -> None:
        """Use up a token for `action`; `Refused` as the service refuses a bad evaluation."""
        if not token and policy == "off":
            return
        if self._good(token, action, policy, now):
            self._spent.add(token)
            self._minted.pop(token, None)
            if not low_score:
                self.accepted += 1
                return
        self.refused += 1
        raise Refused(403, "reCAPTCHA evaluation failed", reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY")

    def _good(self, token: str, action: str, policy: Policy, now: float) -> bool:
        if token in self._spent:
            return False
        if token in self._minted:
            minted_for, until = self._minted[token]
            return minted_for == action and now < until
        if policy == "page":
            return False
        form, _, rest = token.partition(":")
        written_for, _, nonce = rest.partition(":")
        return form == "tok" and written_for == action and bool(nonce)
