"""One account's access to Flow: its login, its credits and level, and the token that each call is made with.

Owns the login in the account's vault and keeps it free of another person's. Decides nothing about rests and retries.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flow2api.domain.failure import FailureKind, UpstreamFailure
from flow2api.domain.tier import Tier
from flow2api.providers.base import Balance
from flow2api.providers.flow import cookies, wire
from flow2api.providers.flow.client import Client
from flow2api.providers.flow.login import read_login
from flow2api.providers.flow.place import Marks
from flow2api.providers.flow.vault import Vault

TIERS = {
    "PAYGATE_TIER_NOT_PAID": Tier.FREE,
    "PAYGATE_TIER_ONE": Tier.PRO,
    "PAYGATE_TIER_TWO": Tier.ULTRA,
}


class Access:
    """Login and level of one account."""

    def __init__(self, client: Client, vault: Vault, clock: Callable[[], float]) -> None:
        self._client = client
        self._vault = vault
        self._clock = clock
        self._paygate_tier: str | None = None
        self._balance_known = False

    @property
    def session_token(self) -> str:
        return self._vault.session_token

    async def sign_in(self) -> None:
        """Get a new access token; a failure leaves everything as it was."""
        vault = self._vault
        reply = await self._client.session(vault.session_token)
        login = read_login(reply.answer, self._clock())
        if vault.email and login.email and vault.email.casefold() != login.email.casefold():
            raise UpstreamFailure(
                FailureKind.WRONG_ACCOUNT,
                f"The session cookie belongs to {login.email}, but this account is {vault.email}; paste its own cookie.",
                status=200,
            )
        vault.session_token = cookies.renewed_token(reply.set_cookies) or vault.session_token
        vault.access_token, vault.access_until = login.access_token, login.access_until
        vault.email, vault.name = login.email or vault.email, login.name or vault.name

    async def balance(self) -> Balance:
        """Credits and tier, as Flow says now."""
        with self.calling() as token:
            answer = await self._client.credits(token)
        self._paygate_tier = wire.text(answer.user_paygate_tier)
        self._balance_known = True
        return Balance(credits=wire.whole(answer.credits), tier=self._tier)

    async def tier(self) -> Tier:
        """The account's tier; asked for where nobody has since the start."""
        if not self._balance_known:
            await self.balance()
        return self._tier

    async def marks(self, captcha_token: str) -> Marks:
        """What a call carries that must name the account's level."""
        await self.tier()
        return Marks(captcha_token=captcha_token, paygate_tier=self._paygate_tier)

    @contextmanager
    def calling(self) -> Iterator[str]:
        """The access token for calls in this block; one that is refused is forgotten, unless a newer one has come meanwhile.

        Raises:
            UpstreamFailure: `LOGIN_EXPIRED`, there is no token.
        """
        vault = self._vault
        token = vault.access_token
        if not token:
            raise UpstreamFailure(FailureKind.LOGIN_EXPIRED, "There is no access token; sign in first.")
        try:
            yield token
        except UpstreamFailure as failure:
            if failure.kind is FailureKind.LOGIN_EXPIRED and vault.access_token == token:
                vault.access_token, vault.access_until = "", None
            raise

    @property
    def _tier(self) -> Tier:
        return TIERS.get(self._paygate_tier or "", Tier.UNKNOWN)
