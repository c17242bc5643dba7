"""Captcha tokens: which are good, for which action, and that none is good twice.

A token has the form `tok:<ACTION>:<nonce>`. Tests may write such tokens themselves; a page may have them minted or register its
own. The score of a real captcha is not modelled.
"""

import secrets
from typing import Literal

from flow2api.emulator.exchange import Refused

Policy = Literal["off", "required"]

IMAGE_ACTION = "IMAGE_GENERATION"
VIDEO_ACTION = "VIDEO_GENERATION"

LIFETIME_SECONDS = 120.0


class Captcha:
    """The registry of tokens."""

    def __init__(self) -> None:
        self._minted: dict[str, tuple[str, float]] = {}
        self._spent: set[str] = set()
        self.accepted = 0
        self.refused = 0

    def mint(self, action: str, now: float) -> str:
        """A new token for `action`, good once and for a short time."""
        token = f"tok:{action}:{secrets.token_hex(8)}"
        self.register(token, action, now)
        return token

    def register(self, token: str, action: str, now: float) -> None:
        """Let a token of any form be good, once."""
        self._minted[token] = (action, now + LIFETIME_SECONDS)

    def spend(self, token: str, action: str, policy: Policy, now: float) -> None:
        """Use up a token for `action`; `Refused` as the service refuses a bad evaluation."""
        if not token and policy == "off":
            return
        if self._good(token, action, now):
            self._spent.add(token)
            self._minted.pop(token, None)
            self.accepted += 1
            return
        self.refused += 1
        raise Refused(403, "reCAPTCHA evaluation failed", reason="PUBLIC_ERROR_UNUSUAL_ACTIVITY")

    def _good(self, token: str, action: str, now: float) -> bool:
        if token in self._spent:
            return False
        if token in self._minted:
            minted_for, until = self._minted[token]
            return minted_for == action and now < until
        form, _, rest = token.partition(":")
        written_for, _, nonce = rest.partition(":")
        return form == "tok" and written_for == action and bool(nonce)
