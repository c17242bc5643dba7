"""The people who have an account at the emulated service: their logins, tiers, credits and projects.

Session tokens follow from the e-mail, so an emulator that is started again knows the same ones. Access tokens are random, end
after a while and can be revoked. Knows no route and no HTTP.
"""

import base64
import hashlib
import secrets
import uuid
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from flow2api.emulator.exchange import Refused
from flow2api.emulator.memory import Memory

WireTier = Literal["PAYGATE_TIER_NOT_PAID", "PAYGATE_TIER_ONE", "PAYGATE_TIER_TWO"]

TIER_RANK: dict[str, int] = {"PAYGATE_TIER_NOT_PAID": 0, "PAYGATE_TIER_ONE": 1, "PAYGATE_TIER_TWO": 2}

# What a session cookie of NextAuth looks like: an encrypted token whose first part is the fixed header
# {"alg":"dir","enc":"A256GCM"} and whose second part is empty.
_SESSION_HEAD = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.."


def session_token_for(email: str, turn: int = 0) -> str:
    """The session token of an account; `turn` counts how often it was renewed."""
    parts = [hashlib.sha512(f"{email}|{turn}|{part}".encode()).digest() for part in range(4)]
    text = base64.urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")
    return f"{_SESSION_HEAD}{text[:16]}.{text[16:310]}.{text[310:332]}"


class AccountSetup(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Everything about an account that a test or a demo may set, at the start or later."""

    email: str
    name: str = ""
    tier: WireTier = "PAYGATE_TIER_ONE"
    credits: int = 1000
    alive: bool = True
    """False: the session token is dead; the session call answers `{}`."""
    moved: bool = False
    """True: the account was moved to another front end; the session call redirects there for good."""
    session_error: str | None = None
    """The session call's `error` field; the access token beside it is then stale."""
    omit_expires: bool = False
    renew_cookie: bool = False
    """True: each session call hands out a new session token; the one before stays good until the next renewal."""
    access_seconds: float = 3600.0
    """How long a new access token works; 0 hands out tokens that are expired already."""


class Account(AccountSetup, kw_only=True):
    """An account as it lives. `session_token` is what its owner would paste."""

    session_token: str
    former_session_token: str = ""
    renewals: int = 0
    access_token: str = ""
    access_until: float = 0.0
    projects: dict[str, str] = {}
    """Project id to title."""

    def pay(self, credits: int) -> None:
        """Take credits off; `Refused` when there are not enough."""
        if credits > self.credits:
            raise Refused(429, "Not enough credits.", reason="PUBLIC_ERROR_USER_QUOTA_REACHED")
        self.credits -= credits


class Accounts:
    """All accounts, found by e-mail or by a credential."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._by_email = (memory or Memory()).table("accounts", Account)
        self._by_session: dict[str, Account] = {}
        self._by_access: dict[str, Account] = {}
        for account in self._by_email.values():
            tokens = {account.session_token, account.former_session_token} - {""}
            self._by_session |= dict.fromkeys(tokens, account)
            if account.access_token:
                self._by_access[account.access_token] = account

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._by_email.values()))

    def __len__(self) -> int:
        return len(self._by_email)

    def __getitem__(self, email: str) -> Account:
        return self._by_email[email]

    def get(self, email: str) -> Account | None:
        return self._by_email.get(email)

    def keep(self) -> None:
        """Let what has changed outlive the process."""
        self._by_email.touch_all()

    def add(self, setup: AccountSetup) -> Account:
        """Let an account exist; one with the same e-mail is replaced, and its credentials are void."""
        if former := self._by_email.get(setup.email):
            self.revoke_access(former)
            self._by_session.pop(former.session_token, None)
            self._by_session.pop(former.former_session_token, None)
        token = session_token_for(setup.email)
        account = Account(session_token=token, **msgspec.structs.asdict(setup))
        self._by_email[setup.email] = account
        self._by_session[token] = account
        return account

    def change(self, email: str, changes: Mapping[str, object]) -> Account:
        """Set some fields of `AccountSetup`; `Refused` when the account or a field does not exist."""
        account = self._by_email.get(email)
        if account is None:
            raise Refused(404, f"There is no account {email!r}.")
        present = {field: getattr(account, field) for field in AccountSetup.__struct_fields__}
        try:
            setup = msgspec.convert({**present, **changes, "email": email}, AccountSetup)
        except msgspec.ValidationError as error:
            raise Refused(400, str(error)) from error
        for field in AccountSetup.__struct_fields__:
            setattr(account, field, getattr(setup, field))
        return account

    def by_session(self, token: str | None) -> Account | None:
        """Whose session token it is; None for an unknown or dead one."""
        account = self._by_session.get(token or "")
        if account is None or not account.alive:
            return None
        return account if token in {account.session_token, account.former_session_token} else None

    def by_access(self, token: str | None, now: float) -> Account | None:
        """Whose access token it is; None for an unknown, revoked or expired one."""
        account = self._by_access.get(token or "")
        if account is None or account.access_token != token or account.access_until <= now:
            return None
        return account

    def access(self, account: Account, now: float) -> str:
        """The account's access token, a new one when there is none that works."""
        if not account.access_token or account.access_until <= now:
            self.revoke_access(account)
            account.access_token = "ya29." + secrets.token_urlsafe(32)
            account.access_until = now + account.access_seconds
            self._by_access[account.access_token] = account
        return account.access_token

    def revoke_access(self, account: Account) -> None:
        """Let the access token stop working now."""
        self._by_access.pop(account.access_token, None)
        account.access_token = ""

    def renew_session(self, account: Account) -> str:
        """A new session token. The present one becomes the former one and still works, the one before is dead."""
        self._by_session.pop(account.former_session_token, None)
        account.renewals += 1
        account.former_session_token = account.session_token
        account.session_token = session_token_for(account.email, account.renewals)
        self._by_session[account.session_token] = account
        return account.session_token


def numbered_accounts(count: int, tier: WireTier = "PAYGATE_TIER_ONE") -> list[AccountSetup]:
    """Accounts `account-1@example.org` and so on."""
    return [
        AccountSetup(email=f"account-{number}@example.org", name=f"Account {number}", tier=tier)
        for number in range(1, count + 1)
    ]


def new_id() -> str:
    """An id as the service makes them for media, projects and workflows."""
    return str(uuid.uuid4())
